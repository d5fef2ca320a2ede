"""The journal's format: whatever happens to a file, every record outside of the damage is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hits.segments import HEADER, MAGIC, MAX_PAYLOAD, Damage, Record, is_torn, pack, unpack

quick = settings(deadline=None, max_examples=150)

TRAPS = st.sampled_from(
    [MAGIC, MAGIC * 5, MAGIC[:3], pack(b"inner")[:-1], HEADER.pack(MAGIC, 4, 0, 0)]
)


def holds_no_record(data: bytes) -> bool:
    """A trap and a lucky byte behind it can make a whole record after all."""
    return not any(isinstance(item, Record) for item in unpack(data))


LOOSE = st.lists(st.binary(max_size=40) | TRAPS, max_size=4).map(b"".join).filter(holds_no_record)
"""Payloads and garbage with everything in it that might be taken for a record, and is none."""

NESTED = LOOSE | LOOSE.map(pack) | LOOSE.map(lambda inner: b"x" + pack(inner) + pack(b""))
"""Payloads that hold whole records."""


def ends(payloads: list[bytes]) -> list[int]:
    found, end = [], 0
    for payload in payloads:
        end += HEADER.size + len(payload)
        found.append(end)
    return found


def joined(payloads: list[bytes]) -> bytes:
    return b"".join(map(pack, payloads))


def records(payloads: list[bytes], base: int = 0) -> list[Record | Damage]:
    return [
        Record(payload, base + end) for payload, end in zip(payloads, ends(payloads), strict=True)
    ]


@quick
@given(st.lists(NESTED, max_size=6), st.integers(0, 1 << 40))
def test_what_was_packed_comes_back_with_its_places(payloads: list[bytes], base: int) -> None:
    assert list(unpack(joined(payloads), base)) == records(payloads, base)


@quick
@given(st.lists(NESTED, min_size=1, max_size=6), st.data())
def test_a_file_cut_anywhere_gives_its_whole_records_and_a_torn_tail(
    payloads: list[bytes], data: st.DataObject
) -> None:
    whole = joined(payloads)
    cut = data.draw(st.integers(0, len(whole)))
    found = list(unpack(whole[:cut]))
    complete = [end for end in ends(payloads) if end <= cut]
    assert found == records(payloads)[: len(complete)]
    assert is_torn(whole[(complete or [0])[-1] : cut])


@quick
@given(st.lists(LOOSE, min_size=1, max_size=6), st.data())
def test_a_flipped_bit_costs_the_one_record_it_is_in(
    payloads: list[bytes], data: st.DataObject
) -> None:
    whole = bytearray(joined(payloads))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    assert list(unpack(bytes(whole))) == with_damage(payloads, bit // 8)


def with_damage(payloads: list[bytes], at: int) -> list[Record | Damage]:
    """What is to be found when the record at `at` is no more. Damage at the end is not told yet."""
    starts = [0, *ends(payloads)]
    hit = max(n for n, start in enumerate(starts[:-1]) if start <= at)
    before, after = records(payloads)[:hit], records(payloads)[hit + 1 :]
    return [*before, Damage(starts[hit], starts[hit + 1]), *after] if after else before


@quick
@given(st.lists(LOOSE, max_size=4), LOOSE, st.lists(LOOSE, min_size=1, max_size=4))
def test_garbage_between_records_is_damage_exactly(
    before: list[bytes], garbage: bytes, after: list[bytes]
) -> None:
    found = list(unpack(joined(before) + garbage + joined(after)))
    start = len(joined(before))
    damage: list[Record | Damage] = [Damage(start, start + len(garbage))] if garbage else []
    assert found == [*records(before), *damage, *records(after, start + len(garbage))]


@quick
@given(st.lists(LOOSE, min_size=2, max_size=5), LOOSE.filter(bool), st.data())
def test_garbage_inside_a_record_costs_no_other(
    payloads: list[bytes], garbage: bytes, data: st.DataObject
) -> None:
    last_start = ends(payloads)[-2]
    whole, at = joined(payloads), data.draw(st.integers(0, last_start - 1))
    found = list(unpack(whole[:at] + garbage + whole[at:]))
    touched = next(n for n, end in enumerate(ends(payloads)) if at < end)
    others = payloads[:touched] + payloads[touched + 1 :]
    kept = [item.payload for item in found if isinstance(item, Record)]
    assert kept in (others, payloads)  # `payloads`: it went in exactly between two records


@quick
@given(st.binary(max_size=300) | LOOSE)
def test_any_bytes_at_all_are_read_without_an_error(data: bytes) -> None:
    at = 0
    for item in unpack(data):
        assert item.end > at
        at = item.end
    is_torn(data)


def test_damage_is_told_only_once_a_record_follows() -> None:
    garbage, record = b"garbage", pack(b"good")
    assert list(unpack(garbage + record[:-1])) == []
    assert list(unpack(garbage + record)) == [Damage(0, 7), Record(b"good", 7 + len(record))]


def test_a_large_record_that_is_not_all_there_hides_the_records_in_its_payload() -> None:
    outer = pack(b"outer" + pack(b"inner") + b"more")
    assert list(unpack(outer[:-1])) == []
    assert is_torn(outer[:-1])


def test_zeros_of_a_power_loss_are_a_torn_tail() -> None:
    assert is_torn(b"\0" * 8)
    assert is_torn(b"\0" * 5000)


def test_damage_at_the_end_is_no_torn_tail() -> None:
    record = bytearray(pack(b"payload"))
    record[-1] ^= 1
    assert not is_torn(bytes(record))
    assert not is_torn(b"garbage")
    assert not is_torn(b"garbage" * 10)


def test_a_payload_that_no_reader_would_take_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        pack(bytes(MAX_PAYLOAD + 1))
    assert len(list(unpack(pack(bytes(MAX_PAYLOAD))))) == 1
