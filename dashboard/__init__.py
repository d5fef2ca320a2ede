"""The face: all HTML pages, one module per page.

May import `ops`, `exports`, `sites` and what `goatapi` shares; only `goatapi.urls` may import this room.
Front doors: the views named in `goatapi.urls`, `first_run.invitation()`.
"""
