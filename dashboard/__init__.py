"""The face: all HTML pages, one module per page.

May import `ops`, `sites`, `goatapi.http` and `goatapi.errors`; only `goatapi.urls` may import this room.
Front doors: the views named in `goatapi.urls`, `first_run.invitation()`.
"""
