"""The commands of this room: what they print, where, and how they refuse."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from sites import keys, services
from sites.models import ApiKey, Role, Site, User
from tests.sites.people import get, tenant

Output = pytest.CaptureFixture[str]


@pytest.mark.django_db
class TestCreateSite:
    def test_makes_a_site_and_says_where_it_is(self, capsys: Output) -> None:
        call_command("create_site", "Foo", "--email", "ann@foo.org", "--link-domain", "foo.org/")
        site = Site.objects.get()
        assert (site.code, site.link_domain) == ("foo", "foo.org")
        out = capsys.readouterr().out.splitlines()
        assert out[0] == f"Made the site foo (id {site.pk}), owned by ann@foo.org."
        assert "can not sign in" in out[1]
        assert out[2] == "http://foo.example.com:8000"

    def test_with_a_password_that_is_never_printed(self, capsys: Output) -> None:
        call_command("create_site", "foo", "--email", "ann@foo.org", "--password", "pass-word-1")
        assert User.objects.get().check_password("pass-word-1")
        assert "pass-word-1" not in "".join(capsys.readouterr())

    def test_a_known_owner_keeps_the_password(self, capsys: Output) -> None:
        services.create_site(code="foo", email="ann@foo.org", password="pass-word-1")
        call_command("create_site", "bar", "--email", "ANN@foo.org", "--password", "pass-word-2")
        assert User.objects.get().check_password("pass-word-1")
        assert "unchanged" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("foo", "--email", "x@x.org"), "The code ‘foo’ is taken."),
            (("FOO", "--email", "x@x.org"), "The code ‘foo’ is taken."),
            (("www", "--email", "x@x.org"), "The code ‘www’ is reserved."),
            (("a_b", "--email", "x@x.org"),
             "The code can hold only the letters a to z, digits and -."),
            (("bar", "--email", "x"), "‘x’ is not a valid e-mail address."),
            (("bar", "--email", "x@x.org", "--link-domain", "x y"),
             "The link domain must have 4 to 255 characters."),
        ],
    )  # fmt: skip
    def test_refuses_in_a_sentence(
        self, capsys: Output, arguments: tuple[str, ...], sentence: str
    ) -> None:
        tenant("foo")
        with pytest.raises(SystemExit) as exit_:
            call_command("create_site", *arguments)
        printed = capsys.readouterr()
        assert (exit_.value.code, printed.out, printed.err) == (1, "", sentence + "\n")
        assert Site.objects.count() == User.objects.count() == 1


@pytest.mark.django_db
class TestCreateApiKey:
    def make(self, *more: str, permissions: str = "count,export", code: str = "foo") -> None:
        call_command(
            "create_api_key", code, "--email", "owner@foo.org", "--name", "ci",
            "--permissions", permissions, *more,
        )  # fmt: skip

    def test_prints_the_key_alone(self, capsys: Output) -> None:
        foo = tenant("foo")
        self.make()
        printed = capsys.readouterr()
        text = printed.out.strip()
        assert printed.out == f"{text}\n"
        assert printed.err == ""
        assert keys.well_formed(text)
        assert get(foo.host, "/api/v0/me", key=text).status_code == 200
        assert (ApiKey.objects.get().permissions, ApiKey.objects.get().expires_at) == (6, None)

    def test_without_any_permission(self, capsys: Output) -> None:
        tenant("foo")
        self.make(permissions="")
        assert keys.names_of(ApiKey.objects.get().permissions) == []
        assert keys.well_formed(capsys.readouterr().out.strip())

    @pytest.mark.parametrize(("text", "hours"), [("12h", 12), ("90d", 2160), ("4w", 672)])
    def test_that_ends(self, text: str, hours: int) -> None:
        tenant("foo")
        before = timezone.now()
        self.make("--expires", text)
        expires = ApiKey.objects.get().expires_at
        assert expires is not None
        assert timedelta() <= expires - before - timedelta(hours=hours) < timedelta(minutes=1)

    @pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "d", "1y", "9999999d", "tomorrow"])
    def test_refuses_a_bad_expiry(self, capsys: Output, text: str) -> None:
        tenant("foo")
        with pytest.raises(SystemExit):
            self.make("--expires=" + text)
        assert capsys.readouterr().err == (
            f"The expiry must be a number of hours, days or weeks such as 90d, not ‘{text}’.\n"
        )
        assert not ApiKey.objects.exists()

    def test_refuses_an_unknown_permission(self, capsys: Output) -> None:
        tenant("foo")
        with pytest.raises(SystemExit) as exit_:
            self.make(permissions="count,fly")
        printed = capsys.readouterr()
        assert (exit_.value.code, printed.out) == (1, "")
        assert printed.err == (
            "Unknown permission ‘fly’: known are "
            "count, export, site-read, site-create, site-update, stats.\n"
        )

    def test_refuses_an_unknown_site(self, capsys: Output) -> None:
        with pytest.raises(SystemExit):
            self.make()
        assert capsys.readouterr().err == "There is no site with the code ‘foo’.\n"

    def test_a_stranger_and_an_unknown_person_are_refused_alike(self, capsys: Output) -> None:
        tenant("foo")
        tenant("bar")
        for email in ("owner@bar.org", "nobody@bar.org"):
            with pytest.raises(SystemExit):
                self.make("--email", email)
            assert capsys.readouterr().err == f"The account of ‘foo’ has no member {email}.\n"

    def test_refuses_a_member_who_is_no_admin(self, capsys: Output) -> None:
        foo = tenant("foo")
        services.add_member(account=foo.account, user=foo.owner, role=Role.READ_ONLY)
        with pytest.raises(SystemExit):
            self.make()
        assert capsys.readouterr().err == "Only admins can create and use API keys.\n"


@pytest.mark.django_db
class TestSetDomain:
    def test_the_site_is_reached_there_and_at_its_code(self, capsys: Output) -> None:
        foo = tenant("foo")
        call_command("set_domain", "foo", "Stats.Foo.org.")
        assert capsys.readouterr().out == "http://stats.foo.org:8000\n"
        _, key = foo.key()
        for host in ("stats.foo.org", foo.host):
            assert get(host, "/api/v0/me", key=key).status_code == 200

    def test_until_the_domain_is_removed(self, capsys: Output) -> None:
        foo = tenant("foo")
        call_command("set_domain", "foo", "stats.foo.org")
        call_command("set_domain", "foo", "--remove")
        assert capsys.readouterr().out.endswith("http://foo.example.com:8000\n")
        assert get("stats.foo.org", "/api/v0/me", key=foo.key()[1]).status_code == 404

    def test_the_same_domain_again_is_no_matter(self) -> None:
        tenant("foo")
        call_command("set_domain", "foo", "stats.foo.org")
        call_command("set_domain", "foo", "stats.foo.org")
        assert Site.objects.get().cname == "stats.foo.org"

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("foo", "stats.bar.org"), "The domain ‘stats.bar.org’ is another site's."),
            (("foo", "bar.example.com"), "Sites below example.com are reached by their codes; "
             "a domain of their own lies elsewhere."),
            (("foo", "example.com"), "Sites below example.com are reached by their codes; "
             "a domain of their own lies elsewhere."),
            (("foo", "https://foo.org"), "The domain must be a host name such as stats.example.org, "
             "in ASCII (xn--… for others)."),
            (("foo", "stäts.foo.org"), "The domain must be a host name such as stats.example.org, "
             "in ASCII (xn--… for others)."),
            (("foo", "foo"), "The domain must be a host name such as stats.example.org, "
             "in ASCII (xn--… for others)."),
            (("foo", "192.0.2.1"), "The domain must be a name that others can look up, not an address."),
            (("foo",), "Give either a domain or --remove."),
            (("foo", "foo.org", "--remove"), "Give either a domain or --remove."),
            (("nobody", "foo.org"), "There is no site with the code ‘nobody’."),
        ],
    )  # fmt: skip
    def test_refuses_in_a_sentence(
        self, capsys: Output, arguments: tuple[str, ...], sentence: str
    ) -> None:
        tenant("foo")
        services.set_domain(site=tenant("bar").site, domain="stats.bar.org")
        with pytest.raises(SystemExit) as exit_:
            call_command("set_domain", *arguments)
        printed = capsys.readouterr()
        assert (exit_.value.code, printed.out, printed.err) == (1, "", sentence + "\n")
        assert Site.objects.get(code="foo").cname is None


@pytest.mark.django_db
class TestSetSite:
    """manage.py set_site."""

    def test_changes_what_is_named_and_nothing_else(self, capsys: Output) -> None:
        tenant("foo")
        call_command("set_site", "foo", "--ignore-ips", "10.0.0.0/8, ::1", "--allow-counter", "on")
        call_command("set_site", "foo", "--collect", "510", "--collect-regions", "us")
        site = Site.objects.get()
        assert (site.ignore_ips, site.allow_counter) == ("10.0.0.0/8, ::1", True)
        assert (site.collect, site.collect_regions) == (510, "US")
        assert "foo: collect = 510" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ((), "There is nothing to change: name a setting.\n"),
            (("--collect", "512"), "Collect must be a sum of switches from 1 to 511.\n"),
            (("--collect-regions", "USA"), "‘USA’ is not a country code such as US.\n"),
            (("--ignore-ips", "1.2.3.4 x"), "‘x’ is not an address or a network.\n"),
        ],
    )
    def test_refuses_in_a_sentence(
        self, capsys: Output, arguments: tuple[str, ...], sentence: str
    ) -> None:
        tenant("foo")
        with pytest.raises(SystemExit):
            call_command("set_site", "foo", *arguments)
        assert capsys.readouterr().err == sentence
        assert Site.objects.get().collect == 446


def django(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with its own data folder."""
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "goatapi.settings",
        "GOATAPI_DATA_DIR": str(folder), "DATABASE_URL": "", "GOATAPI_DOMAIN": "localhost",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_from_a_shell_refusals_are_a_status_and_a_sentence(tmp_path: Path) -> None:
    made = django(tmp_path, "create_site", "foo", "--email", "ann@foo.org")
    assert made.returncode == 1
    assert made.stderr.startswith("The database can not be used (is it migrated?)")
    assert "Traceback" not in made.stderr

    assert django(tmp_path, "migrate", "--verbosity", "0").returncode == 0
    made = django(tmp_path, "create_site", "foo", "--email", "ann@foo.org")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.endswith("http://foo.localhost:8000\n")

    again = django(tmp_path, "create_site", "foo", "--email", "ann@foo.org")
    assert (again.returncode, again.stdout, again.stderr) == (1, "", "The code ‘foo’ is taken.\n")

    options = ("--email", "ann@foo.org", "--name", "ci", "--permissions", "")
    key = django(tmp_path, "create_api_key", "foo", *options)
    assert (key.returncode, key.stderr) == (0, "")
    assert keys.well_formed(key.stdout.strip())
