"""`/`: the start page of the service's own name; on a site's host the way to its pages."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from dashboard import access
from dashboard.forms import FirstRunForm, GoForm
from goatapi.http import security
from sites import queries
from sites.middleware import has_site


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A site has no dashboard yet: its settings are what there is to see."""
    if not has_site(request):
        return start(request)
    return redirect("/settings/auth" if access.member_of(request) else "/sign-in")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to count and export, in a page. Its examples carry the reader's own address."""
    return render(request, "help.html", {"origin": origin_for(request)})


def origin_for(request: HttpRequest) -> str:
    """For examples: the reader's own address on a site's host, else that of a site called `my-site`."""
    return f"{request.scheme}://{request.get_host()}" if has_site(request) else origin_of("my-site")


def start(request: HttpRequest) -> HttpResponse:
    """The way to one's site, or the form for the first account."""
    if not queries.any_account():
        return show(request, first_run=FirstRunForm())
    form = GoForm(
        request.GET if "code" in request.GET else None, domain=settings.ENVIRONMENT.domain
    )
    if form.is_bound and form.is_valid():
        return redirect(f"{origin_of(form.cleaned_data['code'])}/sign-in")
    return show(request, go=form, status=400 if form.is_bound else 200)


def show(
    request: HttpRequest,
    *,
    go: GoForm | None = None,
    first_run: FirstRunForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with one of its two forms."""
    context = {
        "go": go,
        "first_run": first_run,
        "domain_suffix": f".{settings.ENVIRONMENT.domain}",
        "is_open": settings.ENVIRONMENT.signup == "open",
    }
    response = render(request, "start.html", context, status=status)
    # Its form ends on a subdomain, and Chromium holds `form-action` against redirects too.
    response["Content-Security-Policy"] = security.policy(form_action=f"'self' {origin_of('*')}")
    return response


def origin_of(code: str) -> str:
    """The address of the site with this code: from the settings, never from the request's Host."""
    env = settings.ENVIRONMENT
    return f"{env.url_scheme}://{code}.{env.domain}{env.public_port}"
