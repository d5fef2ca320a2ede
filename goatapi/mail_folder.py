"""Mail without a mail server: a folder with one `.eml` file a mail, the newest last by name."""

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class FolderBackend(BaseEmailBackend):
    """Django's way to send. The files hold links that let people in, so they are for their owner alone."""

    def __init__(self, *, fail_silently: bool = False) -> None:
        super().__init__(fail_silently=fail_silently)
        self._folder = Path(settings.ENVIRONMENT.email["EMAIL_FILE_PATH"])

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each under its final name at once, whole. Errors: `OSError`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        name = f"{timezone.now():%Y-%m-%d-%H%M%S.%f}-{_slug(str(message.subject))}.eml"
        unfinished = self._folder / f".{secrets.token_hex(8)}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.message().as_bytes())
        unfinished.rename(self._folder / name)


def _slug(subject: str) -> str:
    """As much of a subject as every file system takes."""
    return re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:50] or "mail"
