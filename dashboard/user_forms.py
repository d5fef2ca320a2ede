"""The forms for people. They check shape; the rules are in `sites.members` and `sites.invitations`."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from dashboard.forms import NewPasswordForm
from sites.models import Role, User

ROLES = {
    Role.READ_ONLY: gettext_lazy("sees the statistics"),
    Role.SETTINGS: gettext_lazy("also changes sites, and exports"),
    Role.ADMIN: gettext_lazy("also keeps API keys and people, and reads the audit log"),
    Role.OWNER: gettext_lazy("everything, also the account itself"),
}
"""What each role may do, over the one before it."""


def roles_up_to(most: Role) -> list[Role]:
    """What somebody with this role may grant."""
    return [role for role in Role if most.is_at_least(role)]


class InviteForm(forms.Form):
    """Whom to invite, as what. Offers no more than the sender has."""

    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), initial=Role.READ_ONLY, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, *, most: Role) -> None:
        super().__init__(data)
        self.fields["role"].choices = [  # type: ignore[attr-defined]  # the stubs know no subclass
            (role.value, f"{role.label}: {ROLES[role]}") for role in roles_up_to(most)
        ]


class RoleForm(forms.Form):
    """Another role for a member. Any of them: who may grant which is the service's affair."""

    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role)


class JoinForm(NewPasswordForm):
    """Name and password of somebody new."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        help_text=gettext_lazy("The others of the account see it. You may leave it out."),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "password", "again")

    def __init__(self, data: Any = None, *, email: str) -> None:
        super().__init__(data)
        self._email = email

    def whose(self) -> User:
        """Somebody who is not there yet."""
        return User(email=self._email, name=self.cleaned_data.get("name", ""))
