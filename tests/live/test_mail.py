"""A page posts, the worker sends: through the real processes, to a real mail server."""

import re
import time

from tests.live.conftest import Make
from tests.live.server import LiveServer, http_client, wait_until
from tests.mailbox import MailServer


def ask_for_sites(server: LiveServer, email: str) -> None:
    """What a person does on /find-my-site."""
    with http_client(server.url) as client:
        page = client.get("/find-my-site").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        fields = {"email": email, "csrfmiddlewaretoken": token[1]}
        assert client.post("/find-my-site", data=fields).status_code == 200


def test_what_a_page_posts_the_worker_sends_once(make_server: Make) -> None:
    with MailServer().running() as mail:
        server = make_server(EMAIL_URL=mail.url)
        server.start()
        server.make_site("mails")
        ask_for_sites(server, "nobody@example.org")
        wait_until(lambda: len(mail.taken) == 1, server.said)
        time.sleep(2)  # another look, and another ring of the schedule
        assert [str(each["To"]) for each in mail.taken] == ["nobody@example.org"]


def test_without_a_mail_server_it_is_a_file_in_the_data_folder(make_server: Make) -> None:
    server = make_server()
    server.start()
    ask_for_sites(server, "nobody@example.org")
    folder = server.data / "mail"
    wait_until(lambda: folder.is_dir() and any(folder.glob("*.eml")), server.said)
    [file] = folder.iterdir()
    assert "To: nobody@example.org" in file.read_text()
