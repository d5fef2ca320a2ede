"""*Settings → Account*: what its owners demand of all who belong to it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboard.access import Member, at_least, fresh_proof
from sites import factors, queries
from sites.models import Role

PAGE = "/settings/account"
SAVED = "account"
"""What the session keeps until the page has said that it is done."""


class AccountForm(forms.Form):
    """One switch."""

    require_factor = forms.BooleanField(
        label=gettext_lazy("Every member must have a second factor"), required=False
    )


@require_http_methods(["GET", "HEAD", "POST"])
@at_least(Role.OWNER)
@fresh_proof
def account(request: HttpRequest, member: Member) -> HttpResponse:
    """The page and its form."""
    row = queries.account_by_id(member.site.account_id)
    form = AccountForm(request.POST)
    if request.method == "POST" and form.is_valid():
        required = form.cleaned_data["require_factor"]
        factors.require(account_id=row.pk, actor=member.user, required=required)
        request.session[SAVED] = True
        return redirect(PAGE)
    context = {
        "member": member,
        "form": AccountForm(initial={"require_factor": row.require_factor}),
        "without": factors.people_without(account_id=row.pk),
        "notice": gettext_lazy("Saved.") if request.session.pop(SAVED, False) else None,
    }
    return render(request, "account.html", context)
