"""A store at rest, opened by who has its key, for what is done without a server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..barrier.seals.shamir import ShamirSeal
from ..core.place import DATABASE
from ..core.unlock import find_seal
from ..errors import Sealed, StorageUnavailable
from .board import OwnBoard
from .flows.fields import share
from .flows.status import seal_parameters
from .node import Node
from .settings import Settings, StorageSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..barrier.seals import Seal
    from .node import Serving


@contextmanager
def opened(path: str, shares: Callable[[], Iterator[str]], ask: Callable[[], str]) -> Iterator[Serving]:
    """The store in the directory ``path``; ``shares`` is asked for key shares when it takes them,
    ``ask`` for a passphrase.

    Raises ``StorageUnavailable`` when there is none, ``Sealed`` when it cannot be opened.
    """
    directory = os.path.abspath(path)
    if not os.path.lexists(os.path.join(directory, DATABASE)):
        raise StorageUnavailable(f"there is no store in {directory}")
    node = Node(Settings(StorageSettings(directory), kv_at_secret=True), OwnBoard())
    try:
        config = node.seal_config
        if config is None:
            raise Sealed(f"the store in {directory} was never initialised")
        seal: Seal
        if config["kind"] == "shamir":
            seal = ShamirSeal(given=_enough(shares(), seal_parameters(config)[1]))
        else:
            seal = find_seal(config, prompt=ask)
        node.open(node.unlock(seal))
        assert node.service is not None
        yield node.service
    finally:
        node.close()


def _enough(given: Iterator[str], threshold: int) -> list[bytes]:
    found: list[bytes] = []
    for text in given:
        raw = share(text)
        if raw not in found:
            found.append(raw)
        if len(found) == threshold:
            return found
    raise Sealed(f"{threshold} key shares are needed; {len(found)} were given")
