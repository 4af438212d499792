"""Who should hear of a finding: the owner of the file by CODEOWNERS, else whoever wrote the line last."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from .allow import glob
from .fingerprint import known_details

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .finding import Finding
    from .location import Location

PLACES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
_LARGEST = 3 * 1024 * 1024  # GitHub's limit
_SECONDS = 10.0
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?\s*(?P<owners>.*)").fullmatch


class Line(NamedTuple):
    """A pattern of CODEOWNERS and who owns what fits."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]


class Owners:
    """Of the working tree or repository at ``root``; reads nothing before it is asked."""

    def __init__(self, root: str, *, blame: bool = True) -> None:
        self.root = root
        self._blame = blame
        self._lines: list[Line] | None = None
        self._blamed: dict[tuple[str, int, str], str] = {}

    def of(self, place: Location) -> str:
        """The owners of ``place`` as text, or ""."""
        path = os.path.relpath(place.path, self.root) if os.path.isabs(place.path) else place.path
        path = path.removeprefix("./")
        owners = self._codeowners(path)
        if owners:
            return " ".join(owners)
        if place.email or place.author:
            return _person(place.author, place.email)
        return self._written_by(path, place) if self._blame and not place.inside else ""

    def name(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings with ``owner`` in their details, where nothing better stands there already."""
        named: list[Finding] = []
        for finding in findings:
            owner = known_details(finding.details).get("owner") or self.of(finding.location)
            named.append(finding._replace(details={**finding.details, "owner": owner}) if owner else finding)
        return named

    def _codeowners(self, path: str) -> tuple[str, ...]:
        if self._lines is None:
            self._lines = _read(self.root)
        for line in reversed(self._lines):
            if line.pattern.fullmatch(path):
                return line.owners
        return ()

    def _written_by(self, path: str, place: Location) -> str:
        """Asked of git without anything that the repository's configuration could make it run."""
        key = (path, place.line, place.commit or "HEAD")
        if key not in self._blamed:
            self._blamed[key] = _blame(self.root, *key)
        return self._blamed[key]


def parse(text: str) -> list[Line]:
    """The lines of a CODEOWNERS file, GitHub's or GitLab's; the last that fits counts."""
    lines: list[Line] = []
    default: tuple[str, ...] = ()
    for raw in text.splitlines():
        bare = raw.split(" #", 1)[0].strip()
        if not bare or bare.startswith("#"):
            continue
        section = _SECTION(bare)
        if section:
            default = tuple(section["owners"].split())
            continue
        words = re.split(r"(?<!\\)\s+", bare)
        lines.append(Line(_pattern(words[0].replace("\\ ", " ")), tuple(words[1:]) or default))
    return lines


def _pattern(text: str) -> re.Pattern[str]:
    """As in ``.gitignore``: with a slash inside, from the root; a folder takes everything below it."""
    anchored = "/" in text.rstrip("/")
    body = text.lstrip("/")
    below = "" if body.endswith(("/", "/*")) else "(?:/.*)?"
    return re.compile(("" if anchored else "(?:.*/)?") + glob(body) + below, re.DOTALL)


def _read(root: str) -> list[Line]:
    for name in PLACES:
        path = os.path.join(root, name)
        try:
            if os.path.isfile(path) and os.path.getsize(path) <= _LARGEST:
                with open(path, encoding="utf-8", errors="replace") as file:
                    return parse(file.read())
        except OSError:
            continue  # an owner is a convenience; without one the finding stands as it is
    return []


def _blame(root: str, path: str, line: int, commit: str) -> str:
    if commit.startswith("-") or path.startswith("../"):
        return ""
    command = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=" + os.devnull,
        "-C",
        root,
        "--literal-pathspecs",
    ]
    command += ["blame", "--no-textconv", "--porcelain", "-L", f"{line},{line}", commit, "--", path]
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, env=environ, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if done.returncode:
        return ""
    fields = dict(
        text.split(" ", 1)
        for text in done.stdout.decode("utf-8", "replace").splitlines()
        if text.startswith("author") and " " in text
    )
    return _person(fields.get("author"), fields.get("author-mail", "").strip("<>"))


def _person(author: str | None, email: str | None) -> str:
    if author and email:
        return f"{author} <{email}>"
    return author or email or ""
