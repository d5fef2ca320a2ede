"""SQLite and PostgreSQL: Ledger and Vault in one database, committed together.

`tables` names what the migrations make, `sql` says each statement in both dialects, `transaction`
is the drain's step, `dimensions` and `rollups` its two calculations, `ledger`, `salts` and `vault`
the rest. May import Django's database layer; nobody but `storage.registry` comes in.
"""
