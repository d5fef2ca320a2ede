"""Mail: posted with the deed, sent once, tried again, given up in the end."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction  # noqa: TID251  # closed only, in threads
from django.utils import timezone, translation

from goatapi import errors, mail_server
from goatapi.env import BadEnvironment, read
from sites import delivery, outbox, tasks
from sites.models import Mail, User
from tests.mailbox import MailServer, closed_port, posted

ANN, BOB = "ann@example.net", "bob@example.net"


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    """A mail server, and the settings that lead to it."""
    with MailServer().running() as running:
        use(settings, running.url)
        yield running


def use(settings: Any, url: str) -> None:
    """As if the service had been started with this EMAIL_URL."""
    email = mail_server.parse(url)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, email=email)
    for name, value in email.items():
        setattr(settings, name, value)


def post(to: str = ANN, **options: Any) -> None:
    sites = [{"code": "my-site", "url": "http://my-site.example.com:8000"}]
    context = options.pop("context", {"sites": sites})
    outbox.post(to=to, kind="find-my-site", context=context, **options)


def test_a_mail_is_text_and_html_and_says_that_a_machine_wrote_it(
    db: None, server: MailServer
) -> None:
    post()
    assert delivery.deliver() == 1
    [mail] = server.taken
    assert server.envelopes == [("noreply@example.com", [ANN])]
    assert (mail["To"], mail["From"]) == (ANN, "Goatapi <noreply@example.com>")
    assert mail["Subject"] == "Your sites at Goatapi"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail["Date"]
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part
        assert "http://my-site.example.com:8000/sign-in" in part.get_content()


def test_what_was_sent_is_gone_with_its_links(db: None, server: MailServer) -> None:
    post()
    delivery.deliver()
    assert posted() == []
    assert delivery.deliver() == 0
    assert len(server.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_no_mail_tells_of_a_deed_that_was_not_done() -> None:
    with transaction.atomic():
        post()
        transaction.set_rollback(True)
    assert posted() == []


def test_a_mail_server_that_is_away_is_tried_again_later_and_later(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    use(settings, f"smtp://127.0.0.1:{closed_port()}")
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        post()
        for _ in range(3):
            assert delivery.deliver() == 0
            assert delivery.deliver() == 0, "at once is too soon"
            clock.move_to(posted()[0].due_at)
        assert posted()[0].attempts == 3
        assert timezone.now() - start == timedelta(seconds=10 + 30 + 60)
        assert "ConnectionRefused" in posted()[0].error
        with MailServer().running() as server:
            use(settings, server.url)
            assert delivery.deliver() == 1
    assert ANN not in caplog.text


def test_after_two_days_it_is_given_up_without_its_contents_and_forgotten_after_two_weeks(
    db: None, settings: Any
) -> None:
    use(settings, f"smtp://127.0.0.1:{closed_port()}")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        post()
        delivery.deliver()
        clock.shift(timedelta(days=2, seconds=1))
        delivery.deliver()
        [mail] = posted()
        assert mail.failed_at == timezone.now()
        assert (mail.text, mail.html) == ("", "")
        assert delivery.deliver() == 0
        tasks.forget()
        assert posted() == [mail]
        clock.shift(timedelta(days=14, seconds=1))
        tasks.forget()
        assert posted() == []


def test_a_refused_address_is_given_up_and_keeps_nobody_else_waiting(
    db: None, server: MailServer
) -> None:
    server.refuse[ANN] = "550 nobody here"
    post(ANN)
    post(BOB)
    assert delivery.deliver() == 1
    [left] = posted()
    assert (left.to, left.attempts) == (ANN, 1)
    assert left.failed_at
    assert "nobody here" in left.error


def test_an_address_that_is_refused_for_now_is_tried_again(db: None, server: MailServer) -> None:
    server.refuse[ANN] = "450 come again"
    with time_machine.travel(timezone.now(), tick=False) as clock:
        post()
        delivery.deliver()
        assert posted()[0].failed_at is None
        server.refuse.clear()
        clock.shift(timedelta(seconds=10))
        assert delivery.deliver() == 1


def test_what_the_server_does_not_take_in_the_end_is_given_up(db: None, server: MailServer) -> None:
    server.after_data = "554 this is spam"
    post()
    delivery.deliver()
    assert posted()[0].failed_at


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_sends(server: MailServer) -> None:
    for number in range(12):
        post(f"{number}@example.net")
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        delivery.deliver()
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(str(mail["To"]) for mail in server.taken) == sorted(
        f"{number}@example.net" for number in range(12)
    )


def test_a_worker_that_died_in_the_middle_costs_a_lease(db: None, server: MailServer) -> None:
    post()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert delivery._claim(timezone.now())  # and then it is killed
        assert delivery.deliver() == 0
        clock.shift(delivery.LEASE)
        assert delivery.deliver() == 1


def test_the_task_is_in_the_schedule(db: None, server: MailServer) -> None:
    from goatapi.celery import app  # noqa: PLC0415  # Celery is large

    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
    post()
    app.tasks["sites.tasks.deliver"]()
    assert len(server.taken) == 1


def test_line_breaks_do_not_become_headers(db: None, server: MailServer) -> None:
    for to in (f"{ANN}\nBcc: {BOB}", f"{ANN}\r\nSubject: x", f"{ANN}, {BOB}", "nobody", ""):
        with pytest.raises(errors.Invalid):
            post(to)
    assert posted() == []
    post(ANN)
    Mail.objects.update(subject=f"Hello\r\nBcc: {BOB}")  # as if a template could
    delivery.deliver()
    assert server.taken == []


def test_hostile_names_are_text_in_both_parts(db: None) -> None:
    name = "<script>alert('x')</script> & co"
    post(context={"sites": [{"code": name, "url": "http://x.example.com"}]})
    [mail] = posted()
    assert name in mail.text
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html


def test_a_mail_is_in_its_readers_language_whoever_posts_it(db: None) -> None:
    with translation.override("de"):
        post(language="en")
        assert translation.get_language() == "de"
    assert '<html lang="en">' in posted()[0].html


def test_a_mail_is_in_the_language_that_its_reader_has_chosen(db: None) -> None:
    ann = User.objects.create_user(ANN, preferences={"language": "de-DE"})
    post(ann.email)
    post(BOB)
    german, english = posted()
    assert '<html lang="de">' in german.html
    assert '<html lang="en">' in english.html


def test_without_a_mail_server_each_mail_is_a_readable_file(
    db: None, settings: Any, tmp_path: Path
) -> None:
    use(settings, f"file://{tmp_path}/mail")
    post(ANN)
    post(BOB)
    assert delivery.deliver() == 2
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert files[-1].name.endswith("-your-sites-at-goatapi.eml")
    assert files[-1].stat().st_mode & 0o777 == 0o600
    newest = message_from_bytes(files[-1].read_bytes(), policy=policy.default)
    assert newest["To"] == BOB
    assert "http://my-site.example.com:8000/sign-in" in files[-1].read_text(), "as it is, for eyes"


def test_pages_can_say_where_mails_lie(settings: Any) -> None:
    assert str(outbox.where()).endswith("/mail")
    settings.ENVIRONMENT = read({"EMAIL_URL": "smtp://mail.example.com"})
    assert outbox.where() is None


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, False, False),
        ("smtp://localhost:2525", "localhost", 2525, False, False),
        ("smtp+tls://me:p%40ss@mail.example.com", "mail.example.com", 587, True, False),
        ("smtp+ssl://me:p%40ss@mail.example.com", "mail.example.com", 465, False, True),
        ("smtps://me:p%40ss@mail.example.com:465", "mail.example.com", 465, False, True),
    ],
)
def test_email_url_has_the_usual_ports(
    url: str, host: str, port: int, tls: bool, ssl: bool
) -> None:
    told = mail_server.parse(url)
    assert (told["EMAIL_HOST"], told["EMAIL_PORT"]) == (host, port)
    assert (told["EMAIL_USE_TLS"], told["EMAIL_USE_SSL"]) == (tls, ssl)
    assert told.get("EMAIL_HOST_PASSWORD") == ("p@ss" if "p%40ss" in url else None)


@pytest.mark.parametrize(
    "url",
    ["http://x", "mail.example.com", "smtp://", "smtp://host:x", "file://elsewhere/x", "file:x"],
)
def test_a_bad_email_url_stops_the_start(url: str) -> None:
    with pytest.raises(BadEnvironment, match="EMAIL_URL"):
        read({"EMAIL_URL": url})


def test_a_bad_email_url_does_not_print_its_password() -> None:
    with pytest.raises(BadEnvironment) as refused:
        read({"EMAIL_URL": "smpt://me:secret@mail.example.com"})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["nobody", "a@b\nBcc: c@d", "Name <a@b", "a@b c@d"])
def test_a_bad_sender_stops_the_start(text: str) -> None:
    with pytest.raises(BadEnvironment, match="GOATAPI_EMAIL_FROM"):
        read({"GOATAPI_EMAIL_FROM": text})


def test_posting_loads_no_celery_in_embedded_mode(db: None) -> None:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = (
        "import django, sys; django.setup(); import goatapi.urls, sites.outbox;"
        "print('celery' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
