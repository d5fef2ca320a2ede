"""The Celery application. The queue only rings: the rows are the truth, so a lost message costs a sweep."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goatapi.settings")

app = Celery("goatapi")
app.conf.update(
    broker_url=settings.ENVIRONMENT.redis_url or "memory://",
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 3600,
        # After a kill -9, Redis hands unacknowledged messages out again only after this scan.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        **({} if settings.ENVIRONMENT.redis_url else {"polling_interval": 0.1}),
    },
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    timezone="UTC",
    beat_schedule={
        "sweep exports": {"task": "exports.tasks.sweep", "schedule": 10.0},
        "expire exports": {"task": "exports.tasks.expire", "schedule": 300.0},
        "clear sessions": {"task": "ops.tasks.clear_sessions", "schedule": 86_400.0},
        "purge short-lived state": {"task": "ops.tasks.purge_short_lived", "schedule": 3600.0},
    },
)
app.autodiscover_tasks(["exports", "ops"])
