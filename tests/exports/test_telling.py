"""What people are told of exports: a mail at the end to who wished it, and the audit log."""

from typing import Any

import pytest

from exports import building, notices, services, writers
from exports.building import claim_export
from exports.models import Export, State
from sites.models import AuditEvent, Mail, Membership, Role, User
from tests.client import ApiClient
from tests.dashboard.browser import make_member
from tests.exports.test_building import site_of
from tests.mailbox import link_in, posted
from tests.make import Cast, drain


def built(cast: Cast, user: User, *, mail: bool = True) -> Export:
    """An export of this person, finished."""
    export = services.start_export(site=site_of(cast.owner), user=user, mail=mail)
    services.build_export(export.pk, owner="test")
    export.refresh_from_db()
    return export


def test_who_wished_a_mail_gets_it_when_the_export_is_done(cast: Cast) -> None:
    ApiClient(cast.owner).post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/a"}]})
    drain()
    export = built(cast, cast.owner.user)
    (mail,) = posted()
    assert (mail.to, mail.kind) == ("owner@example.net", "export")
    assert mail.subject == f"Export {export.pk} of owner is done"
    assert link_in(mail, "/settings/") == (
        f"http://owner.example.com:8000/settings/exports/{export.pk}"
    )
    for text in (export.sha256, "one row, ", "Cursor, to go on from: 1"):
        assert text in mail.text
        assert text in mail.html


def test_nobody_gets_a_mail_that_was_not_wished(cast: Cast) -> None:
    assert built(cast, cast.owner.user, mail=False).state == State.DONE
    assert posted() == []


def test_a_failed_export_is_told_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    export = services.start_export(site=site_of(cast.owner), user=cast.owner.user, mail=True)
    Export.objects.filter(pk=export.pk).update(attempts=building.MAX_ATTEMPTS - 1)

    def broken(*_: Any, **__: Any) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(writers, "write", broken)
    services.build_export(export.pk, owner="test")
    (mail,) = posted()
    assert mail.subject == f"Export {export.pk} of owner has failed"
    assert f"/settings/exports/{export.pk}" in mail.text
    assert "no space left" not in mail.text


def test_an_attempt_that_is_tried_again_is_not_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = services.start_export(site=site_of(cast.owner), user=cast.owner.user, mail=True)
    claim = claim_export(export.pk, owner="test")
    assert claim
    claim.fail(OSError())
    assert posted() == []


def test_who_may_not_see_exports_any_more_is_not_told(cast: Cast) -> None:
    person = make_member(cast.owner, Role.SETTINGS)
    membership = Membership.objects.filter(user=person)
    assert built(cast, person).state == State.DONE
    assert len(posted(person.email)) == 1
    membership.update(role=Role.READ_ONLY)
    built(cast, person)
    membership.delete()
    built(cast, person)
    built(cast, cast.stranger.user)
    assert len(posted()) == 1


def test_who_is_deleted_meanwhile_is_not_told_and_the_export_is_done(cast: Cast) -> None:
    person = make_member(cast.owner, Role.SETTINGS)
    export = services.start_export(site=site_of(cast.owner), user=person, mail=True)
    person.delete()
    services.build_export(export.pk, owner="test")
    export.refresh_from_db()
    assert (export.state, export.user) == (State.DONE, None)
    assert posted() == []


def test_the_mail_and_the_state_are_one_transaction(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = services.start_export(site=site_of(cast.owner), user=cast.owner.user, mail=True)
    tell = notices.tell

    def stumbling(export_id: int) -> None:
        tell(export_id)
        raise RuntimeError("after the mail")

    monkeypatch.setattr(notices, "tell", stumbling)
    services.build_export(export.pk, owner="test")
    export.refresh_from_db()
    assert (export.state, Mail.objects.count()) == (State.QUEUED, 0)


def log_of(cast: Cast) -> list[tuple[str, str, str]]:
    """The audit log about exports: deed, whose, with which key."""
    events = AuditEvent.objects.filter(account=cast.owner.account, action__startswith="export.")
    return [
        (event.action, event.actor_email, event.details.get("key", ""))
        for event in events.order_by("pk")
    ]


def test_the_audit_log_tells_what_a_key_did(cast: Cast) -> None:
    api = ApiClient(cast.owner)
    export_id = api.post("/api/v0/export").json()["id"]
    services.build_export(export_id, owner="test")
    path = f"/api/v0/export/{export_id}"
    whole = api.get(f"{path}/download")
    api.get(f"{path}/download", **{"If-None-Match": whole["ETag"]})
    api.send("HEAD", f"{path}/download")
    assert api.get(f"{path}/download", Range="bytes=5-").status_code == 206
    api.send("DELETE", path)
    who = ("owner@example.net", "test")
    deeds = ["started", "downloaded", "downloaded", "deleted"]
    assert log_of(cast) == [(f"export.{deed}", *who) for deed in deeds]
    assert not AuditEvent.objects.filter(
        account=cast.stranger.account, action__startswith="export."
    ).exists()


def test_what_is_refused_is_not_in_the_log(cast: Cast) -> None:
    api = ApiClient(cast.owner)
    api.post("/api/v0/export", {"format": "xml"})
    foreign = services.start_export(site=site_of(cast.stranger))
    api.send("DELETE", f"/api/v0/export/{foreign.pk}")
    assert log_of(cast) == []
