"""The SQLite file's tables, and every statement that is run on them: queries are read here, as queries.

``names`` is the ordered index: small rows, so that listing touches few pages. ``blobs`` holds the values.
``link`` in ``names`` is a checksum over this key and the next one, so that a key that is lost, altered or
moved is noticed even by a search that does not find it; ``crc`` covers key, revision and value (decision
0011). ``marks`` holds small things outside revisions; its row with the empty name is the file's own state.
``changes`` has one row for each of the last commits: the revision after it and before it, and the keys that
it wrote or deleted.
"""

from __future__ import annotations

from binascii import crc32

APPLICATION_ID = 0x776B7074
"""``wkpt``: SQLite's own way to say whose file this is."""

VERSION = 2
"""``user_version``: raised by each migration. 2 added ``changes`` (decision 0160)."""

PAGE_SIZE = 4096
"""Bytes; measured against 8192 and 16384 (decision 0010)."""

_FIRST: dict[bytes, bytes] = {
    b"names": b"CREATE TABLE names (key BLOB NOT NULL PRIMARY KEY, id INTEGER NOT NULL, revision INTEGER NOT NULL, "
    b"link INTEGER NOT NULL) WITHOUT ROWID",
    b"blobs": b"CREATE TABLE blobs (id INTEGER PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL)",
    b"marks": b"CREATE TABLE marks (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) "
    b"WITHOUT ROWID",
}
_CHANGES = (
    b"CREATE TABLE changes (revision INTEGER PRIMARY KEY, since INTEGER NOT NULL, keys BLOB NOT NULL, "
    b"crc INTEGER NOT NULL)"
)

TABLES: dict[int, dict[bytes, bytes]] = {1: _FIRST, 2: {**_FIRST, b"changes": _CHANGES}}
"""What ``sqlite_master`` must hold, to the letter, by version."""

MIGRATIONS: dict[int, tuple[str, ...]] = {1: (_CHANGES.decode(),)}
"""From a version, the statements that lead to the next one; they run inside the first write (``sqlite_pool``)."""

SCHEMA = "SELECT name, sql FROM sqlite_master"

GET = "SELECT n.revision, b.value, b.crc FROM names AS n LEFT JOIN blobs AS b ON b.id = n.id WHERE n.key = ?"
REVISION_OF = "SELECT revision FROM names WHERE key = ?"
BEFORE = "SELECT key, link FROM names WHERE key < ? ORDER BY key DESC LIMIT 1"
FROM = "SELECT key, link FROM names WHERE key >= ? ORDER BY key LIMIT ?"
ARRIVE = (
    "SELECT key, link FROM (SELECT key, link FROM names WHERE key < ? ORDER BY key DESC LIMIT 1) "
    "UNION ALL SELECT key, link FROM (SELECT key, link FROM names WHERE key >= ? ORDER BY key LIMIT ?)"
)
SCAN = (
    "SELECT n.key, n.link, n.revision, b.value, b.crc FROM names AS n LEFT JOIN blobs AS b ON b.id = n.id "
    "WHERE n.key >= ? ORDER BY n.key"
)

COUNTS = "SELECT (SELECT count(*) FROM names) - (SELECT count(*) FROM blobs)"

LOCATE = "SELECT n.id, n.revision, b.value, b.crc FROM names AS n LEFT JOIN blobs AS b ON b.id = n.id WHERE n.key = ?"
ADD_BLOB = "INSERT INTO blobs (value, crc) VALUES (?, ?)"
ADD_NAME = "INSERT INTO names (key, id, revision, link) VALUES (?, ?, ?, ?)"
SET_BLOB = "UPDATE blobs SET value = ?, crc = ? WHERE id = ?"
SET_REVISION = "UPDATE names SET revision = ? WHERE key = ?"
SET_LINK = "UPDATE names SET link = ? WHERE key = ?"
DROP_NAME = "DELETE FROM names WHERE key = ?"
DROP_BLOB = "DELETE FROM blobs WHERE id = ?"

NOTE_CHANGE = "INSERT OR REPLACE INTO changes (revision, since, keys, crc) VALUES (?, ?, ?, ?)"
FORGET_CHANGES = "DELETE FROM changes WHERE revision < ?"
CHANGES = "SELECT revision, since, keys, crc FROM changes WHERE revision > ? ORDER BY revision"

GET_MARK = "SELECT value, crc FROM marks WHERE name = ?"
SET_MARK = "INSERT OR REPLACE INTO marks (name, value, crc) VALUES (?, ?, ?)"


def link(key: bytes, following: bytes) -> int:
    """The checksum that ties ``key`` to the next key (empty after the last one)."""
    return crc32(following, crc32(key, len(key)))


def checksum(key: bytes, revision: int, value: bytes) -> int:
    """The checksum of one entry."""
    return crc32(value, crc32(key, revision & 0xFFFFFFFF))


class State:
    """The file's own row in ``marks``.

    ``instance``: 8 random bytes, new in each copy. ``revision``: the last one given out. ``commits``: how
    many transactions were committed, marks included.
    """

    __slots__ = ("commits", "instance", "revision")

    NAME = b""

    def __init__(self, instance: bytes, revision: int, commits: int) -> None:
        self.instance = instance
        self.revision = revision
        self.commits = commits

    def pack(self) -> bytes:
        return self.instance + self.revision.to_bytes(8, "big") + self.commits.to_bytes(8, "big")

    @classmethod
    def unpack(cls, raw: bytes) -> State:
        return cls(raw[:8], int.from_bytes(raw[8:16], "big"), int.from_bytes(raw[16:24], "big"))

    SIZE = 24
