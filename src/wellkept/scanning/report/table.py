"""The report for people: each finding with its place, its masked line and what to do, then what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rows import Place, Row, Rows

_COLOURS = {"critical": "1;35", "high": "1;31", "medium": "33", "low": "36"}
_PLACES = 5


def render(rows: Rows, *, colour: bool = False, width: int = 100) -> str:
    """``width``: columns; longer lines of context are cut around the mask."""
    out: list[str] = []
    for row in rows.rows:
        out += [*_finding(row, colour, max(width, 40)), ""]
    for problem in rows.problems:
        word = _paint("problem" if problem.fatal else "note", "1;31" if problem.fatal else "33", colour)
        subject = f"{problem.subject}: " if problem.subject else ""
        out.append(f"{word}  {problem.kind}: {subject}{problem.message}")
    if rows.problems:
        out.append("")
    out.append(_paint(rows.summary, "1", colour) + _looked_at(rows))
    return "\n".join(out) + "\n"


def _finding(row: Row, colour: bool, width: int) -> list[str]:
    severity = _paint(row.severity, _COLOURS.get(row.severity, "0"), colour)
    sure = "" if row.level == "high" else f", {row.level} confidence"
    state = f", {row.verified}" if row.verified else ""
    out = [
        f"{severity}{sure}{state}  {_paint(row.message, '1', colour)}  [{row.rule}]  {_paint(row.short, '2', colour)}"
    ]
    out.append(f"  {row.place}{_how(row.place)}")
    if row.line:
        out.append(f"  {_cut(row.line, width - 6)}")
    for place in row.also[:_PLACES]:
        out.append(f"  also {place}{_how(place)}")
    if len(row.also) > _PLACES:
        out.append(f"  and in {len(row.also) - _PLACES} more places")
    facts = [
        f"owner {row.owner}" if row.owner else "",
        f"age {row.details['age_days']} days" if "age_days" in row.details else "",
    ]
    if row.details.get("allow"):
        facts.append(str(row.details["allow"]))
    if any(facts):
        out.append("  " + "; ".join(fact for fact in facts if fact))
    return out


def _how(place: Place) -> str:
    facts = [
        " in ".join(place.decoded),
        place.author,
        place.date,
        f"layer {place.layer[:19]}" if place.layer else "",
    ]
    if place.in_head is not None and place.commit:
        facts.append("still in HEAD" if place.in_head else "no longer in HEAD")
    text = ", ".join(fact for fact in facts if fact)
    return f"  ({text})" if text else ""


def _cut(line: str, width: int) -> str:
    """``line`` without its indentation, as much of it around the mask as fits."""
    bare = line.strip().replace("\t", " ")
    if len(bare) <= width:
        return "| " + bare
    at = max(0, min(bare.find("*****") - width // 2, len(bare) - width))
    return "| " + ("…" if at else "") + bare[at : at + width] + "…"


def _looked_at(rows: Rows) -> str:
    stats = rows.stats
    parts = [f"{int(stats[key]):,} {key}" for key in ("files", "commits", "layers") if stats.get(key)]
    if stats.get("bytes"):
        parts.append(f"{stats['bytes'] / 1e6:,.1f} MB")
    if stats.get("seconds"):
        parts.append(f"{stats['seconds']:.2f} s")
    return f"  {', '.join(parts)}" if parts else ""


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
