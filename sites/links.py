"""Links for mails. They begin with an address from the settings, never with a request's Host."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing

from sites import queries, tenancy
from sites.models import Site, User
from sites.tenancy import SiteRef

VERIFY = "sites.verify"
VERIFY_SECONDS = 3 * 24 * 3600


def verification_link(user: User, site: Site | SiteRef) -> str:
    """Where the person confirms, for three days, that the address is theirs."""
    token = signing.dumps([user.pk, user.email], salt=VERIFY)
    return f"{origin(site)}/verify/{token}"


def verified_by(token: str) -> User | None:
    """Who gets confirmed by it; None if it is too old, no link of ours, or for an earlier address."""
    try:
        user_id, email = signing.loads(token, salt=VERIFY, max_age=VERIFY_SECONDS)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return User.objects.filter(pk=user_id, email=email).first()


def reset_link(user: User, site: Site | SiteRef) -> str:
    """Where the person sets a new password: for two hours (PASSWORD_RESET_TIMEOUT), and once."""
    token = f"{user.pk}.{default_token_generator.make_token(user)}"
    return f"{origin(site)}/reset/{token}"


def reset_by(token: str, *, locked: bool = False) -> User | None:
    """Whose password it resets; None if it is too old, used, or no link of ours.

    Django's token holds a hash of the password, so it is used up with the change. `locked`: with the row
    locked, within a transaction, so that of two at once one gets through.
    """
    user_id, _, rest = token.partition(".")
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) < 19):
        return None
    people = User.objects.select_for_update() if locked else User.objects.all()
    user = people.filter(pk=int(user_id)).first()
    return user if user and default_token_generator.check_token(user, rest) else None


def origin(site: Site | SiteRef) -> str:
    """The site's own address, from the settings."""
    ref = site if isinstance(site, SiteRef) else queries.ref(site)
    env = settings.ENVIRONMENT
    return tenancy.site_url(ref, scheme=env.url_scheme, domain=env.domain, port=env.public_port)
