"""*Settings → API*: what the forms for keys do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from dashboard import key_forms, key_list
from dashboard.access import Member, fresh_proof, key_keepers_only
from dashboard.forms import refuse
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back, show
from goatapi import errors
from sites import key_services, queries


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
@fresh_proof
def create_key(request: HttpRequest, member: Member) -> HttpResponse:
    """Make a key. Its text is in this answer and nowhere else, so there is no redirect after it."""
    if request.method != "POST":
        return redirect(PAGE)
    form = key_forms.key_form(member, request)
    if not form.is_valid():
        return _refused(request, member, form, 400)
    try:
        key, text = key_services.create_api_key(
            account=queries.account_by_id(member.site.account_id),
            user=member.user,
            after=key_forms.known_keys(member, form.cleaned_data["once"]),
            **form.wish(),
        )
    except errors.Invalid as refusal:
        refuse(form, refusal, also={"expires": "expires_on"})
        return _refused(request, member, form, 400)
    except errors.AlreadyDone:
        return _refused(request, member, key_forms.once_more(member, request), 409)
    return show(request, member, fresh=key_list.fresh(key, text, member=member, request=request))


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
@fresh_proof
def revoke_key(request: HttpRequest, member: Member, key_id: int) -> HttpResponse:
    """End a key of this account. Errors: `errors.NotFound` for another's."""
    if request.method != "POST":
        return redirect(PAGE)
    account = queries.account_by_id(member.site.account_id)
    key_services.revoke_api_key(account=account, user=member.user, key_id=key_id)
    return back(request, "revoked")


def _refused(
    request: HttpRequest, member: Member, form: key_forms.KeyForm, status: int
) -> HttpResponse:
    return show(request, member, key_form=form, open=True, status=status)
