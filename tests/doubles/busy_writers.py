"""Many clients that write to a server until it dies, and remember what they were promised."""

from __future__ import annotations

import threading
from typing import Any

from doubles.raw_http import Wire


class Promises:
    """What the server has acknowledged. ``written``: by name the last number; ``alive`` and ``revoked``: tokens.

    ``kinds`` counts what was acknowledged, of each kind of request.
    """

    def __init__(self) -> None:
        self.written: dict[str, int] = {}
        self.alive: set[str] = set()
        self.revoked: set[str] = set()
        self.unknown: set[str] = set()  # tokens whose revocation was asked for, and not answered
        self.refused: list[tuple[int, bytes]] = []
        self.kinds: dict[str, int] = {}


class Writers:
    """``count`` threads against ``port``; ``wait`` returns when none gets an answer any more."""

    def __init__(
        self, promises: Promises, port: int, token: str, login: dict[str, str], count: int = 64
    ) -> None:
        self._promises = promises
        self._port = port
        self._token = token
        self._login = login
        self._begun = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._run, args=(me,), daemon=True) for me in range(count)]
        for thread in self._threads:
            thread.start()

    def until(self, answers: int) -> None:
        """Wait for so many acknowledgements."""
        for _ in range(answers):
            assert self._begun.acquire(timeout=60), "the server answers no more"

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _run(self, me: int) -> None:
        mine: list[str] = []
        turn = me
        with Wire(self._port) as wire:
            while self._step(wire, me, turn, mine):
                self._begun.release()
                turn += 1

    def _step(self, wire: Wire, me: int, turn: int, mine: list[str]) -> bool:
        """One request. False when there was no answer."""
        promises = self._promises
        what = ("write", "create", "renew", "login", "write", "revoke")[turn % 6]
        if what == "revoke" and mine:
            token = mine.pop(0)
            promises.alive.discard(token)
            promises.unknown.add(token)
            if self._ask(wire, what, "auth/token/revoke", {"token": token}) is None:
                return False
            promises.unknown.discard(token)
            promises.revoked.add(token)
            return True
        if what == "renew" and mine:
            return self._ask(wire, what, "auth/token/renew", {"token": mine[-1]}) is not None
        if what in ("create", "login"):
            path, body = (
                ("auth/token/create", {"ttl": "1h"})
                if what == "create"
                else ("auth/approle/login", self._login)
            )
            made = self._ask(wire, what, path, body)
            if made is None:
                return False
            mine.append(made["auth"]["client_token"])
            promises.alive.add(mine[-1])
            return True
        number = promises.written.get(f"w{me}", 0) + 1
        if self._ask(wire, "write", f"secret/data/w{me}", {"data": {"number": number}}) is None:
            return False
        promises.written[f"w{me}"] = number
        return True

    def _ask(self, wire: Wire, what: str, path: str, body: Any) -> Any:
        """The answer, parsed; ``None`` when the server is gone. One that is cut off is no promise."""
        try:
            reply = wire.ask("POST", f"/v1/{path}", body, token=self._token, again=False)
        except OSError:
            return None
        if reply.status == 0:
            return None
        if reply.status not in (200, 204):
            self._promises.refused.append((reply.status, reply.body))
            return None
        promises = self._promises
        promises.kinds[what] = promises.kinds.get(what, 0) + 1
        return reply.json or {}
