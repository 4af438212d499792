"""No text makes the shapes work more than in proportion to its length.

The steps of matching are counted, not timed: a small backtracking interpreter runs the parsed expressions
as the ``re`` engine does (leftmost, greedy, possessive where they say so) and counts the characters that it
looks at. It takes the place of each shape's pattern while the real search runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

re_parser = pytest.importorskip("re._parser")

from wellkept.redaction.shape import Shape  # noqa: E402
from wellkept.redaction.shapes import SHAPES, Shapes  # noqa: E402

SIZES = (300, 900)
GROWTH = SIZES[1] / SIZES[0]
CATEGORIES = {
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_SPACE": r"\S",
}


class Counting:
    """In place of a pattern: the same answers, and ``steps``."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.tree = list(re_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
        self.steps = 0

    def match(self, text: str, at: int) -> re.Match[str] | None:
        real = self.pattern.match(text, at)
        end = next(self.run(self.tree, text, at), None)
        assert (end is None) == (real is None), "the interpreter must agree with the engine"
        assert real is None or end == real.end()
        return real

    def run(self, tree: list[Any], text: str, at: int) -> Iterator[int]:
        if not tree:
            yield at
            return
        (op, argument), rest = tree[0], tree[1:]
        for end in self.one(str(op), argument, text, at):
            yield from self.run(rest, text, end)

    def one(self, op: str, argument: Any, text: str, at: int) -> Iterator[int]:
        self.steps += 1
        if op in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            if at < len(text) and self.char(op, argument, text[at]):
                yield at + 1
        elif op == "SUBPATTERN":
            yield from self.run(list(argument[3]), text, at)
        elif op == "ATOMIC_GROUP":
            yield from list(self.run(list(argument), text, at))[:1]
        elif op == "BRANCH":
            for branch in argument[1]:
                yield from self.run(list(branch), text, at)
        elif op in ("MAX_REPEAT", "POSSESSIVE_REPEAT", "MIN_REPEAT"):
            yield from self.repeat(op, *argument, text, at)
        elif op in ("ASSERT", "ASSERT_NOT"):
            start = at if argument[0] > 0 else at - argument[1].getwidth()[0]
            found = start >= 0 and next(self.run(list(argument[1]), text, start), None) is not None
            if found == (op == "ASSERT"):
                yield at
        elif op == "AT":
            if str(argument) in ("AT_END", "AT_END_STRING") and at == len(text):
                yield at
        else:
            raise NotImplementedError(op)

    def repeat(self, op: str, low: int, high: Any, body: Any, text: str, at: int) -> Iterator[int]:
        ends, body = [at], list(body)
        most = len(text) + 1 if str(high) == "MAXREPEAT" else int(high)
        while (
            len(ends) <= most
        ):  # the first way through the body each time: no body here has a second worth it
            end = next(self.run(body, text, ends[-1]), None)
            if end is None or end == ends[-1]:
                break
            ends.append(end)
        ways = ends[low:] if op == "MIN_REPEAT" else ends[low:][::-1]
        yield from ways[:1] if op == "POSSESSIVE_REPEAT" else ways

    def char(self, op: str, argument: Any, character: str) -> bool:
        ignore = bool(self.pattern.flags & re.IGNORECASE)
        both = {character, character.lower(), character.upper()} if ignore else {character}
        if op == "ANY":
            return character != "\n"
        if op != "IN":
            return (chr(argument) in both) == (op == "LITERAL")
        negate = str(argument[0][0]) == "NEGATE"
        return any(self.member(item, one) for item in argument for one in both) != negate

    @staticmethod
    def member(item: tuple[Any, Any], character: str) -> bool:
        kind = str(item[0])
        if kind == "LITERAL":
            return ord(character) == item[1]
        if kind == "RANGE":
            return bool(item[1][0] <= ord(character) <= item[1][1])
        if kind == "CATEGORY":
            return re.fullmatch(CATEGORIES[str(item[1])], character, re.ASCII) is not None
        return False


def hostile(keyword: str) -> list[str]:
    """Beginnings that promise a match and go on for ever, and keywords packed as densely as they go."""
    fillers = [
        "a",
        "A",
        "0",
        "-",
        "_",
        "/",
        "=",
        " ",
        '"',
        "\\",
        ":",
        ".",
        "@",
        "&",
        "\n",
        "a1",
        "A0",
        "&a",
        "ab ",
        "\\n",
    ]
    glue = ["", "=", ": ", '="', " ", "://", ".", "-", ":a@", "=a&", "='a\\"]
    begun = [keyword, keyword + "=", keyword + ": ", keyword + '="', keyword + "RSA PRIVATE KEY-----"]
    return [f"{start}|{filler}" for start in begun for filler in fillers] + [
        f"|{keyword}{each}" for each in glue
    ]


def steps(shape: Shape, text: str) -> int:
    counting = Counting(shape.pattern)
    Shapes([shape._replace(pattern=counting)]).find(text)  # type: ignore[arg-type]
    return counting.steps


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.name}-{shape.keywords[0]}")
def test_work_grows_in_proportion_to_the_text(shape: Shape) -> None:
    heads = {"_live_": "sk_live_", "_test_": "rk_test_", "IA": "AKIA", "key": "api_key", "passw": "password"}
    for keyword in shape.keywords:
        for recipe in hostile(heads.get(keyword, keyword)):
            start, _, unit = recipe.rpartition("|")
            short, long = (steps(shape, start + unit * (size // len(unit))) for size in SIZES)
            assert long <= short * GROWTH * 1.3 + 500, recipe


def test_the_interpreter_sees_what_it_is_there_to_see() -> None:
    """An expression with the classic flaw is caught."""
    bad = Shape("bad", ("x",), re.compile(r"x(?P<secret>[a-z]+)[0-9]"))
    short, long = (steps(bad, "x" * size) for size in (50, 150))
    assert long > short * GROWTH * 2
