"""People are counted, robots are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.bots import REASONS, bot_code, bot_reason, is_prefetch

MOZILLA = "Mozilla/5.0 "
WEBKIT = " AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME = f"{MOZILLA}(X11; Linux x86_64){WEBKIT}Chrome/142.0.0.0 Safari/537.36"
COMPATIBLE = f"{MOZILLA}AppleWebKit/537.36 (KHTML, like Gecko; compatible; "


@pytest.mark.parametrize(
    "user_agent",
    [
        CHROME,
        CHROME + " Edg/142.0.0.0",
        CHROME + " OPR/125.0.0.0",
        f"{MOZILLA}(Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
        f"{MOZILLA}(Linux; Android 10; K){WEBKIT}SamsungBrowser/28.0 Chrome/130 Mobile Safari/537",
        f"{MOZILLA}(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
        " Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
        f"{MOZILLA}(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
        " Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/480.0.0.40.109;FBBV/634]",
        f"{MOZILLA}(Linux; Android 15; CPH2557; wv){WEBKIT}Version/4.0 Chrome/142.0 Mobile"
        " Safari/537.36 Instagram 406.0.0.58.159 Android (35/15; 480dpi; 1080x2400; OPPO)",
        f"{MOZILLA}(Windows NT 10.0; Win64; x64){WEBKIT}Code/1.115.0 Chrome/142 Electron/39.8.5",
        f"{MOZILLA}(Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
        "Mozilla/5.0 (compatible; Konqueror/4.5; Linux) KHTML/4.5.4 (like Gecko)",
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
        f"{MOZILLA}(Linux) Firefox/1",
        "MyApp/1.2 (Linux)",
    ],
)
def test_browsers_are_people(user_agent: str) -> None:
    assert bot_code(user_agent) == 1


@pytest.mark.parametrize(
    "user_agent",
    [
        f"{MOZILLA}(Linux; Android 13; CUBOT P80){WEBKIT}Chrome/142.0 Mobile Safari/537.36",
        f"{MOZILLA}(Linux; Android 9; CUBOT_X19){WEBKIT}Chrome/142.0 Mobile Safari/537.36",
        f"{MOZILLA}(Windows NT 10.0){WEBKIT}Chrome/80 StudoBrowser/1 Safari/537.36",
    ],
)
def test_phones_with_bot_in_their_name_are_people(user_agent: str) -> None:
    assert bot_code(user_agent) == 0


@pytest.mark.parametrize(
    ("user_agent", "code"),
    [
        ("", 7),
        ("Mozilla", 7),
        ("Moz / 5.0", 7),
        ("Mozilla/5.0", 7),
        ("curl/8.5.0", 7),
        ("facebookexternalhit/1.1", 7),
        ("just some words", 7),
        ("GoogleBot/1.0", 7),
        (f"{MOZILLA}(compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 3),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", 3),
        (f"{MOZILLA}(compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", 3),
        (f"{COMPATIBLE}GPTBot/1.3; +https://openai.com/gptbot)", 3),
        (f"{MOZILLA}(compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", 3),
        ("Apache-HttpClient/4.5.14 (Java/17.0.9)", 4),
        ("Python/3.12 aiohttp/3.9.1", 4),
        ("Wget/1.21.3 (linux-gnu)", 4),
        ("PycURL/7.45 libcurl/8.5.0 OpenSSL/3.0", 4),
        ("libwww-perl/6.72 (perl)", 4),
        (f"{MOZILLA}(linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0", 4),
        (f"{MOZILLA}(X11; Linux x86_64){WEBKIT}HeadlessChrome/142.0.0.0 Safari/537.36", 5),
        (f"{CHROME} Chrome-Lighthouse", 5),
        (f"{CHROME} Google Favicon", 5),
        (f"{CHROME} Playwright/1.40.0", 5),
        (f"{CHROME} PTST/211202.211915", 5),
        (f"{MOZILLA}(compatible; Google-InspectionTool/1.0)", 5),
        (f"{COMPATIBLE}ChatGPT-User/1.0)", 5),
        (f"{COMPATIBLE}Claude-User/1.0; +Claude-User@anthropic.com)", 5),
        (f"{COMPATIBLE}Perplexity-User/1.0)", 5),
        ("facebookexternalhit/1.1 Facebot Twitterbot/1.0", 5),
        ("meta-externalagent/1.1 (crawler)", 5),
        ("WhatsApp/2.19.175 A", 5),
        ("okhttp/4.12.0 (Android)", 5),
        (f"{MOZILLA}(Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", 5),
        (f"{COMPATIBLE}GPTBot/1.3)", 6),
        (f"{COMPATIBLE}ClaudeBot/1.0; +claudebot@anthropic.com)", 6),
        (f"{MOZILLA}(Linux; Android 5.0){WEBKIT}Chrome/142 (compatible; Bytespider)", 6),
        ("CCBot/2.0 (commoncrawl.org)", 6),
        ("Sogou web spider/4.0", 6),
        ("My-Crawler/1.0 (Linux)", 6),
        (f"{MOZILLA}(compatible; Attracta)", 6),
        (f"{MOZILLA}(HeadOnlyScraper)", 6),
        ("BLEXBOT/1.0 (x)", 6),
        ("Research/1.0 (me@example.org)", 6),
        ("Checker/1.0 (www.example.org)", 6),
    ],
)
def test_robots_are_known_by_the_first_rule_that_fits(user_agent: str, code: int) -> None:
    assert bot_code(user_agent) == code


@pytest.mark.parametrize(
    "headers",
    [
        ("prefetch", "", "", ""),
        ("", "prefetch", "", ""),
        ("", "preview", "", ""),
        ("", "", "prefetch", ""),
        ("", "", "preview", ""),
        ("", "", "", "prefetch"),
        ("", "", "", "prefetch;prerender"),
        ("", "", "", "prefetch;anonymous-client-ip"),
        ("", "", "Prefetch", ""),
    ],
)
def test_a_page_fetched_in_advance_is_known_by_its_headers(
    headers: tuple[str, str, str, str],
) -> None:
    assert is_prefetch(*headers)


@pytest.mark.parametrize(
    "headers", [("", "", "", ""), ("", "", "document", ""), ("other", "", "", "other;prefetch")]
)
def test_a_page_that_is_looked_at_is_no_prefetch(headers: tuple[str, str, str, str]) -> None:
    assert not is_prefetch(*headers)


def test_every_reason_has_a_label_of_its_own() -> None:
    assert len(set(REASONS.values())) == len(REASONS)
    assert bot_reason(7) == "odd"
    assert bot_reason(-1) == bot_reason(999) == "other"


@given(st.text(st.characters(), max_size=200))
def test_no_header_makes_it_fail(user_agent: str) -> None:
    assert bot_code(user_agent) in REASONS
    assert is_prefetch(user_agent, user_agent, user_agent, user_agent) in (True, False)
