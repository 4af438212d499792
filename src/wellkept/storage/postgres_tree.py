"""Reading the ordered entries through one PostgreSQL connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import postgres_sql as sql
from .protocol import Entry

if TYPE_CHECKING:
    from psycopg import Connection

END = b"\xff"
"""Behind every key that begins with what stands before it: UTF-8 never has this byte."""

PAGE = 200


def find(db: Connection[Any], key: bytes) -> Entry | None:
    row = db.execute(sql.GET, (key,)).fetchone()
    return None if row is None else Entry(bytes(row[0]), row[1])


def children(db: Connection[Any], prefix: bytes, after: bytes, limit: int | None) -> list[str]:
    """Immediate children of ``prefix`` behind ``after``; jumps over the descendants of each folder."""
    parameters = {
        "first": _behind(prefix, after),
        "end": prefix + END,
        "skip": len(prefix) + 1,
        "limit": limit,
    }
    found = []
    for (key,) in db.execute(sql.CHILDREN, parameters):
        name = bytes(key)[len(prefix) :]
        cut = name.find(b"/")
        found.append((name if cut < 0 else name[: cut + 1]).decode())
    return found


def keys(db: Connection[Any], prefix: bytes, after: bytes, limit: int) -> list[str]:
    """Up to ``limit`` keys that start with ``prefix`` and are greater than ``after``, in order."""
    rows = db.execute(sql.KEYS, (max(prefix, after + b"\0"), prefix + END, limit))
    return [bytes(key).decode() for (key,) in rows]


def page(db: Connection[Any], prefix: bytes, after: bytes) -> list[tuple[str, Entry]]:
    """Some entries behind ``after``; fewer than ``PAGE`` are the last."""
    rows = db.execute(sql.SCAN, (max(prefix, after + b"\0"), prefix + END, PAGE))
    return [(bytes(key).decode(), Entry(bytes(value), revision)) for key, value, revision in rows]


def _behind(prefix: bytes, after: bytes) -> bytes:
    """The smallest key that may belong to a child behind ``after``."""
    if not after:
        return prefix or b"\0"
    if after.endswith(b"/"):
        return prefix + after[:-1] + b"0"
    return prefix + after + b"\0"
