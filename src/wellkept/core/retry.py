"""Transactions that lose a race are run again: soon, at random intervals, and for long enough."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeVar

from ..errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.protocol import Storage, Transaction

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds. Losing for so long takes many writers of the very same secret."""


def transact(storage: Storage, action: Callable[[Transaction], T]) -> T:
    """Run ``action`` in a transaction and commit, from the start when it loses a race.

    Unlike the protocol's ``transact``, which gives up after a fixed number of losses, this one draws back at
    random (up to 20 ms) and tries for ``PATIENCE`` seconds of real time. Raises ``Conflict`` after that, and at
    once when running it again is of no use.
    """
    deadline = time.monotonic() + PATIENCE
    ceiling = 0.0005
    while True:
        lost: Conflict | None = None
        transaction = storage.transaction()
        try:
            result = action(transaction)
            transaction.commit()
        except Conflict as error:
            transaction.rollback()
            lost = error
        except BaseException:
            transaction.rollback()
            raise
        else:
            return result
        if not lost.retry or time.monotonic() > deadline:
            raise lost
        time.sleep(ceiling * os.urandom(1)[0] / 255)  # ``random`` would cost start-up 3 ms for this
        ceiling = min(ceiling * 2, 0.02)
