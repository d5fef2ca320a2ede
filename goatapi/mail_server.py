"""`EMAIL_URL`: who takes our mail, as Django's EMAIL_ settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ

FORMS = "file:///FOLDER, smtp://HOST:PORT, smtp+tls://USER:PASSWORD@HOST:587 (STARTTLS) or smtp+ssl://…@HOST:465"
SECONDS = 10
"""How long a mail server may take over one step."""

TLS_PORT = 465
"""Where TLS begins with the connection, whatever the scheme is called."""

Server = Mapping[str, Any]


def folder(path: Path) -> Server:
    """One readable file a mail: for trying things out, where there is no mail server."""
    return {"EMAIL_BACKEND": "goatapi.mail_folder.FolderBackend", "EMAIL_FILE_PATH": str(path)}


def parse(url: str) -> Server:
    """The settings that `url` stands for. Errors: `ValueError` with a sentence that holds no secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"EMAIL_URL can not be read: {error}") from None
    if parts.scheme in ("file", "filemail"):
        path = Path(unquote(parts.path))
        if parts.netloc not in ("", "localhost") or not path.is_absolute() or path == Path("/"):
            raise ValueError("EMAIL_URL must be file:/// and the absolute path of a folder")
        return folder(path)
    if parts.scheme not in environ.Env.EMAIL_SCHEMES:
        raise ValueError(f"EMAIL_URL must be {FORMS}")
    if parts.scheme.startswith("smtp") and not parts.hostname:
        raise ValueError(f"EMAIL_URL must name a host: {FORMS}")
    return _server(url, parts.scheme, port)


def _server(url: str, scheme: str, port: int | None) -> Server:
    """As django-environ reads it, with the usual port of each kind."""
    told = {name: value for name, value in environ.Env.email_url_config(url).items() if value}
    told.pop("EMAIL_FILE_PATH", None)
    at_once = scheme == "smtp+ssl" or port == TLS_PORT
    usual = TLS_PORT if at_once else 587 if told.get("EMAIL_USE_TLS") else 25
    return {
        "EMAIL_PORT": usual,
        "EMAIL_TIMEOUT": SECONDS,
        **told,
        "EMAIL_USE_TLS": bool(told.get("EMAIL_USE_TLS")) and not at_once,
        "EMAIL_USE_SSL": at_once,
    }
