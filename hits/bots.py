"""Which requests are not a person reading a page: robots, tools, pages fetched in advance."""

from functools import lru_cache
from typing import Final

KNOWN_BROWSER: Final = 0
NO_RULE: Final = 1
PREFETCH: Final = 2
LINK: Final = 3
LIBRARY: Final = 4
KNOWN_BOT: Final = 5
LOOKS_LIKE_BOT: Final = 6
ODD: Final = 7

# The numbers are GoatCounter's. 8 to 17 are networks, 150 and up are told by the page's script.
REASONS: Final = {
    KNOWN_BROWSER: "browser",
    NO_RULE: "none",
    PREFETCH: "prefetch",
    LINK: "link",
    LIBRARY: "library",
    KNOWN_BOT: "known",
    LOOKS_LIKE_BOT: "looks",
    ODD: "odd",
    8: "aws",
    9: "digitalocean",
    10: "servers.com",
    11: "google-cloud",
    12: "hetzner",
    13: "azure",
    14: "alibaba",
    15: "linode",
    16: "oracle",
    17: "ovh",
    150: "phantom",
    151: "nightmare",
    152: "selenium",
    153: "webdriver",
}

# Phones and a browser whose names hold "bot".
_BROWSERS = ("CUBOT_", "CUBOT ", "StudoBrowser/")

_LIBRARIES = (
    "Go-http-client/",
    "HttpClient/",
    "HTTPClient/",
    "Java/",
    "PycURL/",
    "Python-urllib/",
    "Robosourcer/",
    "Ruby",
    "Wget/",
    "WinHttp.WinHttpRequest.5",
    "curl/",
    "python-requests/",
    "libwww-perl/",
    # Not in GoatCounter's list.
    "aiohttp/",
    "axios/",
    "httpx/",
    "node-fetch",
    "undici",
    "GuzzleHttp",
    "Mechanize",
    "RestSharp",
    "Scrapy/",
    "HttpUrlConnection",
    "jsdom/",
    "HtmlUnit",
    "HTTP Client",
    "HTTP client",
    "Indy Library",
)
_KNOWN_BOTS = (
    "ADmantX",
    "AlexaToolbar/",
    "BingPreview/",
    "Chrome-Lighthouse",
    "DumpRenderTree/",
    "GigablastOpenSource/",
    "GoogleSecurityScanner",
    "Google_Analytics_Snippet_Validator",
    "HeadlessChrome/",
    "NetcraftSurveyAgent/",
    "Owler/",
    "PageAnalyzer/",
    "ScopeContentAG-HTTP-Client",
    "Survey/",
    "Synapse",
    "Wappalyzer",
    "WhatWeb/",
    "WinInet",
    "WordPress.com",
    "burpcollaborator.net/",
    "okhttp/",
    "panscient.com",
    "tracemyfile/",
    "wsr-agent/",
    "RuxitRecorder/",
    "RuxitSynthetic/",
    "TrendsmapResolver/",
    "ubermetrics-technologies.com",
    "zgrab/",
    "nbertaupete95(at)gmail.com",
    "Dataprovider.com",
    "wkhtmltoimage",
    "wkhtmltopdf",
    "SlimerJS",
    "Faraday v",
    "Google Web Preview",
    "Google favicon",
    "Netcraft Web Server Survey",
    # Not in GoatCounter's list. The first covers its Google-Ad and Google-Site-Verification.
    "Google-",
    "-Google",
    "GoogleAgent",
    "GoogleImageProxy",
    "GoogleOther",
    "ChatGPT-User",
    "Claude-User",
    "Claude-Web",
    "Perplexity-User",
    "MistralAI-User",
    "Manus-User",
    "anthropic-ai",
    "cohere-ai",
    "meta-external",
    "facebookexternalhit",
    "facebookcatalog",
    "SkypeUriPreview",
    "Slack-ImgProxy",
    "SteamChatURLLookup",
    "WhatsApp/",
    "Iframely",
    "Embedly",
    "vkShare",
    "PhantomJS",
    "Puppeteer",
    "Playwright",
    "Selenium",
    "Cypress/",
    "PTST/",
    "GTmetrix",
    "DareBoost",
    "PingdomTMS",
    "DatadogSynthetics",
    "NewRelicSynthetics",
    "ThousandEyes",
    "Site24x7",
    "StatusCake",
    "Dotcom-Monitor",
    "AppInsights",
    "Siteimprove",
    "HTTrack",
    "Nikto/",
    "OpenVAS",
    "sqlmap/",
    "ia_archiver",
    "Ghost Inspector",
    "Google Favicon",
)
_BOT_WORDS = (
    "bot",
    "crawl",
    "spider",
    "scrap",
    "headless",
    "slurp",
    "scanner",
    "validator",
    "www.",
)
# Old browsers that called themselves compatible. Since them, only robots do.
_COMPATIBLE_BROWSERS = ("MSIE ", "Konqueror/")

_AHEAD = frozenset({"prefetch", "preview", "prerender"})


@lru_cache(maxsize=10_000)
def bot_code(user_agent: str) -> int:
    """Give the reason why a User-Agent header is a robot's: 0 and 1 are people, 2 and up not.

    An empty header is odd, so 7. Never raises. Source: part 3.2 of the behaviour page; longer
    lists, and the marks that robots carry and browsers do not.
    """
    if len(user_agent) < 10 or " " not in user_agent or "/" not in user_agent:
        return ODD
    if _holds(user_agent, _BROWSERS):
        return KNOWN_BROWSER
    if "://" in user_agent:
        return LINK
    if _holds(user_agent, _LIBRARIES):
        return LIBRARY
    if _holds(user_agent, _KNOWN_BOTS):
        return KNOWN_BOT
    return LOOKS_LIKE_BOT if _looks_like_bot(user_agent) else NO_RULE


def is_prefetch(x_moz: str, x_purpose: str, purpose: str, sec_purpose: str) -> bool:
    """Tell from four request headers ('' if not sent) whether the page is fetched in advance."""
    if not (x_moz or x_purpose or purpose or sec_purpose):
        return False
    headers = (x_moz, x_purpose, purpose, sec_purpose)
    # Sec-Purpose is a structured field: `prefetch;prerender`.
    return any(header.partition(";")[0].strip().lower() in _AHEAD for header in headers)


def bot_reason(code: int) -> str:
    """Give a short label for a code, one of a few: safe as the name of a counter."""
    return REASONS.get(code, "other")


def _holds(user_agent: str, marks: tuple[str, ...]) -> bool:
    return any(mark in user_agent for mark in marks)


def _looks_like_bot(user_agent: str) -> bool:
    if _holds(user_agent.lower(), _BOT_WORDS) or "@" in user_agent:
        return True
    return "compatible;" in user_agent and not _holds(user_agent, _COMPATIBLE_BROWSERS)
