"""Mail is posted here, in the transaction of the deed it tells of; the worker takes it to the mail server.

So no request waits for a mail server, and nobody learns from the time it takes whom we know.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.template import Context, loader
from django.utils import translation

from goatapi import errors
from sites import queries
from sites.formats import reader
from sites.models import Mail, tidy_email

log = logging.getLogger("goatapi.mail")

LONGEST_SUBJECT = 200


def post(*, to: str, kind: str, context: Mapping[str, Any], language: str | None = None) -> None:
    """Have a mail sent, soon, if this transaction is kept.

    `kind` names the templates `mail/KIND.subject.txt`, `KIND.txt` and `KIND.html`, which know their `reader`.
    Without a `language` it is the one that the reader has chosen, else the one that is active.
    Errors: `errors.Invalid` for `to`.
    """
    _check_address(to)
    whom = reader(queries.user_by_email(to), language=translation.get_language())
    more = {"reader": whom, "service": settings.ENVIRONMENT.domain, "service_url": service_url()}
    given = {**context, **more}
    with translation.override(language or whom.language):
        Mail.objects.create(
            to=tidy_email(to),
            kind=kind,
            subject=" ".join(_plain(f"{kind}.subject.txt", given).split())[:LONGEST_SUBJECT],
            text=_tidy(_plain(f"{kind}.txt", given)),
            html=loader.render_to_string(f"mail/{kind}.html", given),
        )
    transaction.on_commit(_ring)


def where() -> str | None:
    """The folder in which mails lie, for pages that tell people to look there; None with a mail server."""
    folder = settings.ENVIRONMENT.email.get("EMAIL_FILE_PATH")
    return str(folder) if folder else None


def oldest_waiting() -> datetime | None:
    """When the oldest mail was posted that is still to be sent; None when there is none."""
    waiting = Mail.objects.filter(failed_at=None).order_by("created_at")
    return waiting.values_list("created_at", flat=True).first()


def given_up() -> int:
    """How many mails were given up in the last two weeks."""
    return Mail.objects.exclude(failed_at=None).count()


def newest_error() -> str:
    """What the last failure said that a mail still tells of; "" for none. It may hold an address."""
    told = Mail.objects.exclude(error="").order_by("-pk")
    return told.values_list("error", flat=True).first() or ""


def service_url() -> str:
    """The service's own address, without a slash at its end."""
    env = settings.ENVIRONMENT
    return f"{env.url_scheme}://{env.domain}{env.public_port}"


def _check_address(to: str) -> None:
    try:
        validate_email(tidy_email(to))
    except ValidationError:
        raise errors.Invalid({"to": [f"‘{to}’ is not a valid e-mail address"]}) from None


def _plain(name: str, context: Mapping[str, Any]) -> str:
    """A template that is no HTML: nothing in it is escaped."""
    template: Any = loader.get_template(f"mail/{name}")
    return str(template.template.render(Context(dict(context), autoescape=False)))


def _tidy(text: str) -> str:
    """Without what tags leave behind on their lines."""
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def _ring() -> None:
    """Tell a worker. Without Redis the background process finds the row itself; a lost ring costs seconds."""
    if not settings.ENVIRONMENT.redis_url:
        return
    from sites import tasks  # noqa: PLC0415  # Celery is large, and most processes never post

    try:
        tasks.deliver.delay()
    except Exception:  # noqa: BLE001  # any failure of the broker: the schedule rings again
        log.warning("the queue does not answer; mail waits for the schedule")
