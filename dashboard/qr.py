"""QR codes as one path of an SVG that stands in the page: the policy of the pages allows no other pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """A square of `size` modules; `path` is its dark ones."""

    size: int
    path: str


def picture(text: str) -> Picture:
    """The QR code of `text`, with its quiet edge."""
    from qrcode import QRCode  # noqa: PLC0415  # rarely needed

    code = QRCode()
    code.add_data(text)
    rows = code.get_matrix()
    dark = [(x, y) for y, row in enumerate(rows) for x, on in enumerate(row) if on]
    return Picture(len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))
