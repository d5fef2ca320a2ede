"""What every answer shares: envelope, bodies, CORS, rate limits, the client's address.

Imports no room (the limiter gets its key resolver injected by settings).
Front doors: the middleware classes, `envelope.handle`, `client_ip.client_ip`.
"""
