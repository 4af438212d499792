"""``import vault://...``: the KV secrets of a Vault or OpenBao server into the store, versions included.

Each batch is taken over wholly or not at all, and what is here already is not touched; so an import that was broken
off is started again and goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, NotFound
from .output import note, progress, say, say_json

if TYPE_CHECKING:
    from argparse import Namespace

    from ..core.local import LocalStore
    from ..core.model import Metadata
    from .context import Place

BATCH = 50
SCHEMES = ("vault://", "vault+http://", "vault:///", "openbao://", "openbao+http://")
EXIT_DIFFERENT = 5
"""Some secrets are here already, and are not those of the server: ``Conflict``'s code."""


def is_server(text: str) -> bool:
    """Whether ``text`` names a server and not a file."""
    return text.startswith(SCHEMES)


def execute(arguments: Namespace, place: Place) -> int:
    from ..sources.url import parse_url
    from ..sources.vault.history import Histories
    from ..sources.vault.options import read_options
    from ..sources.vault.session import Session

    session = Session(read_options(parse_url(arguments.file)))
    try:
        histories = Histories(session)
        names = histories.names()
        with place.open() as store:
            outcome = _Move(store, histories, (arguments.env and place.prefix) or "", arguments.dry_run)
            outcome.run(names)
    finally:
        session.close()
    return outcome.report(arguments)


class _Move:
    """One import. ``prefix`` goes before the names of the server."""

    def __init__(self, store: LocalStore, histories: Any, prefix: str, dry_run: bool) -> None:
        self._store = store
        self._histories = histories
        self._prefix = prefix
        self._dry_run = dry_run
        self.taken: list[str] = []
        self.unchanged: list[str] = []
        self.different: list[str] = []
        self.refused: list[str] = []
        self.versions = self.lost = 0

    def run(self, names: list[str]) -> None:
        from ..core.paths import check_name

        show = progress("taken over")
        batch: dict[str, Any] = {}
        for number, name in enumerate(names, 1):
            own = f"{self._prefix}/{name}" if self._prefix else name
            try:
                check_name(own)
            except InvalidRequest as error:
                note(str(error))
                self.refused.append(own)
                continue
            self._consider(own, name, batch)
            if len(batch) >= BATCH:
                self._flush(batch)
            if show is not None:
                show(number, len(names))
        self._flush(batch)

    def _consider(self, own: str, name: str, batch: dict[str, Any]) -> None:
        try:
            history = self._histories.of(name)
        except NotFound:
            return  # gone since it was listed
        try:
            here = self._store.metadata(own)
        except NotFound:
            batch[own] = history.data
            self.versions += sum(version["data"] is not None for version in history.data["versions"])
            self.lost += history.lost
            return
        (self.unchanged if _same(here, history.data) else self.different).append(own)

    def _flush(self, batch: dict[str, Any]) -> None:
        if batch and not self._dry_run:
            self._store.adopt_many(batch)
        self.taken += batch
        batch.clear()

    def report(self, arguments: Namespace) -> int:
        if self.lost:
            note(
                f"{self.lost} deleted versions could not be read, so they are recorded as destroyed; "
                "undelete them at the server first if they matter"
            )
        for name in self.different:
            note(f"{name}: is here already with another history; left as it is")
        if arguments.json:
            say_json(
                {
                    "dry_run": arguments.dry_run,
                    "imported": self.taken,
                    "versions": self.versions,
                    "unchanged": self.unchanged,
                    "different": self.different,
                    "refused": self.refused,
                    "deleted_versions_lost": self.lost,
                }
            )
        else:
            would = "would be " if arguments.dry_run else ""
            say(
                f"{would}imported {len(self.taken)} secrets with {self.versions} versions; "
                f"{len(self.unchanged)} were here, {len(self.different)} differ, {len(self.refused)} refused"
            )
        return EXIT_DIFFERENT if self.different or self.refused else 0


def _same(here: Metadata, there: dict[str, Any]) -> bool:
    """Whether the history that is here is the one over there: the same versions, made at the same moments.

    A version's value never changes after it was made, so comparing values would compare what cannot differ.
    """
    own = {info.number: round(info.created, 3) for info in here.versions}
    other = {version["number"]: round(version["created"], 3) for version in there["versions"]}
    return here.latest == there["latest"] and own == other
