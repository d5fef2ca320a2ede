"""Who somebody is: the backend that Django's and allauth's sign-in ask."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from sites import invitations, queries
from sites.middleware import has_site, site_of
from sites.models import User

NOBODY = 0
"""An id that no user has."""


class MemberBackend(BaseBackend):
    """E-mail and password of a member of the account whose site is asked, or of who is invited to it.

    All others are refused alike.
    """

    def authenticate(
        self, request: HttpRequest | None, email: str = "", password: str = "", **_: Any
    ) -> User | None:
        """The member. A password is hashed once and the account asked once, whatever is wrong."""
        if request is None or not has_site(request):
            return None
        user = _holder(email, password)
        account_id = site_of(request).account_id
        role = queries.role_of(account_id=account_id, user_id=user.pk if user else NOBODY)
        return user if role or _is_invited(account_id, user) else None

    def get_user(self, user_id: int) -> User | None:
        """Whose session it is. Membership is asked with every request, by the gates."""
        return User.objects.filter(pk=user_id).first()


def _is_invited(account_id: int, user: User | None) -> bool:
    """Their session is worth nothing before they have joined."""
    return user is not None and invitations.waits_for(account_id=account_id, user=user)


def _holder(email: str, password: str) -> User | None:
    """The person with this e-mail and password."""
    user = queries.user_by_email(email)
    if user is None:
        User().set_password(password)
        return None
    return user if user.check_password(password) else None
