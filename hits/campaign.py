"""Which campaign brought a visitor, from the query of the page they came to."""

from urllib.parse import unquote_plus

_SOURCES = ("utm_source", "ref", "src", "source")
_CAMPAIGNS = ("utm_campaign", "campaign")
_KEYS = frozenset(_SOURCES + _CAMPAIGNS)


def campaign_of(query: str) -> tuple[str, str]:
    """Give (source, campaign) of a page's query, with or without its '?'; '' for none.

    The first key with text in it wins, in the order above, so utm_campaign beats campaign.
    Never raises. Source: part 3.5 of the behaviour page.
    """
    if "=" not in query:
        return "", ""
    values = _values_of(query.removeprefix("?"))
    return _first(values, _SOURCES), _first(values, _CAMPAIGNS)


def _values_of(query: str) -> dict[str, str]:
    """Collect the keys we know; of a key given twice the first counts."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key in _KEYS:
            values.setdefault(key, _decoded(value))
    return values


def _decoded(value: str) -> str:
    # PostgreSQL can not store a NUL, and here one can arise behind the back of the decoder.
    return unquote_plus(value).replace("\0", "").strip()


def _first(values: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((values[key] for key in keys if values.get(key)), "")
