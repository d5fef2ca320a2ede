"""`POST /api/v0/count`: batches from a backend."""

import time

from rest_framework.request import Request
from rest_framework.response import Response

from goatapi.errors import Invalid
from goatapi.http import metrics
from goatapi.http.body import bounded_body
from hits import records, runtime, schema
from hits.batch import Outcome
from hits.records import Frame
from sites import keys
from sites.keyed import KeyedViewSet
from sites.middleware import TenantRequest

WITHOUT_SESSION = (
    "pageviews without session, address and browser are counted each as a visit; "
    "send no_sessions to say that you mean it"
)


class CountViewSet(KeyedViewSet):
    """Takes up to 500 pageviews a request."""

    required_permissions = keys.COUNT

    @schema.count
    def create(self, request: Request) -> Response:
        """Count pageviews.

        The good hits of a request that has bad ones are counted; the answer (400) names the others.
        """
        tenant: TenantRequest = request._request  # type: ignore[assignment]  # set by the tenant middleware
        outcome = runtime.reader().read(
            tenant.site,
            bounded_body(tenant),
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )
        _journal(tenant.site.id, outcome)
        headers = _headers(outcome)
        if outcome.errors:
            raise Invalid(_errors(request, outcome), extra=headers)
        return Response({"status": "ok"}, status=202, headers=headers)


def _journal(site_id: int, outcome: Outcome) -> None:
    """Durable when this returns. Errors: `Unavailable`, and nothing of the batch is counted."""
    if not outcome.hits and not outcome.tallies:
        return
    frame = Frame(site_id, int(time.time()), outcome.hits, outcome.tallies)
    runtime.journal().wait(runtime.journal().append(records.encode(frame)))
    metrics.ACCEPTED.add("api", len(outcome.hits))


def _headers(outcome: Outcome) -> dict[str, str]:
    headers = {}
    if outcome.filtered:
        headers["X-Goatcounter-Filter"] = ", ".join(map(str, outcome.filtered))
    if outcome.without_session:
        headers["X-Goatapi-Warning"] = WITHOUT_SESSION
    return headers


def _errors(request: Request, outcome: Outcome) -> dict[str, list[str]]:
    """Lists, as the contract says; plain strings for GoatCounter's importer, which reads nothing else."""
    if "X-Goatcounter-Import" in request.headers:
        return outcome.errors  # type: ignore[return-value]  # on purpose, see above
    return {index: [text] for index, text in outcome.errors.items()}
