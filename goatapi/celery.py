"""The Celery application. The queue only rings: the rows are the truth, so a lost message costs a sweep."""

import os
from typing import Any

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goatapi.settings")

# Django's checks are made by `make check`; here they would load every page of the web server.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

SWEEP_SECONDS = 5.0
"""How often waiting exports are rung for. With the lease of a dead worker well under half a minute."""

MAIL_SECONDS = 3.0
"""How often mail is looked for that nobody rang for."""

ON_REDIS: dict[str, Any] = {
    # Longer than most exports. One that takes longer is rung for again, and finds itself taken.
    "visibility_timeout": 3600,
    # After a kill -9, Redis hands unacknowledged messages out again only after this scan.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 10,
}


def broker_url(redis_url: str) -> str:
    """The URL in kombu's words; this process's memory when there is no Redis."""
    if redis_url.startswith("unix://"):
        address, _, query = redis_url.removeprefix("unix://").partition("?db=")
        return f"redis+socket://{address}" + (f"?virtual_host={query}" if query else "")
    return redis_url or "memory://"


app = Celery("goatapi")
app.conf.update(
    broker_url=broker_url(settings.ENVIRONMENT.redis_url),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # an outage of any length is over some day
    broker_connection_timeout=2,
    broker_transport_options=ON_REDIS
    if settings.ENVIRONMENT.redis_url
    else {"polling_interval": 0.1},
    task_default_queue="goatapi",
    # Whoever asks for an export must not wait for a queue that is away: the sweep rings again.
    task_publish_retry=False,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,  # the lease is held in the database
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    timezone="UTC",
    beat_scheduler="celery.beat:Scheduler",  # in memory: nothing is due less often than hourly
    beat_schedule={
        "sweep exports": {
            "task": "exports.tasks.sweep",
            "schedule": SWEEP_SECONDS,
            # While nobody works they would pile up.
            "options": {"expires": 2 * SWEEP_SECONDS},
        },
        "expire exports": {
            "task": "exports.tasks.expire",
            "schedule": 300.0,
            "options": {"expires": 300.0},
        },
        "deliver mail": {
            "task": "sites.tasks.deliver",
            "schedule": MAIL_SECONDS,
            "options": {"expires": 2 * MAIL_SECONDS},
        },
        "warn of keys that expire": {
            "task": "sites.tasks.warn_of_expiring_keys",
            "schedule": 1800.0,
            "options": {"expires": 1800.0},
        },
        "forget mail and sign-ups": {
            "task": "sites.tasks.forget",
            "schedule": 3600.0,
            "options": {"expires": 3600.0},
        },
        "clear sessions": {
            "task": "ops.tasks.clear_sessions",
            "schedule": 3600.0,
            "options": {"expires": 3600.0},
        },
        "purge short-lived state": {
            "task": "ops.tasks.purge_short_lived",
            "schedule": 3600.0,
            "options": {"expires": 3600.0},
        },
    },
)
app.autodiscover_tasks(["exports", "ops", "sites"])
