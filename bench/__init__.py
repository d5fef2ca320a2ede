"""What the service takes and how fast, measured from outside, beside a GoatCounter if there is one.

`make bench`; docs/performance.md tells how. It imports nothing of the service: it starts it as a user
would and speaks HTTP to it; SQL only counts rows and bytes. How the peer is set up: docs/peer.md.
"""
