"""The file of an export as an answer, for the API and the page alike: all of it, or a range."""

from django.http import HttpRequest, HttpResponseBase

from exports import files, services
from exports.models import Export, Format, State
from goatapi.errors import GoatapiError, Gone
from goatapi.http.download import Download, answer
from sites.models import ApiKey, User
from sites.tenancy import SiteRef

EXPIRED = "exports are kept for 24 hours; this export file has been deleted"


def send(
    request: HttpRequest,
    export: Export,
    *,
    site: SiteRef,
    user: User | None = None,
    api_key: ApiKey | None = None,
) -> HttpResponseBase:
    """What `request` (GET or HEAD) asks of the file of an export of `site` that has ended.

    The audit log keeps whom its bytes, or some of them, go to: this person, or who has this key.
    Errors: `GoatapiError` for one that has failed, `Gone` for a file that was deleted, and those of
    `goatapi.http.download.answer`.
    """
    if export.state == State.FAILED:
        raise GoatapiError(export.error)
    if export.state == State.EXPIRED:
        raise Gone(EXPIRED)
    try:
        response = answer(request, _file(export))
    except FileNotFoundError:
        raise Gone(EXPIRED) from None
    if request.method == "GET" and response.status_code in (200, 206):
        services.note_download(site=site, export=export, user=user, api_key=api_key)
    return response


def _file(export: Export) -> Download:
    return Download(
        files.fetch(export),
        export.file_name,
        Format(export.format).content_type,
        export.sha256,
        export.finished_at or export.created_at,
    )
