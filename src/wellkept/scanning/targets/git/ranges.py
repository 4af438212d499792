"""What a push brings, from what git tells its hooks on standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....errors import InvalidRequest
from . import objects
from .history import GitHistory
from .repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable


def pre_push(path: str, told: Iterable[str], remote: str = "") -> GitHistory:
    """The commits that are about to leave: not yet on the remote, as far as is known here.

    ``told`` are the lines "LOCAL-REF LOCAL-OBJECT REMOTE-REF REMOTE-OBJECT" (githooks(5)). Raises
    ``InvalidRequest`` for anything else.
    """
    rows = [_fields(line, 4) for line in told if line.strip()]
    tips = [row[1] for row in rows if row[1].strip("0")]
    found = Repository(path, path, in_hook=True)
    refs = found.ask(
        "for-each-ref", "--format=%(objectname)", f"refs/remotes/{remote}" if remote else "refs/remotes"
    )
    known = {row[3] for row in rows if row[3].strip("0")} | set(refs.split())
    return _history(found, tips, known)


def pre_receive(path: str, told: Iterable[str]) -> GitHistory:
    """The commits that were received and are not yet accepted.

    ``told`` are the lines "OLD-OBJECT NEW-OBJECT REF". Raises ``InvalidRequest`` for anything else.
    """
    rows = [_fields(line, 3) for line in told if line.strip()]
    tips = [row[1] for row in rows if row[1].strip("0")]
    found = Repository(path, path, in_hook=True)
    known = set(found.ask("for-each-ref", "--format=%(objectname)").split())
    return _history(found, tips, known)


def _history(found: Repository, tips: list[str], known: set[str]) -> GitHistory:
    here = [entry.oid for entry in objects.some(found, sorted(known)) if entry.kind in ("commit", "tag")]
    return GitHistory(found.directory, tips=tips, known=here, in_hook=True, may_be_empty=True)


def _fields(line: str, count: int) -> list[str]:
    words = line.split()
    objects_named = [word for word in words if len(word) in (40, 64) and word.strip("0123456789abcdef") == ""]
    if len(words) != count or len(objects_named) != 2:
        raise InvalidRequest("expected the lines that git gives to this hook on standard input")
    return words
