"""`EXPORT_STORAGE_URL`: where export files are kept, as an entry of Django's STORAGES."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

FORMS = "file:///FOLDER or s3://KEY:SECRET@HOST:PORT/BUCKET?region=REGION&scheme=https"
S3_OPTIONS = {"region", "scheme"}

Entry = Mapping[str, Any]


def folder(path: Path) -> Entry:
    """Files in a folder of this machine, or of a network file system."""
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(path)},
    }


def parse(url: str) -> Entry:
    """The storage that `url` names. Errors: `ValueError` with a sentence that holds no secret."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"EXPORT_STORAGE_URL can not be read: {error}") from None
    if parts.scheme == "file":
        return _file(parts)
    if parts.scheme == "s3":
        return _s3(parts)
    raise ValueError(f"EXPORT_STORAGE_URL must be {FORMS}")


def _file(parts: SplitResult) -> Entry:
    path = Path(unquote(parts.path))
    if parts.netloc not in ("", "localhost") or not path.is_absolute() or parts.query:
        raise ValueError("EXPORT_STORAGE_URL must be file:/// and the absolute path of a folder")
    return folder(path)


def _s3(parts: SplitResult) -> Entry:
    """Path style addresses: every S3-compatible server knows them, and no name has to be resolved."""
    bucket, _, prefix = unquote(parts.path).strip("/").partition("/")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    scheme = options.get("scheme", "https")
    unknown = options.keys() - S3_OPTIONS
    if not bucket or not parts.hostname or unknown or scheme not in ("http", "https"):
        raise ValueError(f"EXPORT_STORAGE_URL must be {FORMS}")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("EXPORT_STORAGE_URL has a key without a secret, or a secret without a key")
    return {
        "BACKEND": "exports.bucket.BucketStorage",
        "OPTIONS": {
            "access_key": unquote(parts.username) if parts.username else None,
            "secret_key": unquote(parts.password) if parts.password else None,
            "endpoint_url": f"{scheme}://{parts.netloc.rpartition('@')[2]}",
            "region_name": options.get("region", "us-east-1"),
            "bucket_name": bucket,
            "location": prefix,
        },
    }
