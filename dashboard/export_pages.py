"""*Settings → Exports*: start one, watch it, download it; the history, and a page for each."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import reswap, retarget

from dashboard import export_list, once
from dashboard.access import Member, at_least
from dashboard.export_form import NAME, ExportForm, export_form, once_more, zone_of
from dashboard.settings_auth import PAGE_OR_FORM
from exports import downloads, queries, services
from exports.models import State
from goatapi import errors
from sites import outbox
from sites.models import Role

PAGE = "/settings/exports"

NOTICES = {
    "export-started": gettext_lazy("The export is started."),
    "export-deleted": gettext_lazy("The export is deleted."),
}


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.SETTINGS)
def exports(request: HttpRequest, member: Member) -> HttpResponse:
    """The form and the history; what the form sends starts an export."""
    if request.method == "POST":
        return _start(request, member)
    return _show(request, member, notice=NOTICES.get(request.session.pop("notice", "")))


@require_safe
@at_least(Role.SETTINGS)
def export(request: HttpRequest, member: Member, export_id: int) -> HttpResponse:
    """The page of one export. Errors: `errors.NotFound`, also for another site's."""
    context = {
        "member": member,
        "export": export_list.row(_export(member, export_id)),
        "form": export_form(member),
        "alone": True,
    }
    return render(request, "export.html", context)


@require_safe
@at_least(Role.SETTINGS)
def progress(request: HttpRequest, member: Member, export_id: int) -> HttpResponse:
    """How far it is, as a part of a page; of one that has ended, all that a page shows of it.

    `told` is what the page has said aloud last. Errors: `errors.NotFound`.
    """
    try:
        row = export_list.row(_export(member, export_id))
    except errors.NotFound:
        if "HX-Request" not in request.headers:
            raise
        # The page shows what is gone; without this it would ask on for ever.
        return HttpResponse(status=404, headers={"HX-Refresh": "true"})
    context = {
        "member": member,
        "export": row,
        "form": export_form(member),
        "alone": "alone" in request.GET,
        "news": export_list.news(row) if _is_news(request, row) else "",
    }
    if row.progress:
        return render(request, "exports/progress.html", context)
    whole = render(request, "exports/ended.html", context)
    return reswap(retarget(whole, f"#export-{row.id}"), "outerHTML")


@require_safe
@at_least(Role.SETTINGS)
def download(request: HttpRequest, member: Member, export_id: int) -> HttpResponseBase:
    """The file, or a range of it. Errors: `errors.NotFound`, `errors.Gone`."""
    found = _export(member, export_id)
    if found.state != State.DONE:
        return redirect(f"{PAGE}/{found.pk}")
    return downloads.send(request, found, site=member.site, user=member.user)


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.SETTINGS)
def delete(request: HttpRequest, member: Member, export_id: int) -> HttpResponse:
    """Cancel it, and delete its file. Errors: `errors.NotFound`."""
    if request.method != "POST":
        return redirect(PAGE)
    services.cancel_export(site=member.site, export_id=export_id, user=member.user)
    return _back(request, "export-deleted")


def _start(request: HttpRequest, member: Member) -> HttpResponse:
    form = export_form(member, request)
    if not form.is_valid():
        return _show(request, member, form=form, status=400)
    try:
        services.start_export(
            site=member.site,
            user=member.user,
            after=once.newest_known(NAME, member, form.cleaned_data["once"]),
            **form.wish(zone_of(member)),
        )
    except errors.AlreadyDone:
        return _show(request, member, form=once_more(member, request), status=409)
    except errors.TooMany as refusal:
        form.add_error(None, _too_many())
        response = _show(request, member, form=form, status=429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    return _back(request, "export-started")


def _show(
    request: HttpRequest,
    member: Member,
    *,
    form: ExportForm | None = None,
    notice: object = None,
    status: int = 200,
) -> HttpResponse:
    site_id, before = member.site.id, _before(request)
    page, more = queries.exports_of(site_id=site_id, limit=queries.PAGE, before=before)
    context = {
        "member": member,
        "notice": notice,
        "form": form or export_form(member),
        "exports": [export_list.row(each) for each in page],
        "older": page[-1].pk if more else None,
        "before": before,
        "last": queries.last_finished(site_id=site_id),
        "zone": zone_of(member).key,
        "mail_folder": outbox.where(),
    }
    return render(request, "exports.html", context, status=status)


def _export(member: Member, export_id: int) -> Any:
    return queries.export_of(site_id=member.site.id, export_id=export_id)


def _is_news(request: HttpRequest, row: export_list.Row) -> bool:
    return row.progress is None or row.progress.step != request.GET.get("told")


def _before(request: HttpRequest) -> int | None:
    """Where the page of the history begins; what is no number is as good as none."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _too_many() -> str:
    text = _(
        "%(n)d exports of this site are waiting or running. Wait for one to finish, or delete one."
    )
    return text % {"n": services.MAX_OPEN}


def _back(request: HttpRequest, notice: str) -> HttpResponse:
    request.session["notice"] = notice
    return redirect(PAGE)
