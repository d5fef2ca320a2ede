"""A private S3-compatible server for tests: moto's, on a free port, in memory, gone afterwards."""

import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self

import boto3

from tests.ports import free_port

KEY, SECRET = "test-key", "test/secret+with=signs"
BUCKET = "exports"
SECONDS = 30.0


class PrivateS3:
    """One server with one bucket."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `EXPORT_STORAGE_URL` would be."""
        key, secret = KEY, SECRET.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
        place = f"127.0.0.1:{self.port}/{BUCKET}/goat"
        return f"s3://{key}:{secret}@{place}?region=eu-west-1&scheme=http"

    def bucket(self) -> Any:
        """The bucket by boto3, past all of our code."""
        resource = boto3.resource(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="eu-west-1",
        )
        return resource.Bucket(BUCKET)

    def names(self) -> list[str]:
        """All keys in it."""
        return [each.key for each in self.bucket().objects.all()]

    def stop(self) -> None:
        """As a server that is away."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                place = {"LocationConstraint": "eu-west-1"}
                self.bucket().create(CreateBucketConfiguration=place)
                return self
            except Exception:  # not there yet, in one of boto3's many ways
                if time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.1)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
