"""Links for mails. They begin with an address from the settings, never with a request's Host."""

from django.core import signing

from sites import queries
from sites.models import Site, User

VERIFY = "sites.verify"
VERIFY_SECONDS = 3 * 24 * 3600


def verification_link(user: User, site: Site) -> str:
    """Where the person confirms, for three days, that the address is theirs."""
    token = signing.dumps([user.pk, user.email], salt=VERIFY)
    return f"{queries.site_url(site)}/verify/{token}"


def verified_by(token: str) -> User | None:
    """Who gets confirmed by it; None if it is too old, no link of ours, or for an earlier address."""
    try:
        user_id, email = signing.loads(token, salt=VERIFY, max_age=VERIFY_SECONDS)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return User.objects.filter(pk=user_id, email=email).first()
