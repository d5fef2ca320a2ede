"""What has been posted, and a mail server to send it to."""

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sites.models import Mail


def posted(to: str = "", kind: str = "") -> list[Mail]:
    """Mails that wait, the newest last; those to this address, of this kind."""
    mails = Mail.objects.order_by("pk")
    return list(mails.filter(**{k: v for k, v in (("to", to), ("kind", kind)) if v}))


def link_in(mail: Mail, containing: str = "://") -> str:
    """The first address in the mail's text with this in it; it stands in its HTML, too."""
    found = [url for url in re.findall(r"https?://\S+", mail.text) if containing in url]
    assert found, f"no link in {mail.kind}"
    assert found[0].replace("&", "&amp;") in mail.html
    return str(found[0])


class MailServer:
    """Speaks as much SMTP as is needed, on a port of its own. `refuse`: address → what it is answered."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refuse: dict[str, str] = {}
        self.after_data = "250 taken"

    @property
    def url(self) -> str:
        """As EMAIL_URL takes it."""
        return f"smtp://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["MailServer"]:
        """From here on it answers."""
        book = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _serve(book, self.rfile, self.wfile)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
            server.daemon_threads = True
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield self
            server.shutdown()


def closed_port() -> int:
    """A port of this machine on which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(book: MailServer, lines: Any, answers: Any) -> None:
    def say(text: str) -> None:
        answers.write(f"{text}\r\n".encode())

    say("220 ready")
    sender = ""
    recipients: list[str] = []
    for raw in lines:
        word, _, rest = raw.decode().strip().partition(" ")
        verb = word.upper()
        if verb == "MAIL":
            sender, recipients = _address(rest), []
            say("250 ok")
        elif verb == "RCPT":
            refusal = book.refuse.get(_address(rest))
            recipients += [] if refusal else [_address(rest)]
            say(refusal or "250 ok")
        elif verb == "DATA":
            say("354 go on")
            content = b"".join(iter(lines.readline, b".\r\n"))
            if book.after_data.startswith("250"):
                book.envelopes.append((sender, recipients))
                message: Any = message_from_bytes(content, policy=policy.default)
                book.taken.append(message)
            say(book.after_data)
        elif verb == "QUIT":
            say("221 bye")
            return
        else:
            say("250 ok")


def _address(rest: str) -> str:
    found = re.search(r"<([^>]*)>", rest)
    return found[1] if found else ""
