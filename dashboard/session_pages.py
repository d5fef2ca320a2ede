"""*Settings → Sessions*: on which devices one is signed in, and how to sign them out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from dashboard import sign_in
from dashboard.access import Member, members_only
from dashboard.sessions import store_of
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back
from sites import own_sessions


@require_http_methods(PAGE_OR_FORM)
@members_only
def end(request: HttpRequest, member: Member, session_id: str) -> HttpResponse:
    """End one. Errors: `errors.NotFound` for somebody else's."""
    if request.method != "POST":
        return redirect(f"{PAGE}#sessions")
    if session_id == store_of(request).row_id:
        return sign_in.sign_out(request)
    account_id = member.site.account_id
    own_sessions.end_session(account_id=account_id, user=member.user, session_id=session_id)
    return back(request, "session-ended")


@require_http_methods(PAGE_OR_FORM)
@members_only
def end_others(request: HttpRequest, member: Member) -> HttpResponse:
    """End all but this one."""
    if request.method != "POST":
        return redirect(f"{PAGE}#sessions")
    own_sessions.end_others(
        account_id=member.site.account_id, user=member.user, keep=store_of(request).row_id
    )
    return back(request, "sessions-ended")
