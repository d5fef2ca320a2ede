"""The log: structured, and silent about people."""

import json
import logging
from typing import Any

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from tests.client import ApiClient
from tests.dashboard.browser import Browser


def test_a_request_is_one_line_of_json_about_the_request_alone(
    api: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "goatapi.request"):
        api.get(
            "/api/v0/export?limit=2",
            User_Agent="Mozilla/5.0 (secret browser)",
            X_Forwarded_For="51.171.91.33",
        )
    [record] = [record for record in caplog.records if record.name == "goatapi.request"]
    line = _as_logged(record)
    shown: dict[str, Any] = json.loads(line)
    assert (shown["method"], shown["path"], shown["status"]) == ("GET", "/api/v0/export", 200)
    assert (shown["site"], shown["level"]) == (api.tenant.site.pk, "INFO")
    for secret in (api.key, "secret browser", "51.171.91.33", "127.0.0.1", "limit=2"):
        assert secret not in line


@pytest.mark.parametrize("path", ["/verify/secret:token", "/reset/secret:token", "/join/secret"])
def test_links_that_were_mailed_are_not_written_down(
    api: ApiClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        browser = Browser(api.host)
        browser.get(path)
        browser.post(path, token=False)
    assert caplog.records
    assert not any("secret" in _as_logged(record) for record in caplog.records)


def test_nor_when_the_answer_fails(
    api: ApiClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr("dashboard.join.invitations.find", broken)
    with caplog.at_level(logging.DEBUG):
        assert Browser(api.host).get("/join/a-secret").status_code == 500
    lines = [_as_logged(record) for record in caplog.records]
    assert any("Internal Server Error: /join/…" in json.loads(line)["message"] for line in lines)
    assert not any("a-secret" in line for line in lines)


def _as_logged(record: logging.LogRecord) -> str:
    configured = dict(settings.LOGGING["formatters"]["json"])
    formatter = import_string(configured.pop("()"))(**configured)
    return str(formatter.format(record))


@pytest.mark.parametrize("name", ["django.request", "django.security.csrf"])
def test_djangos_own_loggers_carry_no_request(name: str) -> None:
    record = logging.LogRecord(name, logging.ERROR, "", 1, "Forbidden: %s", ("/sign-in",), None)
    record.request = "<WSGIRequest: POST '/sign-in?next=/secret'>"
    assert "secret" not in _as_logged(record)
