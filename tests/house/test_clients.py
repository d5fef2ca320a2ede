"""Whoever asks the API in a test does it by a client that holds the answer against the description."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

UNCHECKED = r"""(?x)
    \bfrom\ django\.test\ import\ [^\n]*\b(Async)?(Client|RequestFactory)\b
    | \bdjango\.test\.(Async)?(Client|RequestFactory)\b | \btest\.(Async)?(Client|RequestFactory)\b
    | \bAPI(Client|RequestFactory)\b
    | \bhttpx\.(Async)?Client\( | \bhttpx\.(get|post|put|patch|delete|head|options|request|stream)\(
    | \bhttp\.client\.HTTPS?Connection\( | \burllib\.request\b | \burlopen\b
    | \brequests\.(get|post|put|patch|delete|head|options|request|Session)\b
    | \bsocket\.create_connection\( | \[\s*"(curl|bash|sh)"
"""

KNOWN = {
    "client.py": "defines the client that checks",
    "live/server.py": "defines the client that checks",
    "live/load.py": "checks what comes back",
    "live/faults.py": "checks what comes back",
    "live/test_sync.py": "its scripts ask by the proxy of faults.py, which checks",
    "live/test_limits_of_bodies.py": "`raw` checks what comes back; the others read no answer, or curl's files",
    "live/reader.py": "the guides' commands, as printed: what they show is compared with what comes",
    "live/test_reference.py": "the reference's commands, as printed",
    "live/test_examples.py": "the contract's commands, as printed",
    "faults/senders.py": "checks what comes back",
    "faults/test_parsers.py": "bodies for the parser alone; no answer",
    "faults/test_clocks.py": "asks for /count, which the reference does not tell",
    "faults/test_segments.py": "asks for figures, which are not the API's",
    "faults/test_slow_clients.py": "begins requests that it does not end",
    "faults/watchers.py": "asks whether the service is ready",
    "http/test_eager.py": "its server is none of ours: it has no API",
    "ops/test_metrics.py": "asks for figures, which are not the API's",
    "sites/test_models.py": "a request for the sign-in backend; no answer",
    "sites/test_access.py": "a request for the limiter's key function; no answer",
    "browser/stories/test_keys.py": "the page's command, as printed, and what its key is answered with",
    "browser/stories/test_sign_up.py": "the page's command, as printed",
    "redis.py": "speaks to Redis",
}


def asks(path: Path) -> bool:
    """Whether there is a client in the file that checks nothing."""
    return re.search(UNCHECKED, path.read_text()) is not None


def test_every_other_client_is_known_with_its_reason() -> None:
    tests = ROOT / "tests"
    found = {str(path.relative_to(tests)) for path in tests.rglob("*.py") if asks(path)}
    assert found - {"house/test_clients.py"} == KNOWN.keys()


@pytest.mark.parametrize(
    "text",
    [
        "from django.test import Client",
        "from django.test import override_settings, RequestFactory",
        "class Client(test.Client):",
        "with httpx.Client() as http:",
        'httpx.get("http://127.0.0.1")',
        "http.client.HTTPConnection(host)",
        "import urllib.request",
        "requests.get(url)",
        'run(["curl", "-sS"])',
    ],
)
def test_such_a_client_is_seen(text: str, tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text(text)
    assert asks(tmp_path / "file.py")
