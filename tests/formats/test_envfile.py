import io
import subprocess

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wellkept import formats
from wellkept.errors import InvalidRequest, Malformed

SLOW = [HealthCheck.too_slow]  # the first text draws on tables that take seconds to make

# Everything that UTF-8 can hold, with the characters that the syntax is made of drawn often.
text = st.text(st.one_of(st.sampled_from("'\"\\${}:-#=\r\n\t ~`!"), st.characters(exclude_categories=["Cs"])))
keys = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)


def read_back(written: bytes, tmp_path):
    path = tmp_path / "exported.env"
    path.write_bytes(written)
    return dict(dotenv_values(path))


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(st.dictionaries(keys, text, max_size=4))
@example({"A": "${HOME}", "B": "$", "C": "$$", "D": "$${X}", "E": "${", "F": "${X:-y}", "G": "}"})
@example({"A": "line one\nline two\n", "B": "cr\rlf\r\n", "C": " both ends ", "D": "", "E": "# no comment"})
@example(
    {"A": "\\", "B": "\\\\", "C": "it's", "D": '"quoted"', "E": "'quoted'", "F": "ends in\\'", "G": "${\\"}
)
@example({"A": "\\n is no newline", "B": "\ufeffbom", "C": "naïve ☃ 🎉", "D": "\u2028\x85\x0b\x0c\x00"})
@example({"WELLKEPT_DOLLAR": "mine", "WELLKEPT_BACKSLASH": "also mine", "X": "${A}\\"})
def test_what_is_written_reads_back_by_python_dotenv_to_the_same_values(tmp_path_factory, values):
    written = formats.write(values, "env")
    assert read_back(written, tmp_path_factory.mktemp("env")) == values


def test_interpolation_of_the_reader_finds_nothing_to_replace(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert read_back(formats.write({"A": "${HOME} $HOME"}, "env"), tmp_path) == {"A": "${HOME} $HOME"}


def test_values_that_need_no_care_are_written_as_anybody_would():
    written = formats.write({"HOST": "db.example.com:5432", "EMPTY": "", "NAME": "two words"}, "env")
    assert written == b"HOST=db.example.com:5432\nEMPTY=''\nNAME='two words'\n"


def test_a_shell_reads_the_single_quoted_form_alike(tmp_path):
    path = tmp_path / "x.env"
    path.write_bytes(formats.write({"PEM": "-----BEGIN\nabc $x `y`\n-----END\n"}, "env"))
    out = subprocess.run(["sh", "-c", '. "$0"; printf %s "$PEM"', path], capture_output=True, check=True)
    assert out.stdout == b"-----BEGIN\nabc $x `y`\n-----END\n"


def test_binary_values_are_refused_by_name_and_never_quoted():
    with pytest.raises(InvalidRequest) as caught:
        formats.write({"KEY": b"\xff\xfevalue", "OTHER": "x"}, "env")
    assert "KEY" in str(caught.value)
    assert "value" not in str(caught.value)


def test_binary_values_are_written_as_base64_when_asked_for():
    assert formats.write({"KEY": b"\xff\xfe"}, "env", base64=True) == b"KEY=//4=\n"


@pytest.mark.parametrize("name", ["A B", "A=B", "#A", "", "A\nB", "'A"])
def test_a_name_that_the_file_cannot_hold_is_refused(name):
    with pytest.raises(InvalidRequest, match="not a name"):
        formats.write({name: "x"}, "env")


FIXTURE = (
    "\ufeff# a comment\r\n"
    "PLAIN=value\r\n"
    "export EXPORTED=exported\r\n"
    "SINGLE='single # not a comment'\r\n"
    'DOUBLE="two\\nlines"\r\n'
    'MULTI="first\r\nsecond\r\nthird"\r\n'
    "REFERS=${PLAIN}/path\r\n"
    "DEFAULTED=${MISSING:-fallback}\r\n"
    "COMMENTED=value # a comment\r\n"
    "UMLAUT=Käse\r\n"
    "EMPTY=\r\n"
    "BARE\r\n"
    "PLAIN=again\r\n"
)


def test_reading_gives_what_python_dotenv_gives(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(FIXTURE.encode("utf-8"))
    expected = dotenv_values(path)
    items = formats.read(path.read_bytes(), "env", ".env")
    assert {item.name: item.value for item in items} == dict(expected)
    assert expected["MULTI"] == "first\nsecond\nthird"
    assert expected["BARE"] is None


syntax = st.text(st.sampled_from("AB=#'\"\\${}:-n \t\r\n\ufeffé"), max_size=30)


@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@given(syntax)
@example("\ufeff\ufeffA=1")
@example("A='x\r\ny'")
def test_any_text_is_read_as_python_dotenv_reads_it_or_refused_where_it_warns(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.env"
    path.write_bytes(text.encode())
    with open(path, encoding="utf-8") as file:
        warns = any(binding.error for binding in parse_stream(file))
    if warns:
        with pytest.raises(Malformed, match="any.env: line"):
            formats.read(path.read_bytes(), "env", "any.env")
    else:
        items = formats.read(path.read_bytes(), "env", "any.env")
        assert {item.name: item.value for item in items} == dict(dotenv_values(path))


def test_import_then_export_gives_the_values_of_the_original(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(FIXTURE.encode("utf-8"))
    values = {item.name: item.value for item in formats.read(path.read_bytes(), "env", ".env")}
    kept = {name: value for name, value in values.items() if value is not None}
    again = dotenv_values(stream=io.StringIO(formats.write(kept, "env").decode()))
    assert dict(again) == {n: v for n, v in dotenv_values(path).items() if v is not None}


def test_the_name_of_a_file_tells_its_format():
    for name in (".env", ".env.local", "prod.env", "some/dir/.env.prod", "env.sample"):
        assert formats.detect(name) == "env", name
    assert formats.detect("a/b.json") == "json"
    assert formats.detect("env.json") == "json"
    assert formats.detect("x.YML") == "yaml"
    assert formats.detect("x.toml") == "toml"
