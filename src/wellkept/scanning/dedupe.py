"""One finding for each secret: every further place of it, in any target, becomes one of its ``also``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .finding import Finding
    from .location import Location

_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def dedupe(findings: Iterable[Finding]) -> list[Finding]:
    """Stamped findings with the same fingerprint joined, in the order of their first places.

    Of several rules that found the same bytes at the same place the surest one stays. A place is named once,
    however many commits or layers reach it by the same path and offset.
    """
    joined: dict[str, Finding] = {}
    places: dict[str, list[Location]] = {}
    found = _surest(findings)
    seen_as_they_stand = {
        (_line(item.location), item.fingerprint): item.location
        for item in found
        if item.rule == "known" and not item.location.decoded
    }
    for finding in sorted(found, key=lambda finding: finding.sort_key()):
        if finding.rule == "known" and len(finding.location.decoded) == 1:
            direct = seen_as_they_stand.get((_line(finding.location), finding.fingerprint))
            if direct is not None and _within(direct, finding.location):
                continue  # the matcher read the encoding by itself, the engine undid it: the same occurrence

        first = joined.setdefault(finding.fingerprint, finding)
        places.setdefault(finding.fingerprint, []).extend((finding.location, *finding.also))
        if finding.confidence > first.confidence:
            joined[finding.fingerprint] = first._replace(
                confidence=finding.confidence, details=finding.details
            )
    return [
        finding._replace(also=_others(finding.location, places[fingerprint]))
        for fingerprint, finding in joined.items()
    ]


def _surest(findings: Iterable[Finding]) -> list[Finding]:
    best: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        place = finding.location
        key = (
            place.display,
            place.commit,
            place.layer,
            place.offset,
            place.decoded,
            finding.secret.reveal_bytes(),
        )
        before = best.get(key)
        if before is None or _order(finding) < _order(before):
            best[key] = finding
    return list(best.values())


def _order(finding: Finding) -> tuple[object, ...]:
    generic = "generic" in finding.rule
    return (
        finding.rule != "known",
        generic,
        not finding.provider,  # a rule that knows whose it is says more than one of a kind of file
        -finding.confidence,
        _RANK.get(finding.severity, 9),
        finding.rule,
    )


def _others(first: Location, places: list[Location]) -> tuple[Location, ...]:
    seen = {_spot(first)}
    others: list[Location] = []
    for place in sorted(places, key=lambda place: place.sort_key()):
        if _spot(place) not in seen:
            seen.add(_spot(place))
            others.append(place)
    return tuple(others)


def _line(place: Location) -> tuple[object, ...]:
    return (place.display, place.commit, place.layer, place.line)


def _within(place: Location, piece: Location) -> bool:
    """Whether ``place`` stands in the encoded ``piece``, give or take what encoding adds at the ends."""
    return piece.column - 4 <= place.column and place.end_column <= piece.end_column + 4


def _spot(place: Location) -> tuple[object, ...]:
    return (place.display, place.offset, place.decoded, place.commit, place.layer)
