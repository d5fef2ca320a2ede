"""`/sign-up` on the service's own name: the form, "look into your mail", and the link in that mail."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import limits
from dashboard.errors import error_page
from dashboard.forms import refuse, sentence
from dashboard.own_name import on_own_name
from dashboard.sign_up_forms import ConfirmForm, SignUpForm, too_many
from dashboard.start import origin_of
from goatapi import errors
from goatapi.http import security
from sites import outbox, queries, sign_up
from sites.models import SignUp, tidy_email

WISH = "sign-up"
"""Where the session of the browser that signed up keeps the wish's id."""

PAGE_OR_FORM = ["GET", "HEAD", "POST"]


def is_open() -> bool:
    """Whether everybody may sign up."""
    return bool(settings.ENVIRONMENT.signup == "open")


@require_http_methods(PAGE_OR_FORM)
@on_own_name
def show(request: HttpRequest) -> HttpResponse:
    """The form; the answer to it is the same for every address."""
    if not is_open():
        return error_page(request, 403, _("Sign-up is closed on this server."))
    if request.method != "POST":
        return _form(request, SignUpForm())
    form = SignUpForm(request.POST)
    email = tidy_email(request.POST.get("email", ""))
    if wait := limits.seconds_to_wait(request, form="sign-up", also=[f"email:{email}"]):
        form.add_error(None, too_many(wait))
        return _form(request, form, status=429)
    if not form.is_valid() or not _begin(request, form):
        return _form(request, form, status=400)
    return render(request, "look_in_your_mail.html", {"email": email, "folder": outbox.where()})


@require_safe
@on_own_name
def code(request: HttpRequest) -> HttpResponse:
    """A part of the form: whether a code is free. Silent when asked too often; the form says it then."""
    if not is_open():
        raise errors.NotFound
    wanted = request.GET.get("code", "").strip().lower()
    if not wanted or limits.seconds_to_wait(request, form="sign-up-code"):
        return HttpResponse()
    problem = queries.code_problem(wanted)
    context = {"host": _host(wanted), "problem": sentence(problem) if problem else ""}
    return render(request, "sign_up_code.html", context)


@require_http_methods(PAGE_OR_FORM)
@on_own_name
def confirm(request: HttpRequest) -> HttpResponse:
    """Where the mailed link leads. Programs that look into mail open it too, so a form does the rest."""
    token = (request.POST if request.method == "POST" else request.GET).get("token", "")
    try:
        wish = sign_up.wish_of(token)
    except errors.NotFound:
        return render(request, "sign_up_over.html", {"is_open": is_open()}, status=404)
    if request.method == "POST":
        return _confirm(request, wish)
    form = ConfirmForm(
        initial={"code": wish.code, "token": token}, ask_password=_asks_password(request, wish)
    )
    return _confirmation(request, wish, form)


def _begin(request: HttpRequest, form: SignUpForm) -> bool:
    """Whether it was noted, or would have been: who was mailed too often already is not mailed again."""
    if limits.mailed_too_often(request, to=form.cleaned_data["email"]):
        return True
    try:
        wish_id = sign_up.begin(
            **form.cleaned_data, language=translation.get_language() or settings.LANGUAGE_CODE
        )
    except errors.Invalid as refusal:
        refuse(form, refusal)
        return False
    request.session[WISH] = wish_id
    return True


def _asks_password(request: HttpRequest, wish: SignUp) -> bool:
    """Somebody else may have signed up with this address: then its owner must not get their password."""
    here = request.session.get(WISH) == wish.pk
    return not here and queries.user_by_email(wish.email) is None


def _confirm(request: HttpRequest, wish: SignUp) -> HttpResponse:
    form = ConfirmForm(request.POST, ask_password=_asks_password(request, wish))
    if wait := limits.seconds_to_wait(request, form="confirm", also=[f"wish:{wish.pk}"]):
        form.add_error(None, too_many(wait))
        return _confirmation(request, wish, form, status=429)
    password = form.cleaned_data.get("password") if form.is_valid() else None
    if password is not None and not sign_up.is_password_of(wish, password):
        form.add_error("password", _("This is not the password that was chosen."))
    if not form.is_valid():
        return _confirmation(request, wish, form, status=400)
    try:
        made = sign_up.confirm(token=form.cleaned_data["token"], code=form.cleaned_data["code"])
    except errors.Invalid as refusal:
        refuse(form, refusal)
        return _confirmation(request, wish, form, status=400)
    request.session.flush()
    return redirect(_way_in(made))


def _way_in(made: sign_up.Made) -> str:
    """New people are let in; who has a password shows it first."""
    if made.token:
        query = urlencode({"token": made.token})
        return f"{queries.site_url(made.site)}/welcome?{query}"
    return f"{queries.site_url(made.site)}/sign-in?{urlencode({'next': '/welcome'})}"


def _form(request: HttpRequest, form: SignUpForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "domain_suffix": f".{settings.ENVIRONMENT.domain}"}
    return render(request, "sign_up.html", context, status=status)


def _confirmation(
    request: HttpRequest, wish: SignUp, form: ConfirmForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "email": wish.email,
        "is_known": queries.user_by_email(wish.email) is not None,
        "domain_suffix": f".{settings.ENVIRONMENT.domain}",
    }
    response = render(request, "sign_up_confirm.html", context, status=status)
    # Its form ends on the new site, and Chromium holds `form-action` against redirects too.
    policy = security.policy(form_action=f"'self' {origin_of('*')}")
    response["Content-Security-Policy"] = policy
    return response


def _host(code: str) -> str:
    return f"{code}.{settings.ENVIRONMENT.domain}"
