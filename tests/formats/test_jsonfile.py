import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept import formats
from wellkept.errors import Malformed

SLOW = [HealthCheck.too_slow]  # the first text draws on tables that take seconds to make

text = st.text(st.characters(exclude_categories=["Cs"]))
fields = st.dictionaries(text, st.one_of(text, st.integers(-(2**53), 2**53), st.booleans(), st.none()))


def values_of(content: str) -> dict:
    return {item.name: item.value for item in formats.read(content.encode(), "json", "x.json")}


@settings(deadline=None, suppress_health_check=SLOW)
@given(st.dictionaries(text, st.one_of(text, fields)))
def test_what_is_written_reads_back_to_the_same_values(values):
    assert values_of(formats.write(values, "json").decode()) == values


def test_scalars_are_the_text_that_was_typed():
    typed = (
        '{"port": 5432, "ratio": 1.10, "big": 123456789012345678901, "on": true, "off": false, "none": null}'
    )
    assert values_of(typed) == {
        "port": "5432",
        "ratio": "1.10",
        "big": "123456789012345678901",
        "on": "true",
        "off": "false",
        "none": None,
    }


def test_objects_keep_the_types_of_their_members_and_arrays_become_text():
    assert values_of('{"db": {"user": "u", "port": 5432, "opts": [1, 2.5]}, "list": [1, "a"]}') == {
        "db": {"user": "u", "port": 5432, "opts": [1, 2.5]},
        "list": '[1,"a"]',
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": "hunter2",\n "b": oops}', "line 2: not JSON"),
        ('{"a": "hunter2"', "line 1: not JSON"),
        ("", "line 1: not JSON"),
        ('{"a": "hunter2", "a": "other"}', "the key 'a' stands there twice"),
        ('{"o": {"k": "hunter2", "k": 1}}', "the key 'k' stands there twice"),
        ('["hunter2"]', "expected a JSON object"),
        ('"hunter2"', "expected a JSON object"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": {"b": 1e999}}', "number too large"),
        ('{"a": {"b": ' + "9" * 5000 + "}}", "more than 4,000 digits"),
        ('{"a": "\\ud800 hunter2"}', "half a surrogate"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ],
)
def test_bad_json_is_refused_by_place_and_never_quoted(content, says):
    with pytest.raises(Malformed) as caught:
        values_of(content)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_binary_values_are_base64_when_asked_for():
    assert json.loads(formats.write({"k": b"\xff"}, "json", base64=True)) == {"k": "/w=="}
