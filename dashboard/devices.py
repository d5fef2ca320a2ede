"""What a request comes from, as far as it is kept: a browser's and a system's name."""

from django.http import HttpRequest

from hits import useragent


def device_of(request: HttpRequest) -> str:
    """Such as "Firefox, Linux"; "" if the browser does not say."""
    known = useragent.describe(request.headers.get("User-Agent", "")[:1000])
    return ", ".join(filter(None, (known.browser, known.system)))[:100]
