"""Which rules see far: whose match can be long and stand on several lines, as a private key does.

A change to a file matters only to matches that it touches. For all but these rules ("tall" here) those lie within
``REACH`` bytes of the change, or on the same line. Where a tall rule proposes anything, a version is scanned whole.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .text.detectors import DETECTORS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .rule import Rule

WIDE = 352
"""The longest match, in bytes, of a rule that may match over several lines and is not tall."""
CONTEXT = 256
"""Bytes on each side of a match that may decide about it: keywords and ``near`` (128), its line (256)."""
REACH = WIDE + CONTEXT
_NEWLINE = 10
_BASE64 = next(at for at, (name, _) in enumerate(DETECTORS) if name == "base64")


def is_tall(pattern: str, width: int) -> bool:
    """Whether a match can be wider than ``WIDE`` and hold a line's end other than as its last byte."""
    if width <= WIDE:
        return False
    parser: Any = import_module("re._parser")
    try:
        nodes = list(parser.parse(pattern.encode("utf-8")))
    except Exception:  # RE2's syntax is not all known to the standard library
        return True
    if len(nodes) > 1 and _width(nodes[-1]) <= 1:
        nodes = nodes[
            :-1
        ]  # what must follow the secret: at a line's end it is that end, before and after a change
    return any(_has_newline(node, dotall=False) for node in nodes)


def _width(node: Any) -> int:
    name, value = str(node[0]), node[1]
    if name == "SUBPATTERN" and value[0] is None:
        return int(value[3].getwidth()[1])
    if name == "BRANCH":
        return max(int(part.getwidth()[1]) for part in value[1])
    return 2


def _has_newline(node: Any, *, dotall: bool) -> bool:
    name, value = str(node[0]), node[1]
    if name == "LITERAL":
        return bool(value == _NEWLINE)
    if name == "NOT_LITERAL":
        return bool(value != _NEWLINE)
    if name == "ANY":
        return dotall
    if name == "IN":
        return _class_has_newline(value)
    if name == "BRANCH":
        return any(_has_newline(inner, dotall=dotall) for part in value[1] for inner in part)
    if name == "SUBPATTERN":
        inside = (dotall or bool(value[1] & 16)) and not value[2] & 16  # re.DOTALL
        return any(_has_newline(inner, dotall=inside) for inner in value[3])
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return any(_has_newline(inner, dotall=dotall) for inner in value[2])
    return name != "AT"


def _class_has_newline(items: Any) -> bool:
    negated = hit = False
    for kind, value in items:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            hit = hit or value == _NEWLINE
        elif name == "RANGE":
            hit = hit or value[0] <= _NEWLINE <= value[1]
        else:
            hit = hit or str(value) in ("CATEGORY_SPACE", "CATEGORY_NOT_DIGIT", "CATEGORY_NOT_WORD")
    return hit != negated


class Tall:
    """The tall rules as a database of their own, several times as fast as that of all rules."""

    def __init__(self, rules: Sequence[Rule], widths: Sequence[int], slow: Collection[int]) -> None:
        hs: Any = import_module("hyperscan")
        far = [
            (index, rule)
            for index, (rule, width) in enumerate(zip(rules, widths, strict=True))
            if is_tall(rule.pattern, width) or (rule.context > CONTEXT and (rule.keywords or rule.near))
        ]
        self.by_path = frozenset(index for index, rule in far if rule.path)
        self.usable = not any(index in slow for index, _ in far)
        patterns = [rule.pattern for index, rule in far if not rule.path and index not in slow]
        self._database = hs.loadb(_serialised(hs, [DETECTORS[_BASE64][1], *patterns]), hs.HS_MODE_BLOCK)
        self._database.scratch = hs.Scratch(self._database)
        self._scan = self._database.scan
        self._found: set[int] = set()

    def look(self, data: bytes) -> tuple[bool, bool]:
        """Whether a tall rule may match somewhere in ``data``, and whether base64 may stand there."""
        found = self._found
        found.clear()
        self._scan(data, match_event_handler=self._on_match)
        return bool(found - {0}), 0 in found

    def _on_match(self, index: int, start: int, end: int, flags: int, context: object) -> None:
        self._found.add(index)


def _serialised(hs: Any, patterns: Sequence[str]) -> bytes:
    """The compiled database, from the cache where it is there."""
    from hashlib import sha256

    from .engine import cache

    state = sha256(repr((1, hs.__version__, patterns)).encode())
    state.update(cache._processor())
    name = os.path.join(cache.folder(), f"tall-{state.hexdigest()[:40]}")
    kept = _kept(name)
    if kept is not None:
        return kept
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    flags = hs.HS_FLAG_MULTILINE | hs.HS_FLAG_SINGLEMATCH
    database.compile(
        expressions=[pattern.encode("utf-8") for pattern in patterns],
        ids=list(range(len(patterns))),
        flags=[flags] * len(patterns),
    )
    content = bytes(hs.dumpb(database))
    _keep(name, sha256(content).digest() + content)
    return content


def _kept(name: str) -> bytes | None:
    from hashlib import sha256

    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return None
        content = file.readall()
    return content[32:] if sha256(content[32:]).digest() == content[:32] else None


def _keep(name: str, content: bytes) -> None:
    temporary = f"{name}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(name), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, name)
    except OSError:
        pass  # compiled anew next time: a second


__all__ = ["REACH", "Tall", "is_tall"]
