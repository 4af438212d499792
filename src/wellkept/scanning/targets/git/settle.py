"""The last word on findings in a history: one per secret and path, with the commit that added it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attribution import in_tree, people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...finding import Finding
    from ...location import Location
    from .attribution import Person
    from .repository import Repository


class Settler:
    """``order`` counts the commits from the oldest."""

    def __init__(self, repository: Repository, order: Mapping[str, int]) -> None:
        self._repository = repository
        self._order = order

    def settle(self, findings: list[Finding]) -> list[Finding]:
        """The first of each secret, rule and path, with author, date and whether HEAD still has it."""
        head = set(in_tree(self._repository).values())
        living = {_what(finding) for finding in findings if finding.location.extra.get("blob") in head}
        firsts: dict[tuple[str, bytes, str], list[Finding]] = {}
        for finding in sorted(findings, key=self._age):
            kept = firsts.setdefault((*_what(finding), finding.location.display), [])
            if not kept or _same_blob(kept[0], finding):
                kept.append(finding)
        found = [finding for kept in firsts.values() for finding in kept]
        authors = people(self._repository, [f.location.commit for f in found if f.location.commit])
        return [
            finding._replace(location=_signed(finding.location, authors, _what(finding) in living))
            for finding in found
        ]

    def _age(self, finding: Finding) -> tuple[int, str, int]:
        where = finding.location
        return (self._order.get(where.commit or "", len(self._order)), where.display, where.offset)


def _what(finding: Finding) -> tuple[str, bytes]:
    return (finding.rule, finding.secret.reveal_bytes())


def _same_blob(one: Finding, other: Finding) -> bool:
    return (one.location.commit, one.location.extra) == (other.location.commit, other.location.extra)


def _signed(where: Location, authors: Mapping[str, Person], in_head: bool) -> Location:
    person = authors.get(where.commit or "")
    if person is None:
        return where._replace(in_head=in_head)
    return where._replace(author=person.name, email=person.email, date=person.date, in_head=in_head)
