"""Host names, codes, and the value that a site is elsewhere. Nothing here needs a database."""

import pytest

from sites import tenancy
from sites.tenancy import SiteRef, Wanted


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("foo.example.com", "foo.example.com"),
        ("FOO.Example.COM:8000", "foo.example.com"),
        ("foo.example.com.", "foo.example.com"),
        ("foo.example.com.:80", "foo.example.com"),
        (" foo.example.com ", "foo.example.com"),
        ("localhost:", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::1]:8000", "::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_a_host_header_is_brought_to_one_spelling(header: str, host: str) -> None:
    assert tenancy.normalise_host(header) == host


@pytest.mark.parametrize(
    "header",
    ["", ".", ":80", "foo bar", "foo/bar", "foo:80:80", "[::1", "::1", "a@b", "foo\x00", "é.com",
     "<script>", "x" * 301],
)  # fmt: skip
def test_nonsense_in_a_host_header_is_no_host(header: str) -> None:
    assert tenancy.normalise_host(header) == ""


@pytest.mark.parametrize(
    ("host", "by", "name"),
    [
        ("foo.example.com", "code", "foo"),
        ("example.com", "domain", "example.com"),
        ("stats.other.org", "cname", "stats.other.org"),
        ("notexample.com", "cname", "notexample.com"),
        ("localhost", "local", "localhost"),
        ("127.0.0.1", "local", "127.0.0.1"),
        ("::1", "local", "::1"),
        ("a.b.example.com", "nothing", "a.b.example.com"),
        ("under_score.example.com", "nothing", "under_score.example.com"),
        ("intranet", "nothing", "intranet"),
    ],
)
def test_what_a_host_asks_for(host: str, by: str, name: str) -> None:
    wanted = tenancy.wanted(host, "example.com")
    assert (wanted.by, wanted.name) == (by, name)


def test_where_the_service_is_called_localhost_its_bare_domain_is_the_local_name() -> None:
    assert tenancy.wanted("localhost", "localhost") == Wanted("local", "localhost")
    assert tenancy.wanted("foo.localhost", "localhost") == Wanted("code", "foo")


@pytest.mark.parametrize("code", ["ab", "a1", "my-site", "1st", "x" * 50])
def test_good_codes(code: str) -> None:
    assert tenancy.code_problem(code) is None


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("", "the code must have 2 to 50 characters"),
        ("a", "the code must have 2 to 50 characters"),
        ("x" * 51, "the code must have 2 to 50 characters"),
        ("Foo", "the code can hold only the letters a to z, digits and -"),
        ("a.b", "the code can hold only the letters a to z, digits and -"),
        ("a_b", "the code can hold only the letters a to z, digits and -"),
        ("ab\n", "the code can hold only the letters a to z, digits and -"),
        ("-ab", "the code cannot start or end with -"),
        ("ab-", "the code cannot start or end with -"),
        ("www", "the code ‘www’ is reserved"),
        ("stats", "the code ‘stats’ is reserved"),
    ],
)
def test_each_broken_rule_of_a_code_has_its_sentence(code: str, sentence: str) -> None:
    assert tenancy.code_problem(code) == sentence


@pytest.mark.parametrize("text", ["", "example.com", "www.example.com/blog", "https://example.com"])
def test_good_link_domains(text: str) -> None:
    assert tenancy.link_domain_problem(text) is None


@pytest.mark.parametrize(
    "text",
    ["a.b", "localhost", "javascript:alert(1)", "ftp://example.com", "exa mple.com",
     "https://exam ple.com/x", "http://[bad", "example.com/" + "x" * 255],
)  # fmt: skip
def test_what_is_no_link_domain(text: str) -> None:
    assert tenancy.link_domain_problem(text)


def test_a_site_lives_under_its_code_until_its_own_domain_works() -> None:
    here = {"scheme": "http", "domain": "localhost", "port": ":8000"}
    waiting = SiteRef(id=1, account_id=1, code="foo", cname="stats.foo.org")
    ready = SiteRef(id=1, account_id=1, code="foo", cname="stats.foo.org", cname_ready=True)
    assert tenancy.site_url(waiting, **here) == "http://foo.localhost:8000"
    assert tenancy.site_url(ready, **here) == "http://stats.foo.org:8000"


def test_addresses_and_ranges_are_ignored_and_nonsense_is_not() -> None:
    site = SiteRef(
        id=1, account_id=1, code="foo", ignore_ips=tenancy.networks("1.1.1.1, 10.0.0.0/8 x,2001::5")
    )
    assert [
        site.ignores(ip) for ip in ("1.1.1.1", "10.9.8.7", "2001::5", "1.1.1.2", "2001::6", "", "x")
    ] == [True, True, True, False, False, False, False]


def test_the_word_of_a_secret_dashboard_is_not_in_the_text_of_a_site() -> None:
    assert "s3cretword" not in repr(SiteRef(id=1, account_id=1, code="foo", secret="s3cretword"))
