"""``wellkept scan explain ID``: what a finding is, what it grants, and the exact commands that mend it.

Works from the JSON report's entry, which holds no secret; so the commands fetch the value from where it leaked,
straight into a file that nobody else may read.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

from ..errors import NotFound
from .fingerprint import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEAST = 8
"""Digits of a fingerprint that name a finding."""


def find(findings: Iterable[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    """The finding of a JSON report whose id begins with ``wanted``. Raises ``NotFound``, also when several do."""
    start = wanted.lower()
    fitting = {finding["id"]: finding for finding in findings if str(finding.get("id", "")).startswith(start)}
    if len(start) < LEAST or not fitting:
        raise NotFound(f"no finding begins with {wanted!r}; give at least {LEAST} digits of its id")
    if len(fitting) > 1:
        raise NotFound(f"{len(fitting)} findings begin with {wanted!r}; give more digits")
    return next(iter(fitting.values()))


def explain(finding: Mapping[str, Any], *, repository: str = "") -> str:
    """The text for one entry of a JSON report. ``repository``: the URL to clone, where it is known."""
    details = finding.get("details") or {}
    parts = [_what(finding, details), _first(finding, details)]
    places = [finding["location"], *finding.get("also", ())]
    if any(place.get("commit") for place in places):
        parts.append(_history(places, repository))
    elif any(place.get("layer") for place in places):
        parts.append(_IMAGE)
    else:
        parts.append(_FILES)
    parts.append(_AFTER.format(short=str(finding["id"])[:SHORT]))
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _what(finding: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    lines = [f"{finding['message']}  [{finding['rule']}]", f"finding {finding['id']}"]
    lines.append(f"severity {finding['severity']}, confidence {finding['confidence']:g} ({finding['level']})")
    for key in ("owner", "created", "age_days", "form", "part"):
        if details.get(key) not in (None, ""):
            lines.append(f"{key.replace('_', ' ')}: {details[key]}")
    state = details.get("verify")
    if state:
        lines.append(f"works: {state.get('state') if isinstance(state, dict) else state}")
    lines.append("")
    for place in [finding["location"], *finding.get("also", ())]:
        commit = f"{place['commit'][:12]}:" if place.get("commit") else ""
        head = " (no longer in HEAD)" if place.get("in_head") is False else ""
        lines.append(f"  {commit}{place['path']}:{place['line']}{head}")
    if finding.get("line"):
        lines += ["", f"  | {finding['line'].strip()}"]
    if finding.get("grants"):
        lines += ["", f"What it grants: {finding['grants']}"]
    return "\n".join(lines)


def _first(finding: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """Before anything else the secret must stop working."""
    lines = ["1. Make it worthless. Whoever saw it keeps it, whatever is removed afterwards."]
    name = details.get("path") if finding["rule"] == "known" else None
    if name:
        lines.append(f"   wellkept rotate {quote(str(name))}")
        if details.get("stage") != "current":
            lines.append(
                f"   (found is version {details.get('version')}, {details.get('stage')}: make sure that it is dead)"
            )
    if finding.get("revoke"):
        lines.append(f"   {finding['revoke']}")
    elif not name:
        lines.append(
            "   Change it where it was issued, give the new one to whoever uses it, then disable the old one."
        )
    return "\n".join(lines)


def _history(places: list[Mapping[str, Any]], repository: str) -> str:
    url = quote(repository) if repository else "URL"
    first = next(place for place in places if place.get("commit"))
    whole = f"{first['commit']}:{first.get('file') or first['path']}"
    lines = [
        "2. Take it out of the history, in a fresh clone, with git-filter-repo (pip install git-filter-repo).",
        "   Agree on it with everybody who has a clone: all commits after the leak get new names.",
        "",
        f"   git clone --mirror {url} cleaned.git && cd cleaned.git",
    ]
    if _on_one_line(first):
        cut = f"sed -n {first['line']}p | LC_ALL=C cut -b {first['column']}-{first['end_column'] - 1}"
        lines += [
            "   umask 077",
            f"   printf 'literal:%s==>REMOVED\\n' \"$(git show {quote(whole)} | {cut})\" > ../replacements.txt",
            "   git filter-repo --replace-text ../replacements.txt",
            "   shred -u ../replacements.txt",
        ]
    else:
        paths = " ".join(
            f"--path {quote(path)}"
            for path in sorted({str(p.get("file") or p["path"]) for p in places if p.get("commit")})
        )
        lines.append(f"   git filter-repo --invert-paths {paths}    # removes these files from every commit")
    lines += [
        "   git push --force --mirror",
        "",
        "   Then ask the hoster to drop cached views and pull requests' refs; forks and clones keep it all the same.",
    ]
    return "\n".join(lines)


def _on_one_line(place: Mapping[str, Any]) -> bool:
    """Whether line and columns of the file itself say where the value is."""
    inside = place.get("file", place["path"]) != place["path"]
    plain = not inside and not place.get("decoded") and "\\x" not in place["path"]
    return plain and place["end_line"] == place["line"] and place["end_column"] > place["column"]


_IMAGE = """\
2. Build the image again without it, from a base that never had it: a file that a later layer deletes is still
   in the earlier one. Pass build-time secrets with `RUN --mount=type=secret`. Then remove the old tags and
   digests from the registry, and have it collect its garbage."""

_FILES = """\
2. Take it out of the file, and have the program read it instead: from the environment of
   `wellkept run -- COMMAND`, or with wellkept's library. If the file was ever committed or sent, the copies count
   as well: scan the history with `wellkept scan git`."""

_AFTER = """\
3. Look again: `wellkept scan` must not find {short} any more. If it has to stay, say so with a reason and an end
   in .wellkept-allow.toml, or accept all that is there today with `wellkept scan baseline`."""
