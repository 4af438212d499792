"""Fingerprints of findings: the same for the same value under the same rule, wherever it stands. See decision 0141.

A report is read by more people than the file that leaked, so a fingerprint must not let a weak password be
guessed from it. With a key (``$WELLKEPT_FINGERPRINT_KEY``) it is a keyed digest. Without one it goes through
scrypt first, so that each guess costs what a login does, and is the same on every machine.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .finding import Finding

VARIABLE = "WELLKEPT_FINGERPRINT_KEY"
LENGTH = 32
"""Hexadecimal digits of a fingerprint."""

SHORT = 12
"""Digits that people see; any unambiguous beginning of at least 8 names a finding."""

_LEAST_KEY = 16
_COST = 1 << 12  # 4 MiB and about 10 ms a guess


class Fingerprinter:
    """Makes fingerprints; remembers those of this run, since one value is often found many times."""

    def __init__(self, key: bytes | None = None) -> None:
        """``key``: at least 16 bytes, kept by whoever must not be guessed at; ``None`` for slow digests without one."""
        if key is not None and len(key) < _LEAST_KEY:
            raise ConfigError(f"a fingerprint key has at least {_LEAST_KEY} bytes; ${VARIABLE} is shorter")
        self._key = None if key is None else blake2b(key, digest_size=32, person=b"wk-finding-key").digest()
        self._made: dict[bytes, bytes] = {}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Fingerprinter:
        given = environ.get(VARIABLE)
        return cls(given.encode("utf-8", "surrogateescape") if given else None)

    def of(self, rule: str, value: bytes) -> str:
        """The fingerprint of ``value`` found by ``rule``."""
        secret = self._key
        if secret is None:
            secret = self._stretched(value)
            value = b""
        state = blake2b(digest_size=LENGTH // 2, key=secret, person=b"wk-finding-1")
        state.update(rule.encode("utf-8", "surrogatepass") + b"\0" + value)
        return state.hexdigest()

    def stamp(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings with their fingerprints. One of the store's own secrets is named by its path, version and
        part, so that it is the same finding in whatever encoding it stands."""
        return [finding._replace(fingerprint=self._stamp(finding)) for finding in findings]

    def _stamp(self, finding: Finding) -> str:
        known = known_details(finding.details)
        if finding.rule != "known" or "path" not in known:
            return self.of(finding.rule, finding.secret.reveal_bytes())
        name = "\0".join(str(known.get(key, "")) for key in ("path", "version", "part"))
        state = blake2b(digest_size=LENGTH // 2, key=self._key or b"", person=b"wk-finding-1")
        state.update(b"known\0" + name.encode("utf-8", "surrogatepass"))
        return state.hexdigest()

    def _stretched(self, value: bytes) -> bytes:
        name = blake2b(value, digest_size=32, person=b"wk-finding-memo").digest()
        made = self._made.get(name)
        if made is None:
            from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

            kdf = Scrypt(salt=b"wellkept finding fingerprint 1", length=32, n=_COST, r=8, p=1)
            made = self._made[name] = kdf.derive(value)
        return made


def known_details(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """``details`` with what is known of a store's secret beside the rest, where it stands in a mapping of its own."""
    known = details.get("known")
    if not isinstance(known, dict):
        return details
    return {**known, **{key: value for key, value in details.items() if key != "known"}}
