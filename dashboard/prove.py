"""`/prove`: a fresh proof, then on to where somebody wanted to go."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from dashboard import proof
from dashboard.access import Member, members_only, safe_path


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def prove(request: HttpRequest, member: Member) -> HttpResponse:
    """The form; after it, the path in `next`."""
    given = request.POST if request.method == "POST" else request.GET
    wanted = safe_path(given.get("next"))
    form, status = None, 200
    if request.method == "POST":
        form = proof.ProofForm(request.POST, user=member.user, request=request)
        status = proof.give(request, member.user, form)
        if status == 200:
            return redirect(wanted)
    keep = [("next", wanted)]
    return proof.page(request, member.user, action="/prove", keep=keep, form=form, status=status)
