"""The web server of ours with a constant for an answer, as long as that of `/count`: what HTTP alone costs.

`granian --interface rsgi bench.constant:app`
"""

from typing import Any

GIF = bytes.fromhex(
    "47494638396101000100800100000000ffffff21f904010a0001002c00000000010001000002024c01003b"
)
HEADERS = [("content-type", "image/gif"), ("cache-control", "no-store,no-cache")] + [
    (f"x-header-{number}", "x" * length) for number, length in enumerate((1, 92, 12, 15, 7, 4))
]


async def app(scope: Any, protocol: Any) -> None:
    """One answer for everything."""
    del scope
    protocol.response_bytes(200, HEADERS, GIF)
