"""`/find-my-site` on the service's own name: mails which sites an address can sign in to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from dashboard import limits
from dashboard.own_name import on_own_name
from dashboard.sign_up_forms import FindSiteForm, too_many
from sites import outbox, services
from sites.models import tidy_email


@require_http_methods(["GET", "HEAD", "POST"])
@on_own_name
def find(request: HttpRequest) -> HttpResponse:
    """The form; the answer to it, and what is done for it, is the same for every address."""
    if request.method != "POST":
        return _show(request, FindSiteForm())
    form = FindSiteForm(request.POST)
    email = tidy_email(request.POST.get("email", ""))
    if wait := limits.seconds_to_wait(request, form="find-my-site", also=[f"email:{email}"]):
        form.add_error(None, too_many(wait))
        return _show(request, form, status=429)
    if not form.is_valid():
        return _show(request, form, status=400)
    if not limits.mailed_too_often(request, to=email):
        services.mail_sites(email=email)
    context = {"email": email, "folder": outbox.where(), "finding": True}
    return render(request, "look_in_your_mail.html", context)


def _show(request: HttpRequest, form: FindSiteForm, *, status: int = 200) -> HttpResponse:
    return render(request, "find_my_site.html", {"form": form}, status=status)
