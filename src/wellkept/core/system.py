"""What answers under ``sys/``: policies, the audit log, keys, backups. The same door as for secrets.

=====================  ====================  =====================================================
path                   operation             what
=====================  ====================  =====================================================
policies/acl           list                  names of stored policies
policies/acl/NAME      read, update, delete  a policy in its JSON form, under ``policy``
audit                  read                  the audit lines, an iterator under ``lines``
audit/verify           read                  checks the chain; raises when it is broken
audit/hash             update                the digest under which ``input`` appears in the audit log
key-status             read                  terms and counts of the key ring
rotate, rewrite        update                a new key; everything under the newest key
rekey                  update                another seal, under ``seal``
backup                 update                an archive at ``path``
=====================  ====================  =====================================================

All but the policies and ``key-status`` want ``sudo`` besides. ``init`` and ``restore`` are only recorded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, NotFound
from . import options, policy
from .command import Command
from .request import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..barrier import Barrier
    from .audit import Audit
    from .audit_chain import Chain
    from .request import Operation
    from .view import View

POLICIES = "policy/"
_NONE: frozenset[str] = frozenset()


class System:
    """``backup(path)`` writes an archive; it is given, so that this room does not know of files."""

    def __init__(self, barrier: Barrier, audit: Audit, chain: Chain, backup: Callable[[str], None]) -> None:
        self._barrier = barrier
        self._audit = audit
        self._chain = chain
        self._backup = backup
        self._routes: dict[tuple[str, str], Callable[[Mapping[str, Any]], Command]] = {
            ("audit", "read"): self._lines,
            ("audit/verify", "read"): self._verify,
            ("audit/hash", "update"): self._hash,
            ("key-status", "read"): self._key_status,
            ("rotate", "update"): self._rotate,
            ("rewrite", "update"): self._rewrite,
            ("rekey", "update"): self._rekey,
            ("backup", "update"): self._make_backup,
            ("init", "update"): _noted("init"),
            ("restore", "update"): _noted("restore"),
            ("policies/acl", "list"): _list_policies,
        }

    def subject(self, path: str) -> str:
        return "sys/" + path

    def parse(self, operation: Operation, path: str, data: Mapping[str, Any]) -> Command:
        """The command that a request means. Raises ``InvalidRequest``."""
        if path.startswith("policies/acl/"):
            return _policy(operation, path.removeprefix("policies/acl/"), data)
        route = self._routes.get((path, operation))
        if route is None:
            raise InvalidRequest(f"there is no {operation} of sys/{path}")
        return route(data)

    def _lines(self, data: Mapping[str, Any]) -> Command:
        what = "reading the audit log"
        options.only(data, frozenset({"last", "after", "follow", "pause"}), what)
        last = options.optional_number(data, "last", what)
        after = options.optional_number(data, "after", what) or 0
        follow = options.flag(data.get("follow") or False, f"{what}: 'follow'")

        def run(view: View, now: float) -> Response:
            from .audit_read import lines

            path = self._audit.file.path
            return Response(
                {"lines": lines(path, last=last, after=after, follow=follow, pause=data.get("pause"))}
            )

        shown = {"last": last, "after": after or None, "follow": follow or None}
        return _action("audit", run, clear={key: value for key, value in shown.items() if value is not None})

    def _verify(self, data: Mapping[str, Any]) -> Command:
        options.only(data, _NONE, "verifying the audit log")

        def run(view: View, now: float) -> Response:
            from .audit_verify import verify

            head = self._audit.file.head()
            report = verify(self._audit.file.path, self._chain, head)._asdict()
            if self._barrier.list("core/audit/chains/", limit=1):  # it was served, too
                from .audit_served.verify import verify_all

                found = verify_all(self._barrier.derive("audit"), self._barrier)
                report["served"] = {path: each._asdict() for path, each in found.items()}
            return Response(report)

        return _action("audit/verify", run)

    def _hash(self, data: Mapping[str, Any]) -> Command:
        options.only(data, frozenset({"input"}), "digesting a value")
        value = data.get("input")
        if not isinstance(value, (str, bytes)):
            raise InvalidRequest("digesting a value: 'input' must be text or bytes")
        content = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        return _action(
            "audit/hash",
            lambda view, now: Response({"hash": self._chain.digest(content)}),
            values={"input": content},
        )

    def _key_status(self, data: Mapping[str, Any]) -> Command:
        options.only(data, _NONE, "key status")
        return Command(
            "sys/key-status", lambda view, now: Response(self._barrier.key_status()), transaction=False
        )

    def _rotate(self, data: Mapping[str, Any]) -> Command:
        options.only(data, _NONE, "rotating the key")
        return _action("rotate", lambda view, now: Response({"term": self._barrier.rotate()}))

    def _rewrite(self, data: Mapping[str, Any]) -> Command:
        options.only(data, frozenset({"progress"}), "rewriting")

        def run(view: View, now: float) -> Response:
            return Response({"rewritten": self._barrier.rewrite(data.get("progress"))})

        return _action("rewrite", run, scrub=True)

    def _rekey(self, data: Mapping[str, Any]) -> Command:
        options.only(data, frozenset({"seal"}), "changing the seal")
        seal = data.get("seal")
        if seal is None or not hasattr(seal, "wrap"):
            raise InvalidRequest("changing the seal: 'seal' must be a seal")

        def run(view: View, now: float) -> Response:
            self._barrier.rekey(seal)
            return Response({"kind": seal.kind})

        return _action("rekey", run, clear={"kind": str(seal.kind)}, scrub=True)

    def _make_backup(self, data: Mapping[str, Any]) -> Command:
        options.only(data, frozenset({"path"}), "backing up")
        path = data.get("path")
        if not isinstance(path, str) or not path:
            raise InvalidRequest("backing up: 'path' must name the archive to be written")

        def run(view: View, now: float) -> Response:
            self._backup(path)
            return Response({"path": path})

        return _action("backup", run, clear={"path": path})


def _action(
    path: str,
    run: Callable[[View, float], Response],
    *,
    clear: Mapping[str, Any] | None = None,
    values: Mapping[str, bytes] | None = None,
    scrub: bool = False,
) -> Command:
    return Command(f"sys/{path}", run, clear=clear, values=values, sudo=True, transaction=False, scrub=scrub)


def _noted(path: str) -> Callable[[Mapping[str, Any]], Command]:
    def parse(data: Mapping[str, Any]) -> Command:
        clear = {key: value for key, value in data.items() if isinstance(value, (str, int))}
        return _action(path, lambda view, now: Response(), clear=clear)

    return parse


def _list_policies(data: Mapping[str, Any]) -> Command:
    options.only(data, _NONE, "listing policies")
    return Command("sys/policies/acl", lambda view, now: Response({"keys": view.list(POLICIES)}))


def _policy(operation: str, name: str, data: Mapping[str, Any]) -> Command:
    policy.check_policy_name(name)
    if name in policy.RESERVED:
        raise InvalidRequest(f"policy {name!r} is built in; it cannot be read or changed")
    subject = f"sys/policies/acl/{name}"
    if operation == "read":
        options.only(data, _NONE, f"policy {name!r}")
        return Command(subject, lambda view, now: _read_policy(view, name))
    if operation == "delete":
        options.only(data, _NONE, f"policy {name!r}")
        return Command(subject, lambda view, now: _delete_policy(view, name))
    if operation != "update":
        raise InvalidRequest(f"there is no {operation} of {subject}")
    options.only(data, frozenset({"policy"}), f"policy {name!r}")
    document = data.get("policy")
    if not hasattr(document, "items"):
        raise InvalidRequest(f"policy {name!r}: 'policy' must be an object")
    rules = policy.parse(name, document).rules  # type: ignore[arg-type]
    content = json.dumps(_document(rules), separators=(",", ":"), ensure_ascii=False).encode()

    def run(view: View, now: float) -> Response:
        view.put(POLICIES + name, content)
        return Response()

    def exists(view: View) -> bool:
        return view.get(POLICIES + name) is not None

    return Command(subject, run, exists=exists, clear={"paths": sorted(rules)[:50]})


def _read_policy(view: View, name: str) -> Response:
    entry = view.get(POLICIES + name)
    if entry is None:
        raise NotFound(f"there is no policy {name!r}", name=name)
    return Response({"name": name, "policy": json.loads(entry.value)})


def _delete_policy(view: View, name: str) -> Response:
    if view.get(POLICIES + name) is None:
        raise NotFound(f"there is no policy {name!r}", name=name)
    view.delete(POLICIES + name)
    return Response()


def _document(rules: Mapping[str, int]) -> dict[str, Any]:
    """The JSON form of parsed rules: what is stored is what was understood."""
    return {
        "path": {
            pattern: {"capabilities": [word for word, bit in policy.BITS.items() if bits & bit]}
            for pattern, bits in rules.items()
        }
    }
