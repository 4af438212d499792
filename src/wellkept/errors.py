"""The exception tree: one place to see everything that wellkept raises.

::

    WellkeptError                       exit  HTTP  retried
    ├── ConfigError                       78   400   no       a URL, file or option is wrong
    │   └── SettingsError                 78   400   no       settings did not validate (all problems)
    ├── InvalidRequest                    65   400   no       a name, value or parameter is not acceptable
    │   ├── ValueTooLarge                 65   413   no       a value is above the size limit
    │   └── BadSignature                  65   401   no       a signature or token does not verify
    ├── SecretError                                           about one secret of one source
    │   ├── NotFound                       3   404   no       the source says: there is none
    │   ├── Denied                         4   403   no       the source says: not for you
    │   ├── Malformed                     65   502   no       the source answered something unreadable
    │   └── Transient                     75   503   yes      the source could not say
    │       ├── Unavailable               75   503   yes      down, refused, timed out, broken off
    │       ├── Throttled                 75   429   yes      asked to come back later
    │       └── DeadlineExceeded          75   504   no       the caller's time is up
    ├── Conflict                           5   409   no       check-and-set failed, or a transaction lost
    └── StoreError                                            about the encrypted store as a whole
        ├── Sealed                         8   503   no       no key, wrong key, wrong passphrase
        ├── IntegrityError                 7   500   no       what is stored is not what was written
        ├── StorageUnavailable            74   503   no       disk full, read-only, locked, missing
        └── AuditError                    74   500   no       the audit record could not be written

A message names secrets, versions, files and options, and says what to do next. It never holds a value,
nor a piece of one. ``exit_code`` is what the command line ends with; ``status`` is what an HTTP face
would answer. Source for the numbers above 63: BSD's ``sysexits.h``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .settings.problems import Problem


class WellkeptError(Exception):
    """Base of everything raised on purpose here."""

    exit_code = 1
    status = 500


class ConfigError(WellkeptError):
    """A URL, a configuration file or an option is wrong; the message names it and what was expected."""

    exit_code = 78
    status = 400


class SettingsError(ConfigError):
    """Settings did not validate. ``problems`` holds every one, each a ``settings.Problem``: field, name, reason
    and where it was looked for. No text and no attribute holds a value or a piece of one."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = tuple(problems)

    def errors(self) -> list[dict[str, str]]:
        """The problems as plain dictionaries."""
        return [problem._asdict() for problem in self.problems]

    def json(self) -> str:
        """The problems as a JSON array."""
        import json

        return json.dumps(self.errors(), ensure_ascii=False)


class InvalidRequest(WellkeptError):
    """A name, a value or a parameter is not acceptable."""

    exit_code = 65
    status = 400


class ValueTooLarge(InvalidRequest):
    """A value is larger than the limit; the message gives both sizes in bytes."""

    status = 413


class BadSignature(InvalidRequest):
    """A signature or token does not verify: altered, expired, or made with a key that is not accepted (any more)."""

    status = 401


class SecretError(WellkeptError):
    """Something about one secret. ``name`` is the secret's, ``source`` the printable URL it was sought in."""

    def __init__(self, message: str, *, name: str | None = None, source: str | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.source = source


class NotFound(SecretError):
    """The source says that there is no such secret, version or field."""

    exit_code = 3
    status = 404


class Denied(SecretError):
    """The source says that this identity may not do this."""

    exit_code = 4
    status = 403


class Malformed(SecretError):
    """The source answered, but with something that cannot be read as a secret."""

    exit_code = 65
    status = 502


class Transient(SecretError):
    """The source could not say; asking again may help. Only these are retried and papered over with a stale value."""

    exit_code = 75
    status = 503


class Unavailable(Transient):
    """Down, refused, timed out, or broken off half-way."""


class Throttled(Transient):
    """The source asked to come back later: after ``retry_after`` seconds, where it said so."""

    status = 429

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        source: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, name=name, source=source)
        self.retry_after = retry_after


class DeadlineExceeded(Transient):
    """The caller's total time for this read is up."""

    status = 504


class Conflict(WellkeptError):
    """A check-and-set did not match, or a transaction lost against another; nothing was changed.

    ``retry`` is true when running the same transaction again may succeed (a lost race), false when the
    caller's expectation was wrong (check-and-set).
    """

    exit_code = 5
    status = 409

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class StoreError(WellkeptError):
    """Something about the encrypted store as a whole."""


class Sealed(StoreError):
    """The store cannot be unsealed: no key, the wrong key, or the wrong passphrase."""

    exit_code = 8
    status = 503


class IntegrityError(StoreError):
    """What is stored is not what was written: truncated, bit-flipped, swapped or tampered with."""

    exit_code = 7
    status = 500


class StorageUnavailable(StoreError):
    """The storage cannot serve: disk full, read-only, locked too long, or missing."""

    exit_code = 74
    status = 503


class AuditError(StoreError):
    """The audit record could not be written; so the request was refused."""

    exit_code = 74
    status = 500
