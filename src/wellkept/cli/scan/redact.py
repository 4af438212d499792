"""``scan --redact``: standard input to standard output, without its secrets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..usage import Usage
from .perform import prepared

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from ...scanning.finding import Finding

CHUNK = 1 << 16


def redact(arguments: Namespace) -> int:
    """Returns 0 whatever was found: this is a filter. Raises ``OSError`` when the output cannot be written."""
    if arguments.paths not in ([], ["-"]):
        raise Usage("--redact copies standard input to standard output, and takes no path")
    from ...scanning.rewrite import Rewriter

    rewriter = Rewriter(_look(arguments), _known_values(arguments.store))
    while chunk := os.read(0, CHUNK):
        _write(rewriter.feed(chunk))
    _write(rewriter.flush())
    return 0


def _look(arguments: Namespace) -> Callable[[bytes], list[Finding]]:
    from ...scanning.location import Location
    from ...scanning.targets import Item
    from ...scanning.targets.single import Single

    store, arguments.store = arguments.store, None  # its values are hidden by the redactor
    scanner = prepared(arguments, jobs=1)
    arguments.store = store

    def look(data: bytes) -> list[Finding]:
        report = scanner.scan(Single(Item(Location(path="<stdin>"), data=data, unpack=False)))
        if not report.complete:
            raise RuntimeError("not everything could be looked at")
        return report.findings

    return look


def _known_values(path: str | None) -> Callable[[bytes], bytes] | None:
    if path is None:
        return None
    from ...errors import WellkeptError
    from ...redaction import Known, Redactor
    from ..context import Place

    known = Known()
    with Place(store=path).open() as store:
        for answer in store.read_many(list(store.walk())).values():
            if not isinstance(answer, WellkeptError):
                known.remember(answer.secret)
    return Redactor(known).redact


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
