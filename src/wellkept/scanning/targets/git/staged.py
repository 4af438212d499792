"""What is about to be committed: the staged content of files that were added or changed.

A secret that the file's last commit holds too is not reported: it is no news, and a hook that stops at it is
switched off. ``wellkept scan git`` finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...location import Location
from ...problem import Problem
from .. import BaseTarget, Item
from . import objects, repository
from .process import GitFailed, close, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from ...finding import Finding
    from .repository import Repository

_COMPARE = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "-M")
_FILES = (b"100644", b"100755", b"120000")


class Change(NamedTuple):
    """A staged file: its path, its staged blob, and the blob it replaces (only zeros for a new file)."""

    path: str
    blob: str
    before: str


class Staged(BaseTarget):
    """The index against HEAD; ``in_hook`` where git's own variables say which index that is."""

    name = "staged"

    def __init__(self, path: str = ".", *, in_hook: bool = False) -> None:
        self.path = path
        self.counts = {"files": 0}
        self._repository = repository.Repository(path, path, in_hook)
        self._before: dict[str, str] = {}
        self._asked: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Let git compare already, and start the reader, while the rules are loaded."""
        self._asked = start(self.path, *_COMPARE, "HEAD", "--", in_hook=self._repository.in_hook)
        objects.reader(self._repository)

    def units(self) -> Iterator[Any]:
        try:
            found = changes(self._repository, self._begun())
        except GitFailed as error:
            missing = repository.find(self.path, in_hook=self._repository.in_hook)
            yield missing if isinstance(missing, Problem) else Problem("corrupt", self.path, str(error))
            return
        self.counts["files"] = len(found)
        self._before = {change.blob: change.before for change in found}
        if found:
            yield [(change.path, change.blob) for change in found]

    def _begun(self) -> bytes | None:
        process, self._asked = self._asked, None
        if process is None:
            return None
        try:
            raw = process.communicate()[0]
            return None if process.returncode else raw
        finally:
            close(process)

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        contents = objects.reader(self._repository).read([blob for _, blob in unit])
        for (path, blob), (_, data) in zip(unit, contents, strict=True):
            if data is None:
                yield Problem("corrupt", path, f"its staged content {blob} is missing; `git add` it again")
            else:
                yield Item(Location(path=path, extra={"blob": blob}), data=data, size=len(data))

    def settle(self, findings: list[Finding]) -> list[Finding]:
        return [finding for finding in findings if not self._was_there(finding)]

    def _was_there(self, finding: Finding) -> bool:
        before = self._before.get(finding.location.extra.get("blob", ""), "")
        if not before.strip("0"):
            return False
        data = next(objects.reader(self._repository).read([before]))[1] or b""
        if finding.location.inside:
            return False
        if finding.location.decoded:
            return bool(finding.line.strip()) and finding.line.strip() in data
        return finding.secret.reveal_bytes() in data


def changes(found: Repository, raw: bytes | None = None) -> list[Change]:
    """What the index changes; ``raw`` is what git said of it, where it was asked already. Raises ``GitFailed``."""
    if raw is None:
        head = "HEAD" if found.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}") else ""
        raw = found.git(*_COMPARE, head or repository.empty_tree(found), "--")
    fields = iter(raw.split(b"\0"))
    listed = []
    for header in fields:
        if not header:
            continue
        _, mode, before, blob, status = header.split(b" ")
        path = next(fields)
        if status[:1] in (b"R", b"C"):
            path = next(fields)
        if mode in _FILES and status[:1] != b"D" and before != blob:
            listed.append(
                Change(path.decode("utf-8", "surrogateescape"), blob.decode("ascii"), before.decode("ascii"))
            )
    return listed
