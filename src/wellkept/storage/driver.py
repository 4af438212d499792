"""SQLite's driver from the standard library, without the part that imports ``datetime``: 3 ms of each command's start.

``sqlite3`` is the C module ``_sqlite3`` and adapters for dates, of which we use none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import _sqlite3 as sqlite3
    except ImportError:  # another Python than CPython
        import sqlite3

__all__ = ["sqlite3"]
