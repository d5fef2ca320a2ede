"""One page, one path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.paths import clean_path, is_noise


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("/page", "/page"),
        ("page", "/page"),
        ("foo.html", "/foo.html"),
        ("  /page  ", "/page"),
        ("//page/", "/page"),
        ("//", "/"),
        ("/", "/"),
        ("///a//b///", "/a//b"),
        ("/Page", "/Page"),
        ("/héllo wörld", "/héllo wörld"),
        ("/page#top", "/page#top"),
    ],
)
def test_a_page_has_one_leading_slash_and_none_at_its_end(sent: str, stored: str) -> None:
    assert clean_path(sent, event=False) == stored


@pytest.mark.parametrize("sent", ["", "   ", "\t\n"])
def test_a_page_without_a_path_stays_without(sent: str) -> None:
    assert clean_path(sent, event=False) == ""


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("/page?q=a", "/page?q=a"),
        ("/page?fbclid=foo", "/page"),
        ("/page/?fbclid=foo", "/page"),
        ("/page?fbclid=foo&a=b", "/page?a=b"),
        ("/page?", "/page"),
        ("/page/?", "/page"),
        ("/page?a=b&", "/page?a=b"),
        ("/?fbclid=foo", "/"),
        ("/foo.html?ref=AAA", "/foo.html"),
        ("/p?utm_source=a&utm_medium=b&utm_whatever=c&x=1", "/p?x=1"),
        ("/p?gclid=1&mc_cid=2&mc_eid=3&nsukey=4&isappinstalled=0&continueFlag=5", "/p"),
        ("/p?__cf_chl_captcha_tk__=1&__cf_chl_jschl_tk__=2", "/p"),
        ("/p?_x_tr_sl=a&_x_tr_hl=b&_x_tr_pto=c&_x_tr_tl=d", "/p"),
        ("/p?from=singlemessage", "/p"),
        ("/p?from=groupmessage&a=1", "/p?a=1"),
        ("/p?from=2020-01-01", "/p?from=2020-01-01"),
        ("/p?gbraid=1&msclkid=2&yclid=3&id=4", "/p?id=4"),
        ("/p?%66bclid=foo", "/p"),
        ("/p?fbclid=foo#part", "/p#part"),
        ("/p?a=b#part", "/p?a=b#part"),
    ],
)
def test_tracking_marks_go_and_the_rest_of_the_query_stays(sent: str, stored: str) -> None:
    assert clean_path(sent, event=False) == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("/foo.html?a=b&c=d", "/foo.html?a=b&c=d"),
        ("/p?b=2&a=1", "/p?a=1&b=2"),
        ("/p?a=2&b=0&a=1", "/p?a=2&a=1&b=0"),
        ("/p?a", "/p?a="),
        ("/p?a=b&&c=d", "/p?a=b&c=d"),
        ("/p?q=two%20words", "/p?q=two+words"),
        ("/p?q=two words", "/p?q=two+words"),
        ("/p?q=é", "/p?q=%C3%A9"),
        ("/p?q=%c3%a9", "/p?q=%C3%A9"),
        ("/p?q=%ff", "/p?q=%FF"),
        ("/p?q=50%", "/p?q=50%25"),
        ("/é?q=1", "/%C3%A9?q=1"),
        ("/a%20b?q=1", "/a%20b?q=1"),
    ],
)
def test_spellings_of_the_same_query_become_one(sent: str, stored: str) -> None:
    assert clean_path(sent, event=False) == stored


def test_what_is_no_url_is_left_alone() -> None:
    assert clean_path("/100%?fbclid=foo", event=False) == "/100%?fbclid=foo"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("/web/20200104233523/https://www.arp242.net/tmux.html", "/tmux.html"),
        ("/web/20190820072242/https://arp242.net?a=b&c=d", "/?a=b&c=d"),
        ("/web/20190820072242/https://arp242.net", "/"),
        ("/web/20190820072242if_/http:/arp242.net/a?fbclid=1", "/a"),
        ("/web/assets/images/social-github.svg", "/web/assets/images/social-github.svg"),
        ("/web/2020/summary", "/web/2020/summary"),
        (
            "/storage/emulated/0/Android/data/jonas.tool.saveForOffline/files/2020/a.html",
            "/a.html",
        ),
    ],
)
def test_a_saved_copy_counts_for_the_page_it_was_made_of(sent: str, stored: str) -> None:
    assert clean_path(sent, event=False) == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("foo.html", "foo.html"),
        ("/foo.html", "foo.html"),
        (" //click ", "click"),
        ("download?x=1&utm_source=a", "download?x=1&utm_source=a"),
        ("a/", "a/"),
        ("", "(no event name)"),
        (" / ", "(no event name)"),
    ],
)
def test_an_event_keeps_its_name_but_for_leading_slashes(sent: str, stored: str) -> None:
    assert clean_path(sent, event=True) == stored


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/servlet/redirect.srv/x/y", "/a<html>b", "/a<HTML>b"]
)
def test_noise_is_known(path: str) -> None:
    assert is_noise(path)


@pytest.mark.parametrize("path", ["/", "/favicon.ico.html", "/x/favicon.ico", "/servlet/a", ""])
def test_pages_are_not_noise(path: str) -> None:
    assert not is_noise(path)


@given(path=st.text(st.characters(), max_size=200), event=st.booleans())
def test_no_text_makes_it_fail(path: str, event: bool) -> None:
    cleaned = clean_path(path, event=event)
    assert event or cleaned == "" or (cleaned.startswith("/") and not cleaned.startswith("//"))


@given(st.text("/?&=#%+abcé utm_", max_size=60))
def test_cleaning_twice_changes_nothing_more(path: str) -> None:
    once = clean_path(path, event=False)
    assert clean_path(once, event=False) == once
