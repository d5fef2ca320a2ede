"""The first account. Only for who has seen the server start: it prints a token (against W33)."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard import limits, start
from dashboard.forms import FirstRunForm, refuse
from goatapi import env, errors
from sites import queries, services
from sites.middleware import has_site


def invitation() -> str | None:
    """What to print when the server starts; None once there is an account. Makes the token."""
    if queries.any_account():
        forget_token()
        return None
    environment = settings.ENVIRONMENT
    token = env.first_run_token(environment.data_dir, shared=token_of_all_hosts())
    address = f"{environment.url_scheme}://{environment.domain}{environment.public_port}/"
    return _(
        "There is no account yet. Make the first one at %(address)s\nwith the token %(token)s"
    ) % {
        "address": address,
        "token": token,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Make the first account and its site; afterwards this is no way in any more."""
    if has_site(request) or request.method != "POST" or queries.any_account():
        return redirect("/")
    form = FirstRunForm(request.POST)
    if wait := limits.seconds_to_wait(request, form="first-run"):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return start.show(request, first_run=form, status=429)
    if not is_token(request.POST.get("token", "")):
        form.add_error("token", _("This is not the token that the server printed."))
        return start.show(request, first_run=form, status=403)
    return _create(request, form)


def is_token(text: str) -> bool:
    """Whether this is the token. Without one (nobody was invited) nothing is."""
    path = _path()
    return path.is_file() and constant_time_compare(text.strip(), path.read_text().strip())


def token_of_all_hosts() -> str:
    """The form may be answered by another host than the one that was seen to start; "" on SQLite."""
    if "postgresql" not in str(settings.DATABASES["default"]["ENGINE"]):
        return ""
    return salted_hmac("goatapi.first-run", "token", algorithm="sha256").hexdigest()[:32]


def forget_token() -> None:
    """It has done what it was for."""
    _path().unlink(missing_ok=True)


def _create(request: HttpRequest, form: FirstRunForm) -> HttpResponse:
    if not form.is_valid():
        return start.show(request, first_run=form, status=400)
    given = form.cleaned_data
    try:
        site = services.create_first_site(
            code=given["code"],
            email=given["email"],
            password=given["password"],
            language=get_language(),
        )
    except errors.AlreadyDone:
        return redirect("/")
    except errors.Invalid as refusal:
        refuse(form, refusal)
        return start.show(request, first_run=form, status=400)
    forget_token()
    return render(request, "first_run_done.html", {"site": site, "url": queries.site_url(site)})


def _path() -> Path:
    folder: Path = settings.ENVIRONMENT.data_dir
    return folder / "first_run_token"
