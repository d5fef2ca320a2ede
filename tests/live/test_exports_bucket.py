"""A running service whose exports are in a bucket."""

import gzip
import shutil

import pytest

from tests.live.conftest import Make
from tests.live.server import wait_until
from tests.s3 import PrivateS3

pytestmark = pytest.mark.once


def test_exports_come_from_the_bucket_by_the_web_server_itself(make_server: Make) -> None:
    with PrivateS3() as s3:
        server = make_server(EXPORT_STORAGE_URL=s3.url)
        server.start()
        site = server.make_site("bucket")
        site.count(*(f"/{n}" for n in range(200)))
        site.paths(count=200)
        export = site.post("/api/v0/export", {"format": "ndjson"}).json()["id"]
        lines_url = f"/api/v0/export/{export}"
        with site.client() as client:
            wait_until(lambda: bool(client.get(lines_url).json()["finished_at"]), server.said)
            assert any(f"/{export}/" in key for key in s3.names())
            assert not list(server.data.glob("exports/*/*"))
            shutil.rmtree(server.data / "exports-cache")  # as on a host that has not built it
            whole = client.get(f"{lines_url}/download")
            assert (whole.status_code, len(whole.history)) == (200, 0)
            assert gzip.decompress(whole.content).count(b"\n") == 200
            rest = client.get(f"{lines_url}/download", headers={"Range": "bytes=100-"})
            assert (rest.status_code, rest.content) == (206, whole.content[100:])
            s3.stop()
            assert client.get(f"{lines_url}/download").content == whole.content, "a copy is here"
            shutil.rmtree(server.data / "exports-cache")
            away = client.get(f"{lines_url}/download")
            assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
