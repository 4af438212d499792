"""Paths are accepted as they are, or refused: never repaired."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellkept.core.paths import MAX_DEPTH, MAX_PATH, MAX_SEGMENT, check_name, check_path
from wellkept.errors import InvalidRequest


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "prod/billing/database",
        "with space",
        "a.b",
        "...",
        "a..b",
        "ünïcode/名前",
        "+",
        "*",
        "#?&%",
        "x" * MAX_SEGMENT,
        "é" * (MAX_SEGMENT // 2),
        "/".join(["x"] * MAX_DEPTH),
        "/".join(["x" * 127] * 8),
    ],
)
def test_a_well_formed_name_comes_back_as_it_is(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "empty"),
        ("/a", "begin or end"),
        ("a/", "begin or end"),
        ("/", "begin or end"),
        ("a//b", "empty segment"),
        ("./a", "'.'"),
        ("a/..", "'..'"),
        ("a/../b", "'..'"),
        ("a\0b", "U+0000"),
        ("a\nb", "U+000A"),
        ("a\x7fb", "U+007F"),
        ("a\x85b", "U+0085"),
        ("a\u200bb", "U+200B"),
        ("a\u202eb", "U+202E"),
        ("a\u2028b", "U+2028"),
        ("a\u00a0b", "U+00A0"),
        ("a\ufeffb", "U+FEFF"),
        ("a\ud800b", "U+D800"),
        ("e\u0301", "form C"),
        ("x" * (MAX_SEGMENT + 1), "256 bytes"),
        ("é" * 128, "256 bytes"),
        ("/".join(["x"] * (MAX_DEPTH + 1)), "33 segments"),
        ("/".join(["x" * 128] * 8), f"limit is {MAX_PATH}"),
    ],
)
def test_a_malformed_name_is_refused_with_the_reason(name, complaint):
    with pytest.raises(InvalidRequest) as refused:
        check_name(name)
    assert complaint in str(refused.value)
    assert str(refused.value).isascii() or "…" in str(refused.value)


def test_a_name_of_the_full_length_still_fits_behind_its_mount():
    name = "/".join(["x" * 127] * 8)
    assert len(name) == MAX_PATH - 1
    check_path("secret/metadata/" + name)


@pytest.mark.parametrize("name", [None, 7, b"bytes"])
def test_what_is_no_text_is_refused(name):
    with pytest.raises(InvalidRequest):
        check_name(name)


@given(st.text())
def test_whatever_is_accepted_has_one_spelling(name):
    import posixpath
    import unicodedata

    try:
        check_name(name)
    except InvalidRequest:
        return
    assert unicodedata.normalize("NFC", name) == name
    assert posixpath.normpath(name) == name
    assert name.encode()
