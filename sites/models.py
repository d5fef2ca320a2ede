"""The rows of this room. People and keys belong to an account; settings (and hits) to a site."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from sites.tenancy import DEFAULT_REGIONS, NEW_SITE_COLLECT


class UserManager(BaseUserManager["User"]):
    """Makes and finds people by their e-mail, whatever its case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store a new user; without a password nobody can sign in until it is reset.

        Errors: IntegrityError when the e-mail is known.
        """
        user = self.model(email=tidy_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """What Django's sign-in asks with the text somebody typed."""
        return self.get(email=tidy_email(username or ""))


def tidy_email(text: str) -> str:
    """The one spelling in which e-mails are stored and looked up."""
    return text.strip().lower()


class User(AbstractBaseUser):
    """A person, one per e-mail address in the whole service; `Membership` says what they may do."""

    email = models.EmailField(max_length=255, unique=True)
    name = models.CharField(max_length=255, blank=True, default="")
    email_verified = models.BooleanField(default=False)
    # What they chose, spelt as the API does; see sites.preferences.
    preferences = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints: ClassVar = [
            # Against writers that forget `tidy_email`.
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower"
            )
        ]


class Account(models.Model):
    """A tenant."""

    created_at = models.DateTimeField(default=timezone.now)
    # Members without a second factor can then do nothing but set one up.
    require_factor = models.BooleanField(default=False)


class Role(models.TextChoices):
    """What a member may do in the account, rising."""

    READ_ONLY = "read-only", gettext_lazy("Read-only")
    SETTINGS = "settings", gettext_lazy("Settings")
    ADMIN = "admin", gettext_lazy("Admin")
    OWNER = "owner", gettext_lazy("Owner")

    def is_at_least(self, other: "Role") -> bool:
        """Whether this role may do everything that the other may."""
        rising = list(Role)
        return rising.index(self) >= rising.index(other)


KEY_ROLES = frozenset({Role.ADMIN, Role.OWNER})
"""The roles whose API keys work."""


class Membership(models.Model):
    """A user's place in an account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=9, choices=Role.choices)
    # On this account's sites: when somebody signs in elsewhere is no affair of its admins.
    signed_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "account"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        ]


class Invitation(models.Model):
    """A place in an account that waits for whoever has this address. Used or revoked, it is gone."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=255)
    role = models.CharField(max_length=9, choices=Role.choices)
    # Whose word it is: it is worth no more than they are when it is used.
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "email"], name="invitation_once"),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="invitation_email_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role_known"
            ),
        ]


class State(models.TextChoices):
    """Deleted sites are kept until their data is purged."""

    ACTIVE = "a"
    DELETED = "d"


class Visibility(models.TextChoices):
    """Who may see a site's dashboard."""

    PRIVATE = "private"
    SECRET = "secret"  # noqa: S105  # a word, not a secret
    PUBLIC = "public"


class Site(models.Model):
    """One website that is counted. Comma lists are stored as they travel (part 0.4)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sites")
    # The account's first site; the API shows it as the parent of the others.
    is_primary = models.BooleanField(default=False)
    code = models.CharField(max_length=50, unique=True)
    cname = models.CharField(max_length=255, unique=True, null=True, blank=True)
    cname_setup_at = models.DateTimeField(null=True, blank=True)
    link_domain = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=1, choices=State.choices, default=State.ACTIVE)

    public = models.CharField(max_length=7, choices=Visibility.choices, default=Visibility.PRIVATE)
    secret = models.CharField(max_length=40, blank=True, default="")
    allow_counter = models.BooleanField(default=False)
    data_retention = models.PositiveIntegerField(default=0)
    ignore_ips = models.TextField(blank=True, default="")
    collect = models.PositiveIntegerField(
        default=NEW_SITE_COLLECT, validators=[MaxValueValidator(511)]
    )
    collect_regions = models.TextField(blank=True, default=DEFAULT_REGIONS)
    allow_embed = models.TextField(blank=True, default="")
    user_defaults = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(is_primary=True),
                name="site_one_primary_per_account",
            ),
            # Host names are looked up in lower case.
            models.CheckConstraint(condition=models.Q(code=Lower("code")), name="site_code_lower"),
            models.CheckConstraint(
                condition=models.Q(cname=None) | models.Q(cname=Lower("cname")),
                name="site_cname_lower",
            ),
        ]


def all_sites() -> list[int]:
    """A key's `sites` that means every site of the account, also those still to come."""
    return [-1]


class ApiKey(models.Model):
    """A key of an account, made by one of its people. The text itself is not kept."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=255)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    permissions = models.PositiveIntegerField()
    sites = models.JSONField(default=all_sites)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # Where it was used then: method and route, and the country of the caller.
    last_used_endpoint = models.CharField(max_length=100, blank=True, default="")
    last_used_country = models.CharField(max_length=2, blank=True, default="")
    # The key whose work this one takes over; both work for a while.
    replaces = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaced_by"
    )
    # A rate limit of its own, in place of its class's: both or none.
    limit_requests = models.PositiveIntegerField(null=True, blank=True)
    limit_seconds = models.PositiveIntegerField(null=True, blank=True)
    # The last warning of its expiry that is done with: 7 days before, or 1.
    warned_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(limit_requests=None, limit_seconds=None)
                | models.Q(limit_requests__gte=1, limit_seconds__gte=1),
                name="api_key_limit_whole",
            )
        ]

    @property
    def limit(self) -> tuple[int, int] | None:
        """Requests and seconds of its own limit."""
        if self.limit_requests is None or self.limit_seconds is None:
            return None
        return self.limit_requests, self.limit_seconds

    def reaches(self, site_id: int) -> bool:
        """Whether this key's list of sites holds that one."""
        return -1 in self.sites or site_id in self.sites


class AuditEvent(models.Model):
    """One deed, told to the account's admins. Written by `sites.audit.record` alone, changed by nobody."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Who is deleted stays in the log by the address they had. None: the service itself, or a command.
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    actor_email = models.CharField(max_length=255, blank=True, default="")
    action = models.CharField(max_length=40)
    target = models.CharField(max_length=255, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    country = models.CharField(max_length=6, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="audit_newest_first"),
            models.Index(fields=["at"], name="audit_outdated"),
        ]


class Mail(models.Model):
    """A mail that waits. Its row goes when a server has taken it: it may hold links that let people in.

    Nobody is to try before `due_at`, which moves on when somebody tries. What was given up has `failed_at`
    and no contents.
    """

    to = models.EmailField(max_length=255)
    kind = models.CharField(max_length=50)
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=models.Q(failed_at=None), name="mail_that_waits"
            )
        ]


class SignUp(models.Model):
    """Somebody's wish for an account, until the link that was mailed to them is opened, or a day is over.

    With a `site` it is fulfilled, and its token (now another one, good for minutes) lets them in there once.
    """

    email = models.EmailField(max_length=255)
    code = models.CharField(max_length=50)
    password = models.CharField(max_length=128)  # as in User: hashed
    language = models.CharField(max_length=16)
    timezone = models.CharField(max_length=64)
    token_digest = models.BinaryField(max_length=32, unique=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField(db_index=True)


class Session(AbstractBaseSession):
    """Of a browser; found by a digest of its key. It has a user, and a site, once somebody is signed in."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    device = models.CharField(max_length=100, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """What can read `session_data`."""
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
