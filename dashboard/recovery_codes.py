"""*Settings → MFA*: recovery codes. Shown after they are made, until one says that they are kept."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.access import Member, fresh_proof, members_only
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back
from goatapi import errors
from sites import factors

SHOWN = "recovery-codes"
"""Where the session keeps when the codes were made in it."""

SHOWN_SECONDS = 600


def made(request: HttpRequest, member: Member, *, notice: str) -> HttpResponse:
    """After a factor is added: to its recovery codes if they are new, else back."""
    if factors.codes_left(user_id=member.user.pk):
        return back(request, notice)
    return _renew(request, member)


@require_http_methods(PAGE_OR_FORM)
@members_only
@fresh_proof
def recovery_codes(request: HttpRequest, member: Member) -> HttpResponse:
    """The codes, while they are shown; else how many are left, and the form for new ones."""
    if request.method == "POST":
        return _renew(request, member)
    codes = factors.codes_of(user_id=member.user.pk)
    context = {
        "member": member,
        "codes": [_spaced(code) for code in codes] if _are_shown(request) else [],
        "left": len(codes),
        "kinds": factors.kinds(user_id=member.user.pk),
    }
    return render(request, "recovery_codes.html", context)


@require_safe
@members_only
@fresh_proof
def download(request: HttpRequest, member: Member) -> HttpResponse:
    """The same as a file. Errors: `errors.NotFound` once they are not shown any more."""
    if not _are_shown(request):
        raise errors.NotFound
    codes = factors.codes_of(user_id=member.user.pk)
    text = "".join(f"{_spaced(code)}\n" for code in codes)
    name = f"recovery-codes-{member.site.code}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@require_POST
@members_only
def kept(request: HttpRequest, member: Member) -> HttpResponse:
    """They are kept: from now on nobody is shown them."""
    del member
    request.session.pop(SHOWN, None)
    return back(request, "codes-kept")


def _renew(request: HttpRequest, member: Member) -> HttpResponse:
    factors.renew_codes(account_id=member.site.account_id, user=member.user)
    request.session[SHOWN] = time.time()
    return redirect(f"{PAGE}/recovery-codes")


def _are_shown(request: HttpRequest) -> bool:
    return bool(time.time() - request.session.get(SHOWN, 0) < SHOWN_SECONDS)


def _spaced(code: str) -> str:
    middle = len(code) // 2
    return f"{code[:middle]} {code[middle:]}"
