"""Records of secret-ids: made, found by secret or accessor, used up, dropped.

Both indexes lie under the role's own folder, so neither a secret-id nor an accessor of one role can be used,
looked up or destroyed through another (CVE-2023-24999). The secret itself is not stored, only a keyed digest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...core import cidr
from ...core.form import bad, unforeseen
from ...core.form.times import moment
from ...core.request import new_id
from .roles import bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...core.form import Data
    from ...core.view import View
    from .digests import Digests

_NEVER = "0001-01-01T00:00:00Z"
LONGEST = 4096
"""Characters of a secret-id that the caller chose."""


class SecretIds:
    """Those of one role, in ``view``. A ``key`` is a record's name in storage."""

    def __init__(self, view: View, digests: Digests, role: Mapping[str, Any]) -> None:
        self._view = view
        self._digests = digests
        self._role = role
        self._folder = f"secret-id/{digests.of('role', role['name'])}/"
        self._accessors = f"accessor/{digests.of('role', role['name'])}/"

    def key(self, secret_id: str) -> str:
        """Where the record of ``secret_id`` lies, if there is one."""
        return self._folder + self._digests.of("secret-id", self._role["name"], secret_id)

    def load(self, key: str) -> dict[str, Any] | None:
        entry = self._view.get(key)
        return None if entry is None else json.loads(entry.value)

    def by_accessor(self, accessor: str) -> str | None:
        """The key of the record with ``accessor``."""
        entry = self._view.get(self._accessors + self._digests.of("accessor", accessor))
        return None if entry is None else self._folder + entry.value.decode()

    def add(self, secret_id: str, data: Data, now: float) -> dict[str, Any]:
        """Register ``secret_id`` as ``data`` wants it; the answer's fields. Raises ``Refusal``."""
        if len(secret_id) > LONGEST:
            raise bad(f"secret_id is longer than {LONGEST} characters")
        uses, ttl = self._uses(data), self._ttl(data)
        record: dict[str, Any] = {
            "accessor": new_id(),
            "metadata": metadata(data["metadata"]),
            "cidr_list": self._blocks(data["cidr_list"], self._role["secret_id_bound_cidrs"], "CIDR"),
            "token_bound_cidrs": list(
                cidr.check(
                    self._blocks(data["token_bound_cidrs"], self._role["token_bound_cidrs"], "token CIDR")
                )
            ),
            "num_uses": uses,
            "ttl": ttl,
            "created": now,
            "updated": now,
            "expires": now + ttl if ttl else None,
        }
        key = self.key(secret_id)
        known = self.load(key)
        if known is not None:
            if not expired(known, now):
                raise unforeseen("failed to store secret_id: SecretID is already registered")
            self.drop(key, known)
        self.save(key, record)
        accessor_key = self._accessors + self._digests.of("accessor", record["accessor"])
        self._view.put(accessor_key, key.rpartition("/")[2].encode())
        return {
            "secret_id": secret_id,
            "secret_id_accessor": record["accessor"],
            "secret_id_num_uses": uses,
            "secret_id_ttl": ttl,
        }

    def save(self, key: str, record: Mapping[str, Any]) -> None:
        self._view.put(key, json.dumps(record, separators=(",", ":")).encode())

    def use(self, key: str, record: dict[str, Any], now: float) -> None:
        """One use is made; the last one drops the record."""
        if not record["num_uses"]:
            return
        if record["num_uses"] == 1:
            self.drop(key, record)
            return
        record["num_uses"] -= 1
        record["updated"] = now
        self.save(key, record)

    def drop(self, key: str, record: Mapping[str, Any]) -> None:
        self._view.delete(key)
        self._view.delete(self._accessors + self._digests.of("accessor", record["accessor"]))

    def all(self, *, limit: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Keys and records."""
        for name in self._view.list(self._folder, limit=limit):
            record = self.load(self._folder + name)
            if record is not None:
                yield self._folder + name, record

    def _uses(self, data: Data) -> int:
        most: int = self._role["secret_id_num_uses"]
        if "num_uses" not in data:
            return most
        uses: int = data["num_uses"]
        if uses < 0:
            raise bad("num_uses cannot be negative")
        if most and (uses == 0 or uses > most):
            raise bad("num_uses cannot be higher than the role's secret_id_num_uses")
        return uses

    def _ttl(self, data: Data) -> int:
        longest: int = self._role["secret_id_ttl"]
        if "ttl" not in data:
            return longest
        ttl: int = data["ttl"]
        if longest and (ttl == 0 or ttl > longest):
            raise bad("ttl cannot be longer than the role's secret_id_ttl")
        return ttl

    @staticmethod
    def _blocks(blocks: list[str], outer: list[str] | None, what: str) -> list[str]:
        bound(blocks, what)
        if blocks and outer and not cidr.within(blocks, outer):
            raise unforeseen(
                "failed to verify subset relationship between CIDR blocks on the role "
                f"{json.dumps(outer)} and CIDR blocks on the secret ID {json.dumps(blocks)}"
            )
        return blocks


def expired(record: Mapping[str, Any], now: float) -> bool:
    """Whether the secret-id's time is up."""
    return record["expires"] is not None and now >= record["expires"]


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """For a look-up: everything but the secret."""
    return {
        "cidr_list": record["cidr_list"],
        "creation_time": moment(record["created"]),
        "expiration_time": _NEVER if record["expires"] is None else moment(record["expires"]),
        "last_updated_time": moment(record["updated"]),
        "metadata": record["metadata"],
        "secret_id_accessor": record["accessor"],
        "secret_id_num_uses": record["num_uses"],
        "secret_id_ttl": record["ttl"],
        "token_bound_cidrs": record["token_bound_cidrs"],
    }


def metadata(text: str) -> dict[str, str]:
    """A JSON object of texts, or ``key=value`` pairs with commas between. Raises ``Refusal``."""
    if not text.strip():
        return {}
    failure = "invalid <key,value> format"
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
            return found
    else:
        pairs = [pair.partition("=") for pair in text.split(",")]
        if all(middle and name.strip() for name, middle, _ in pairs):
            return {name.strip(): value.strip() for name, _, value in pairs}
    raise bad(f"failed to parse metadata: failed to parse the input: {failure}")
