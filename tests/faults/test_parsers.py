"""What comes from outside is read without an unexpected error: random bytes, and almost right ones."""

import gzip
import json
from itertools import pairwise

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from goatapi.errors import GoatapiError
from goatapi.http.body import bounded_body, decode_json, lenient_json
from hits import records
from hits.batch import Reader
from hits.campaign import campaign_of
from hits.geo import BuiltInLocator
from hits.language import language_of
from hits.parse import MAX_PATH, MAX_QUERY, MAX_REF, MAX_TITLE, Refused, parse_count
from hits.paths import clean_path, is_noise
from hits.records import Frame
from hits.referrer import clean_referrer, is_refspam
from hits.segments import Record, is_torn, pack, unpack
from hits.sent import MAX_HITS
from hits.size import MAX_SIZE, screen_width
from hits.useragent import describe
from hits.visitors import Visitors
from storage.types import Salt
from tests.faults import LONG
from tests.hits.wires import site

CASES = 10_000 if LONG else 60
"""For each: 100,000 or more in the long form, all together."""

cases = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)

PIECES = (
    *"/?&=%#;:.,+- \t\n\0\"'<>[]{}\\@",
    *("%2F", "%00", "%ff", "%", "%E4%BD", "//", "/../", "http://", "https://www.", "javascript:"),
    *("utm_source=", "utm_campaign=", "ref=", "fbclid=x", "gclid", "?", "&amp;", "index.html"),
    *("p=/a", "&t=", "&r=", "&q=", "&s=1280,800,1", "&s=-1", "&e=true", "&b=150", "&ns=", "&rnd="),
    *("google.com", "t.co/x", "android-app://", "web.archive.org/web/2020/", "localhost:8000"),
    *("Mozilla/5.0 (", "Windows NT 10.0", "; rv:128.0)", " Gecko/20100101", " Firefox/128.0"),
    *(
        "AppleWebKit/537.36 (KHTML, like Gecko)",
        " Chrome/126.0.0.0",
        " Safari/604.1",
        "iPhone OS 17_5",
    ),
    *("en-US", "nl;q=0.8", "zh-Hant-TW", "*;q=0", ";q=1e400", ";q=nan", "i-klingon", "x-"),
    *("1920", "1e309", "-0", "0x10", "١٢", "1_0", "inf", "nan", ",", "\ud800", "😀", "ß", "İ", "é"),
)
texts = (
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join) | st.text()
)
long_texts = st.tuples(texts, st.integers(1, 3000)).map(lambda pair: (pair[0] * pair[1])[:20_000])
some = texts | long_texts

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
HIT_KEYS = (
    "path title event ref size query bot user_agent location language ip created_at session id x"
)
hits = st.dictionaries(
    st.sampled_from(HIT_KEYS.split()),
    values | st.sampled_from(["/", "2026-01-01T00:00:00Z", "198.51.100.7", 1, [1280, 800, 1]]),
    max_size=8,
)
batches = st.fixed_dictionaries(
    {"hits": st.lists(hits | st.just({"path": "/a"}), max_size=6) | values},
    optional={"no_sessions": st.booleans() | values, "filter": st.just(["ip"]) | values},
)
json_bytes = (batches | values).map(lambda value: json.dumps(value).encode())
cut_bytes = st.tuples(json_bytes, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
bodies = (
    json_bytes | cut_bytes | st.binary() | texts.map(lambda text: text.encode("utf-8", "replace"))
)


def told_whose_fault_it_is(error: GoatapiError) -> None:
    """The client's."""
    assert 400 <= error.status < 500


@given(some)
@cases
def test_queries_of_the_pixel(query: str) -> None:
    try:
        sent = parse_count(query)
    except Refused:
        return
    assert 0 < len(sent.path.strip()) <= MAX_PATH
    assert len(sent.title) <= MAX_TITLE
    assert len(sent.ref) <= MAX_REF
    assert len(sent.query) <= MAX_QUERY
    assert 0 <= sent.width <= MAX_SIZE
    assert sent.bot == 0 or sent.bot >= 150


@given(some, st.booleans())
@example("/ 0", True)
@example("0\r?", False)
@cases
def test_paths_have_one_spelling(path: str, event: bool) -> None:
    cleaned = clean_path(path, event=event)
    assert clean_path(cleaned, event=event) == cleaned
    assert event or cleaned == "" or cleaned.startswith("/")
    assert is_noise(cleaned) in (True, False)


@given(some)
@cases
def test_referrers_are_shortened(ref: str) -> None:
    text, scheme = clean_referrer(ref)
    assert scheme in "hgo"
    assert text == text.rstrip("/ ")
    assert "\0" not in text or "\0" in ref
    assert is_refspam(ref) in (True, False)


@given(some)
@cases
def test_campaigns_hold_no_nul(query: str) -> None:
    for text in campaign_of(query):
        assert text == text.strip()
        assert "\0" not in text


@given(some)
@cases
def test_user_agents_are_told_in_short(header: str) -> None:
    agent = describe(header[:512])
    assert describe(header[:512]) == agent
    for text in (agent.browser, agent.browser_version, agent.system, agent.system_version):
        assert len(text) <= 512


@given(some)
@cases
def test_languages_are_three_letters_or_none(header: str) -> None:
    code = language_of(header)
    assert code == "" or (len(code) == 3 and code.isascii() and code.islower())


sizes = (
    st.none() | some | st.integers() | st.floats() | st.lists(st.integers() | st.floats() | texts)
)


@given(sizes)
@cases
def test_sizes_are_whole_and_within_bounds(
    size: str | float | list[object] | None,
) -> None:
    try:
        width = screen_width(size)
    except ValueError:
        return
    assert type(width) is int
    assert 0 <= width <= MAX_SIZE


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Of batches, with salts of its own."""
    salts = (Salt(2, b"2" * 16, 1), Salt(1, b"1" * 16, 0))
    visitors = Visitors(lambda: salts)
    visitors.refresh()
    return Reader(visitors, BuiltInLocator())


@given(body=bodies, key=st.sampled_from(["", "a key"]))
@cases
def test_batches_are_read_hit_by_hit(reader: Reader, body: bytes, key: str) -> None:
    try:
        outcome = reader.read(site(1), body, idempotency_key=key)
    except GoatapiError as error:
        told_whose_fault_it_is(error)
        return
    assert len(outcome.hits) + len(outcome.errors) + len(outcome.filtered) <= MAX_HITS
    frame = Frame(1, 1, outcome.hits, outcome.tallies)
    assert records.decode(records.encode(frame)) == frame


lengths = st.sampled_from([15, 16, 17, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1024, 1025])
near_limits = st.dictionaries(
    st.sampled_from(HIT_KEYS.split()),
    lengths.map(lambda length: "é" * length) | st.sampled_from(["", " ", "a\0", None]),
).map(lambda rest: rest | {"path": "/a"})


@given(hit=hits | near_limits)
@cases
@example({"path": " \u2003"})
@example({"path": "/" * MAX_PATH, "query": "a" * (MAX_QUERY + 1), "ref": "a" * MAX_REF})
@example({"path": "/" * (MAX_PATH + 1), "query": "a" * MAX_QUERY, "ref": "a" * (MAX_REF + 1)})
def test_a_hit_is_read_the_same_whatever_its_neighbours(
    reader: Reader, hit: dict[str, object]
) -> None:
    """All good hits are decoded at once; among others each is on its own."""
    text = json.dumps(hit).replace("NaN", "0").replace("Infinity", "0")
    alone = reader.read(site(1), f'{{"hits": [{text}]}}'.encode())
    among = reader.read(site(1), f'{{"hits": [{text}, {{"path": "\\u0000"}}]}}'.encode())
    assert among.errors.pop("1") == "path: must be UTF-8."
    among.tallies = alone.tallies
    assert among == alone


@given(st.lists(st.binary(max_size=60), max_size=6), st.lists(st.binary(max_size=40), max_size=6))
@cases
def test_records_are_found_again_between_anything(wanted: list[bytes], dirt: list[bytes]) -> None:
    """Dirt that looks like the beginning of a record may hide those behind it, never change one."""
    parts = [each for pair in zip(dirt, map(pack, wanted), strict=False) for each in pair]
    data = b"".join(parts)
    items = list(unpack(data))
    found = [item.payload for item in items if isinstance(item, Record)]
    packed = [payload for payload, _ in zip(wanted, dirt, strict=False)]
    assert found == packed or b"\xf5" in b"".join(dirt)
    ends = [0, *(item.end for item in items)]
    assert all(before < after for before, after in pairwise(ends))
    assert ends[-1] <= len(data)
    assert is_torn(data[ends[-1] :]) in (True, False)
    assert [item.payload for item in unpack(b"".join(map(pack, wanted)))] == wanted  # type: ignore[union-attr]  # no damage here


@given(bodies, st.sampled_from(["", "gzip", "deflate"]), st.booleans())
@example(b'{"start_from_hit_id": 1e999}', "", False)
@cases
def test_bodies_are_values_or_refused(body: bytes, encoding: str, whole: bool) -> None:
    content = gzip.compress(body) if encoding == "gzip" and whole else body
    headers = {"Content-Encoding": encoding} if encoding else {}
    request = RequestFactory().post("/", content, content_type="application/json", headers=headers)
    try:
        value = decode_json(bounded_body(request))
    except GoatapiError as error:
        told_whose_fault_it_is(error)
        return
    json.dumps(value, allow_nan=False).encode()
    assert lenient_json(json.dumps(value).encode(), ValueError("strict")) is not None
