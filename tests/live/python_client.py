"""A program: what bravado makes of /api.json counts, exports and downloads, and prints what came.

On its own, since bravado loads every schema dialect that its process knows of, also those that other
tests' tools have brought along and that only the network could complete.
"""

import gzip
import json
import os
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from bravado.client import SwaggerClient  # noqa: E402  # after Django
from bravado.requests_client import RequestsClient  # noqa: E402

from tests.openapi.contract import contract  # noqa: E402
from tests.openapi.exchange import from_wire  # noqa: E402


def main(url: str, key: str, *pages: str) -> None:
    """Prints the file, and the export as it was shown at last."""
    client = made_for(url, key)
    hits = [{"path": page, "title": f"Title of {page}"} for page in pages]
    counted = client.count.count(body={"no_sessions": True, "hits": hits}).result()
    assert counted.status == "ok"
    while (export := exported(client)).num_rows < len(pages):
        time.sleep(0.5)  # what was accepted becomes rows in a moment
    file = client.export.downloadExport(id=export.id).response().incoming_response.raw_bytes
    shown = {"error": export.error, "num_rows": export.num_rows}
    print(json.dumps({"csv": gzip.decompress(file).decode(), "export": shown}))


def exported(client: Any) -> Any:
    """An export of all there is, finished."""
    export = client.export.createExport(body={"format": "csv"}).result()
    while export.finished_at is None:
        time.sleep(0.1)
        export = client.export.getExport(id=export.id).result()
    return export


def made_for(url: str, key: str) -> Any:
    """The client, with the site's key."""
    http = RequestsClient()
    http.session.hooks["response"].append(checked)
    http.session.trust_env = False
    http.set_api_key(urlsplit(url).netloc, f"Bearer {key}", "Authorization", param_in="header")
    return SwaggerClient.from_url(f"{url}/api.json", http_client=http)


def checked(reply: Any, *_: Any, **__: Any) -> None:
    """What `requests` has sent and got, against the description."""
    body = reply.request.body or b""
    exchange = from_wire(
        method=reply.request.method,
        target=reply.request.path_url,
        asked=dict(reply.request.headers),
        sent=body.encode() if isinstance(body, str) else body,
        status=reply.status_code,
        told=reply.headers.items(),
        body=reply.content,
    )
    contract().check(exchange)


if __name__ == "__main__":
    main(*sys.argv[1:])
