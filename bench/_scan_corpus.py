"""The corpus that ``scan_accuracy`` and its test read: hand-written files, and tokens in every syntax and encoding."""

from __future__ import annotations

import base64
import json
import pathlib
import urllib.parse
from typing import TYPE_CHECKING, NamedTuple

from wellkept.scanning.examples import expand_seeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wellkept.scanning.rule import Rule

FOLDER = pathlib.Path(__file__).parent / "scan_corpus"

SYNTAXES = (
    "{}\n",
    "x = {}\n",
    'x = "{}";\n',
    "  x: {}\n",
    "  x: '{}'\n",
    '{{"x": "{}"}}\n',
    "<x>{}</x>\n",
    "export X={}\n",
    "# was {} until May\n",
    "echo '{}' | run --now\n",
)
"""What stands around a token; ``x`` says nothing."""


class Labelled(NamedTuple):
    """A file with the numbers of the lines that hold a secret; ``rule`` is the one it was made for, if any."""

    path: str
    data: bytes
    lines: frozenset[int]
    rule: str = ""


def written() -> Iterator[Labelled]:
    """The files written by hand."""
    for file in sorted(FOLDER.glob("*.txt")):
        first, *rest = file.read_text().rstrip("\n").split("\n")
        marks = {number for number, line in enumerate(rest, 1) if line.startswith("+")}
        text = "\n".join(line[1:] for line in rest) + "\n"
        yield Labelled(first.removeprefix("= "), expand_seeded(text, file.stem), frozenset(marks))


def generated(rules: Sequence[Rule], syntaxes: Sequence[str] = SYNTAXES) -> Iterator[Labelled]:
    """Examples of every rule in every syntax, and its near-misses as files without a secret."""
    for rule in rules:
        if rule.path or rule.generic:
            continue
        for number, syntax in enumerate(syntaxes):
            template = rule.positive[0]
            data = expand_seeded(template, f"{rule.id}{number}")
            if b"\n" in data or b'"' in data:
                syntax = "{}\n"
            text = syntax.encode().replace(b"{{", b"{").replace(b"}}", b"}").replace(b"{}", data)
            yield Labelled(
                f"{rule.id}-{number}.conf", text, frozenset(range(1, text.count(b"\n") + 1)), rule.id
            )
        for number, template in enumerate(rule.negative):
            yield Labelled(
                f"{rule.id}-not-{number}.conf", expand_seeded(template, rule.id) + b"\n", frozenset(), rule.id
            )


def encoded(rules: Sequence[Rule]) -> Iterator[Labelled]:
    """One example of each rule with a prefix of its own, in base64, hexadecimal, URL and JSON escapes and UTF-16."""
    for rule in rules:
        if rule.path or rule.generic or rule.check == "named":
            continue
        token = b'{"token": "' + expand_seeded(rule.positive[0], rule.id + "encoded") + b'"}'
        forms = {
            "base64": base64.b64encode(token),
            "hex": token.hex().encode(),
            "url": urllib.parse.quote(token, safe="").encode(),
            "json": json.dumps({"x": token.decode("utf-8", "replace")}).encode(),
            "utf-16": token.decode("utf-8", "replace").encode("utf-16"),
        }
        for name, text in forms.items():
            lines = range(1, token.count(b"\n") + 2) if name == "utf-16" else (1,)
            yield Labelled(f"{rule.id}.{name}.conf", text + b"\n", frozenset(lines), rule.id)
