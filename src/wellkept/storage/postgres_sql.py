"""PostgreSQL's tables, and every statement that is run on them: queries are read here, as queries.

Portable SQL only (CockroachDB, YugabyteDB). Keys are ``bytea``, which compares by bytes. ``wellkept_state`` has one
row; a writer locks it, so commits come one after the other and the revision is one counter. ``wellkept_changes`` has
one row a commit: the keys it wrote, and an identifier by which its fate is found out when the connection broke.
"""

from __future__ import annotations

VERSION = 1
"""Of the tables; raised by each migration."""

CREATE = (
    "CREATE TABLE IF NOT EXISTS wellkept_entries "
    "(key BYTEA PRIMARY KEY, value BYTEA NOT NULL, revision BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS wellkept_changes "
    "(revision BIGINT PRIMARY KEY, since BIGINT NOT NULL, id BYTEA NOT NULL, keys BYTEA NOT NULL)",
    "CREATE TABLE IF NOT EXISTS wellkept_marks (name BYTEA PRIMARY KEY, value BYTEA NOT NULL)",
    "CREATE TABLE IF NOT EXISTS wellkept_state "
    "(id SMALLINT PRIMARY KEY, version INT NOT NULL, instance BYTEA NOT NULL, revision BIGINT NOT NULL)",
)
MIGRATIONS: dict[int, tuple[str, ...]] = {}
"""From a version, the statements that lead to the next one. None yet."""

HAS_SCHEMA = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
ADD_STATE = "INSERT INTO wellkept_state (id, version, instance, revision) VALUES (1, %s, %s, 0) ON CONFLICT (id) DO NOTHING"
STATE = "SELECT version, instance, revision FROM wellkept_state WHERE id = 1"
LOCK_STATE = STATE + " FOR UPDATE"
SET_VERSION = "UPDATE wellkept_state SET version = %s WHERE id = 1"
SET_REVISION = "UPDATE wellkept_state SET revision = %s WHERE id = 1"

GET = "SELECT value, revision FROM wellkept_entries WHERE key = %s"
REVISIONS = "SELECT key, revision FROM wellkept_entries WHERE key = ANY(%s)"
KEYS = "SELECT key FROM wellkept_entries WHERE key >= %s AND key < %s ORDER BY key LIMIT %s"
SCAN = "SELECT key, value, revision FROM wellkept_entries WHERE key >= %s AND key < %s ORDER BY key LIMIT %s"

PUT = """
INSERT INTO wellkept_entries (key, value, revision)
SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::bigint[])
ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision
"""
DELETE = "DELETE FROM wellkept_entries WHERE key = ANY(%s)"

NOTE_CHANGE = "INSERT INTO wellkept_changes (revision, since, id, keys) VALUES (%s, %s, %s, %s)"
FORGET_CHANGES = "DELETE FROM wellkept_changes WHERE revision <= %s"
CHANGES = "SELECT revision, since, keys FROM wellkept_changes WHERE revision > %s ORDER BY revision"
FIND_COMMIT = "SELECT revision FROM wellkept_changes WHERE id = %s"

GET_MARK = "SELECT value FROM wellkept_marks WHERE name = %s"
SET_MARK = "INSERT INTO wellkept_marks (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

SIZE = "SELECT coalesce(sum(octet_length(key) + octet_length(value)), 0) FROM wellkept_entries"

CHILDREN = """
WITH RECURSIVE step (key) AS (
    (SELECT key FROM wellkept_entries WHERE key >= %(first)s AND key < %(end)s ORDER BY key LIMIT 1)
  UNION ALL
    SELECT (SELECT e.key FROM wellkept_entries e
            WHERE e.key >= CASE
                WHEN position('\\x2f'::bytea in substring(step.key from %(skip)s)) > 0
                THEN substring(step.key from 1 for
                     %(skip)s - 2 + position('\\x2f'::bytea in substring(step.key from %(skip)s))) || '\\x30'::bytea
                ELSE step.key || '\\x00'::bytea END
            AND e.key < %(end)s ORDER BY e.key LIMIT 1)
    FROM step WHERE step.key IS NOT NULL
)
SELECT key FROM step WHERE key IS NOT NULL LIMIT %(limit)s
"""
"""A skip scan: from each child to the next one in one index probe, however many descendants lie between.
``skip`` is the place of a child's first character, counted from 1; ``0`` (0x30) is the character behind ``/``."""
