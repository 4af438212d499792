"""A worker: a process that serves, with a supervisor behind it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import TYPE_CHECKING

from ..errors import Sealed, WellkeptError
from .allocator import give_back
from .automatic import open_by_itself
from .node import Node
from .remote import RemoteBoard
from .serve import Server, new_loop

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from .log import Log
    from .settings import Settings


def work(
    settings: Settings,
    sockets: Sequence[socket.socket],
    link: socket.socket,
    roots: Sequence[bytes] | None,
    log: Log,
    prepare: Callable[[Node], None] | None = None,
) -> int:
    """Serve until told to stop; the exit code. ``prepare`` is called with the first worker's node, once it stands."""
    give_back()
    board = RemoteBoard(link)
    loop = new_loop()
    asyncio.set_event_loop(loop)
    try:
        node = Node(settings, board)
    except WellkeptError as error:
        board.tell(failed=str(error), code=error.exit_code)
        return error.exit_code
    server = Server(node, sockets, loop, say=log.info)
    board.start(node.follow, lambda: os.kill(os.getpid(), signal.SIGTERM))

    def reload() -> None:
        log.reopen()
        server.reload()
        serving = node.service
        reopen = getattr(serving.service.audit, "reopen", None) if serving is not None else None
        if reopen is not None:
            reopen()

    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))  # until the loop hears it
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor's to hear, who tells us

    async def serve() -> None:
        loop.add_signal_handler(signal.SIGTERM, server.stop)
        loop.add_signal_handler(signal.SIGHUP, reload)
        await server.start()
        # What is here now stays. What requests leave behind is nearly all freed by counting references, so the
        # collector, which looks at everything remembered of the store, need not come every 700 objects.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        board.tell(ready=True)
        if told:
            server.stop()
        await server.stopped

    try:
        if roots is not None:
            node.open(roots[-1])
        else:
            _open_alone(node, log)
        if prepare is not None:
            prepare(node)
        loop.run_until_complete(serve())
    except WellkeptError as error:
        board.tell(failed=str(error), code=error.exit_code)
        return error.exit_code
    node.close()
    return 0


def _open_alone(node: Node, log: Log) -> None:
    try:
        reason = open_by_itself(node)
    except Sealed as error:
        reason = str(error)
    if node.service is not None:
        node.board.publish([node.service.barrier.roots[-1]])
        log.info("the store was opened by its own seal")
    elif reason:
        log.warn(reason)
