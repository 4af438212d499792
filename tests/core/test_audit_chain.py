"""The chain by itself: every byte of a line counts, and so does its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.core.audit_chain import START, Chain, Head
from wellkept.errors import IntegrityError

KEY = b"k" * 32


def chain_of(count: int) -> list[bytes]:
    chain, head, lines = Chain(KEY), START, []
    for number in range(count):
        line, head = chain.line(head, f'"n":{number}')
        lines.append(line)
    return lines


def test_a_line_is_json_and_says_where_it_stands():
    first, second = (json.loads(line) for line in chain_of(2))
    assert (first["seq"], first["prev"], first["n"]) == (1, "0" * 64, 0)
    assert (second["seq"], second["prev"]) == (2, first["mac"])


def test_a_line_as_it_was_written_passes():
    (line,) = chain_of(1)
    place = Chain(KEY).check(line[:-1])
    assert (place.seq, place.mac) == (1, json.loads(line)["mac"])


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_change_of_any_one_byte_is_noticed(position, change):
    (line,) = chain_of(1)
    altered = bytearray(line[:-1])
    altered[position % len(altered)] ^= change
    assert Chain(KEY).check(bytes(altered)) is None


@given(st.binary(max_size=300))
def test_what_was_never_signed_is_refused(line):
    assert Chain(KEY).check(line) is None


def test_another_stores_line_is_refused():
    (line,) = chain_of(1)
    assert Chain(b"x" * 32).check(line[:-1]) is None


def test_a_value_that_looks_like_a_line_does_not_get_the_mac_of_one():
    (line,) = chain_of(1)
    body = line[: line.index(b',"mac"')]
    assert Chain(KEY).digest(body) != "hmac-sha256:" + json.loads(line)["mac"]


def test_equal_values_have_equal_digests_and_others_do_not():
    chain = Chain(KEY)
    assert chain.digest(b"a") == Chain(KEY).digest(b"a")
    assert chain.digest(b"a") != chain.digest(b"b")
    assert chain.digest(b"a") != Chain(b"x" * 32).digest(b"a")


def test_a_head_comes_back_as_it_was_stored():
    head = Head(12, "ab" * 32, 3456)
    assert Chain(KEY).open_head(Chain(KEY).seal_head(head)) == head


@pytest.mark.parametrize(
    "stored",
    [
        None,
        b"",
        b"1",
        b"1 2 3 4 5",
        Chain(KEY).seal_head(Head(2, "ab" * 32, 5)).replace(b"1 2", b"1 1"),
        Chain(b"x" * 32).seal_head(Head(2, "ab" * 32, 5)),
        Chain(KEY).seal_head(Head(2, "ab" * 32, 5))[:-1],
    ],
)
def test_a_head_that_was_not_written_by_this_store_is_refused(stored):
    with pytest.raises(IntegrityError):
        Chain(KEY).open_head(stored)
