"""Every form is checked against the tool that makes it."""

from __future__ import annotations

import base64
import html
import json
import shlex
import shutil
import subprocess
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.redaction.forms import MIN_PIECE, forms

VALUES = [
    "correct-horse",
    "pa ss/wo+rd=100%&more",
    'it\'s "quoted" \\ $HOME `x` !bang',
    "ünïcode 日本語 \U0001f511",
    "line one\nline two\ttabbed\r\n",
    "<a href='x'>&amp;</a>",
    "postgresql://user:p%40ss@host:5432/db?sslmode=require",
    '{"user": "x", "password": "y/z"}',
    "back\\slash\x00\x1b[0m\x7f",
]


def bodies(value: str | bytes) -> set[bytes]:
    return {body for body, _ in forms(value.encode() if isinstance(value, str) else value)}


@pytest.mark.parametrize("value", VALUES)
def test_text_encodings_of_the_standard_library_are_known(value: str) -> None:
    known = bodies(value)
    raw = value.encode()
    for made in (
        value,
        urllib.parse.quote(value),
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(value).replace("/", "\\/")[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        repr(value)[1:-1],
        repr(raw)[2:-1],
        html.escape(value),
        html.escape(value, quote=False),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        value.replace("'", "''"),
    ):
        assert made.encode() in known, made
    quoted = shlex.quote(value)
    assert (quoted[1:-1] if quoted.startswith("'") else quoted).encode() in known


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("before", ["'", '"', "'\""])
def test_repr_is_known_in_the_quotes_that_the_text_around_asks_for(value: str, before: str) -> None:
    around = [repr(before + value)[:-1].encode(), repr((before + value).encode())[:-1].encode()]
    assert all(
        any(text.endswith(body) and len(body) >= len(value) for body in bodies(value)) for text in around
    )


@pytest.mark.parametrize("value", VALUES)
def test_percent_encoding_is_known_with_lower_case_escapes(value: str) -> None:
    upper = urllib.parse.quote(value, safe="")
    lower = "".join(
        "%" + part[:2].lower() + part[2:] if i else part for i, part in enumerate(upper.split("%"))
    )
    assert lower.encode() in bodies(value)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("value", [value for value in VALUES if "\x00" not in value])
def test_what_bash_prints_with_percent_q_is_known(value: str) -> None:
    run = ["bash", "-c", 'printf %q "$1"', "bash", value]
    printed = subprocess.run(run, capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}).stdout
    inside = printed[2:-1] if printed.startswith(b"$'") else printed
    assert inside in bodies(value)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("value", [value for value in VALUES if "\x00" not in value])
def test_double_quotes_of_the_shell_are_read_back_as_the_value(value: str) -> None:
    escaped = "".join("\\" + c if c in '\\$`"' else c for c in value)
    run = ["bash", "-c", f'printf %s "{escaped}"']
    assert subprocess.run(run, capture_output=True, check=True).stdout == value.encode()
    assert escaped.encode() in bodies(value)


@given(value=st.binary(min_size=5, max_size=40), before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_base64_is_known_wherever_the_value_stands_in_a_longer_string(
    value: bytes, before: bytes, after: bytes
) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(before + value + after)
        assert any(len(body) >= MIN_PIECE and body in whole for body in bodies(value))


@given(value=st.binary(min_size=5, max_size=40), alignment=st.integers(0, 2))
def test_a_base64_piece_is_all_but_the_shared_characters(value: bytes, alignment: int) -> None:
    """What is left of the value outside the piece is less than one character's 6 bits at each end."""
    whole = base64.b64encode(bytes(alignment) + value + b"\xff\xff\xff")
    longest = max((body for body in bodies(value) if body in whole), key=len)
    assert len(longest) * 6 > len(value) * 8 - 12


@given(st.binary(max_size=60))
def test_no_form_appears_twice_and_each_is_made_again_by_its_function(value: bytes) -> None:
    made = list(forms(value))
    assert len({body for body, _ in made}) == len(made)
    assert all(form is None or form(value) == body for body, form in made)


def test_wrapped_base64_is_known_by_its_lines() -> None:
    value = bytes(range(200))
    lines = base64.encodebytes(value).split()
    assert len(lines) > 2
    assert set(lines) <= bodies(value)


def test_binary_values_are_known_as_the_text_that_python_makes_of_them() -> None:
    value = b"\xff\xfe binary \x00 key"
    known = bodies(value)
    text = value.decode("utf-8", "surrogateescape")
    assert text.encode("utf-8", "surrogatepass") in known
    assert repr(text)[1:-1].encode() in known
    assert repr(value)[2:-1].encode() in known
    assert value.decode("latin-1").encode() in known
    assert urllib.parse.quote(value).encode() in known
