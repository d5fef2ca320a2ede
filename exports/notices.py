"""Mail to the person who asked for an export, when it has ended."""

from exports.models import Export, State
from sites import outbox, queries
from sites.models import Role


def tell(export_id: int) -> None:
    """Post it, if it was wished for, in the transaction that ends the export.

    Only to who may see the exports at this moment: roles change, and people leave.
    """
    export = Export.objects.select_related("user", "site").get(pk=export_id)
    if not export.mail or export.user is None or not _may_see(export):
        return
    context = {
        "export": export,
        "done": export.state == State.DONE,
        "code": export.site.code,
        "url": f"{queries.site_url(export.site)}/settings/exports/{export.pk}",
    }
    outbox.post(to=export.user.email, kind="export", context=context)


def _may_see(export: Export) -> bool:
    role = queries.role_of(account_id=export.site.account_id, user_id=export.user_id or 0)
    return role is not None and Role(role).is_at_least(Role.SETTINGS)
