"""A baseline: the findings that are known already, so that only new ones stop anybody.

A folder with one small file for each finding, named by its fingerprint: two branches that add findings never
touch the same file, and where both add the same one they write the same bytes, so git merges without a word.
A single file with one sorted line each is read as well, and kept where somebody prefers it (``merge=union``).
There is no value in it, no line number and no path; moving code does not bring a finding back.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .finding import Finding

DEFAULT = ".wellkept-baseline"
_NAME = re.compile(r"[0-9a-f]{32}").fullmatch
_LINE = re.compile(r"([0-9a-f]{32})(?:\s+(\S+)(?:\s.*)?)?").fullmatch
_RULE = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}").fullmatch
_LARGEST = 1 << 26


class Baseline:
    """``entries``: rule by fingerprint. ``path``: a folder, or a file."""

    def __init__(self, path: str, entries: dict[str, str] | None = None) -> None:
        self.path = path
        self.entries = dict(entries or {})

    @classmethod
    def load(cls, path: str) -> Baseline:
        """What is at ``path``; an empty one where nothing is. Raises ``ConfigError`` for what cannot be understood:
        a baseline that was not read whole would report old findings as new, or hide new ones."""
        problem = ""
        try:
            if os.path.isdir(path):
                return cls(path, _folder(path))
            if not os.path.lexists(path):
                return cls(path)
            with open(path, "rb") as file:
                return cls(path, _lines(file.read(_LARGEST).decode("utf-8", "replace"), path))
        except OSError as error:
            problem = error.strerror or type(error).__name__
        raise ConfigError(f"the baseline {path!r} cannot be read: {problem}")

    def __contains__(self, fingerprint: object) -> bool:
        return fingerprint in self.entries

    def __len__(self) -> int:
        return len(self.entries)

    def new(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """The findings that are not in it, and those that are."""
        fresh: list[Finding] = []
        known: list[Finding] = []
        for finding in findings:
            (known if finding.fingerprint in self.entries else fresh).append(finding)
        return fresh, known

    def gone(self, findings: Iterable[Finding]) -> list[str]:
        """Fingerprints in it of which no finding is left: they may be dropped."""
        return sorted(self.entries.keys() - {finding.fingerprint for finding in findings})

    def write(self, findings: Iterable[Finding], *, drop: bool = False) -> tuple[int, int]:
        """Add ``findings``; with ``drop``, remove entries without a finding. Returns how many came and went."""
        wanted = {finding.fingerprint: finding.rule for finding in findings}
        added = [fingerprint for fingerprint in wanted if fingerprint not in self.entries]
        removed = sorted(self.entries.keys() - wanted.keys()) if drop else []
        problem = ""
        try:
            if os.path.isdir(self.path) or not os.path.lexists(self.path):
                self._write_folder({name: wanted[name] for name in added}, removed)
            else:
                self._write_file({**self.entries, **wanted}, set(removed))
        except OSError as error:
            problem = error.strerror or type(error).__name__
        if problem:
            raise ConfigError(f"the baseline {self.path!r} cannot be written: {problem}")
        for name in removed:
            del self.entries[name]
        self.entries.update(wanted)
        return len(added), len(removed)

    def _write_folder(self, added: dict[str, str], removed: list[str]) -> None:
        os.makedirs(self.path, exist_ok=True)
        for name, rule in added.items():
            _replace(os.path.join(self.path, name), f"{rule}\n")
        for name in removed:
            os.unlink(os.path.join(self.path, name))

    def _write_file(self, entries: dict[str, str], removed: set[str]) -> None:
        lines = [f"{name} {entries[name]}".rstrip() for name in sorted(entries) if name not in removed]
        _replace(self.path, "".join(f"{line}\n" for line in lines))


def _folder(path: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for name in sorted(os.listdir(path)):
        if name.startswith(".") or name == "README.md":
            continue
        if not _NAME(name):
            raise ConfigError(f"the baseline {path!r} holds {name!r}, which is no fingerprint")
        with open(os.path.join(path, name), "rb") as file:
            rule = file.read(400).decode("utf-8", "replace").strip()
        entries[name] = rule if _RULE(rule) else ""
    return entries


def _lines(text: str, path: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _LINE(bare)
        if match is None:
            raise ConfigError(f"the baseline {path!r}, line {number}, does not begin with a fingerprint")
        entries[match[1]] = match[2] or ""
    return entries


def _replace(path: str, content: str) -> None:
    partial = f"{path}.{os.urandom(4).hex()}.partial"
    with open(partial, "w", encoding="utf-8", newline="\n") as file:
        file.write(content)
    os.replace(partial, path)
