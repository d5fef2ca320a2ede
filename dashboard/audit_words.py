"""The audit log in words: a sentence for each action, whose subject is the person who did it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites.models import AuditEvent, Role

KINDS: dict[str, Promise] = {
    "sign-in": gettext_lazy("Sign-in and sign-out"),
    "security": gettext_lazy("Password and MFA"),
    "key": gettext_lazy("API keys"),
    "user": gettext_lazy("Users"),
    "site": gettext_lazy("Sites and settings"),
    "export": gettext_lazy("Exports"),
    "account": gettext_lazy("Account"),
    "deletion": gettext_lazy("What was deleted or revoked"),
}
"""Kinds of `sites.audit` as people choose them."""

SENTENCES: dict[str, Promise] = {
    "sign-in": gettext_lazy("signed in"),
    "sign-in.failed": gettext_lazy("failed to sign in as %(target)s"),
    "sign-out": gettext_lazy("signed out"),
    "session.ended": gettext_lazy("signed out the device %(device)s"),
    "session.others-ended": gettext_lazy("signed out all other devices"),
    "password.changed": gettext_lazy("changed the password"),
    "password.reset": gettext_lazy("set a new password by a mailed link"),
    "mfa.totp.added": gettext_lazy("set up an authenticator app"),
    "mfa.totp.removed": gettext_lazy("removed the authenticator app"),
    "mfa.passkey.added": gettext_lazy("set up the passkey ‘%(name)s’"),
    "mfa.passkey.removed": gettext_lazy("removed the passkey ‘%(name)s’"),
    "mfa.recovery-codes.made": gettext_lazy("made new recovery codes"),
    "mfa.recovery-codes.used": gettext_lazy("used up a recovery code"),
    "proof.failed": gettext_lazy("failed to confirm their identity"),
    "key.created": gettext_lazy("made the API key ‘%(target)s’"),
    "key.edited": gettext_lazy("edited the API key ‘%(target)s’"),
    "key.rotated": gettext_lazy("rotated the API key ‘%(target)s’"),
    "key.revoked": gettext_lazy("revoked the API key ‘%(target)s’"),
    "user.invited": gettext_lazy("invited %(target)s as %(role)s"),
    "user.invited.again": gettext_lazy("sent the invitation of %(target)s as %(role)s again"),
    "user.uninvited": gettext_lazy("revoked the invitation of %(target)s"),
    "user.joined": gettext_lazy("joined as %(role)s, invited by %(by)s"),
    "user.role": gettext_lazy("changed the role of %(target)s from %(from)s to %(to)s"),
    "user.removed": gettext_lazy("removed %(target)s, who was %(role)s"),
    "user.left": gettext_lazy("left the account"),
    "site.created": gettext_lazy("made the site %(target)s"),
    "site.setting": gettext_lazy("changed settings of the site %(target)s"),
    "export.started": gettext_lazy("started the export %(target)s"),
    "export.deleted": gettext_lazy("deleted the export %(target)s"),
    "export.downloaded": gettext_lazy("downloaded the export %(target)s"),
    "account.setting": gettext_lazy("changed the settings of the account"),
}

NAMES: dict[str, Promise] = {
    "key": gettext_lazy("API key"),
    "keys": gettext_lazy("API keys that were revoked"),
    "name": gettext_lazy("name"),
    "permissions": gettext_lazy("permissions"),
    "sites": gettext_lazy("sites"),
    "expires": gettext_lazy("expires"),
    "limit": gettext_lazy("limit"),
    "sessions": gettext_lazy("devices"),
    "require_factor": gettext_lazy("MFA required"),
    "site": gettext_lazy("site"),
    "state": gettext_lazy("state"),
    "export": gettext_lazy("number"),
}
"""Names of details; those of settings are as the API spells them."""


def who(event: AuditEvent) -> str:
    """The subject of the sentence."""
    if event.actor_email:
        return event.actor_email
    return _("Somebody") if event.action == "sign-in.failed" else _("The server")


def sentence(event: AuditEvent) -> str:
    """What they did; of an action that has no sentence, its name."""
    words = SENTENCES.get(event.action)
    if words is None:
        return f"{event.action} {event.target}".strip()
    given: Mapping[str, str] = defaultdict(str, _values(event), target=event.target)
    return str(words) % given


def details(event: AuditEvent) -> list[tuple[str, str]]:
    """Name and value of each detail that the sentence does not tell."""
    told = str(SENTENCES.get(event.action, ""))
    rest = {name: value for name, value in _values(event).items() if f"%({name})s" not in told}
    return [(str(NAMES.get(name, name)), value) for name, value in rest.items() if value]


def _values(event: AuditEvent) -> dict[str, str]:
    return {name: _value(name, value) for name, value in event.details.items()}


def _value(name: str, value: Any) -> str:
    is_role = name in ("role", "from", "to") and value in Role.values
    return str(Role(value).label if is_role else value)
