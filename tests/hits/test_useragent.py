"""Browsers and systems by the names people know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.useragent import UserAgent, describe

M = "Mozilla/5.0 "
WEBKIT = " AppleWebKit/537.36 (KHTML, like Gecko) "
APPLE = " AppleWebKit/605.1.15 (KHTML, like Gecko) "
WINDOWS = f"{M}(Windows NT 10.0; Win64; x64){WEBKIT}"
ANDROID = f"{M}(Linux; Android 10; K){WEBKIT}"
LINUX = f"{M}(X11; Linux x86_64){WEBKIT}"
MAC = f"{M}(Macintosh; Intel Mac OS X 10_15_7){APPLE}"
IPHONE = f"{M}(iPhone; CPU iPhone OS 18_6 like Mac OS X){APPLE}"
FIREFOX = "Gecko/20100101 Firefox/145.0"
C142 = "Chrome/142.0.0.0 Safari/537.36"

CASES = [
    # Chrome
    (WINDOWS + C142, "Chrome", "142", "Windows", "10"),
    (f"{M}(Macintosh; Intel Mac OS X 10_15_7){WEBKIT}{C142}", "Chrome", "142", "macOS", "10.15"),
    (LINUX + C142, "Chrome", "142", "Linux", ""),
    (f"{M}(X11; CrOS x86_64 14541.0.0){WEBKIT}{C142}", "Chrome", "142", "Chrome OS", ""),
    (ANDROID + "Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome", "142", "Android", "10"),
    (
        f"{M}(Linux; Android 13; SM-G991B; wv){WEBKIT}Version/4.0 Chrome/120.0.6 Mobile Safari/537",
        "Chrome", "120", "Android", "13",
    ),
    (
        IPHONE + "CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
        "Chrome", "142", "iOS", "18.6",
    ),
    (LINUX + "HeadlessChrome/142.0.0.0 Safari/537.36", "Chrome", "142", "Linux", ""),
    (LINUX + "Ubuntu Chromium/85.0 Chrome/85.0.4 Safari/537", "Chrome", "85", "Linux", "Ubuntu"),
    (
        f"{M}(Linux; Android 12; Redmi){WEBKIT}Version/4.0 Chrome/100 Mobile Safari/537.36"
        " XiaoMi/MiuiBrowser/14.0",
        "Chrome", "100", "Android", "12",
    ),
    # What GoatCounter takes for Chrome or Safari
    (WINDOWS + C142 + " Edg/142.0.0.0", "Edge", "142", "Windows", "10"),
    (WINDOWS + "Chrome/46.0.2486.0 Safari/537.36 Edge/13.10586", "Edge", "13", "Windows", "10"),
    (ANDROID + "Chrome/142.0 Mobile Safari/537.36 EdgA/142.0", "Edge", "142", "Android", "10"),
    (IPHONE + "Version/18.0 EdgiOS/142.0.3595.66 Safari/604.1", "Edge", "142", "iOS", "18.6"),
    (WINDOWS + "Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0", "Opera", "125", "Windows", "10"),
    (ANDROID + "Chrome/141.0 Mobile Safari/537.36 OPR/93.0.0", "Opera", "93", "Android", "10"),
    (WINDOWS + C142 + " Vivaldi/7.6.3797.63", "Vivaldi", "7", "Windows", "10"),
    (
        ANDROID + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet", "28", "Android", "10",
    ),
    (
        WINDOWS + "Chrome/140.0.0.0 YaBrowser/25.10.0.0 Safari/537.36",
        "Yandex Browser", "25", "Windows", "10",
    ),
    (IPHONE + "FxiOS/145.0 Mobile/15E148 Safari/605.1.15", "Firefox", "145", "iOS", "18.6"),
    (MAC + "Version/18.6 Safari/605.1.15 Ddg/18.6", "DuckDuckGo", "18", "macOS", "10.15"),
    # Firefox
    (f"{M}(Windows NT 10.0; Win64; x64; rv:145.0) {FIREFOX}", "Firefox", "145", "Windows", "10"),
    (
        f"{M}(Macintosh; Intel Mac OS X 10.15; rv:145.0) {FIREFOX}",
        "Firefox", "145", "macOS", "10.15",
    ),
    (f"{M}(X11; Linux x86_64; rv:145.0) {FIREFOX}", "Firefox", "145", "Linux", ""),
    (f"{M}(X11; Ubuntu; Linux x86_64; rv:145.0) {FIREFOX}", "Firefox", "145", "Linux", "Ubuntu"),
    (f"{M}(X11; Fedora; Linux x86_64; rv:145.0) {FIREFOX}", "Firefox", "145", "Linux", "Fedora"),
    (f"{M}(X11; Debian; Linux x86_64; rv:145.0) {FIREFOX}", "Firefox", "145", "Linux", "Debian"),
    (f"{M}(X11; CentOS; Linux x86_64) {FIREFOX}", "Firefox", "145", "Linux", "CentOS"),
    (
        f"{M}(Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
        "Firefox", "145", "Android", "15",
    ),
    (f"{M}(Linux) Firefox/1", "Firefox", "1", "Linux", ""),
    (f"{M}(X11; OpenBSD amd64; rv:145.0) {FIREFOX}", "Firefox", "145", "OpenBSD", ""),
    (f"{M}(X11; FreeBSD amd64; rv:145.0) {FIREFOX}", "Firefox", "145", "FreeBSD", ""),
    (f"{M}(X11; NetBSD amd64; rv:145.0) {FIREFOX}", "Firefox", "145", "NetBSD", ""),
    (f"{M}(X11; SunOS i86pc; rv:145.0) {FIREFOX}", "Firefox", "145", "SunOS", ""),
    (
        f"{M}(Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        "Firefox", "48", "KaiOS", "2.5",
    ),
    # Safari
    (IPHONE + "Version/26.0 Mobile/15E148 Safari/604.1", "Safari", "26.0", "iOS", "18.6"),
    (
        f"{M}(iPad; CPU OS 17_7 like Mac OS X){APPLE}Version/17.7 Mobile/15E148 Safari/604.1",
        "Safari", "17.7", "iOS", "17.7",
    ),
    (MAC + "Version/18.6 Safari/605.1.15", "Safari", "18.6", "macOS", "10.15"),
    (
        f"{M}(Macintosh; Intel Mac OS X 11_2_3){APPLE}Version/14.0.3 Safari/605.1.15",
        "Safari", "14.0", "macOS", "11.2",
    ),
    (IPHONE + "Mobile/15E148", "Safari", "18.6", "iOS", "18.6"),
    (MAC.strip(), "Safari", "", "macOS", "10.15"),
    # Apps that show pages
    (IPHONE + "Mobile/15E148 Instagram 350.0.0.30 (iOS)", "Instagram", "350", "iOS", "18.6"),
    (IPHONE + "Mobile/15E148 [FBAN/FBIOS;FBAV/480.0.0]", "Facebook", "480", "iOS", "18.6"),
    # Older ones
    (
        f"{M}(Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Internet Explorer", "11", "Windows", "10",
    ),
    (
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
        "Internet Explorer", "8", "Windows", "XP",
    ),
    (
        f"{M}(compatible; MSIE 9.0; Windows Phone OS 7.5; Trident/5.0; IEMobile/9.0)",
        "Internet Explorer", "9", "Windows Phone", "7.5",
    ),
    (f"{M}(Windows NT 6.1; Win64; x64){WEBKIT}{C142}", "Chrome", "142", "Windows", "7"),
    (f"{M}(Windows NT 6.2; Win64; x64){WEBKIT}{C142}", "Chrome", "142", "Windows", "8"),
    (f"{M}(Windows NT 6.3; Win64; x64){WEBKIT}{C142}", "Chrome", "142", "Windows", "8.1"),
    (f"{M}(Windows NT 6.0) {FIREFOX}", "Firefox", "145", "Windows", "Vista"),
    (f"{M}(Windows NT 5.0) {FIREFOX}", "Firefox", "145", "Windows", "2000"),
    (
        "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
        "Opera", "12", "Windows", "7",
    ),
    (
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12 Version/12.16",
        "Opera Mini", "36", "Android", "",
    ),
    (
        f"{M}(Linux; U; Android 4.0.3; en-us) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0"
        " Mobile Safari/534.30",
        "Android Browser", "", "Android", "4",
    ),
    (
        f"{M}(Linux; Android 8.1.0; X){WEBKIT}Chrome/80.0 Mobile Safari/537.36",
        "Chrome", "80", "Android", "8.1",
    ),
    # Rare ones
    (f"{M}(X11; Linux x86_64) Goanna/4.8 PaleMoon/29.4.0", "PaleMoon", "29.4", "Linux", ""),
    (
        f"{M}(Windows NT 10.0; rv:68.9) Goanna/4.4 Basilisk/2020.06.18",
        "Basilisk", "2020.06", "Windows", "10",
    ),
    ("Dillo/3.0.5", "Dillo", "3.0", "", ""),
    (f"{M}(X11; DragonFly x86_64){WEBKIT}{C142}", "Chrome", "142", "DragonFly BSD", ""),
    (f"{M}(PlayStation 4 3.11){WEBKIT}", "", "", "PlayStation 4", ""),
    (f"{M}(Fuchsia){WEBKIT}{C142}", "Chrome", "142", "Fuchsia", ""),
    (f"{M}(X11; Haiku x86_64) {FIREFOX}", "Firefox", "145", "Haiku", ""),
    ("MyApp/1.2 (Linux)", "MyApp", "1", "Linux", ""),
]  # fmt: skip


@pytest.mark.parametrize(("header", "browser", "version", "system", "system_version"), CASES)
def test_a_header_names_browser_and_system(
    header: str, browser: str, version: str, system: str, system_version: str
) -> None:
    assert describe(header) == UserAgent(browser, version, system, system_version)


@pytest.mark.parametrize("header", ["", "Mozilla/5.0", "?", "just words", "\ud800"])
def test_what_a_header_does_not_tell_is_empty(header: str) -> None:
    assert describe(header) == UserAgent("", "", "", "")


PIECES = [M, WEBKIT, "Chrome/", "Firefox/", "(Linux; ", "1", ".", "A/2", "é"]


@given(
    st.text(st.characters(), max_size=200) | st.lists(st.sampled_from(PIECES)).map("".join),
)
def test_no_header_makes_it_fail(header: str) -> None:
    assert isinstance(describe(header), UserAgent)
