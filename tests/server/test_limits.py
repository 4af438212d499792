"""JSON is bounded before it is parsed, and what passes is read as OpenBao reads it."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellkept.core.refusal import Refusal
from wellkept.server.limits import DEFAULT, MAX_DEPTH, Limits, parse_object

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(st.dictionaries(st.text(), values))
@settings(max_examples=150, deadline=None)
def test_an_ordinary_object_passes_unchanged(document: dict[str, object]) -> None:
    assert parse_object(json.dumps(document).encode()) == document


@pytest.mark.parametrize("body", [b"", b"  \n", b"null", b" null "])
def test_nothing_is_no_object(body: bytes) -> None:
    assert parse_object(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b'"x"', b"1", b"true", b'{"a":', b'{"a":1}x', b'{"a":1}{"b":2}', b'{"a":NaN}', b'{"a":1e999}',
        b'{"a":"\\ud800"}', b'{"a":"\xff"}', b'\xef\xbb\xbf{"a":1}', b'{"a":"\t"}', b"{'a':1}", b"{a:1}", b'{"a":01}',
    ],
)  # fmt: skip
def test_what_is_no_object_is_refused_without_being_repeated(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse_object(body)
    assert refused.value.status == 400
    assert refused.value.__context__ is None
    assert str(refused.value).startswith("failed to decode JSON input: ")


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert parse_object(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":' + b"[" * 400 + b"]" * 400 + b"}", "depth"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "depth"),
        (b"[" * 100_000, "JSON"),
        (b'{"a":[' + b",".join([b"{}"] * 1_000_000) + b"]}", "memory"),
        (b'{"a":[' + b",".join([b"1"] * 2_000_000) + b"]}", "memory"),
        (b"{" + b",".join(b'"%d":1' % n for n in range(1001)) + b"}", "strings"),
        (b'{"a":[' + b",".join([b'""'] * 1001) + b"]}", "strings"),
        (b'{"' * 100_000, "strings"),
    ],
    ids=["arrays", "objects", "unclosed", "many-objects", "many-numbers", "many-keys", "many-texts", "torn"],
)
def test_what_is_too_complex_is_refused_before_it_is_parsed(body: bytes, reason: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Refusal, match=reason):
            parse_object(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(body) + (1 << 20)


def test_brackets_commas_and_quotes_inside_a_text_are_no_structure() -> None:
    text = '[{",:\\"' * 5000
    assert parse_object(json.dumps({"a": text}).encode()) == {"a": text}


def test_as_deep_as_allowed_passes_and_can_be_written_again() -> None:
    from orjson import dumps

    body = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    parsed = parse_object(body)
    dumps({"data": {"data": parsed}})


@pytest.mark.parametrize(
    "body", [b'"' + b"\\" * 200_000, b'{"a":"' + b'\\"' * 200_000, b'"' * 200_000 + b"\\"]
)
def test_quotes_and_backslashes_without_end_cost_no_more_than_their_length(body: bytes) -> None:
    """A tokenizer that goes back over an unclosed text would take hours for these."""
    with pytest.raises(Refusal):
        parse_object(body + b"[" * 300)


def test_limits_of_zero_are_no_limits() -> None:
    limits = Limits(json_memory=0, json_strings=0)
    body = b"{" + b",".join(b'"%d":1' % n for n in range(5000)) + b"}"
    assert len(parse_object(body, limits) or {}) == 5000
    with pytest.raises(Refusal):
        parse_object(body, DEFAULT)
