"""The front door of the room: which engine runs is known here and nowhere else."""

from functools import cache

from storage.protocols import Storage


@cache
def storage() -> Storage:
    """The storage of this process. The engine is imported on the first call, when Django is set up."""
    from storage.engines.relational.engine import RelationalStorage  # noqa: PLC0415 - as said above
    from storage.router import cache_alias, vault_alias  # noqa: PLC0415

    return RelationalStorage(vault=vault_alias(), cache=cache_alias())


def first_hit_at(site_id: int) -> int | None:
    """Seconds of the site's oldest pageview. Named in the settings, for rooms below this one."""
    return storage().vault.first_hit_at(site_id)
