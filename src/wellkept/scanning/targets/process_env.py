"""The environment of running processes, as the kernel shows it: what they were started with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..location import Location
from ..problem import Problem
from . import BaseTarget, Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROC = "/proc"


class ProcessEnvironment(BaseTarget):
    """The processes numbered ``pids``. Values are lines ``NAME=value``; a newline within a value stays one."""

    name = "process"

    def __init__(self, pids: Sequence[int], proc: str = PROC) -> None:
        self.pids = list(pids)
        self.counts = {"processes": len(self.pids)}
        self._proc = proc

    def units(self) -> Iterator[Any]:
        if not os.path.isdir(os.path.join(self._proc, "self")):
            yield Problem(
                "unreadable", self._proc, "is not there: environments of processes are read on Linux only"
            )
            return
        yield from self.pids

    def expand(self, unit: Any) -> Iterator[Item | Problem]:
        subject = f"process {unit}"
        try:
            with open(os.path.join(self._proc, str(unit), "environ"), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            yield Problem("missing", subject, "there is no such process")
        except OSError as error:
            yield Problem("unreadable", subject, f"{error.strerror}; it belongs to another user")
        else:
            text = data.replace(b"\0", b"\n")
            yield Item(Location(path=f"{subject}: environment"), data=text, size=len(text), unpack=False)
