"""Clicks on marked elements: names, titles, referrers, and when they are bound (part 4.2)."""

from typing import Literal

import pytest

from tests.browser.visit import Values, Visit
from tests.browser.web import Recorder

PRESS = "<button data-goatcounter-click=press>Press <b>me</b></button>"
TOLD: list[tuple[str, Values]] = [
    ("data-goatcounter-click=press name=n id=i", {"p": "press"}),
    ("data-goatcounter-click name=n id=i", {"p": "n"}),
    ("data-goatcounter-click='' id=i", {"p": "i"}),
    ("data-goatcounter-click=p data-goatcounter-title=T title=t", {"t": "T"}),
    ("data-goatcounter-click=p title=t", {"t": "t"}),
    ("data-goatcounter-click=p data-goatcounter-referrer=R", {"r": "R"}),
    ("data-goatcounter-click=p data-goatcounter-referral=R", {"r": "R"}),
    ("data-goatcounter-click=p data-goatcounter-no-session=1", {"ns": "true"}),
    ("data-goatcounter-click=p data-goatcounter-no-session=t", {"ns": "true"}),
    ("data-goatcounter-click=p data-goatcounter-no-session=true", {"ns": "true"}),
    ("data-goatcounter-click=p data-goatcounter-no-session=0", {"ns": None}),
    ("data-goatcounter-click=p data-goatcounter-no-session", {"ns": None}),
]


@pytest.mark.parametrize("button", ["left", "middle"])
def test_a_click_of_either_kind_is_an_event(
    visit: Visit, recorder: Recorder, button: Literal["left", "middle"]
) -> None:
    page = visit.open(body=PRESS, referer="https://ref.example/")
    assert recorder.next().values["p"] == "/page"
    page.click("button", button=button)
    values = recorder.next().values
    assert {name: values[name] for name in ("p", "e", "t")} == {
        "p": "press",
        "e": "true",
        "t": "Press <b>me</b>",
    }
    assert values.keys().isdisjoint({"r", "ns"})


def test_attributes_tell_what_is_counted(visit: Visit, recorder: Recorder) -> None:
    buttons = [f"<button {attributes}>text</button>" for attributes, _ in TOLD]
    page = visit.open(body="".join(buttons))
    recorder.next()
    for number, (attributes, sent) in enumerate(TOLD):
        page.locator("button").nth(number).click()
        values = recorder.next().values
        assert {name: values.get(name) for name in sent} == sent, attributes


def test_a_long_text_is_cut_to_200_characters(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(body=f"<button data-goatcounter-click=p>{'x' * 199}🐐{'y' * 50}</button>")
    recorder.next()
    page.click("button")
    assert recorder.next().values["t"] == "x" * 199


def test_an_element_without_any_name_is_not_counted(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(body="<button data-goatcounter-click>text</button>")
    recorder.next()
    page.click("button")
    assert len(visit.asked(page)) == 1


def test_elements_are_bound_once(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(body=PRESS)
    recorder.next()
    assert page.get_attribute("button", "data-goatcounter-bound") == "true"
    page.evaluate("goatcounter.bind_events(); goatcounter.bind_events()")
    page.click("button")
    assert recorder.next().values["p"] == "press"
    assert len(visit.asked(page)) == 2


def test_elements_that_come_later_are_bound_by_a_call(visit: Visit, recorder: Recorder) -> None:
    page = visit.open()
    recorder.next()
    page.evaluate(f"document.body.innerHTML = '{PRESS}'")
    page.click("button")
    assert len(visit.asked(page)) == 1
    page.evaluate("goatcounter.bind_events()")
    page.click("button")
    assert recorder.next().values["p"] == "press"


def test_elements_after_a_waiting_script_are_bound(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(body=visit.tag(load="") + PRESS, tag="")
    assert recorder.next().values["p"] == "/page"
    page.click("button")
    assert recorder.next().values["p"] == "press"


def test_no_events_leaves_clicks_alone(visit: Visit, recorder: Recorder) -> None:
    page = visit.open(body=PRESS, settings={"no_events": True})
    recorder.next()
    page.click("button")
    assert len(visit.asked(page)) == 1
    assert page.get_attribute("button", "data-goatcounter-bound") is None
