"""The one reader of the environment. A bad value stops the start with a sentence."""

import os
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from goatapi import mail_server, object_storage

ROOT = Path(__file__).resolve().parent.parent
Network = IPv4Network | IPv6Network

RATE_CLASSES = {
    "api": (60, 120),
    "api-count": (60, 120),
    "count": (4, 1),
    "login": (20, 60),
    "mail": (5, 3600),
}
"""Limits by class as (requests, seconds): part "Rate limit" of the API contract, and GoatCounter's /count;
`mail` is how many mails strangers may have sent to one address."""

KEY = "key"
"""Named beside the classes: the most that an admin may give a single API key; as `api` unless set."""

POSTGRESQL_OPTIONS: dict[str, Any] = {
    # More connections than a web process has threads. After an outage the pool's own waits between
    # two tries would grow to minutes: it gives up soon, and whoever asks next tries anew.
    "pool": {"min_size": 1, "max_size": 10, "timeout": 4, "reconnect_timeout": 2},
    "connect_timeout": 3,
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    # A host that dies within a transaction must not hold its sites' locks for ever.
    "options": "-c statement_timeout=60s -c lock_timeout=20s"
    " -c idle_in_transaction_session_timeout=40s",
}
"""Whatever of it is in DATABASE_URL, as ?name=value, is taken from there."""


METRICS_OF = ("web", "drain")
"""Each has a port of its own, counted from GOATAPI_METRICS_PORT; those of further web processes follow."""


class BadEnvironment(SystemExit):
    """A variable has a value that can not be used; the text names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says, checked; one field for one variable."""

    domain: str = "localhost"
    data_dir: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8000
    url_scheme: str = "http"
    public_port: str = ""
    web_processes: int = 1
    secret_key: str = ""
    journal: str = "write"
    journal_max: int = 4 << 30
    ratelimit: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)
    trusted_proxies: tuple[Network, ...] = ()
    databases: Mapping[str, Any] = field(default_factory=dict)
    redis_url: str = ""
    export_storage: Mapping[str, Any] = field(default_factory=dict)
    export_storage_shared: bool = False
    geoip_db: str = ""
    metrics_port: int = 0
    security_contact: str = ""
    email: Mapping[str, Any] = field(default_factory=dict)
    email_from: str = "Goatapi <noreply@localhost>"
    signup: str = "closed"
    debug: bool = False


def read(source: Mapping[str, str]) -> Environment:
    """Check `source` (usually `os.environ`) and give the settings in it.

    Errors: `BadEnvironment`, whose text is the sentence to print.
    """
    data_dir = _folder(source)
    port = _integer(source, "PORT", 8000, low=1, high=65535)
    scheme = _one_of(source, "GOATAPI_URL_SCHEME", ("http", "https"))
    domain = _domain(source)
    web_processes = _integer(source, "GOATAPI_WEB_PROCESSES", 1, low=1, high=64)
    return Environment(
        domain=domain,
        data_dir=data_dir,
        host=source.get("HOST") or "127.0.0.1",
        port=port,
        url_scheme=scheme,
        public_port="" if scheme == "https" or port == 80 else f":{port}",
        web_processes=web_processes,
        secret_key=_secret_key(source, data_dir),
        journal=_one_of(source, "GOATAPI_JOURNAL", ("write", "fsync")),
        journal_max=_integer(source, "GOATAPI_JOURNAL_MAX", 4 << 30, low=1 << 20, high=1 << 50),
        ratelimit=_ratelimit(source.get("GOATAPI_RATELIMIT", "")),
        trusted_proxies=_networks(source.get("GOATAPI_TRUSTED_PROXIES", "")),
        databases=_databases(source, data_dir),
        redis_url=_url(source, "REDIS_URL", ("redis://", "rediss://", "unix://")),
        export_storage=_export_storage(source.get("EXPORT_STORAGE_URL", ""), data_dir),
        export_storage_shared=bool(source.get("EXPORT_STORAGE_URL")),
        geoip_db=_file(source, "GEOIP_DB"),
        metrics_port=_metrics_port(source, port, web_processes),
        security_contact=_contact(source, domain),
        email=_email(source.get("EMAIL_URL", ""), data_dir),
        email_from=_sender(source, domain),
        signup=_one_of(source, "GOATAPI_SIGNUP", ("closed", "open")),
    )


def host_id(data_dir: Path) -> str:
    """The name of this host's data folder: a UUID made once and kept in it. Names journal segments and leases."""
    return _kept(data_dir / "host_id", lambda: str(uuid.uuid4()))


def first_run_token(data_dir: Path, *, shared: str = "") -> str:
    """What proves that somebody has seen the server start, while it has no account. Made once, mode 600.

    `shared` is the one to keep where several hosts have to know the same.
    """
    return _kept(data_dir / "first_run_token", lambda: shared or secrets.token_urlsafe(24))


def data_folder(source: Mapping[str, str]) -> Path:
    """Where the data folder is, or would be: nothing is made."""
    return (ROOT / (source.get("GOATAPI_DATA_DIR") or "data")).resolve()


def _folder(source: Mapping[str, str]) -> Path:
    folder = data_folder(source)
    _make_usable("GOATAPI_DATA_DIR", folder)
    return folder


def _make_usable(name: str, folder: Path) -> None:
    """Make the folder that the variable `name` names, if need be. Errors: `BadEnvironment`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadEnvironment(f"{name} {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadEnvironment(f"{name} {folder}: this user may not write there")


def _domain(source: Mapping[str, str]) -> str:
    domain = source.get("GOATAPI_DOMAIN", "localhost").strip().lower().rstrip(".")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", domain):
        raise BadEnvironment(f"GOATAPI_DOMAIN must be a domain such as example.com, not {domain!r}")
    return domain


def _integer(source: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = source.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadEnvironment(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def _metrics_port(source: Mapping[str, str], port: int, web_processes: int) -> int:
    """The first of as many as there are processes with figures; 0 for none."""
    further = len(METRICS_OF) + web_processes - 2
    first = _integer(source, "GOATAPI_METRICS_PORT", 0, low=0, high=65535 - further)
    if first and first <= port <= first + further:
        behind = "one" if further == 1 else f"{further}"
        raise BadEnvironment(
            f"GOATAPI_METRICS_PORT ({first}) and the {behind} after it must not be PORT ({port})"
        )
    return first


def _one_of(source: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    value = source.get(name, "") or values[0]
    if value not in values:
        raise BadEnvironment(f"{name} must be one of {', '.join(values)}, not {value!r}")
    return value


def _url(source: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    value = source.get(name, "")
    if value and not value.startswith(schemes):
        raise BadEnvironment(f"{name} must start with one of {', '.join(schemes)}")
    return value


def _file(source: Mapping[str, str], name: str) -> str:
    value = source.get(name, "")
    if value and not Path(value).is_file():
        raise BadEnvironment(f"{name} names a file that is not there: {value}")
    return value


def _contact(source: Mapping[str, str], domain: str) -> str:
    """Where flaws are to be reported: an address of the kind that security.txt takes."""
    value = source.get("GOATAPI_SECURITY_CONTACT", "") or f"mailto:security@{domain}"
    if not re.fullmatch(r"(mailto:|https://|tel:)[!-~]+", value):
        raise BadEnvironment(
            "GOATAPI_SECURITY_CONTACT must start with one of mailto:, https://, tel: "
            f"and hold no blanks, not {value!r}"
        )
    return value


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BadEnvironment(
            f"GOATAPI_TRUSTED_PROXIES must be addresses or networks joined by commas: {error}"
        ) from None


def _ratelimit(text: str) -> dict[str, tuple[int, int] | None]:
    """`class:requests/seconds,…` over the defaults; `none` alone, or as a value, lifts the limit."""
    if text.strip() == "none":
        return dict.fromkeys((*RATE_CLASSES, KEY))
    limits: dict[str, tuple[int, int] | None] = dict(RATE_CLASSES)
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, rate = part.partition(":")
        match = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,5})", rate)
        if name not in (*RATE_CLASSES, KEY) or not (match or rate == "none"):
            raise BadEnvironment(
                "GOATAPI_RATELIMIT must be none, or CLASS:REQUESTS/SECONDS joined by commas, "
                f"for the classes {', '.join((*RATE_CLASSES, KEY))}; not {part!r}"
            )
        limits[name] = (int(match[1]), int(match[2])) if match else None
    return {KEY: limits["api"], **limits}


def _secret_key(source: Mapping[str, str], data_dir: Path) -> str:
    if key := source.get("GOATAPI_SECRET_KEY"):
        return key
    if path := source.get("GOATAPI_SECRET_KEY_FILE"):
        if not Path(path).is_file():
            raise BadEnvironment(f"GOATAPI_SECRET_KEY_FILE names a file that is not there: {path}")
        key = Path(path).read_text(errors="replace").strip()
        if len(key) < 20 or not key.isascii():
            raise BadEnvironment(
                f"GOATAPI_SECRET_KEY_FILE must hold 20 ASCII characters or more: {path}"
            )
        return key
    return _kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(48))


def _kept(path: Path, make: Any) -> str:
    """The text in `path`, made once: of two processes that start together one wins, both read its text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        mine = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        mine.touch(mode=0o600)
        mine.write_text(str(make()))
        try:
            path.hardlink_to(mine)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_text().strip()


def _databases(source: Mapping[str, str], data_dir: Path) -> dict[str, Any]:
    if url := _url(source, "DATABASE_URL", ("postgres://", "postgresql://")):
        return {"default": _postgresql(url)}
    return {
        "default": _sqlite(data_dir / "accounts.sqlite3", synchronous="FULL", kept=KEPT_SECONDS),
        "vault": _sqlite(data_dir / "vault.sqlite3", synchronous="FULL"),
        # Nobody waits long for a limit: see goatapi.http.ratelimit.
        "cache": _sqlite(
            data_dir / "cache.sqlite3", synchronous="NORMAL", timeout=1, kept=KEPT_SECONDS
        ),
    }


def _postgresql(url: str) -> dict[str, Any]:
    try:
        database = environ.Env.db_url_config(url, engine="django.db.backends.postgresql")
    except (ValueError, ImproperlyConfigured) as error:
        raise BadEnvironment(f"DATABASE_URL can not be read: {error}") from None
    if not database.get("NAME"):
        raise BadEnvironment(
            "DATABASE_URL must name a database: postgres://user:password@host/name"
        )
    options = database.get("OPTIONS", {})  # sslmode and the like, given in the URL
    return dict(database) | {
        "CONN_MAX_AGE": 0,  # the pool keeps them
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": POSTGRESQL_OPTIONS | options,
    }


def _export_storage(url: str, data_dir: Path) -> Mapping[str, Any]:
    """An entry of STORAGES; a folder of this host alone unless `url` names another place."""
    try:
        storage = object_storage.parse(url) if url else object_storage.folder(data_dir / "exports")
    except ValueError as error:
        raise BadEnvironment(str(error)) from None
    if url.startswith("file:"):
        _make_usable("EXPORT_STORAGE_URL", Path(storage["OPTIONS"]["location"]))
    return storage


def _email(url: str, data_dir: Path) -> Mapping[str, Any]:
    """Django's EMAIL_ settings; a folder of this host unless `url` names a server."""
    try:
        email = mail_server.parse(url) if url else mail_server.folder(data_dir / "mail")
    except ValueError as error:
        raise BadEnvironment(str(error)) from None
    if url and (folder := email.get("EMAIL_FILE_PATH")):
        _make_usable("EMAIL_URL", Path(folder))
    return email


def _sender(source: Mapping[str, str], domain: str) -> str:
    """Whom mails come from, as `Name <address>` or the address alone."""
    text = source.get("GOATAPI_EMAIL_FROM", "") or f"Goatapi <noreply@{domain}>"
    if not text.isprintable() or not re.fullmatch(
        r"[^@<>]+ <[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+", text
    ):
        raise BadEnvironment(
            "GOATAPI_EMAIL_FROM must be an address, or a name and <an address>, "
            f"such as Goatapi <noreply@{domain}>, not {text!r}"
        )
    return text


KEPT_SECONDS = 60
"""How long a thread keeps its connection to a small file that every request asks: opening one takes half a
millisecond. The vault's are not kept, for each may hold 32 MiB of pages."""


def _sqlite(path: Path, *, synchronous: str, timeout: int = 20, kept: int = 0) -> dict[str, Any]:
    """WAL with IMMEDIATE: without the latter, concurrent transactions fail instead of waiting.

    `synchronous` FULL, because with NORMAL a power loss may undo a committed drain step whose journal
    segment is gone already.
    `secure_delete` because old salts and closed sessions must not survive in free pages.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": kept,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": timeout,
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};"
            " PRAGMA secure_delete=ON; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY;",
        },
    }
