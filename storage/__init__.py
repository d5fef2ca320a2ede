"""Where pageviews live: the Ledger (counters, positions, sessions, seen ids) and the Vault (rows, rollups).

May import `sites` and what is below; the only room with SQL.
Front doors: `registry.storage()`, the values in `types`, the promises in `protocols`.
"""
