"""Text streams: ``print`` and friends, in any portions."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.redaction.known import Known
from wellkept.redaction.redactor import Redactor
from wellkept.redaction.text_stream import RedactingStream
from wellkept.secret import Secret

Make = Callable[..., Redactor]
VALUE = "s3cret-välue-\U0001f511"


def test_print_in_portions_is_redacted(knowing: Make) -> None:
    out = io.StringIO()
    with redirect_stdout(RedactingStream(out, knowing({"prod/x": VALUE}))):  # type: ignore[type-var]
        print("value:", VALUE)
        print(VALUE[:5], end="")
        print(VALUE[5:], end="!\n", flush=True)
    assert out.getvalue() == "value: [redacted:prod/x]\n[redacted:prod/x]!\n"


@given(st.lists(st.text(max_size=6) | st.just(VALUE) | st.just(VALUE[:7]) | st.just(VALUE[7:]), max_size=8))
def test_portions_give_what_the_whole_gives(portions: list[str]) -> None:
    known = Known()
    known.remember(Secret(VALUE, name="x"))
    redactor = Redactor(known, shapes=())
    out = io.StringIO()
    stream = RedactingStream(out, redactor)
    for portion in portions:
        assert stream.write(portion) == len(portion)
    stream.detach()
    assert out.getvalue() == redactor.redact("".join(portions))


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb", "\ud83d\udd11", "日本語", "\U0001f511"])
def test_any_text_passes_character_by_character(knowing: Make, text: str) -> None:
    out = io.StringIO()
    stream = RedactingStream(out, knowing(x=b"\xf0\x9f\x94\x90 binary", y=b"\xed\xa0\x90\xff"))
    for character in text:
        stream.write(character)
    stream.detach()
    assert out.getvalue() == text


def test_a_flush_shows_a_prompt_and_keeps_what_may_begin_a_value(knowing: Make) -> None:
    out = io.StringIO()
    stream = RedactingStream(out, knowing(x="s3cret-value"))
    stream.write("Password: ")
    stream.flush()
    assert out.getvalue() == "Password: "
    stream.write("s3cret-")
    stream.flush()
    assert out.getvalue() == "Password: "
    stream.writelines(["val", "ue\n"])
    assert out.getvalue() == "Password: [redacted:x]\n"


def test_bytes_written_to_the_buffer_are_redacted_in_order(knowing: Make) -> None:
    raw = io.BytesIO()
    stream = RedactingStream(io.TextIOWrapper(raw, "utf-8"), knowing(x="s3cret-value"))
    stream.write("text s3cret-value, ")
    stream.buffer.write(b"bytes \xff s3cret-")
    stream.buffer.write(b"value\n")
    stream.flush()
    assert raw.getvalue() == b"text [redacted:x], bytes \xff [redacted:x]\n"


def test_everything_else_is_the_wrapped_streams(knowing: Make, tmp_path: object) -> None:
    raw = io.TextIOWrapper(io.BytesIO(), "ascii")
    stream = RedactingStream(raw, knowing())
    assert stream.encoding == "ascii"
    assert stream.isatty() is False
    with pytest.raises(TypeError, match="takes str"):
        stream.write(b"bytes")  # type: ignore[arg-type]
    with stream:
        pass
    assert raw.closed


def test_nothing_that_was_held_is_lost_when_the_process_ends() -> None:
    program = """
import sys
from wellkept.redaction import RedactingStream, remember
from wellkept.secret import Secret
remember(Secret("s3cret-value", name="x"))
sys.stdout = RedactingStream(sys.stdout)
sys.stdout.write("the end s3cret")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout == "the end s3cret", ended.stderr
    assert ended.stderr == ""
