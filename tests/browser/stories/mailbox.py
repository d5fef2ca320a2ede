"""Reads the mail that a service without a mail server writes to its folder."""

import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.live.server import SECONDS


class Mailbox:
    """All mail of a service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, to: str) -> EmailMessage:
        """The newest mail to this address; waits for the first."""
        deadline = time.monotonic() + SECONDS
        while not (found := self._all(to)):
            assert time.monotonic() < deadline, f"no mail to {to}"
            time.sleep(0.05)
        return found[-1]

    def link(self, to: str, containing: str) -> str:
        """The first address with this in it in the newest mail's text."""
        text: Any = self.newest(to).get_body(("plain",))
        links: list[str] = re.findall(r"https?://\S+", text.get_content())
        return next(link for link in links if containing in link)

    def _all(self, to: str) -> list[EmailMessage]:
        mails = [_read(path) for path in sorted(self._folder.glob("*.eml"))]
        return [mail for mail in mails if str(mail["To"]) == to]


def _read(path: Path) -> EmailMessage:
    mail: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
