"""*Settings → Password*: a change of one's own."""

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard import limits, proof
from dashboard.access import Member, members_only
from dashboard.forms import PasswordForm
from dashboard.sessions import store_of
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back, show
from sites import people


@require_http_methods(PAGE_OR_FORM)
@members_only
def password(request: HttpRequest, member: Member) -> HttpResponse:
    """Change one's password. Sessions hold a hash of it: all others end with it."""
    if request.method != "POST":
        return redirect(PAGE)
    form = PasswordForm(request.POST, user=member.user)
    if wait := limits.seconds_to_wait(request, form="password", also=[f"user:{member.user.pk}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return show(request, member, password_form=form, status=429)
    if not member.user.check_password(request.POST.get("current", "")):
        form.add_error("current", _("This is not your current password."))
        proof.note_failure(request, member.user)
    if not form.is_valid():
        return show(request, member, password_form=form, status=400)
    people.change_password(
        account_id=member.site.account_id,
        user=member.user,
        password=form.cleaned_data["password"],
        keep=store_of(request).row_id,
    )
    update_session_auth_hash(request, member.user)
    return back(request, "password")
