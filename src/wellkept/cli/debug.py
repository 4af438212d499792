"""What ``WELLKEPT_DEBUG=1`` shows of an error: where it came from, and nothing that might be a value.

A traceback as Python prints it ends in the exception's text, and that of a library may quote its input. So
only our own exceptions show their text, others their kind.
"""

from __future__ import annotations

import sys
import traceback

from ..errors import WellkeptError


def print_frames(error: BaseException) -> None:
    """The frames of ``error`` and of what caused it, to stderr, without locals."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        sys.stderr.writelines(traceback.format_tb(link.__traceback__))
        shown = f": {link}" if isinstance(link, WellkeptError) else ""
        sys.stderr.write(f"{type(link).__name__}{shown}\n")
        link = link.__cause__ or link.__context__
        if link is not None:
            sys.stderr.write("after:\n")
