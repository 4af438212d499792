"""Rules from TOML: read, merged, switched off, refused with the name of what is wrong."""

import pytest

from wellkept.errors import ConfigError
from wellkept.scanning.rule import Rule, digest, load

BASE = [Rule("a", "A", "p", "aaa"), Rule("b", "B", "p", "bbb")]


def write(tmp_path, text):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    return str(path)


def test_a_table_with_a_known_id_changes_only_the_keys_it_names(tmp_path):
    path = write(tmp_path, '[[rule]]\nid = "a"\nseverity = "low"\n')
    assert load(path, BASE) == [BASE[0]._replace(severity="low"), BASE[1]]


def test_a_new_id_adds_a_rule_and_disabled_takes_one_away(tmp_path):
    path = write(tmp_path, 'disabled = ["b"]\n[[rule]]\nid = "c"\npattern = "c+"\nkeywords = ["CC"]\n')
    rules = load(path, BASE)
    assert [rule.id for rule in rules] == ["a", "c"]
    assert rules[1].keywords == ("cc",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[rule]]\nid = "x"\n', "pattern"),
        ('[[rule]]\nid = "a"\nseverity = "bad"\n', "severity"),
        ('[[rule]]\nid = "a"\nfoo = 1\n', "foo"),
        ('[[rule]]\nid = "a"\nkeywords = "x"\n', "keywords"),
        ('[[rule]]\nid = "a"\nentropy = true\n', "entropy"),
        ('[[rule]]\npattern = "x"\n', "id"),
        ('disabled = ["zzz"]\n', "zzz"),
        ('[[rule]]\nid = "a"\n[[rule]]\nid = "a"\n', "twice"),
        ("[[rule", "TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, named):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=named) as caught:
        load(path, BASE)
    assert path in str(caught.value)


def test_a_missing_file_is_an_error():
    with pytest.raises(ConfigError, match="No such file"):
        load("/nonexistent/rules.toml")


def test_the_digest_changes_with_what_decides_findings_and_not_with_examples():
    assert digest(BASE) != digest([BASE[0]._replace(entropy=1.0), BASE[1]])
    assert digest(BASE) == digest([BASE[0]._replace(positive=("x",)), BASE[1]])
