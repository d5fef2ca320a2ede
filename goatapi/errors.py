"""Named errors of the domain. Rooms raise these; `goatapi.http.envelope` alone turns them into answers."""


class GoatapiError(Exception):
    """An expected refusal with a sentence for the person who asked.

    `status` is the HTTP status of the refusal, `message` its text.
    """

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthenticated(GoatapiError):
    """No key, a malformed one, or one that this account does not know (401)."""

    status = 401


class Forbidden(GoatapiError):
    """The key is good but may not do this (403)."""

    status = 403


class NotFound(GoatapiError):
    """Absent, or another tenant's: the two must look alike (404)."""

    status = 404

    def __init__(self, message: str = "not found") -> None:
        super().__init__(message)


class Gone(GoatapiError):
    """Was here and is kept no longer (410)."""

    status = 410


class PreconditionFailed(GoatapiError):
    """`If-Match` or `If-Unmodified-Since` names another version (412)."""

    status = 412

    def __init__(self) -> None:
        super().__init__("this is not the version that the request is about")


class TooLarge(GoatapiError):
    """The request's body is over its bound (413)."""

    status = 413


class NoSuchRange(GoatapiError):
    """The range asked for begins beyond the end of the `size` bytes (416)."""

    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size} bytes; the range begins beyond them")
        self.size = size


class TooMany(GoatapiError):
    """So many at a time are not allowed; the client should come again after `retry_after` seconds (429)."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(GoatapiError):
    """Can not be done now; the client should come again after `retry_after` seconds (503)."""

    status = 503

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Invalid(GoatapiError):
    """Fields that break a rule: `errors` maps a field (or a hit's index) to its texts (400).

    `extra` holds headers that the answer carries all the same.
    """

    def __init__(
        self, errors: dict[str, list[str]], *, extra: dict[str, str] | None = None
    ) -> None:
        super().__init__("; ".join(f"{k}: {', '.join(v)}" for k, v in errors.items()))
        self.errors = errors
        self.extra = extra or {}


class AlreadyDone(GoatapiError):
    """What can be done once, or was asked once, has been done (409)."""

    status = 409


def refuse(**problems: str | None) -> None:
    """Raise `Invalid` with the texts of those fields that have a problem, if any has."""
    found = {field: [text] for field, text in problems.items() if text}
    if found:
        raise Invalid(found)
