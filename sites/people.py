"""What people do about their own way in: confirm an address, change a password, get a new one by mail."""

from django.db import transaction

from sites import alerts, audit, links, outbox, own_sessions, queries
from sites.models import Site, User
from sites.tenancy import SiteRef


@transaction.atomic
def send_verification(*, site: Site, user: User) -> None:
    """Mail the link by which the address gets confirmed."""
    context = {"url": links.verification_link(user, site), "code": site.code}
    outbox.post(to=user.email, kind="verify", context=context)


@transaction.atomic
def change_password(*, account_id: int, user: User, password: str, keep: str) -> None:
    """A new password by who knows the old one. All their sessions end but `keep`."""
    user.set_password(password)
    user.save(update_fields=["password"])
    own_sessions.end_all(user_id=user.pk, keep=keep)
    audit.record(account_id=account_id, actor=user, action="password.changed")
    alerts.tell(account_id=account_id, user=user, change="password.changed")


@transaction.atomic
def ask_for_reset(*, site: SiteRef, email: str) -> None:
    """Mail a link for a new password, or that there is nobody to give one to: in either case one mail.

    So a stranger learns nothing from the answer or the time it takes. Errors: `errors.Invalid` for `to`.
    """
    user = member_by_email(site=site, email=email)
    context = {
        "url": links.reset_link(user, site) if user else "",
        "code": site.code,
        "site_url": links.origin(site),
    }
    outbox.post(to=email, kind="reset", context=context)


@transaction.atomic
def reset_password(*, site: SiteRef, token: str, password: str) -> User | None:
    """Set the password with what a link holds; None if it is no good any more. It is good once.

    Who could read the mail has the address, so it counts as confirmed. Keys and factors stay.
    """
    user = member_by_reset(site=site, token=token, locked=True)
    if user is None:
        return None
    user.set_password(password)
    user.email_verified = True
    user.save(update_fields=["password", "email_verified"])
    own_sessions.end_all(user_id=user.pk)
    audit.record(account_id=site.account_id, actor=user, action="password.reset")
    alerts.tell(account_id=site.account_id, user=user, change="password.reset")
    return user


def member_by_reset(*, site: SiteRef, token: str, locked: bool = False) -> User | None:
    """The member of the site's account whose password this resets, as `links.reset_by`."""
    user = links.reset_by(token, locked=locked)
    if user is None or not queries.role_of(account_id=site.account_id, user_id=user.pk):
        return None
    return user


def member_by_email(*, site: SiteRef, email: str) -> User | None:
    """The member of the site's account with this address; asks as much for a stranger's."""
    user = queries.user_by_email(email)
    role = queries.role_of(account_id=site.account_id, user_id=user.pk if user else 0)
    return user if role else None
