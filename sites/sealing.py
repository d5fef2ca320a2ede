"""Secrets that have to be read again: sealed with the server's key; a copy of the database opens nothing."""

from base64 import urlsafe_b64encode

from django.conf import settings
from django.utils.crypto import salted_hmac

from goatapi import errors

LABEL = "goatapi.sealing"


class Broken(errors.GoatapiError):
    """The seal is another server's, or of a secret key that this one no longer has (503)."""

    status = 503


def seal(text: str) -> str:
    """`text`, readable only with this server's secret key."""
    from cryptography.fernet import Fernet  # noqa: PLC0415  # large, and rarely needed

    return Fernet(_key()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Errors: `Broken`."""
    from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415  # as above

    try:
        return Fernet(_key()).decrypt(sealed).decode()
    except InvalidToken:
        raise Broken("the server’s secret key is not the one this was sealed with") from None


def _key() -> bytes:
    digest = salted_hmac(LABEL, "key", settings.SECRET_KEY, algorithm="sha256").digest()
    return urlsafe_b64encode(digest)
