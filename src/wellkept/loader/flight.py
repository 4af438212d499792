"""A flight: one read of one secret that is under way, however many threads and tasks wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .waiting import Latch

if TYPE_CHECKING:
    from ..errors import Transient, WellkeptError
    from ..secret import Secret
    from .cell import Cell
    from .waiting import Deadline


class Flight:
    """``latch`` opens when ``secret`` or ``error`` is set.

    ``tick`` orders attempts and callers: it is drawn when an attempt begins (zero before the first), and so is
    a caller's when it arrives; a caller can tell whether an outcome is news from after its arrival. ``limit``
    is when the attempts must have ended; past it the flight is ``abandoned``, and whatever it still brings home
    is welcome but waited for by nobody. A ``background`` flight tries once. ``told`` opens when the callbacks
    have run for a change that this flight noticed. ``failure`` is that of the last attempt while the next is
    being waited for. ``adopted``: the outcome is one that another process had read
    a little earlier (``sharing``), so it does not count as news from after a caller's arrival.
    """

    __slots__ = (
        "abandoned",
        "adopted",
        "attempts",
        "background",
        "began",
        "cell",
        "error",
        "failure",
        "latch",
        "limit",
        "secret",
        "tick",
        "told",
    )

    def __init__(self, cell: Cell, limit: Deadline, *, background: bool = False) -> None:
        self.cell = cell
        self.limit = limit
        self.background = background
        self.latch = Latch()
        self.tick = 0
        self.attempts = 0
        self.began = 0.0
        self.abandoned = False
        self.adopted = False
        self.secret: Secret | None = None
        self.error: WellkeptError | None = None
        self.failure: Transient | None = None
        self.told: Latch | None = None
