"""Memory for large bodies goes back to the system when they were answered."""

from __future__ import annotations

_THRESHOLD = -3  # M_MMAP_THRESHOLD of <malloc.h>
LARGE = 1 << 20
"""Bytes above which a block is the system's own, and not a part of some thread's heap."""


def give_back() -> None:
    """Tell glibc. Of itself it raises the threshold to 32 MiB at the first large block that is freed, and then keeps
    what each of many threads had in use once: after sixteen bodies of 31 MiB a worker stayed at three times the size."""
    import ctypes

    try:
        ctypes.CDLL(None).mallopt(_THRESHOLD, LARGE)
    except (AttributeError, OSError):
        pass  # another C library, with its own ways
