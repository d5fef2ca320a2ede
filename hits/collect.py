"""The collect switches of a site (part 3.8): what is not to be collected is taken out before storing."""

REFERRER = 2
USER_AGENT = 4
SIZE = 8
LOCATION = 16
REGION = 32
LANGUAGE = 64
SESSIONS = 128
PAGEVIEWS = 256


def location(collect: int, regions: tuple[str, ...], text: str) -> str:
    """`text` ("NL", "US-TX") as far as it may be kept: whole, the country alone, or ''."""
    if not collect & (LOCATION | REGION):
        return ""
    country = text.partition("-")[0]
    if collect & REGION and (not regions or country in regions):
        return text
    return country
