"""Undoing what was intended and never acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import WellkeptError
from .connections import with_password
from .failures import DatabaseFailure
from .intentions import claim, forget, postpone, ripe, waiting
from .pool import Pool
from .records import CONFIG, Connection, load, store

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.view import View
    from .engine import Host
    from .intentions import Intention


class Recovery:
    """``run`` takes what is ripe."""

    def __init__(self, host: Host, resume: Callable[[str], None]) -> None:
        self._host = host
        self._resume = resume

    def run(self, now: float) -> None:
        found = self._host.read(lambda view: [each for each in waiting(view) if ripe(view, each, now)])
        for identifier in found:
            intention = self._host.write(
                lambda view, identifier=identifier: claim(view, identifier, now)  # type: ignore[misc]
            )
            if intention is not None:
                self._settle(identifier, intention)

    def _settle(self, identifier: str, intention: Intention) -> None:
        try:
            if intention.kind == "user":
                self._remove(identifier, intention)
            elif intention.kind == "static":
                self._host.write(lambda view: forget(view, identifier))
                self._resume(intention.user)  # which writes down what it does
            else:
                self._find_out(identifier, intention)
        except (WellkeptError, DatabaseFailure):
            now = self._host.clock.time()
            self._host.write(lambda view: postpone(view, identifier, now))

    def _remove(self, identifier: str, intention: Intention) -> None:
        found = self._connection(intention)
        if found is not None:
            self._host.on(
                found, lambda driver, session: driver.drop(session, intention.user, intention.statements)
            )
            self._host.write(lambda view: forget(view, identifier))

    def _find_out(self, identifier: str, intention: Intention) -> None:
        """Which of two passwords is the connection's: the server is asked."""
        found = self._connection(intention)
        if found is None or found.details.get("username") != intention.user:
            self._host.write(lambda view: forget(view, identifier))
            return
        changed = with_password(found, intention.password)
        if not _works(found) and _works(changed):

            def promote(view: View) -> None:
                current = load(view, CONFIG, found.name, Connection)
                if current is not None and current.revision == found.revision:
                    store(view, CONFIG, found.name, changed)
                forget(view, identifier)

            self._host.write(promote)
            return
        self._host.write(lambda view: forget(view, identifier))

    def _connection(self, intention: Intention) -> Connection | None:
        return self._host.read(lambda view: load(view, CONFIG, intention.db_name, Connection))


def _works(found: Connection) -> bool:
    """Whether the server takes it. Raises when it cannot be asked."""
    pool = Pool(found)
    try:
        pool.use(lambda driver, session: None)
    except DatabaseFailure as error:
        if not error.refused:
            raise
        return False
    finally:
        pool.close()
    return True
