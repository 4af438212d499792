"""What the engine looks for in a rule's place must be in every match of the rule."""

import pytest

from wellkept.scanning.engine.literals import heads, shortened
from wellkept.scanning.location import Location
from wellkept.scanning.pipeline import Scanner
from wellkept.scanning.rule import Rule
from wellkept.scanning.targets import Item
from wellkept.scanning.targets.single import Single

NAMES = [f"service{letter}{digit}" for letter in "abcde" for digit in "01234"]
MANY = r"(?i:(?:\b|_)(?:" + "|".join(NAMES) + r"))(?s:.){0,20}?\b(?P<secret>[0-9a-f]{16})\b"


def test_the_tail_of_a_secret_is_not_needed_to_propose_it():
    assert shortened(r"key=(?P<secret>[a-z]{8,200})") == r"key=(?P<secret>[a-z]{8})"
    assert shortened(r"key='(?P<secret>[a-z]{8,200})'") == r"key='(?P<secret>[a-z]{8})"


@pytest.mark.parametrize(
    "pattern",
    [r"a|b(?P<secret>[a-z]{8,200})", r"(?:key([a-z]{8,9})|x)", r"key([a-z]+)", "(", r"([a-z]{0,9})"],
)
def test_a_pattern_of_another_form_is_proposed_as_it_is(pattern):
    assert shortened(pattern) == pattern


def test_a_pattern_with_many_names_is_proposed_name_by_name():
    assert heads(MANY, len(NAMES)) == [rf"(?i:(?:\b|_){name})" for name in NAMES]


@pytest.mark.parametrize("pattern", [r"(?:name(?s:.){0,9}?x|y)", r"name[0-9]{20}", r"(?:(?s:.){0,3}"])
def test_a_pattern_whose_beginning_cannot_be_cut_off_has_no_heads(pattern):
    assert heads(pattern, 30) == []


@pytest.mark.parametrize("engine", ["vectorscan", "fallback"])
def test_a_rule_with_many_names_finds_each_of_its_secrets(engine):
    rule = Rule("many", "Many", "", MANY, keywords=tuple(NAMES))
    text = "".join(f"x\nMY_{name.upper()} = '{number:016x}'\n" for number, name in enumerate(NAMES))
    text += "servicea0 servicea1 - servicea2: 00000000000000ff\n" + "servicea0 is fine\n" * 50
    item = Item(Location("f"), data=text.encode())
    report = Scanner([rule], engine=engine).scan(Single(item))
    lines = [*range(2, 2 * len(NAMES) + 2, 2), 2 * len(NAMES) + 1]
    assert [finding.location.line for finding in report.findings] == lines
