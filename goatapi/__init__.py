"""The composition root: settings, routes, servers; `http/` holds what every answer shares.

Everything may be imported here; `http/` and `errors` import no room.
Front doors: `supervisor` (the process tree), `rsgi` (the web server's callable), `settings`.
"""

__version__ = "0.1.0"
