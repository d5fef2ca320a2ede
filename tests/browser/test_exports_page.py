"""*Settings → Exports* in a browser: an export is started, its bar moves, its file is what was counted."""

import gzip
import hashlib
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PERSON
from tests.live.server import SECONDS, LiveServer, LiveSite, send

ROWS = 40_000
PASSWORD = "correct horse battery"  # of somebody who lives in this test
MILLISECONDS = SECONDS * 1000


@pytest.fixture(scope="module")
def exporter(live: LiveServer) -> LiveSite:
    """A site with many pageviews, and three of them sent by the API last."""
    site = live.make_site("exporter")
    password = (
        "from sites.models import User; user = User.objects.get(email='exporter@example.com'); "
        f"user.set_password('{PASSWORD}'); user.save()"
    )
    assert live.manage("shell", "-c", password).returncode == 0
    filled = live.launch("-m", "tests.live.fill", site.code, str(ROWS))
    assert filled.wait(20 * SECONDS) == 0, live.said()
    site.count("/first", "/second", "/third")
    site.paths("/third", count=ROWS + 3)
    return site


@pytest.fixture
def page(chromium: Browser, exporter: LiveSite) -> Iterator[Page]:
    """The owner's, signed in, with the exports before them; nothing may go wrong in it."""
    context = chromium.new_context(user_agent=PERSON, accept_downloads=True)
    context.set_default_timeout(MILLISECONDS)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(f"http://{exporter.host}/sign-in?next=/settings/exports")
    page.get_by_label("E-mail").fill("exporter@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings/exports")
    yield page
    context.close()
    assert wrong == []


@contextmanager
def slowly(server: LiveServer) -> Iterator[None]:
    """The worker runs for a few milliseconds in each fifth of a second, however fast the machine is."""
    worker, enough = server.child("worker"), threading.Event()

    def hold() -> None:
        while not enough.is_set():
            send(worker, signal.SIGSTOP)
            enough.wait(0.2)
            send(worker, signal.SIGCONT)
            enough.wait(0.004)

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        yield
    finally:
        enough.set()
        holding.join()
        send(worker, signal.SIGCONT)


def newest(page: Page) -> str:
    """The selector of the card at the top of the history."""
    return f"#{page.locator('article').first.get_attribute('id')}"


def test_an_export_is_started_watched_and_downloaded(
    page: Page, exporter: LiveSite, live: LiveServer, tmp_path: Path
) -> None:
    page.get_by_label("JSON lines").check()
    with slowly(live):
        page.get_by_role("button", name="Start the export").click()
        expect(page.get_by_text("The export is started.")).to_be_visible()
        card = page.locator(newest(page))
        moved = "bar => bar.value > 0 && bar.value < bar.max && bar.value"
        bar = card.get_by_role("progressbar")
        seen = page.wait_for_function(
            f"() => {{ const bar = document.querySelector('{newest(page)} progress');"
            f" return bar && ({moved})(bar); }}"
        ).json_value()
        expect(card).to_contain_text("rows written")
        page.wait_for_function(
            f"() => {{ const bar = document.querySelector('{newest(page)} progress');"
            f" return !bar || bar.value > {seen}; }}"
        )
        assert bar.count() == 1, "it moved, and had not ended yet"
    expect(card.locator(".chip")).to_have_text("done")
    expect(page.get_by_role("log")).to_contain_text("is done.")
    assert bar.count() == 0, "polling ends with the whole card in its place"
    expect(card.get_by_role("button", name="Copy")).to_have_count(1)

    with page.expect_download() as begun:
        card.get_by_role("link", name="Download").click()
    begun.value.save_as(tmp_path / "file")
    check(tmp_path / "file", digest=card.locator(".copy code").inner_text(), rows=ROWS + 3)
    name = begun.value.suggested_filename
    expect(card.locator(".file")).to_have_text(name)


def check(path: Path, *, digest: str, rows: int) -> None:
    """The file is the one that the page tells of, and holds what was stored and sent, each once."""
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    hits = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert [hit["hit_id"] for hit in hits] == list(range(1, rows + 1))
    assert [hit["path"] for hit in hits[-3:]] == ["/first", "/second", "/third"]
    assert [hit["path"] for hit in hits[:-3]] == [f"/article/{n % 5000}" for n in range(rows - 3)]


def test_one_goes_on_where_another_ended(page: Page, exporter: LiveSite, tmp_path: Path) -> None:
    page.get_by_label("Cursor").fill(str(ROWS))
    page.get_by_role("button", name="Start the export").click()
    card = page.locator(newest(page))
    expect(card.locator(".chip")).to_have_text("done")
    exporter.count("/fourth")
    exporter.paths("/fourth")
    card.get_by_role("link", name="Export").first.click()
    page.get_by_role("button", name="Continue after this one").click()
    card = page.locator(newest(page))
    expect(card.locator(".chip")).to_have_text("done")
    with page.expect_download() as begun:
        card.get_by_role("link", name="Download").click()
    begun.value.save_as(tmp_path / "file")
    _, *lines = gzip.decompress((tmp_path / "file").read_bytes()).splitlines()
    assert [line.partition(b",")[0] for line in lines] == [b"/fourth"]


def test_one_that_waits_is_cancelled_by_the_keyboard(
    page: Page, exporter: LiveSite, live: LiveServer
) -> None:
    with slowly(live):
        for _ in range(2):
            page.get_by_role("button", name="Start the export").click()
        card = page.locator(newest(page))
        expect(card).to_contain_text("It waits for")
        name = card.get_by_role("link").first.inner_text()
        card.locator("summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The export is deleted.")).to_be_visible()
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
