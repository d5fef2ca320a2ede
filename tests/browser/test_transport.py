"""How a view travels: by beacon, else by an image; under a page's policy; in three kilobytes."""

import gzip

import pytest

from tests.browser.visit import Visit
from tests.browser.web import Recorder
from tests.live.server import LiveSite, http_client

FAILING = {
    "absent": "delete Navigator.prototype.sendBeacon",
    "false": "Navigator.prototype.sendBeacon = () => false",
    "raising": "Navigator.prototype.sendBeacon = () => { throw new TypeError('no') }",
}
IMAGES = """
    new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
        if (node.nodeName === 'IMG') (window.images ||= []).push(node);
    }))).observe(document, {childList: true, subtree: true});
"""


@pytest.mark.parametrize("how", FAILING)
def test_an_image_stands_in_for_the_beacon(visit: Visit, recorder: Recorder, how: str) -> None:
    page = visit.open(first=f"{FAILING[how]}; {IMAGES}")
    view = recorder.next()
    assert (view.method, view.path, view.values["p"]) == ("GET", "/count", "/page")
    page.wait_for_function("!document.querySelector('img')")
    (shape,) = page.evaluate(
        """images.map(img => [
            img.width, img.height, img.style.position, img.alt, img.getAttribute('aria-hidden')
        ])"""
    )
    assert shape == [1, 1, "absolute", "", "true"]
    assert len(visit.asked(page)) == 1


def test_an_image_that_can_not_be_loaded_is_removed_too(visit: Visit) -> None:
    page = visit.open(
        first=f"{FAILING['absent']}; {IMAGES}", endpoint="http://page.test/closed/count"
    )
    page.wait_for_function("window.images && !document.querySelector('img')")


def test_a_strict_policy_is_kept(visit: Visit, recorder: Recorder, site: LiveSite) -> None:
    """Nothing but the script's host and the endpoint is needed."""
    policy = f"default-src 'none'; script-src http://{site.host}; connect-src {recorder.endpoint}"
    body = "<button data-goatcounter-click=press>press</button>"
    page = visit.open(headers={"Content-Security-Policy": policy}, body=body)
    assert recorder.next().values["p"] == "/page"
    page.click("button")
    assert recorder.next().values["p"] == "press"
    assert visit.said == []


def test_a_policy_that_allows_the_image_alone_is_enough(
    visit: Visit, recorder: Recorder, site: LiveSite
) -> None:
    policy = f"default-src 'none'; script-src http://{site.host}; img-src {recorder.endpoint}"
    page = visit.open(headers={"Content-Security-Policy": policy})
    assert recorder.next().method == "GET"
    page.wait_for_function("!document.querySelector('img')")
    (blocked,) = visit.said  # the browser's own word on the beacon
    assert "connect" in blocked.lower()


def test_a_policy_that_allows_neither_is_tried_once(visit: Visit, site: LiveSite) -> None:
    policy = f"default-src 'none'; script-src http://{site.host}"
    page = visit.open(headers={"Content-Security-Policy": policy})
    page.wait_for_function("!document.querySelector('img')")
    assert len([text for text in visit.said if "Content Security Policy" in text]) == 2


def test_the_script_is_at_most_three_kilobytes(site: LiveSite) -> None:
    headers = {"Host": site.host, "Accept-Encoding": "gzip"}
    url = f"{site.server.url}/count.js"
    with http_client() as http, http.stream("GET", url, headers=headers) as reply:
        sent = b"".join(reply.iter_raw())
    assert len(sent) <= 3072
    assert gzip.decompress(sent).startswith(b"/* Counts")


def test_pages_that_ask_for_the_script_with_cors_get_it(visit: Visit, recorder: Recorder) -> None:
    visit.open(tag=visit.tag(load="crossorigin async"))
    recorder.next()
    visit.open("/again", tag=visit.tag(load="crossorigin type=module"))
    recorder.next()
    assert visit.said == []
