import pytest

from wellkept import formats
from wellkept.errors import Malformed


def test_a_malformed_line_is_named_by_its_number_and_never_quoted():
    with pytest.raises(Malformed) as caught:
        formats.read(b"A=1\nB='hunter2-unfinished\n", "env", "some.env")
    assert "some.env" in str(caught.value)
    assert "line 2" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_refused_by_line_without_its_content():
    with pytest.raises(Malformed, match="line 3: not UTF-8") as caught:
        formats.read(b"A=1\nB=2\nC=hunter2\xff\n", "env", ".env")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_file_above_the_limit_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(formats, "MAX_FILE", 10)
    with pytest.raises(Malformed, match="11 bytes; at most 10"):
        formats.read(b"A=123456789", "env", ".env")
