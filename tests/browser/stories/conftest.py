"""Fresh accounts for each story, and the mail they get."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.stories.mailbox import Mailbox
from tests.browser.stories.person import PASSWORD, Person
from tests.live.server import LiveServer, LiveSite

Meet = Callable[..., Person]


@pytest.fixture(scope="package")
def mailbox(live: LiveServer) -> Mailbox:
    """Where the service's mail lies."""
    return Mailbox(live.data / "mail")


@pytest.fixture
def meet(chromium: Browser, live: LiveServer, site: LiveSite) -> Iterator[Meet]:
    """Seats somebody at a new browser: meet(code, email). Nobody's page may have failed at the end."""
    del site  # but for it, the service would have no account yet, and another start page
    met: list[Person] = []

    def sit_down(code: str, email: str, **options: object) -> Person:
        met.append(Person(chromium, live, code, email, **options))
        return met[-1]

    yield sit_down
    for person in met:
        person.context.close()
    assert [said for person in met for said in person.said] == []


@pytest.fixture
def owner(live: LiveServer, meet: Meet, request: pytest.FixtureRequest) -> Person:
    """The owner of a new site, not yet signed in; without scripts where the story is told so."""
    told = getattr(request.node, "callspec", None)
    scripts = bool(told.params.get("scripts", True)) if told else True
    code = request.node.originalname.removeprefix("test_").replace("_", "-")[:30].strip("-")
    code += "" if scripts else "-quiet"
    email = f"{code}@example.com"
    made = live.manage("create_site", code, "--email", email, "--password", PASSWORD)
    assert made.returncode == 0, made.stderr
    return meet(code, email, java_script_enabled=scripts)
