"""A key is made on the page, used by curl as the page says, rotated and revoked; with scripts or without."""

import subprocess

import pytest

from tests.browser.stories.person import Person


def status(person: Person, key: str) -> str:
    """What curl is answered with this key."""
    return curl(
        f"curl -so /dev/null -w '%{{http_code}}' -H 'Authorization: Bearer {key}' "
        + person.url("/api/v0/me")
    )


def curl(line: str) -> str:
    """What a line for a shell prints."""
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout


def shown(person: Person) -> str:
    """The key's text, which the page shows once."""
    return person.page.locator("#new-key").inner_text()


def revoke(person: Person, key: str) -> None:
    """Told from the account's others by how it begins."""
    page = person.open("/settings/auth")
    prefix = next(
        text.rstrip("…")
        for text in page.locator("li.card .prefix > code").all_inner_texts()
        if key.startswith(text.rstrip("…"))
    )
    card = page.locator("li.card").filter(has=page.locator(".prefix > code", has_text=prefix))
    card.locator("summary").filter(has_text="Revoke").click()
    with page.expect_navigation():
        card.get_by_role("button", name="Revoke this key").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_key_lives_and_ends(owner: Person, scripts: bool) -> None:
    page = owner.sign_in()
    owner.fold_out("Create a key")
    page.locator("[name=permissions]").first.check()
    owner.fill("/settings/auth/keys", name="Nightly")
    first = shown(owner)
    line = page.locator("#curl").inner_text()
    assert first in line
    curl(line.replace("curl", "curl -f", 1))
    assert status(owner, first) == "200"

    page = owner.open("/settings/auth")
    assert first not in page.content()
    page.get_by_role("link", name="Rotate Nightly").click()
    owner.fill("/settings/auth/keys/")
    second = shown(owner)
    assert second != first
    assert [status(owner, key) for key in (first, second)] == ["200", "200"]

    revoke(owner, first)
    assert [status(owner, key) for key in (first, second)] == ["401", "200"]
    revoke(owner, second)
    assert status(owner, second) == "401"
