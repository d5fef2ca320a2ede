"""Passkeys in a session: what is asked is kept there until the browser has answered, once."""

import json
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from sites.models import User
from sites.tenancy import normalise_host

STATE = "passkey"
ANSWER_SECONDS = 600


def are_possible(request: HttpRequest) -> bool:
    """Whether this host can have passkeys: an address can not."""
    return _place(request) is not None


def ask(request: HttpRequest, user: User | None) -> str:
    """What the browser is to be asked for a passkey of `user`, or of anybody, as JSON; "" if it can not be."""
    from sites import webauthn  # noqa: PLC0415  # fido2 is large, and not for every visitor

    at = _place(request)
    return _asked(request, webauthn.begin_use(at=at, user=user)) if at else ""


def answered(request: HttpRequest, user: User | None, answer: str) -> Any:
    """The passkey that has answered what was asked; None for anything else."""
    from sites import webauthn  # noqa: PLC0415  # as above

    at, state = _place(request), _state(request)
    if at is None or state is None:
        return None
    return webauthn.finish_use(at=at, state=state, answer=answer, user=user)


def ask_new(request: HttpRequest, user: User) -> str:
    """What the browser is to be asked for a new one, as JSON; "" if it can not be."""
    from sites import webauthn  # noqa: PLC0415  # as above

    at = _place(request)
    return _asked(request, webauthn.begin_new(user=user, at=at)) if at else ""


def answered_new(
    request: HttpRequest, user: User, answer: str, *, account_id: int, name: str
) -> Any:
    """The new passkey, kept; None if the answer is no good one."""
    from sites import webauthn  # noqa: PLC0415  # as above

    at, state = _place(request), _state(request)
    if at is None or state is None:
        return None
    return webauthn.finish_new(
        account_id=account_id, user=user, at=at, state=state, answer=answer, name=name
    )


def _place(request: HttpRequest) -> Any:
    from sites import webauthn  # noqa: PLC0415  # as above

    host = normalise_host(request.get_host())
    origin = f"{request.scheme}://{request.get_host()}"
    return webauthn.place(host=host, origin=origin, domain=settings.ENVIRONMENT.domain)


def _asked(request: HttpRequest, begun: tuple[dict[str, Any], dict[str, Any]]) -> str:
    options, state = begun
    request.session[STATE] = {**state, "at": time.time()}
    return json.dumps(options)


def _state(request: HttpRequest) -> dict[str, Any] | None:
    state: dict[str, Any] | None = request.session.pop(STATE, None)
    return state if state and time.time() - state.pop("at") < ANSWER_SECONDS else None
