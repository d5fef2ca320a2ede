"""The way from the outbox to the mail server: claims, tries again, gives up."""

import logging
import smtplib
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F
from django.utils import timezone

from sites.models import Mail

log = logging.getLogger("goatapi.mail")

LEASE = timedelta(minutes=5)
"""For one try; a worker that dies in the middle leaves its mail to the next one after that."""

WAITS = [timedelta(seconds=n) for n in (10, 30, 60, 300, 900, 1800)]
"""After the first, second… failure; the last goes on."""

TRIED = timedelta(days=2)
KEPT = timedelta(days=14)
"""How long it is remembered that a mail was given up."""

PERMANENT = 500
"""Replies of a mail server from here on will be the same tomorrow."""


def deliver() -> int:
    """Send what is due; how many mails were taken. Stops when the server is away: the rest stays due.

    A mail is sent twice when a worker dies between the server's yes and the end of the row; both have
    the same Message-ID.
    """
    sent = 0
    with closing(get_connection()) as server:
        while mail := _claim(timezone.now()):
            try:
                server.open()
                server.send_messages([_message(mail)])
            except Exception as error:  # noqa: BLE001  # a name, a socket, a certificate, a refusal, a disk
                _note_failure(mail, error, timezone.now())
                server.close()
                if not _is_about_the_mail(error):
                    break
            else:
                mail.delete()
                sent += 1
    return sent


def forget_failures() -> None:
    """Delete what was given up long ago."""
    Mail.objects.filter(failed_at__lt=timezone.now() - KEPT).delete()


def _claim(now: datetime) -> Mail | None:
    """The mail that is due first, for a while ours alone."""
    due = Mail.objects.filter(failed_at=None, due_at__lte=now).order_by("due_at", "pk")
    for mail in due[:20]:
        as_seen = Mail.objects.filter(pk=mail.pk, attempts=mail.attempts, failed_at=None)
        if as_seen.update(attempts=F("attempts") + 1, due_at=now + LEASE):
            mail.attempts += 1
            return mail
    return None


def _message(mail: Mail) -> EmailMultiAlternatives:
    number = f"{mail.pk}.{int(mail.created_at.timestamp())}"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[mail.to],
        headers={
            "Message-ID": f"<{number}@{settings.ENVIRONMENT.domain}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _note_failure(mail: Mail, error: Exception, now: datetime) -> None:
    """Try again later, or give up. The log has the kind, never the address."""
    over = _is_final(error) or now - mail.created_at > TRIED
    changes: dict[str, Any] = {"error": f"{type(error).__name__}: {error}"[:500]}
    if over:
        changes |= {"failed_at": now, "text": "", "html": ""}
    else:
        changes["due_at"] = now + WAITS[min(mail.attempts, len(WAITS)) - 1]
    Mail.objects.filter(pk=mail.pk, attempts=mail.attempts).update(**changes)
    log.warning(
        "a mail was given up" if over else "a mail could not be sent yet",
        extra={"kind": mail.kind, "attempts": mail.attempts, "reason": type(error).__name__},
    )


def _is_about_the_mail(error: Exception) -> bool:
    """Whether the next mail may fare better at once."""
    refusals = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError)
    return isinstance(error, refusals)


def _is_final(error: Exception) -> bool:
    """Whether the server has said that it will never take this mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT
