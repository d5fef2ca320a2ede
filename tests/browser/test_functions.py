"""What pages call on window.goatcounter beside count(): part 4.2."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from hits.script import FILE
from tests.browser.visit import Values, Visit
from tests.browser.web import Recorder

QUIET: Values = {"no_onload": True}


@pytest.fixture
def page(visit: Visit) -> Page:
    """A page that has the script and counts nothing by itself."""
    return visit.open("/page?Ref=A%20B&empty=&bare&ref=second&a.b=1", settings=QUIET)


def test_get_query_finds_a_parameter_as_it_stands(page: Page) -> None:
    found = {"Ref": "A%20B", "ref": "A%20B", "REF": "A%20B", "empty": "", "a.b": "1"}
    for name, value in found.items():
        assert page.evaluate("name => goatcounter.get_query(name)", name) == value
    for name in ("a-b", "page", "f", "efRef"):
        assert page.evaluate("name => goatcounter.get_query(name) === undefined", name)


def test_get_data_tells_what_would_be_sent(page: Page) -> None:
    query = "?Ref=A%20B&empty=&bare&ref=second&a.b=1"
    data = {
        "p": f"/page{query}",
        "r": "",
        "t": "A page",
        "e": False,
        "s": 1280,
        "b": 0,
        "q": query,
    }
    assert page.evaluate("goatcounter.get_data()") == data
    of_call = {"path": "p", "title": "t", "referrer": "r", "event": True, "no_session": True}
    assert page.evaluate("vars => goatcounter.get_data(vars)", of_call) == data | {
        "p": "p",
        "t": "t",
        "r": "r",
        "e": True,
        "ns": True,
    }


def test_url_is_the_endpoint_with_the_data_and_a_new_number(page: Page, recorder: Recorder) -> None:
    first, second = page.evaluate(
        "[1, 2].map(() => goatcounter.url({path: 'a b', title: '', event: true}))"
    )
    start = f"{recorder.endpoint}?p=a%20b&e=true&s=1280&b=0&q="
    assert first.startswith(start)
    assert second.startswith(start)
    assert first.partition("&rnd=")[2] != second.partition("&rnd=")[2]


@pytest.fixture(scope="module")
def anywhere(chromium: Browser) -> Iterator[Page]:
    """A browser's page on any host; no server is asked, and all pages are empty."""
    context = chromium.new_context()
    context.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("localhost", "localhost"),
        ("app.localhost", "localhost"),
        ("127.0.0.1", "localhost"),
        ("127.9.9.9", "localhost"),
        ("10.1.2.3", "localhost"),
        ("172.16.0.1", "localhost"),
        ("172.31.0.1", "localhost"),
        ("192.168.1.1", "localhost"),
        ("0.0.0.0", "localhost"),  # noqa: S104  # nothing is bound
        ("[::1]", "localhost"),
        ("172.15.0.1", False),
        ("172.32.0.1", False),
        ("11.0.0.1", False),
        ("192.169.1.1", False),
        ("10.example.com", False),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("mylocalhost.example", False),
        ("notlocalhost", False),
    ],
)
def test_local_hosts_are_known_by_name_and_network(
    anywhere: Page, host: str, reason: str | bool
) -> None:
    anywhere.goto(f"http://{host}/")
    anywhere.evaluate("window.goatcounter = {no_onload: true}")
    anywhere.add_script_tag(path=FILE)
    assert anywhere.evaluate("goatcounter.filter()") == reason
    assert anywhere.evaluate("goatcounter.allow_local = true, goatcounter.filter()") is False


def test_browsers_that_are_driven_say_so(page: Page) -> None:
    marks = {
        "window.callPhantom": 150,
        "window._phantom": 150,
        "window.phantom": 150,
        "window.__nightmare": 151,
        "document.__selenium_unwrapped": 152,
        "document.__webdriver_evaluate": 152,
        "document.__driver_evaluate": 152,
    }
    for mark, hint in marks.items():
        assert page.evaluate(f"{mark} = {{}}, goatcounter.get_data().b") == hint
        assert page.evaluate(f"{mark} = undefined, goatcounter.get_data().b") == 0
    page.evaluate("Object.defineProperty(navigator, 'webdriver', {value: true})")
    assert page.evaluate("goatcounter.get_data().b") == 153


def test_without_storage_a_page_is_counted(visit: Visit, recorder: Recorder) -> None:
    """As in a browser that forbids it: asking raises."""
    visit.open(
        first="Object.defineProperty(window, 'localStorage', {get() { throw new Error('no') }})"
    )
    assert recorder.next().values["p"] == "/page"


@pytest.mark.parametrize(
    ("options", "url", "height"),
    [
        ({}, "%2Fhere.html?", 80),
        ({"type": "html", "path": "/a b?c=d"}, "%2Fa%20b%3Fc%3Dd.html?", 80),
        ({"type": "svg", "path": "TOTAL"}, "TOTAL.svg?", 80),
        ({"type": "png"}, "%2Fhere.png?", 80),
        (
            {
                "no_branding": True,
                "style": "div {color: red}",
                "start": "week",
                "end": "2026-01-31",
            },
            "%2Fhere.html?no_branding=1&style=div%20%7Bcolor%3A%20red%7D&start=week&end=2026-01-31",
            60,
        ),
        ({"attr": {"height": 90, "title": "x"}}, "%2Fhere.html?", 90),
    ],
)
def test_visit_count_inserts_the_counter(
    visit: Visit, recorder: Recorder, options: Values, url: str, height: int
) -> None:
    page = visit.open("/here", settings=QUIET)
    page.evaluate("options => goatcounter.visit_count(options)", options)
    attributes = {"src": f"{visit.endpoint}er/{url}", "width": "200", "height": str(height)}
    framed = ".html?" in url
    if framed:
        attributes |= {"frameborder": "0", "scrolling": "no"}
    attributes |= {name: str(value) for name, value in options.get("attr", {}).items()}
    box = page.locator("body > iframe" if framed else "body > img")
    found = box.evaluate(
        "box => Object.fromEntries([...box.attributes].map(a => [a.name, a.value]))"
    )
    assert found == attributes
    assert recorder.next().path == f"/counter/{url.partition('?')[0]}"


def test_visit_count_goes_where_it_is_told(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(body="<p id=here></p>", settings=QUIET)
    page.evaluate("goatcounter.visit_count({append: '#here'})")
    assert page.locator("#here > iframe").count() == 1
    recorder.next()
    page.evaluate("goatcounter.visit_count({append: '#nowhere'})")
    assert visit.said == ["error: goatcounter: nothing is #nowhere"]
    assert len(visit.asked(page)) == 1


def test_visit_count_waits_until_the_page_is_there(visit: Visit, recorder: Recorder) -> None:
    call = '<script>goatcounter.visit_count({append: "#later"})</script>'
    body = f"{visit.tag(load='', settings=QUIET)}{call}<p id=later></p>"
    page = visit.open(body=body, tag="")
    assert page.locator("#later > iframe").count() == 1
    recorder.next()
