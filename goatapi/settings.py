"""Django's settings, made from the environment that `goatapi.env` has read and checked."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS

from goatapi import env
from goatapi.http import introduction

ENVIRONMENT = env.read(os.environ)
ROOT = Path(__file__).resolve().parent.parent
HTTPS = ENVIRONMENT.url_scheme == "https"

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
ALLOWED_HOSTS = ["*"]  # the tenancy middleware answers 404 for hosts that are nobody's
APPEND_SLASH = False
ROOT_URLCONF = "goatapi.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "sites.User"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = (
    None  # bodies are bounded by goatapi.http.body, with an answer in our form
)
SITES_FIRST_HIT_AT = "storage.registry.first_hit_at"  # `sites` may not import `storage`
SITES_COUNTRY_OF = "hits.runtime.country_of"  # as above
INVITATION = "dashboard.first_run.invitation"  # made at the start; `ops` may not import `dashboard`
REFERENCE_PAGE = "dashboard.reference.page"  # for docs/; as above
RATELIMIT_FAIL_OPEN = True  # a window that is gone between two questions is nobody's fault
RATELIMIT_WHO = "sites.access.rate_key"  # the limiter imports no room: its resolver is named here

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "sites",
    "storage",
    "hits",
    "exports",
    "ops",
    "dashboard",
]

MIDDLEWARE = [
    "goatapi.http.log.RequestLogMiddleware",
    "goatapi.http.cors.CorsMiddleware",
    "goatapi.http.security.SecurityMiddleware",
    "goatapi.http.static.StaticMiddleware",
    "sites.middleware.TenantMiddleware",
    "goatapi.http.ratelimit.RateLimitMiddleware",
    "goatapi.http.envelope.EnvelopeMiddleware",
    # From here on for pages alone.
    "dashboard.middleware.PageSessionMiddleware",
    "dashboard.middleware.PageCsrfMiddleware",
    "dashboard.middleware.PageAuthenticationMiddleware",
    "dashboard.middleware.PageLanguageMiddleware",
    "dashboard.middleware.PageHtmxMiddleware",
    "dashboard.middleware.PageErrorMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # it insists; its flows find the request by it
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "dashboard.context.reader",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "dashboard.templatetags.navigation",
                "dashboard.templatetags.formats",
            ],
        },
    }
]

# Cookies of this host alone. The prefix keeps other hosts of the domain from planting one.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_ENGINE = "dashboard.sessions"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}goatapi_session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}goatapi_csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = None  # as long as the browser is open
CSRF_FAILURE_VIEW = "dashboard.errors.csrf_failed"

# Sign-in is django-allauth's, in our pages. Limits are ours (dashboard.limits): one window for all processes.
AUTHENTICATION_BACKENDS = ["sites.authentication.MemberBackend"]
LOGIN_REDIRECT_URL = "/settings/auth"
ACCOUNT_ADAPTER = "dashboard.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_LOGIN_TIMEOUT = 600  # seconds between the password and the second factor
ACCOUNT_RATE_LIMITS: bool = False
MFA_ADAPTER = "dashboard.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODE_DIGITS = 10
MFA_TOTP_TOLERANCE = 1  # steps of half a minute that a clock may be wrong
PASSWORD_RESET_TIMEOUT = 2 * 3600

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("email", "name")}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]

STATIC_URL = "/static/"
SWAGGER_UI = files("drf_spectacular_sidecar") / "static/drf_spectacular_sidecar/swagger-ui-dist"
HTMX = files("django_htmx") / "static/django_htmx"
STATICFILES_DIRS = [ROOT / "static", ("swagger-ui", str(SWAGGER_UI)), ("htmx", str(HTMX))]
STATICFILES_FINDERS = ["goatapi.http.static.UsedFilesFinder"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600  # for the plain names; those with a hash are kept for ever
WHITENOISE_ALLOW_ALL_ORIGINS = False

DATABASES = dict(ENVIRONMENT.databases)
DATABASE_ROUTERS = ["storage.router.RoomRouter"]

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "goatapi.http.cache.AtomicDatabaseCache",
        "LOCATION": "limits",
        # Beyond it rows are culled, full windows among them; Django's own 300 would empty a busy limiter.
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
if ENVIRONMENT.redis_url:
    CACHES["default"] = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ENVIRONMENT.redis_url,
        "KEY_PREFIX": "goatapi",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            # Limits fail open: better soon than after the system's own two minutes.
            "CONNECTION_POOL_KWARGS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        },
    }

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "exports": dict(ENVIRONMENT.export_storage),
    "staticfiles": {"BACKEND": "goatapi.http.static.HashedStorage"},
}

# Pages post to the outbox (sites.outbox); the worker sends.
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from
globals().update(ENVIRONMENT.email)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sites.access.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["sites.access.KeyPermission"],
    "DEFAULT_RENDERER_CLASSES": ["goatapi.http.envelope.ContractJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["goatapi.http.envelope.ContractJSONParser"],
    "EXCEPTION_HANDLER": "goatapi.http.envelope.handle",
    "DEFAULT_SCHEMA_CLASS": "sites.schema.KeyedSchema",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "goatapi.http.envelope.AlwaysJSON",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Goatapi",
    "VERSION": "0.1",
    "DESCRIPTION": introduction.DESCRIPTION,
    "TAGS": introduction.TAGS,
    "SERVERS": [{"url": "/"}],  # whichever host the document was fetched from
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Enums stay where they are used; the default hook would name each of them.
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enum_id_removal"],
    "SORT_OPERATION_PARAMETERS": False,
    "SERVE_INCLUDE_SCHEMA": False,
}

# One JSON object a line, with nothing in it of addresses, user agents or query strings.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["asctime", "levelname", "name", "message"],
            "reserved_attrs": [
                *RESERVED_ATTRS,
                "request",
            ],  # Django's own records carry whole requests
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "filters": {"without_secrets": {"()": "goatapi.http.log.WithoutSecrets"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # A refused request is the client's affair; and their paths may hold what was mailed.
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["without_secrets"]},
        "django.security.csrf": {"level": "ERROR"},
        "fido2": {"level": "WARNING"},  # it would name people's passkeys
    },
}
