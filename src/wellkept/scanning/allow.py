"""Allow-lists: findings that somebody decided to live with, with the reason, and until when.

In the code, on the line itself::

    token = "..."  # wellkept:allow only valid on the demo server until=2027-06-30

or in ``.wellkept-allow.toml``, by fingerprint, rule or path (all that an entry names must fit)::

    [[allow]]
    fingerprint = "1c0e..."
    reason = "revoked in 2024; stays in the history"
    until = 2027-06-30

A comment without a reason allows nothing, and one whose day has passed neither; both are said on the finding.
"""

from __future__ import annotations

import datetime
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .finding import Finding

DEFAULT = ".wellkept-allow.toml"

_INLINE = re.compile(rb"wellkept:allow\b(?P<rest>[^\r\n]*)")
_WORD = re.compile(r"(until|rule)=(\S+)")
_CLOSERS = re.compile(r"\s*(?:\*/|-->|--%>|%>|#\}|\*\)|['\"`,;)\]}]+)\s*$")
_KEYS = frozenset({"fingerprint", "rule", "path", "reason", "until"})
_LEAST_PREFIX = 8


class Allowed(NamedTuple):
    """Why a finding is allowed, until when (ISO date or ""), and where that stands."""

    finding: Finding
    reason: str
    until: str
    source: str


class Entry(NamedTuple):
    """One table of the file; empty fields fit everything."""

    reason: str
    until: datetime.date | None
    fingerprint: str = ""
    rule: str = ""
    path: str = ""

    def fits(self, finding: Finding) -> bool:
        if self.fingerprint and not finding.fingerprint.startswith(self.fingerprint):
            return False
        if self.rule and self.rule != finding.rule:
            return False
        places = (finding.location, *finding.also)
        return not self.path or all(matches(self.path, place.display) for place in places)


class AllowList:
    """The entries of a file; without one, only comments count."""

    def __init__(self, entries: Iterable[Entry] = (), source: str = "") -> None:
        self.entries = list(entries)
        self.source = source

    @classmethod
    def load(cls, path: str, *, missing_ok: bool = False) -> AllowList:
        """The file at ``path``. Raises ``ConfigError`` naming the entry and key."""
        import tomllib

        try:
            with open(path, "rb") as file:
                document = tomllib.load(file)
        except FileNotFoundError:
            if missing_ok:
                return cls()
            problem = "there is no such file"
        except OSError as error:
            problem = error.strerror or type(error).__name__
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problem = str(error)
        else:
            return cls(_entries(document, path), os.path.basename(path))
        raise ConfigError(f"the allow-list {path!r} cannot be read: {problem}")

    def split(self, findings: Iterable[Finding], today: datetime.date) -> tuple[list[Finding], list[Allowed]]:
        """The findings that remain, and those that are allowed. A permission that does not count any more, or not
        yet, is named in the finding's details as ``allow``."""
        remaining: list[Finding] = []
        allowed: list[Allowed] = []
        for finding in findings:
            verdict, remark = self._judge(finding, today)
            if verdict is not None:
                allowed.append(verdict)
            elif remark:
                remaining.append(finding._replace(details={**finding.details, "allow": remark}))
            else:
                remaining.append(finding)
        return remaining, allowed

    def _judge(self, finding: Finding, today: datetime.date) -> tuple[Allowed | None, str]:
        remark = ""
        for entry in self.entries:
            if entry.fits(finding):
                if entry.until is None or today <= entry.until:
                    until = entry.until.isoformat() if entry.until else ""
                    return Allowed(finding, entry.reason, until, self.source), ""
                remark = f"the entry in {self.source} ended on {entry.until}"
        if finding.also:  # a comment speaks for its own line, not for the other places
            return None, remark
        inline, why = _inline(finding, today)
        return inline, why or remark


def _inline(finding: Finding, today: datetime.date) -> tuple[Allowed | None, str]:
    match = _INLINE.search(finding.line)
    if match is None:
        return None, ""
    value = finding.secret.reveal_bytes()
    if value and value in match[0]:
        return None, "the comment on this line holds the secret itself"
    rest = _CLOSERS.sub("", match["rest"].decode("utf-8", "replace"))
    options = dict(_WORD.findall(rest))
    reason = " ".join(_WORD.sub("", rest).split()).strip(":- ")
    if options.get("rule", finding.rule) != finding.rule:
        return None, ""
    if not reason:
        return None, "the comment on this line gives no reason"
    until = options.get("until", "")
    if until:
        day = _date(until)
        if day is None:
            return None, "the comment on this line names no date in until="
        if today > day:
            return None, f"the comment on this line ended on {day}"
    return Allowed(finding, reason, until, "comment"), ""


def matches(pattern: str, path: str) -> bool:
    """Whether ``path`` fits a glob: ``*`` stays within a folder, ``**`` does not; without a slash, any folder's."""
    body = pattern.lstrip("/")
    anywhere = "/" not in body.rstrip("/") and not pattern.startswith("/")
    return re.fullmatch(("(?:.*/)?" if anywhere else "") + glob(body), path, re.DOTALL) is not None


def glob(pattern: str) -> str:
    """The regular expression of a glob; one that ends in a slash takes everything below."""
    out = []
    for part in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern):
        out.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part))
    return "".join(out) + (".*" if pattern.endswith("/") else "")


def _entries(document: dict[str, Any], path: str) -> list[Entry]:
    tables = document.get("allow", [])
    if document.keys() - {"allow"} or not isinstance(tables, list):
        raise ConfigError(f"the allow-list {path!r} holds [[allow]] tables and nothing else")
    return [
        _entry(table, f"the allow-list {path!r}, entry {number}") for number, table in enumerate(tables, 1)
    ]


def _entry(table: Any, where: str) -> Entry:
    if not isinstance(table, dict) or table.keys() - _KEYS:
        raise ConfigError(f"{where}: the keys are {', '.join(sorted(_KEYS))}")
    texts = {key: table.get(key, "") for key in _KEYS - {"until"}}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ConfigError(f"{where}: all but 'until' is text")
    if not texts["reason"].strip():
        raise ConfigError(f"{where} gives no reason")
    if not (texts["fingerprint"] or texts["rule"] or texts["path"]):
        raise ConfigError(f"{where} names neither fingerprint, rule nor path: it would allow everything")
    if texts["fingerprint"] and len(texts["fingerprint"]) < _LEAST_PREFIX:
        raise ConfigError(f"{where}: a fingerprint has at least {_LEAST_PREFIX} digits")
    until = table.get("until")
    if isinstance(until, str):
        until = _date(until)
    if "until" in table and (not isinstance(until, datetime.date) or isinstance(until, datetime.datetime)):
        raise ConfigError(f"{where}: 'until' is a date such as 2027-06-30")
    return Entry(texts["reason"].strip(), until, texts["fingerprint"].lower(), texts["rule"], texts["path"])


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
