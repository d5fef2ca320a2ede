"""Where visitors came from, in few words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.referrer import clean_referrer, is_refspam

REDDIT_APP = "android-app://com.laurencedawson.reddit_sync"
GOOGLE_APP = "android-app://com.google.android.googlequicksearchbox"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("https://example.com", "example.com"),
        ("http://example.com/", "example.com"),
        ("https://example.com?p=x", "example.com"),
        ("https://example.com/a/b/?x=1&y=2", "example.com/a/b"),
        ("https://arp242.net?utm_source=asd&a=b", "arp242.net"),
        ("https://example.com/a#part", "example.com/a#part"),
        ("https://example.com/a?secret=1#part", "example.com/a#part"),
        ("HTTPS://Example.COM/Path", "example.com/Path"),
        ("https://example.com:8080/x", "example.com:8080/x"),
        ("https://user:secret@example.com/x", "example.com/x"),
        ("https://example.com/100%?x=1", "example.com/100%"),
    ],
)
def test_a_web_address_is_host_and_path(sent: str, stored: str) -> None:
    assert clean_referrer(sent) == (stored, "h")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("https://link.oreilly.com/public/abc?x=y", "link.oreilly.com"),
        ("https://en.m.wikipedia.org/wiki/Goat", "en.wikipedia.org/wiki/Goat"),
        ("https://m.facebook.com/goat", "www.facebook.com/goat"),
        ("https://m.habr.com/post/1/", "habr.com/post/1"),
        ("https://old.reddit.com/r/programming", "www.reddit.com/r/programming"),
        ("https://i.reddit.com/r/programming", "www.reddit.com/r/programming"),
        ("https://fr.reddit.com/r/programming/new", "www.reddit.com/r/programming"),
        ("https://np.reddit.com/r/programming/.compact", "www.reddit.com/r/programming"),
        ("https://www.reddit.com/r/programming/top/", "www.reddit.com/r/programming"),
        ("https://www.reddit.com/r/programming/search?q=x", "www.reddit.com/r/programming"),
        ("https://lobste.rs/recent", "lobste.rs"),
        ("https://lobste.rs/s/abc/title", "lobste.rs/s/abc/title"),
        ("https://gambe.ro/newest", "lobste.rs"),
        ("https://gambe.ro/s/abc", "gambe.ro/s/abc"),
        ("https://getpocket.com/a/b", "getpocket.com"),
        ("https://app.getpocket.com/a/b", "getpocket.com"),
        ("https://t.co/asd?amp=1", "twitter.com/search?q=https%3A%2F%2Ft.co%2Fasd"),
        ("https://t.co/", "t.co"),
    ],
)
def test_known_sites_have_one_spelling(sent: str, stored: str) -> None:
    assert clean_referrer(sent) == (stored, "h")


@pytest.mark.parametrize(
    ("sent", "group"),
    [
        ("https://www.google.com/", "Google"),
        ("https://www.google.co.nz/search?q=goat", "Google"),
        ("https://google.de", "Google"),
        (GOOGLE_APP, "Google"),
        (GOOGLE_APP + "/https/www.google.com", "Google"),
        ("https://yandex.ru/clck/x", "Yandex"),
        ("https://r.search.yahoo.com/x", "Yahoo"),
        ("https://mail.google.com?a=b", "Email"),
        ("https://mail.yahoo.com/d", "Email"),
        ("android-app://com.google.android.gm/", "Email"),
        ("https://news.ycombinator.com/item?id=1", "Hacker News"),
        ("https://www.daemonology.net/hn-daily/", "Hacker News"),
        ("android-app://io.github.hidroh.materialistic", "Hacker News"),
        ("https://feedly.com/i/latest", "RSS"),
        (REDDIT_APP, "www.reddit.com"),
        (REDDIT_APP + ".dev", "www.reddit.com"),
        (REDDIT_APP + ".pro", "www.reddit.com"),
        ("https://l.facebook.com/l.php?u=x", "www.facebook.com"),
        ("android-app://org.telegram.messenger", "Telegram Messenger"),
        ("android-app://com.Slack/", "Slack Chat"),
        ("https://www.baidu.com/link?url=x", "Baidu"),
        ("com.slack", "Slack Chat"),
        ("news.ycombinator.com", "Hacker News"),
    ],
)
def test_many_doors_of_one_service_are_a_group(sent: str, group: str) -> None:
    assert clean_referrer(sent) == (group, "g")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("", ""),
        ("   ", ""),
        ("/", ""),
        ("xx:", ""),
        ("https://", ""),
        ("/?fbclid=abc", ""),
        ("/foo?a=b", "/foo"),
        ("example", "example"),
        (" example/ ", "example"),
        ("June Newsletter", "June Newsletter"),
        ("June: the newsletter", "June: the newsletter"),
        ("What is this?", "What is this?"),
        ("// a comment?", "// a comment"),
        ("https://exa mple.com/", "https://exa mple.com"),
        ("//example.com/a?b", "example.com/a"),
        ("android-app://com.example.App", "com.example.App"),
        ("ftp://example.com/file", "example.com/file"),
    ],
)
def test_anything_else_is_kept_as_other(sent: str, stored: str) -> None:
    assert clean_referrer(sent) == (stored, "o")


@pytest.mark.parametrize(
    "ref",
    [
        "https://semalt.com/",
        "http://SEMALT.com:80/crawler?u=x",
        "https://free.buttons-for-website.com",
        "https://a.b.c.darodar.com./x",
        "//semalt.com/x",
        "semalt.com/x",
        "http://me:you@semalt.com",
    ],
)
def test_spam_is_known_by_its_host_and_the_domains_above(ref: str) -> None:
    assert is_refspam(ref)


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "https://example.com/?semalt.com",
        "https://example.com/semalt.com",
        "https://notsemalt.com",
        "https://semalt.com.example.org",
        "https://com",
        "June Newsletter",
        "https://kharkov.ua",
    ],
)
def test_others_are_not_spam(ref: str) -> None:
    assert not is_refspam(ref)


@given(st.text(st.characters(), max_size=200) | st.text(":/?#@.%[] aé", max_size=80))
def test_no_text_makes_it_fail(ref: str) -> None:
    text, scheme = clean_referrer(ref)
    assert scheme in "hgo"
    assert text == text.lstrip().rstrip("/ ")
    assert is_refspam(ref) in (True, False)


@given(st.text(":/?#@.%[] aé", max_size=80))
def test_no_query_of_a_web_address_is_kept(rest: str) -> None:
    text, _ = clean_referrer("https://example.com/" + rest.replace("#", ""))
    assert "?" not in text
