"""Mail to people whose own way in has changed: if it was not them, they learn of it."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sites import outbox, queries
from sites.models import User

CHANGES = {
    "password.changed": _("Your password was changed"),
    "password.reset": _("Your password was changed by a mailed link"),
    "mfa.totp.added": _("An authenticator app was set up"),
    "mfa.totp.removed": _("The authenticator app was removed"),
    "mfa.passkey.added": _("A passkey was made"),
    "mfa.passkey.removed": _("A passkey was removed"),
}
"""By the action that the audit log has for it."""


def tell(*, account_id: int, user: User, change: str, name: str = "") -> None:
    """Post the mail, in the transaction of the change. `change` is one of `CHANGES`; `name` a passkey's."""
    sites = queries.sites_of(account_id=account_id)
    if not sites:
        return
    context = {
        "change": CHANGES[change],
        "name": name,
        "at": timezone.now(),
        "url": f"{queries.site_url(sites[0])}/forgot",
    }
    outbox.post(to=user.email, kind="alert", context=context)
