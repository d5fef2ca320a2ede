"""In and out. Every refusal is the same sentence after the same work, whatever was wrong."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import limits
from dashboard.access import member_of, safe_path, visitor
from dashboard.forms import SignInForm
from sites import members
from sites.country import country_of
from sites.middleware import has_site, site_of
from sites.models import User, tidy_email


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; after it, where its reader wanted to go."""
    if not has_site(request):
        return redirect("/")
    if request.method == "POST":
        return _try(request, SignInForm(request.POST))
    wanted = request.GET.get("next", "")
    if member_of(request):
        return redirect(safe_path(wanted))
    return _show(request, SignInForm(initial={"next": wanted}))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    if user := visitor(request):
        members.note_sign_out(account_id=site_of(request).account_id, user=user)
    logout(request)
    return redirect("/sign-in")


def go_on(request: HttpRequest, user: User, *, wanted: str) -> HttpResponse:
    """To the second factor, or in. What the visitor brought along of a session ends here."""
    request.session.flush()
    login = Login(user=user, email=user.email, redirect_url=wanted)
    answer: HttpResponse = perform_password_login(request, {"email": user.email}, login)
    return answer


def refused(request: HttpRequest, text: str, *, status: int) -> HttpResponse:
    """The page with this refusal of another way in."""
    form = SignInForm({"next": request.POST.get("next", "")})
    form.errors.clear()
    form.add_error(None, text)
    return _show(request, form, status=status)


def _try(request: HttpRequest, form: SignInForm) -> HttpResponse:
    if not form.is_valid():
        return _show(request, form, status=400)
    email = tidy_email(form.cleaned_data["email"])
    if wait := limits.seconds_to_wait(request, form="sign-in", also=[f"email:{email}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _show(request, form, status=429)
    user = authenticate(request, email=email, password=form.cleaned_data["password"])
    if not isinstance(user, User):
        members.note_failed_sign_in(
            account_id=site_of(request).account_id, email=email, country=country_of(request)
        )
        form.add_error(None, _("This e-mail and password do not open this site."))
        return _show(request, form, status=400)
    return go_on(request, user, wanted=safe_path(form.cleaned_data["next"]))


def _show(request: HttpRequest, form: SignInForm, *, status: int = 200) -> HttpResponse:
    keep = [("next", form["next"].value() or "")]
    context = {"form": form, "code": site_of(request).code, "keep": keep}
    return render(request, "sign_in.html", context, status=status)
