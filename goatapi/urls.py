"""The routes of every tenant's host (and the few of the service's own name), as a table of contents."""

from django.urls import URLPattern, path

from dashboard import (
    about,
    account,
    audit_log,
    errors,
    export_pages,
    factor,
    find_site,
    first_run,
    join,
    key_pages,
    passkey_pages,
    password,
    preferences,
    prove,
    recovery_codes,
    reset,
    session_pages,
    settings_auth,
    sign_in,
    sign_up,
    start,
    totp,
    users,
    verify,
    welcome,
)
from dashboard.reference import views as reference
from exports.api import ExportViewSet
from goatapi.http import envelope
from goatapi.http import reference as documents
from hits import script
from hits import views as hits
from hits.api import CountViewSet
from ops import health
from ops.probe import ProbeViewSet
from sites.api import MeViewSet, SiteViewSet
from stats.visitor_counter import visitor_counter

handler400 = envelope.bad_request
handler404 = errors.not_found
handler500 = envelope.server_error

API = "api/v0"

urlpatterns: list[URLPattern] = [
    # First, because they are asked most: each route that stands before costs every request a look.
    path(f"{API}/test", ProbeViewSet.as_view({"get": "show", "post": "show"})),
    path(f"{API}/me", MeViewSet.as_view({"get": "retrieve"})),
    path(f"{API}/count", CountViewSet.as_view({"post": "create"})),
    path(f"{API}/sites", SiteViewSet.as_view({"get": "list"})),
    path(f"{API}/sites/<str:id>", SiteViewSet.as_view({"get": "retrieve"})),
    path(f"{API}/export", ExportViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{API}/export/<str:id>", ExportViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{API}/export/<str:id>/download", ExportViewSet.as_view({"get": "download"})),
    path("count", hits.count),
    path("count.js", script.count_js),
    path("count.v<int:version>.js", script.frozen),
    path("counter/<path:name>", visitor_counter),
    path("status", health.status),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("tls-check", health.tls_check),
    path("robots.txt", health.robots),
    path("security.txt", about.security_txt),
    path(".well-known/security.txt", about.security_txt),
    path("api.json", documents.api_json),
    path("api.openapi.json", documents.api_openapi_json),
    path("", start.home),
    path("help", start.help_page),
    path("api.html", reference.api_html),
    path("api2.html", reference.api2_html),
    path("first-run", first_run.create),
    path("sign-up", sign_up.show),
    path("sign-up/code", sign_up.code),
    path("sign-up/confirm", sign_up.confirm),
    path("find-my-site", find_site.find),
    path("welcome", welcome.welcome),
    path("welcome/status", welcome.status),
    path("sign-in", sign_in.sign_in, name="account_login"),
    path("sign-in/passkey", passkey_pages.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("sign-in/factor", factor.factor, name="mfa_authenticate"),
    path("sign-out", sign_in.sign_out, name="account_logout"),
    path("prove", prove.prove, name="account_reauthenticate"),
    path("forgot", reset.forgot, name="account_reset_password"),
    path("reset/<str:token>", reset.reset, name="account_reset_password_from_key"),
    path("verify/<str:token>", verify.verify, name="account_confirm_email"),
    path("settings/account", account.account),
    path("settings/auth", settings_auth.auth),
    path("settings/auth/password", password.password),
    path("settings/auth/confirm", verify.send_again),
    path("settings/auth/totp", totp.totp, name="mfa_activate_totp"),
    path("settings/auth/totp/remove", totp.remove, name="mfa_deactivate_totp"),
    path("settings/auth/passkeys", passkey_pages.add, name="mfa_add_webauthn"),
    path("settings/auth/passkeys/<int:factor_id>/remove", passkey_pages.remove),
    path("settings/auth/sessions/end-others", session_pages.end_others),
    path("settings/auth/sessions/<str:session_id>/end", session_pages.end),
    path("settings/auth/recovery-codes", recovery_codes.recovery_codes),
    path("settings/auth/recovery-codes/download", recovery_codes.download),
    path("settings/auth/recovery-codes/kept", recovery_codes.kept),
    path("settings/auth/keys", key_pages.create_key),
    path("settings/auth/keys/<int:key_id>/edit", key_pages.edit_key),
    path("settings/auth/keys/<int:key_id>/rotate", key_pages.rotate_key),
    path("settings/auth/keys/<int:key_id>/revoke", key_pages.revoke_key),
    path("settings/preferences", preferences.preferences),
    path("settings/exports", export_pages.exports),
    path("settings/exports/<int:export_id>", export_pages.export),
    path("settings/exports/<int:export_id>/progress", export_pages.progress),
    path("settings/exports/<int:export_id>/download", export_pages.download),
    path("settings/exports/<int:export_id>/delete", export_pages.delete),
    path("settings/users", users.users),
    path("settings/users/invite", users.invite),
    path("settings/users/<int:user_id>/role", users.change_role),
    path("settings/users/<int:user_id>/remove", users.remove),
    path("settings/users/invitations/<int:invitation_id>/send", users.invite_again),
    path("settings/users/invitations/<int:invitation_id>/revoke", users.uninvite),
    path("settings/audit", audit_log.log),
    path("settings/audit.csv", audit_log.log_csv),
    path("settings/leave", users.leave),
    path("join/<str:invitation>", join.join),
]
