"""From the names of policies to a compiled ACL, kept for as long as the stored policies stay as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import policy

if TYPE_CHECKING:
    from ..barrier import Barrier
    from ..storage.protocol import Entry

    _Key = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]

POLICY_PREFIX = "sys/policy/"
"""Where policies lie in storage, by name."""

OPERATOR_ACL = policy.ACL((), operator=True)


class Authority:
    """Looks policies up in ``storage``; safe between threads (a lost race compiles twice)."""

    def __init__(self, storage: Barrier) -> None:
        self._storage = storage
        self._compiled: dict[_Key, tuple[int, tuple[int | None, ...], policy.ACL]] = {}

    def acl(
        self, policies: tuple[str, ...], *, now: float = 0, identity: tuple[tuple[str, str], ...] = ()
    ) -> policy.ACL:
        """What ``policies`` allow together at ``now``. A name without a policy grants nothing.

        ``identity`` fills in templates of policies: pairs of a template's name and its value.
        """
        if policy.OPERATOR in policies:
            return OPERATOR_ACL
        revision = self._storage.revision()
        key = (policies, identity)
        known = self._compiled.get(key)
        if known is not None and known[2].expires <= now:
            known = None
        if known is not None and known[0] == revision:
            return known[2]
        if known is not None and known[1] == self._state_of(policies):
            self._compiled[key] = (revision, known[1], known[2])
            return known[2]
        names = [name for name in policies if policy.is_name(name)]
        entries = [self._storage.get(POLICY_PREFIX + name) for name in names]
        state = tuple(None if entry is None else entry.revision for entry in entries)
        if known is not None and known[1] == state:
            acl = known[2]
        else:
            acl = self._compile(names, entries, identity, now)
        if len(self._compiled) > 256:
            self._compiled.clear()
        self._compiled[key] = (revision, state, acl)
        return acl

    @staticmethod
    def _compile(
        names: list[str], entries: list[Entry | None], identity: tuple[tuple[str, str], ...], now: float
    ) -> policy.ACL:
        policies, ends = [], [float("inf")]
        for name, entry in zip(names, entries, strict=True):
            if entry is None:
                continue
            found, expires = load(name, entry.value, identity)
            if expires > now:
                policies.append(found)
                ends.append(expires)
        acl = policy.ACL(policies, now=now)
        acl.expires = min(acl.expires, *ends)
        return acl

    def _state_of(self, policies: tuple[str, ...]) -> tuple[int | None, ...]:
        revision_of = self._storage.revision_of
        return tuple([revision_of(POLICY_PREFIX + name) for name in policies if policy.is_name(name)])

    def explain(self, policies: tuple[str, ...]) -> str:
        """The policies by name, for a refusal, saying which of them do not exist."""
        if not policies:
            return "no policy"
        shown = []
        for name in policies:
            absent = not policy.is_name(name) or self._storage.get(POLICY_PREFIX + name) is None
            shown.append(f"{name!r} (which does not exist)" if absent else repr(name))
        return ("policy " if len(shown) == 1 else "policies ") + ", ".join(shown)


def load(name: str, stored: bytes, identity: tuple[tuple[str, str], ...] = ()) -> tuple[policy.Policy, float]:
    """A policy from its stored form (rules, or a text in Vault's language with its templates filled in), and when
    it ends."""
    document = json.loads(stored)
    if "text" not in document:
        return policy.parse(name, document), float("inf")
    from .policy_hcl import parse_policy_text, resolve

    found = resolve(parse_policy_text(name, document["text"]), dict(identity))
    return found, document.get("expiration") or float("inf")
