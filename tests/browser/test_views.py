"""What the script tells of a page, and which pages it leaves out: part 4.2."""

import json
from pathlib import Path

import pytest

from tests.browser.visit import Values, Visit
from tests.browser.web import Recorder

WAITING = """
    window.state = 'hidden';
    Object.defineProperty(document, 'visibilityState', {get: () => window.state});
"""


def test_a_page_is_counted_when_it_is_loaded(visit: Visit, recorder: Recorder) -> None:
    visit.open("/page?a=b&c=%20d", referer="https://ref.example/from")
    view = recorder.next()
    rnd = view.values["rnd"]
    assert (view.path, view.method) == ("/count", "POST")
    assert view.values == {
        "p": "/page?a=b&c=%20d",
        "t": "A page",
        "r": "https://ref.example/from",
        "s": "1280",
        "b": "0",
        "q": "?a=b&c=%20d",
        "rnd": rnd,
    }
    assert len(rnd) == 5
    assert visit.said == []


def test_what_is_empty_is_left_out(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(window="{no_onload: true}")
    page.evaluate("goatcounter.count({title: '', event: false, no_session: false})")
    assert recorder.next().values.keys() == {"p", "s", "b", "rnd"}


@pytest.mark.parametrize("place", ["window", "settings"])
def test_settings_replace_what_the_page_says(visit: Visit, recorder: Recorder, place: str) -> None:
    ours = {"path": "bought", "title": "Other", "referrer": "newsletter", "event": True}
    visit.open(**{place: json.dumps(ours)})
    sent = {"p": "bought", "t": "Other", "r": "newsletter", "e": "true"}
    assert sent.items() <= recorder.next().values.items()


def test_settings_that_are_null_leave_what_the_page_says(visit: Visit, recorder: Recorder) -> None:
    visit.open(settings={"path": None, "title": None, "event": None})
    values = recorder.next().values
    assert (values["p"], values["t"]) == ("/page", "A page")
    assert "e" not in values


def test_settings_in_the_attribute_win(visit: Visit, recorder: Recorder) -> None:
    visit.open(window="{path: '/window', title: 'Window'}", settings={"path": "/attribute"})
    values = recorder.next().values
    assert (values["p"], values["t"]) == ("/attribute", "Window")


def test_the_attribute_can_not_set_anything_else(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(settings={"endpoint": "/x", "count": 1, "filter": 1, "skip": 1})
    recorder.next()
    assert page.evaluate("goatcounter.endpoint || goatcounter.skip") is None
    assert page.evaluate("typeof goatcounter.filter") == "function"


@pytest.mark.parametrize("text", ["{path: 1}", "{", "{'path': '/x'}"])
def test_bad_settings_are_reported_and_the_page_is_counted(
    visit: Visit, recorder: Recorder, text: str
) -> None:
    visit.open(settings=text)
    assert recorder.next().values["p"] == "/page"
    (said,) = visit.said
    assert said.startswith("error: goatcounter: data-goatcounter-settings")


@pytest.mark.parametrize("text", ["null", "[]", "1", '"path"', ""])
def test_settings_that_are_no_object_change_nothing(
    visit: Visit, recorder: Recorder, text: str
) -> None:
    visit.open(settings=text)
    assert recorder.next().values["p"] == "/page"
    assert visit.said == []


@pytest.mark.parametrize(
    ("callback", "sent"),
    [
        ("path: p => p + '!'", {"p": "/page?a=b!"}),
        ("title: t => t.toUpperCase()", {"t": "A PAGE"}),
        ("referrer: r => r.replace('secret', '')", {"r": "https://ref.example/"}),
        ("title: t => null", {"t": None}),
        ("referrer: r => ''", {"r": None}),
    ],
)
def test_callbacks_get_what_the_page_says(
    visit: Visit, recorder: Recorder, callback: str, sent: Values
) -> None:
    visit.open("/page?a=b", window=f"{{{callback}}}", referer="https://ref.example/secret")
    values = recorder.next().values
    assert {name: values.get(name) for name in sent} == sent


@pytest.mark.parametrize("nothing", ["null", "undefined", "''"])
def test_a_path_callback_can_keep_a_page_from_being_counted(visit: Visit, nothing: str) -> None:
    page = visit.open(window=f"{{path: p => {nothing}}}")
    assert visit.asked(page) == []
    assert visit.said == []


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/canonical", "/canonical"),
        ("http://page.test/canonical?x=y", "/canonical?x=y"),
        ("https://www.page.test/canonical#part", "/canonical"),
        ("https://another.test/canonical", "/page?a=b"),
        ("https://sub.page.test/canonical", "/page?a=b"),
    ],
)
def test_the_canonical_link_of_the_same_host_is_the_path(
    visit: Visit, recorder: Recorder, href: str, path: str
) -> None:
    visit.open("/page?a=b", head=f'<link rel="canonical" href="{href}">')
    values = recorder.next().values
    assert (values["p"], values["q"]) == (path, "?a=b")


def test_the_endpoint_setting_stands_in_for_the_attribute(visit: Visit, recorder: Recorder) -> None:
    visit.open(endpoint="", window=f"{{endpoint: '{recorder.endpoint}'}}")
    assert recorder.next().path == "/count"
    visit.open("/2", window="{endpoint: 'http://page.test/never'}")
    assert recorder.next().values["p"] == "/2"


def test_the_endpoint_may_leave_out_the_scheme(visit: Visit, recorder: Recorder) -> None:
    visit.open(endpoint=recorder.endpoint.removeprefix("http:"))
    assert recorder.next().values["p"] == "/page"


def test_a_page_without_an_endpoint_is_told(visit: Visit) -> None:
    page = visit.open(endpoint="")
    assert visit.asked(page) == []
    assert visit.said == ["error: goatcounter: no data-goatcounter attribute"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_local_pages_are_counted_if_they_ask_for_it(
    visit: Visit, recorder: Recorder, host: str
) -> None:
    page = visit.open("/quiet", host=host)
    assert visit.asked(page) == []
    assert visit.said == ["warning: goatcounter: not counted: localhost"]
    visit.open("/loud", host=host, settings={"allow_local": True})
    assert recorder.next().values["p"] == "/loud"


def test_files_are_counted_if_they_ask_for_it(
    visit: Visit, recorder: Recorder, tmp_path: Path
) -> None:
    for name, settings in (("quiet", {}), ("loud", {"allow_local": True})):
        file = tmp_path / f"{name}.html"
        file.write_text(visit.document(settings=settings))
        visit.tab.goto(file.as_uri())
    assert recorder.next().values["p"].endswith("/loud.html")
    assert visit.said == ["warning: goatcounter: not counted: localfile"]


@pytest.mark.parametrize("allowed", [False, True])
def test_framed_pages_are_counted_if_they_ask_for_it(
    visit: Visit, recorder: Recorder, allowed: bool
) -> None:
    visit.put("/inner", settings={"allow_frame": allowed})
    visit.open("/outer", body='<iframe src="/inner"></iframe>')
    if allowed:
        assert {recorder.next().values["p"] for _ in range(2)} == {"/inner", "/outer"}
    else:
        assert recorder.next().values["p"] == "/outer"
        assert visit.said == ["warning: goatcounter: not counted: frame"]


def test_no_onload_leaves_everything_to_the_page(visit: Visit, recorder: Recorder) -> None:
    body = "<button data-goatcounter-click=press>press</button>"
    page = visit.open(body=body, settings={"no_onload": True})
    page.click("button")
    assert visit.asked(page) == []
    page.evaluate("goatcounter.count()")
    assert recorder.next().values["p"] == "/page"


def test_a_page_of_an_app_is_counted_as_it_is_then(visit: Visit, recorder: Recorder) -> None:
    page = visit.open("/app", settings={"no_onload": True})
    page.evaluate("goatcounter.count()")
    assert recorder.next().values["p"] == "/app"
    page.evaluate(
        """() => {
            history.pushState({}, '', '/app/next?q=1#part');
            document.title = 'Next';
            goatcounter.count({referrer: ''});
        }"""
    )
    values = recorder.next().values
    assert (values["p"], values["t"], values["q"]) == ("/app/next?q=1", "Next", "?q=1")
    assert "r" not in values


def test_values_of_a_call_win_over_settings_and_callbacks(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(window="{no_onload: true, path: p => '/setting', title: 'Setting'}")
    page.evaluate(
        "goatcounter.count({path: '/call', title: t => t + '!', event: true, no_session: true})"
    )
    values = recorder.next().values
    assert (values["p"], values["t"]) == ("/call", "A page!")
    assert (values["e"], values["ns"]) == ("true", "true")


def test_a_background_tab_is_counted_once_when_it_is_looked_at(
    visit: Visit, recorder: Recorder
) -> None:
    page = visit.open("/later", first=WAITING)
    change = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(change)
    assert visit.asked(page) == []
    page.evaluate(f"window.state = 'visible'; {change}; {change}")
    assert recorder.next().values["p"] == "/later"
    assert len(visit.asked(page)) == 1
    assert visit.said == []


@pytest.mark.parametrize(
    "state",
    [
        WAITING.replace("hidden", "prerender"),
        "Object.defineProperty(document, 'prerendering', {value: true})",
    ],
)
def test_a_page_rendered_in_advance_is_not_counted_by_a_call(visit: Visit, state: str) -> None:
    page = visit.open(first=state, settings={"no_onload": True})
    page.evaluate("goatcounter.count()")
    assert visit.asked(page) == []
    assert visit.said == ["warning: goatcounter: not counted: visibilityState"]


def test_the_toggle_takes_a_browser_out_and_in_again(visit: Visit, recorder: Recorder) -> None:
    visit.open("/page#toggle-goatcounter")
    page = visit.open("/other")
    assert page.evaluate("localStorage.skipgc") == "t"
    assert visit.asked(page) == []
    visit.open("/page#toggle-goatcounter")
    assert recorder.next().values["p"] == "/page"
    visit.open("/other")
    assert recorder.next().values["p"] == "/other"
    assert visit.alerts == [
        "This browser is no longer counted.",
        "This browser is again counted.",
    ]
    assert set(visit.said) == {
        "warning: goatcounter: not counted: disabled with #toggle-goatcounter"
    }


def test_texts_longer_than_the_service_takes_are_cut(visit: Visit, recorder: Recorder) -> None:
    visit.open(settings={"title": "x" * 1023 + "🐐", "referrer": "r" * 3000})
    values = recorder.next().values
    assert values["t"] == "x" * 1023
    assert len(values["r"]) == 2048


def test_texts_keep_their_letters(visit: Visit, recorder: Recorder) -> None:
    title = "Käse & Söhne + 100% 🐐 #1?"
    visit.open(settings={"title": title, "path": "/käse?a=1&b=ü"})
    values = recorder.next().values
    assert (values["t"], values["p"]) == (title, "/käse?a=1&b=ü")


def test_a_script_in_the_head_waits_until_the_head_is_read(
    visit: Visit, recorder: Recorder
) -> None:
    visit.open(head=visit.tag(load="") + '<link rel=canonical href="/canonical">', tag="")
    assert recorder.next().values["p"] == "/canonical"


def test_an_image_waits_for_the_body(visit: Visit, recorder: Recorder) -> None:
    head = visit.tag(load="", settings={"no_onload": True}) + "<script>goatcounter.count()</script>"
    visit.open(first="delete Navigator.prototype.sendBeacon", head=head, tag="")
    assert recorder.next().method == "GET"
