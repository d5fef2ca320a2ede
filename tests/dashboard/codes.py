"""An authenticator app: RFC 6238 anew, so that ours is not held against itself. And the pages to set it up."""

import base64
import hashlib
import hmac
import re
import struct
import time
from typing import Any

from tests.dashboard.browser import Browser

TOTP = "/settings/auth/totp"
CODES = "/settings/auth/recovery-codes"


def shown_by_app(secret: str, *, steps: int = 0) -> str:
    """The six digits of now, or of so many half minutes later."""
    counter = int(time.time()) // 30 + steps
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def secret_in(page: str) -> str:
    """The secret that the page for a new app shows as text."""
    shown = re.search(r'<pre class="secret"[^>]*><code>([A-Z2-7 ]+)</code>', page)
    assert shown, "no secret"
    return shown[1].replace(" ", "")


def set_up_app(browser: Browser, *, steps: int = -1) -> str:
    """The secret of the app that is now set up, with a code from which later ones differ."""
    secret = secret_in(browser.get(TOTP).content.decode())
    reply = browser.post(TOTP, {"code": shown_by_app(secret, steps=steps)})
    assert reply.status_code == 302, reply.content.decode()
    return secret


def recovery_codes(browser: Browser) -> list[str]:
    """Those that the page shows."""
    page = browser.get(CODES).content.decode()
    return re.findall(r"<li><code>([\d ]+)</code></li>", page)


def give_code(browser: Browser, code: str) -> Any:
    """The form for the second factor."""
    return browser.post("/sign-in/factor", {"code": code})
