"""`/forgot` and `/reset/<token>`: a new password by mail."""

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboard import limits
from dashboard.forms import NewPasswordForm
from sites import outbox, people
from sites.middleware import site_of
from sites.models import User, tidy_email


class ForgotForm(forms.Form):
    """Whose password it is."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )


class ResetForm(NewPasswordForm):
    """The new password."""

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self._user = user
        self.fields["password"].label = _("New password")
        self.fields["again"].label = _("New password again")

    def whose(self) -> User:
        """Whom the link is for."""
        return self._user


@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Ask for the mail. The answer is the same whether or not there is such a member."""
    if request.method != "POST":
        return _forgot_page(request, form=ForgotForm())
    form = ForgotForm(request.POST)
    if not form.is_valid():
        return _forgot_page(request, form=form, status=400)
    email = tidy_email(form.cleaned_data["email"])
    if wait := limits.seconds_to_wait(request, form="any", also=[f"email:{email}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _forgot_page(request, form=form, status=429)
    if not limits.mailed_too_often(request, to=email, form="forgot"):
        people.ask_for_reset(site=site_of(request), email=email)
    return _forgot_page(request, sent_to=email, where=outbox.where())


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """Set it. Nobody is signed in by a link: the second factor has to be shown as ever."""
    if wait := limits.seconds_to_wait(request, form="reset"):
        text = _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait}
        return _reset_page(request, refusal=text, status=429)
    user = people.member_by_reset(site=site_of(request), token=token)
    if user is None:
        return _reset_page(request, status=404)
    form = ResetForm(request.POST if request.method == "POST" else None, user=user)
    if not form.is_valid():
        status = 400 if form.is_bound else 200
        return _reset_page(request, form=form, user=user, token=token, status=status)
    password = form.cleaned_data["password"]
    if not people.reset_password(site=site_of(request), token=token, password=password):
        return _reset_page(request, status=404)
    logout(request)
    return _reset_page(request, user=user, done=True)


def _forgot_page(request: HttpRequest, *, status: int = 200, **given: Any) -> HttpResponse:
    return render(request, "forgot.html", {"code": site_of(request).code, **given}, status=status)


def _reset_page(request: HttpRequest, *, status: int = 200, **given: Any) -> HttpResponse:
    return render(request, "reset.html", {"code": site_of(request).code, **given}, status=status)
