"""Streams: the same as the whole text at once, whatever the borders of the chunks."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wellkept.redaction.forms import forms
from wellkept.redaction.index import Index
from wellkept.redaction.known import Known
from wellkept.redaction.redactor import FAILED, Redactor
from wellkept.redaction.stream import StreamRedactor
from wellkept.secret import Secret

Make = Callable[..., Redactor]

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n" * 20
    + "-----END PRIVATE KEY-----"
)


def through(redactor: Redactor, data: bytes, sizes: list[int]) -> bytes:
    stream, out, at = StreamRedactor(redactor), b"", 0
    for size in sizes:
        out += stream.feed(data[at : at + size])
        at += size
    return out + stream.feed(data[at:]) + stream.flush()


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], bytes, list[int]]:
    letters = draw(st.sampled_from(["ab", "abcdefghij0123456789", "aé/+= '\"\\\n"]))
    values = draw(st.lists(st.text(letters, min_size=4, max_size=24), min_size=1, max_size=3))
    bodies = sorted({body for value in values for body, _ in forms(value.encode())})
    pieces = draw(
        st.lists(st.sampled_from(bodies) | st.text(letters + " .", max_size=6).map(str.encode), max_size=7)
    )
    return values, b"".join(pieces), draw(st.lists(st.integers(1, 12), max_size=20))


@given(cases())
@settings(max_examples=400)
@example((["aaaa"], b"aaaaaaaaaaab", [1] * 12))
@example((["abcdef", "efghij"], b"abcdefghij.", [6, 2, 2]))
def test_chunks_give_what_the_whole_gives(case: tuple[list[str], bytes, list[int]]) -> None:
    values, data, sizes = case
    known = Known()
    for value in values:
        known.remember(Secret(value, name="x"))
    redactor = Redactor(known, shapes=(), named="\x00", unnamed="\x00")
    assert through(redactor, data, sizes) == redactor.redact(data)


@pytest.mark.parametrize("value", ["s3cret-value", "postgresql://app:hunter22@db/app", "line-one\nline-two"])
def test_a_value_split_at_every_pair_of_borders_is_found(knowing: Make, value: str) -> None:
    redactor = knowing(x=value)
    data = f"before {value} after\n".encode()
    for first in range(len(data)):
        for second in range(first, len(data), 3):
            out = through(redactor, data, [first, second - first])
            assert out == b"before [redacted:x] after\n"


@pytest.mark.parametrize("shape", [TOKEN, JWT, KEY, "postgresql://app:hunter22@db/app", "password=hunter22"])
def test_a_shape_split_at_any_border_is_hidden(knowing: Make, shape: str) -> None:
    redactor = knowing(shapes=True)
    data = f"before {shape}\nafter\n".encode()
    whole = redactor.redact(data)
    assert shape.encode() not in whole
    for border in range(len(data)):
        out = through(redactor, data, [border])
        if "password=" in shape:
            assert b"hunter22" not in out
        else:
            assert out == whole


def test_a_shape_byte_by_byte_is_hidden(knowing: Make) -> None:
    redactor = knowing(shapes=True)
    data = f"before {TOKEN} {JWT}\n{KEY}\nafter\n".encode()
    assert through(redactor, data, [1] * len(data)) == redactor.redact(data)


@pytest.mark.parametrize(
    "prompt",
    ["Password: ", "Enter token:", "$ ", ">>> ", "Continue? [y/N] ", "progress 45%\r", "(gdb) ", "\x1b[0m# "],
)
def test_a_prompt_without_newline_appears_at_once(knowing: Make, prompt: str) -> None:
    stream = StreamRedactor(knowing(x="s3cret-value", y="hunter2hunter2", shapes=True))
    assert stream.feed(prompt.encode()) == prompt.encode()
    assert stream.pending == 0


def test_only_what_may_begin_a_known_value_is_held_back(knowing: Make) -> None:
    stream = StreamRedactor(knowing(x="s3cret-value"))
    assert stream.feed(b"it is s3cr") == b"it is "
    assert stream.pending == 4
    assert stream.feed(b"ew, no") == b"s3crew, no"
    assert stream.feed(b"s3cret-valu") == b""
    assert stream.feed(b"e") == b"[redacted:x]"
    assert stream.feed(b"s3") == b""
    assert stream.flush() == b"s3"
    assert stream.flush() == b""


def test_what_is_held_is_bounded_whatever_comes(knowing: Make) -> None:
    big = "".join(f"{n:07x}" for n in range(150_000))
    redactor = knowing(big=big, aaaa="aaaa", shapes=True)
    longest = redactor.index().longest
    stream = StreamRedactor(redactor)
    hostile = [
        b"a" * 1000,
        KEY[:-30].encode(),
        b"eyJ" + b"x" * 5000,
        big.encode()[:8000],
        b"://" + b"u" * 3000,
    ]
    for chunk in hostile * 8:
        stream.feed(chunk)
        assert stream.pending <= longest + 20_000


def test_a_megabyte_value_in_chunks_is_named_once(knowing: Make) -> None:
    value = "".join(f"{n:07x}" for n in range(150_000))[: 1024 * 1024]
    redactor = knowing(big=value)
    data = b"a " + value.encode() + b" b"
    assert through(redactor, data, [4_000] * 300) == b"a [redacted:big] b"
    shifted = b"a " + base64.b64encode(b"x" + value.encode() + b"y") + b" b"
    out = through(redactor, shifted, [4_096] * 400)
    assert out.count(b"[redacted:big]") == 1
    assert len(out) < 40


def test_a_value_remembered_between_two_chunks_is_found() -> None:
    known = Known()
    stream = StreamRedactor(Redactor(known))
    assert stream.feed(b"first ") == b"first "
    known.remember(Secret("late-comer", name="x"))
    assert stream.feed(b"late-comer\n") == b"[redacted:x]\n"


def test_an_error_inside_withholds_the_chunk_and_the_next_is_right(
    knowing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = StreamRedactor(knowing(x="s3cret-value"))
    with monkeypatch.context() as patch:
        patch.setattr(Index, "find", lambda *_: 1 / 0)
        assert stream.feed(b"a s3cret-value b\n") == FAILED.encode()
        assert stream.flush() == FAILED.encode()
    assert stream.feed(b"a s3cret-value b\n") == b"a [redacted:x] b\n"


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=10))
def test_bytes_that_are_nobodys_pass_unchanged(data: bytes, sizes: list[int]) -> None:
    known = Known()
    known.remember(Secret("a-value-that-is-not-in-there", name="x"))
    assert through(Redactor(known, shapes=()), data, sizes) == data
