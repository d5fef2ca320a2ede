"""What allauth asks us: how a session is opened here, and by which steps one gets there."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from dashboard.access import open_session
from sites.models import User
from sites.sealing import seal, unseal


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """For allauth.account."""

    def login(self, request: HttpRequest, user: User) -> None:
        """The end of every way in."""
        open_session(request, user)

    def get_login_stages(self) -> list[str]:
        """What lies between the password and the session."""
        return ["dashboard.factor.FactorStage"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Not by allauth's own pages."""
        return False


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth publishes no types
    """For allauth.mfa."""

    def encrypt(self, text: str) -> str:
        """Of what is kept and has to be read again."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Errors: `sealing.Broken`."""
        return unseal(encrypted_text)
