"""A session with one server: requests with a good token under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import SecretError
from .keeper import Keeper
from .wire import REDIRECTS, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .http1 import Answer
    from .options import Options


class Session:
    """Calls of the API of the server in ``options``, as whoever its login makes. Safe between threads.

    Its methods raise ``Denied`` where there is nothing to log in with or the login was refused,
    ``ConfigError``, ``Unavailable`` and ``Malformed``; any other answer is returned, whatever its status.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.source = options.printable
        self._wire = Wire(options)
        self._keeper = Keeper(self._wire)

    @property
    def token_number(self) -> int:
        """Counts the tokens: leases issued under an earlier number die with that token. 0 before the first."""
        token = self._keeper.present
        return 0 if token is None else token.number

    @property
    def token_expires(self) -> float:
        """When the present token dies, in monotonic seconds; infinity when it does not or is not known to."""
        token = self._keeper.present
        return float("inf") if token is None else token.expires

    @property
    def token_due(self) -> float:
        """When ``keep_alive`` should be called next, in monotonic seconds."""
        token = self._keeper.present
        return float("inf") if token is None else token.due

    def on_new_token(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after each login but the first; on the thread that logged in, so: briefly."""
        self._keeper.on_new_token(callback)

    def call(
        self, method: str, path: str, body: Any = None, *, deadline: float, again: bool = True
    ) -> Answer:
        """One request with the token. ``path`` is without ``/v1/`` and quoted; ``deadline`` is monotonic seconds.

        A refused token that has died is replaced, and the request made again, once. ``again`` as in
        ``Pool.exchange``.
        """
        token = self._keeper.token(deadline)
        answer = self._wire.send(method, path, body, token.header, deadline, again=again)
        if answer.status == 403 and self._keeper.recover(token, deadline):
            token = self._keeper.token(deadline)
            answer = self._wire.send(method, path, body, token.header, deadline, again=again)
        return answer

    def call_many(self, method: str, paths: Sequence[str], deadline: float) -> list[Answer | SecretError]:
        """``GET`` or ``LIST`` all ``paths``, several at a time; each with its answer or error."""
        token = self._keeper.token(deadline)
        results = self._wire.send_many(method, paths, token.header, deadline)
        for position, result in enumerate(results):
            if isinstance(result, SecretError) or result.status not in (403, *REDIRECTS):
                continue
            try:  # alone: it may need a look at the token, or another node
                results[position] = self.call(method, paths[position], deadline=deadline)
            except SecretError as error:
                results[position] = error
        return results

    def keep_alive(self, deadline: float) -> None:
        """Learn the token's TTL where it is not known, and renew it or log in again where that is due."""
        self._keeper.learn(deadline)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._wire.pool.close()

    def after_fork(self) -> None:
        """In the child: connections and locks of its own; the token is still good."""
        self._wire.pool.after_fork()
        self._keeper.after_fork()
