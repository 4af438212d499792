"""A few calls at the same time, on threads that do not hold up the end of the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Item = TypeVar("Item")
    Result = TypeVar("Result")

WORKERS = 4
"""Calls at once: enough to hide latency, too few to be throttled."""


def at_once(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``function`` of each of ``items``, in their order; the first exception, after all threads have ended.

    Daemon threads, because the interpreter waits for those of ``concurrent.futures`` before it ends.
    """
    if len(items) < 2:
        return [function(item) for item in items]
    results: dict[int, Result] = {}
    errors: list[BaseException] = []
    todo = list(enumerate(items))[::-1]

    def work() -> None:
        while todo and not errors:
            try:
                number, item = todo.pop()
            except IndexError:
                return  # another thread took the last one
            try:
                results[number] = function(item)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(WORKERS, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(items))]
