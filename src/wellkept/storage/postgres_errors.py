"""What the driver raises, as ours. Its texts may quote rows and passwords, so none of them is repeated."""

from __future__ import annotations

import psycopg
from psycopg import errors as sqlstate

from ..errors import IntegrityError, StorageUnavailable, StoreError

RETRIED = (sqlstate.SerializationFailure, sqlstate.DeadlockDetected)
"""The database asks for the transaction again, from the start: nothing of it was done."""

MADE_MEANWHILE = (sqlstate.UniqueViolation, sqlstate.DuplicateTable, sqlstate.DuplicateSchema)
"""Somebody else made the same table or schema at the same time."""

BROKEN = (psycopg.OperationalError, psycopg.InterfaceError)
"""The connection, or what is behind it."""

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (sqlstate.InvalidPassword, "it refuses the password"),
    (sqlstate.InvalidAuthorizationSpecification, "it refuses the user"),
    (sqlstate.InvalidCatalogName, "there is no such database"),
    (sqlstate.QueryCanceled, "a statement took too long"),
    (sqlstate.LockNotAvailable, "another writer holds the lock for too long"),
    (sqlstate.DiskFull, "its disk is full"),
    (sqlstate.ReadOnlySqlTransaction, "it only reads: a standby, or set so"),
    (sqlstate.TooManyConnections, "it has too many connections"),
    (sqlstate.AdminShutdown, "it is shutting down"),
    (sqlstate.CannotConnectNow, "it is starting"),
    (sqlstate.InsufficientPrivilege, "the user may not do that there"),
    (psycopg.OperationalError, "it cannot be reached"),
    (psycopg.InterfaceError, "the connection is lost"),
)


def sort(error: Exception, where: str) -> StoreError:
    """``error`` as one of ours; ``where`` names the database without credentials."""
    if isinstance(error, sqlstate.UndefinedTable):
        return StorageUnavailable(f"{where}: there is no store in this database; make one first")
    if isinstance(error, psycopg.DataError):
        return IntegrityError(f"{where}: what is stored cannot be read ({_code(error)})")
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return StorageUnavailable(f"{where}: {reason}{_code(error)}")
    return StorageUnavailable(f"{where}: the database refused ({type(error).__name__}{_code(error)})")


def _code(error: Exception) -> str:
    code = getattr(error, "sqlstate", None)
    return f" (SQLSTATE {code})" if code else ""
