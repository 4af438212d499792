import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept import formats
from wellkept.errors import InvalidRequest

SLOW = [HealthCheck.too_slow]  # the first text draws on tables that take seconds to make

one_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\0")).filter(
    lambda text: not text.endswith("\r")
)


def read_as_docker(content: bytes) -> dict[str, str]:
    """What docker/cli's ``pkg/kvfile`` does with the file."""
    values = {}
    for number, raw in enumerate(content.split(b"\n")):
        line = raw.removesuffix(b"\r").decode()
        line = line.removeprefix("\ufeff") if number == 0 else line
        line = line.lstrip("\t\v\f\r \x85\xa0")
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert not any(c.isspace() for c in name)
            values[name] = value
    return values


@settings(deadline=None, suppress_health_check=SLOW)
@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True), one_line, max_size=3))
def test_what_is_written_is_what_docker_reads(values):
    assert read_as_docker(formats.write(values, "docker")) == values


@pytest.mark.parametrize("value", ["two\nlines", "ends in cr\r", "nul\0"])
def test_what_no_line_can_hold_is_refused_by_name_with_a_way_out(value):
    with pytest.raises(InvalidRequest, match=r"TLS_KEY: more than one line.*run --files") as caught:
        formats.write({"TLS_KEY": value, "FINE": "x"}, "docker")
    assert "FINE" not in str(caught.value)


def test_a_line_longer_than_dockers_buffer_is_refused():
    with pytest.raises(InvalidRequest, match="BIG: longer than"):
        formats.write({"BIG": "x" * 65536}, "docker")
