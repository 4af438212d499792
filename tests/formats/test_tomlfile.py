import pytest

from wellkept import formats
from wellkept.errors import Malformed


def values_of(content: str) -> dict:
    return {item.name: item.value for item in formats.read(content.encode(), "toml", "x.toml")}


def test_scalars_tables_arrays_and_dates_come_as_documented():
    typed = """
text = "t"
port = 5432
ratio = 1.10
on = true
day = 2024-01-01
moment = 2024-01-01T10:00:00Z
list = [1, "a", 2.5]
multi = '''
one
two
'''
[db]
user = "u"
port = 5432
ratio = 2.5
since = 2024-01-01
far = inf
"""
    assert values_of(typed) == {
        "text": "t",
        "port": "5432",
        "ratio": "1.10",
        "on": "true",
        "day": "2024-01-01",
        "moment": "2024-01-01T10:00:00+00:00",
        "list": '[1,"a",2.5]',
        "multi": "one\ntwo\n",
        "db": {"user": "u", "port": 5432, "ratio": 2.5, "since": "2024-01-01", "far": "inf"},
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('a = "hunter2"\nb = \n', "line 2: not TOML"),
        ('a = "hunter2"\na = 1\n', "line 2: not TOML, or a key that stands there twice"),
        ('a = "hunter2', "line 1: not TOML"),
        ("a = " + "[" * 5000, "nested too deeply"),
    ],
)
def test_bad_toml_is_refused_by_line_and_never_quoted(content, says):
    with pytest.raises(Malformed) as caught:
        values_of(content)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None
