"""Who: accounts, sites, people, API keys, and the gates every request passes.

May import `goatapi.http` and `goatapi.errors`; every room above may import this one.
Front doors: `directory.directory()`, `middleware`, `access`, `queries`, `services`.
"""
