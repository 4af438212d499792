"""The labelled corpus, read through the whole pipeline: what is found of it must not get worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("hyperscan", reason="the extra wellkept[scan] brings the engine")

from bench._scan_corpus import generated, written

from wellkept.scanning.engine.compile import compile_rules
from wellkept.scanning.engine.matcher import Matcher
from wellkept.scanning.engine.vectorscan import VectorscanEngine
from wellkept.scanning.rule import load_builtin

if TYPE_CHECKING:
    from bench._scan_corpus import Labelled


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    compiled = compile_rules(load_builtin(), vectorscan=True)
    return Matcher(compiled, VectorscanEngine(compiled))


def reported(matcher: Matcher, file: Labelled) -> dict[int, float]:
    raws, _ = matcher.scan(file.data, 0, len(file.data), {}, file.path, True)
    lines: dict[int, float] = {}
    for raw in raws:
        first, last = (file.data.count(b"\n", 0, place) + 1 for place in (raw.start, raw.end))
        for line in range(first, last + 1):
            lines[line] = max(lines.get(line, 0.0), raw.confidence)
    return lines


def test_of_the_files_written_by_hand_nearly_every_secret_and_little_else_is_found(matcher: Matcher) -> None:
    true = false = missed = sure_false = 0
    for file in written():
        lines = reported(matcher, file)
        true += len(set(lines) & file.lines)
        missed += len(file.lines - set(lines))
        false += len(set(lines) - file.lines)
        sure_false += sum(lines[line] >= 0.85 for line in set(lines) - file.lines)
    assert true / (true + missed) >= 0.9
    assert true / (true + false) >= 0.9
    assert sure_false == 0


def test_every_rule_finds_its_tokens_in_some_syntax_and_not_its_near_misses(matcher: Matcher) -> None:
    rules = load_builtin()
    found: dict[str, list[bool]] = {}
    alarms = []
    for file in generated(rules[::3], ("{}\n", 'x = "{}";\n', "export X={}\n")):
        lines = reported(matcher, file)
        if file.lines:
            found.setdefault(file.rule, []).append(bool(lines))
        elif any(confidence >= 0.85 for confidence in lines.values()):
            alarms.append(file.path)
    assert [rule for rule, answers in found.items() if not any(answers)] == []
    assert len(alarms) <= len(found) // 8  # a cut token is still a random value under a telling name
