"""The engines that keep the promises of `storage.protocols`. Only `storage.registry` imports one."""
