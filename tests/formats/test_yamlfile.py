import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wellkept import formats
from wellkept.errors import Malformed

SLOW = [HealthCheck.too_slow]  # the first text draws on tables that take seconds to make

text = st.text(
    st.one_of(st.sampled_from("\"'\\:#-{}\n\r\t \x85\u2028\0"), st.characters(exclude_categories=["Cs"]))
)
scalars = st.one_of(text, st.integers(), st.booleans())


def values_of(content: str) -> dict:
    return {item.name: item.value for item in formats.read(content.encode(), "yaml", "x.yaml")}


@settings(deadline=None, suppress_health_check=SLOW)
@given(st.dictionaries(text, st.one_of(text, st.dictionaries(text, scalars)), max_size=4))
@example(
    {"yes": "no", "1": "0755", "d": "2024-01-01", "e": "1e3", "n": "null", "t": "~", "o": "0o17", "x": ""}
)
def test_any_yaml_loader_reads_back_what_is_written(values):
    assert yaml.safe_load(formats.write(values, "yaml")) == values


@settings(deadline=None, suppress_health_check=SLOW)
@given(st.dictionaries(text, st.one_of(text, st.dictionaries(text, text)), max_size=4))
def test_what_is_written_imports_to_the_same_values(values):
    assert values_of(formats.write(values, "yaml").decode()) == values


def test_scalars_are_the_text_that_was_typed():
    typed = "a: yes\nb: NO\nc: null\nd: 2024-01-01\ne: 0755\nf: 1.10\ng: ~\nh: 'on'\ni: ''\nj:\n"
    assert values_of(typed) == {
        "a": "yes",
        "b": "NO",
        "c": "null",
        "d": "2024-01-01",
        "e": "0755",
        "f": "1.10",
        "g": "~",
        "h": "on",
        "i": "",
        "j": None,
    }


def test_mappings_are_secrets_with_fields_and_block_text_keeps_its_lines():
    typed = "db:\n  user: u\n  ports: [1, 2]\nlist: [a, b]\npem: |\n  one\n  two\nbin: !!binary /w==\n"
    assert values_of(typed) == {
        "db": {"user": "u", "ports": ["1", "2"]},
        "list": '["a","b"]',
        "pem": "one\ntwo\n",
        "bin": b"\xff",
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: hunter2\na: 1\n", "line 2: the key 'a' stands there twice"),
        ("o:\n  k: hunter2\n  k: 1\n", "line 3: the key 'k' stands there twice"),
        ("a: &x hunter2\nb: *x\n", "used again by an alias"),
        ("a: &x {k: hunter2}\nb:\n  <<: *x\n", "a merge key"),
        ("a: !vault hunter2\n", "line 1: a tag of some application"),
        ("- hunter2\n", "line 1: expected a mapping"),
        ("hunter2\n", "line 1: expected a mapping"),
        ("a: 1\nb: [hunter2\n", "not YAML"),
        ("a: 1\n b: hunter2\n", "line 2: not YAML"),
        ("a: *hunter2\n", "line 1: not YAML"),
        ("a: hunter2\n---\nb: 1\n", "line 2: not YAML"),
        ("a: 1\nb: hunter2\x07\n", "line 2: a control character"),
        ("? [a, b]\n: hunter2\n", "a key that is no text"),
        ("a: !!binary hunter2!\n", "line 1: not base64"),
        ("a: " + "[" * 5000, "nested too deeply"),
    ],
)
def test_bad_yaml_is_refused_by_line_and_never_quoted(content, says):
    with pytest.raises(Malformed) as caught:
        values_of(content)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_empty_file_has_no_entries():
    assert values_of("# nothing\n") == {}
