"""``LocalStore``: the store as typed methods. Every one of them builds a ``Request`` for ``Core.handle``.

So whatever the identity's policies do not allow is refused here as anywhere else, keys, backups and the
audit log included. Names of secrets are whole: ``prod/billing/database``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, WellkeptError
from ..secret import Secret
from .client import this_process
from .model import Metadata, Version, VersionInfo
from .request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from ..barrier import Barrier
    from ..barrier.seals import Seal
    from .audit import Audit
    from .core import Core
    from .request import Identity, Operation, Response

    Value = str | bytes | Mapping[str, Any] | Secret
    Names = list[str]
    Infos = list[VersionInfo]  # aliases, since the class has a method named ``list``

MAX_BATCH = 200_000
"""Secrets in one atomic ``write_many``."""
MAX_BATCH_BYTES = 256 * 1024 * 1024

_PAGE = 1000
_UNSET: Any = object()


class LocalStore:
    """Made by ``create_store`` and ``open_store``. Safe to share between threads, and on both sides of a fork.

    ``path``: the store's directory. ``store_id``: its identifier. ``identity``: who is acting.
    """

    def __init__(self, path: str, barrier: Barrier, audit: Audit, core: Core, identity: Identity) -> None:
        self.path = path
        self.store_id = barrier.store_id
        self.identity = identity
        self._barrier = barrier
        self._audit = audit
        self._core = core

    # Reading.

    def read(self, name: str, *, version: int | None = None, stage: str | None = None) -> Version:
        """The current version, or the one asked for. Raises ``NotFound`` (with the reason), ``Denied``."""
        return self._version(name, self._do("read", _at("data", name), _given(version=version, stage=stage)))

    def read_many(self, names: Iterable[str]) -> dict[str, Version | WellkeptError]:
        """Each of ``names`` with its current version or the error that reading it raises; one audit sync for all."""
        wanted = list(dict.fromkeys(names))
        answers = self._core.handle_many([self._request("read", _at("data", name)) for name in wanted])
        return {
            name: answer if isinstance(answer, WellkeptError) else self._version(name, answer)
            for name, answer in zip(wanted, answers, strict=True)
        }

    def list(self, folder: str = "", *, after: str = "", limit: int | None = None) -> list[str]:
        """The children of ``folder``, in order, folders with a trailing ``/``; secrets softly deleted are among
        them. ``after`` and ``limit`` page."""
        path = _at("metadata", folder.removesuffix("/")) if folder else "secret/metadata"
        answer = self._do("list", path, _given(after=after or None, limit=limit))
        names: list[str] = answer.data["keys"]
        return names

    def walk(self, prefix: str = "") -> Iterator[str]:
        """The full names of all secrets below the folder ``prefix``, in order. Raises ``Denied`` at the first
        folder that may not be listed."""
        start = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        after = ""
        while True:
            page = self.list(start, after=after, limit=_PAGE)
            for child in page:
                if child.endswith("/"):
                    yield from self.walk(start + child)
                else:
                    yield start + child
            if len(page) < _PAGE:
                return
            after = page[-1]

    def metadata(self, name: str) -> Metadata:
        """What is known of a secret, without its values."""
        return _metadata(self._do("read", _at("metadata", name)))

    def history(self, name: str) -> Infos:
        """Its versions, oldest first."""
        return list(self.metadata(name).versions)

    def subkeys(self, name: str, *, version: int | None = None, depth: int | None = None) -> dict[str, Any]:
        """The structure of a JSON value: its fields, with ``None`` for every leaf."""
        answer = self._do("read", _at("subkeys", name), _given(version=version, depth=depth))
        structure: dict[str, Any] = answer.data["subkeys"]
        return structure

    # Writing.

    def write(
        self,
        name: str,
        value: Value,
        *,
        cas: int | None = None,
        content_type: str | None = None,
        expires: float | None = None,
        not_before: float | None = None,
        stages: Sequence[str] = (),
    ) -> VersionInfo:
        """A new version: text, bytes, or a mapping (kept as a JSON object).

        ``cas``: only if the current version has this number; 0: only if there is none. ``expires`` and
        ``not_before``: seconds since the epoch. ``stages``: labels for it; without any it becomes ``current``.
        Raises ``Conflict``, ``ValueTooLarge``, ``InvalidRequest``.
        """
        options = _given(cas=cas, expires=expires, not_before=not_before, stages=tuple(stages) or None)
        answer = self._do("update", _at("data", name), _body(value, content_type, options))
        return _info(answer.data)

    def write_many(
        self,
        values: Mapping[str, Value],
        *,
        cas: int | Mapping[str, int] | None = None,
        content_type: str | None = None,
        expires: float | None = None,
        not_before: float | None = None,
        stages: Sequence[str] = (),
        chunk: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, VersionInfo]:
        """Several secrets at once: all of them, or none.

        One batch holds at most ``MAX_BATCH`` secrets and ``MAX_BATCH_BYTES`` bytes; more is refused unless
        ``chunk`` says how many to write at a time: then each chunk, in the mapping's order, is written wholly
        or not at all, and those before a failure stay. ``progress(done, total)`` is called after each chunk.
        ``cas`` is one number for all, or one for each name. Raises what the first failing write raises.
        """
        if chunk is not None and chunk < 1:
            raise InvalidRequest("'chunk' must be at least 1")
        options = _given(expires=expires, not_before=not_before, stages=tuple(stages) or None)
        names = list(values)
        if chunk is None:
            _check_batch(values)
        size = chunk or max(len(names), 1)
        done: dict[str, VersionInfo] = {}
        for start in range(0, len(names), size):
            part = names[start : start + size]
            requests = []
            for name in part:
                expected = cas if cas is None or isinstance(cas, int) else cas.get(name)
                body = _body(values[name], content_type, {**options, **_given(cas=expected)})
                requests.append(self._request("update", _at("data", name), body))
            for name, answer in zip(part, self._all(requests), strict=True):
                done[name] = _info(answer.data)
            if progress is not None:
                progress(len(done), len(names))
        return done

    def adopt_many(self, histories: Mapping[str, Mapping[str, Any]]) -> None:
        """Secrets that are not here yet, each with its whole history from elsewhere; all of them, or none.

        See ``engines.kv.adopting`` for what a history is. Raises ``Conflict`` when one is here already.
        """
        self._all(
            [self._request("update", _at("adopt", name), history) for name, history in histories.items()]
        )

    def patch(self, name: str, fields: Mapping[str, Any], *, cas: int | None = None) -> VersionInfo:
        """A new version of a JSON object with ``fields`` merged into it (RFC 7386: ``None`` removes)."""
        body = {"data": fields, "options": _given(cas=cas)}
        return _info(self._do("patch", _at("data", name), body).data)

    def rollback(self, name: str, version: int, *, cas: int | None = None) -> VersionInfo:
        """A new version with the value of an old one, which must be readable still."""
        body = {"options": _given(from_version=version, cas=cas)}
        return _info(self._do("update", _at("data", name), body).data)

    def set_metadata(
        self,
        name: str,
        *,
        tags: Mapping[str, str] = _UNSET,
        description: str = _UNSET,
        owner: str = _UNSET,
        rotation_policy: Mapping[str, Any] | None = _UNSET,
        max_versions: int = _UNSET,
        delete_version_after: float = _UNSET,
        custom_metadata: Mapping[str, str] = _UNSET,
        cas_required: bool = _UNSET,
    ) -> Metadata:
        """Replace the given fields, leave the others; makes the secret, without a version, when there is none.

        ``max_versions`` 0 means the default (10); ``delete_version_after`` is in seconds, 0 for no end.
        """
        fields = {
            "tags": tags,
            "description": description,
            "owner": owner,
            "rotation_policy": rotation_policy,
            "max_versions": max_versions,
            "delete_version_after": delete_version_after,
            "custom_metadata": custom_metadata,
            "cas_required": cas_required,
        }
        changes = {key: value for key, value in fields.items() if value is not _UNSET}
        return _metadata(self._do("update", _at("metadata", name), changes))

    def set_version(
        self,
        name: str,
        version: int,
        *,
        enabled: bool | None = None,
        expires: float | None = _UNSET,
        not_before: float | None = _UNSET,
        stage: str | None = None,
        unstage: str | None = None,
    ) -> VersionInfo:
        """Change one version: switch it off or on, its lifetime (``None``: no end), or its stages.

        Putting ``current`` on a version makes the one that had it ``previous``.
        """
        body = _given(version=version, enabled=enabled, stage=stage, unstage=unstage)
        for key, value in (("expires", expires), ("not_before", not_before)):
            if value is not _UNSET:
                body[key] = value
        return _info(self._do("update", _at("versions", name), body).data)

    def delete(self, name: str, versions: Sequence[int] | None = None) -> None:
        """Softly: the current version, or the given ones, cannot be read until undeleted."""
        if versions is None:
            self._do("delete", _at("data", name))
        else:
            self._do("update", _at("delete", name), {"versions": tuple(versions)})

    def undelete(self, name: str, versions: Sequence[int]) -> None:
        """Undo a soft deletion."""
        self._do("update", _at("undelete", name), {"versions": tuple(versions)})

    def destroy(self, name: str, versions: Sequence[int]) -> None:
        """Remove the values of these versions for good."""
        self._do("update", _at("destroy", name), {"versions": tuple(versions)})

    def purge(self, name: str) -> None:
        """Remove a secret with all its versions and everything known of it."""
        self._do("delete", _at("metadata", name))

    # Policies.

    def policies(self) -> Names:
        """The names of the stored policies; ``operator`` is built in and not among them."""
        names: Names = self._do("list", "sys/policies/acl").data["keys"]
        return names

    def policy(self, name: str) -> dict[str, Any]:
        """A stored policy in its JSON form."""
        document: dict[str, Any] = self._do("read", f"sys/policies/acl/{name}").data["policy"]
        return document

    def set_policy(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a policy: ``{"path": {"secret/data/app/*": {"capabilities": ["read"]}}}``."""
        self._do("update", f"sys/policies/acl/{name}", {"policy": document})

    def delete_policy(self, name: str) -> None:
        self._do("delete", f"sys/policies/acl/{name}")

    # The store as a whole.

    def audit_lines(
        self,
        *,
        last: int | None = None,
        after: int | None = None,
        follow: bool = False,
        pause: Callable[[], None] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The audit records, oldest first: all, the ``last`` so many, those with a ``seq`` greater than ``after``.

        ``follow``: go on with what is appended, calling ``pause`` (by default: half a second's sleep) between
        looks. The reading itself is recorded once, before the first line comes.
        """
        if follow and pause is None:
            pause = _half_a_second
        body = _given(last=last, after=after, follow=follow or None, pause=pause)
        found: Iterator[dict[str, Any]] = self._do("read", "sys/audit", body).data["lines"]
        return found

    def audit_verify(self) -> dict[str, Any]:
        """Check the whole audit log: ``lines``, ``head``, ``unfinished``. Raises ``AuditBroken`` (an
        ``IntegrityError``) naming the first line that was changed, dropped or reordered, or a missing end."""
        return dict(self._do("read", "sys/audit/verify").data)

    def audit_digest(self, value: str | bytes) -> str:
        """The keyed digest under which ``value`` stands in the audit log: to find where it was used."""
        digest: str = self._do("update", "sys/audit/hash", {"input": value}).data["hash"]
        return digest

    def rotate_key(self) -> int:
        """Encrypt what is written from now on under a new key; returns its term."""
        term: int = self._do("update", "sys/rotate").data["term"]
        return term

    def rewrite(self, progress: Callable[[int], None] | None = None) -> int:
        """Encrypt everything older under the newest key; may be interrupted and run again."""
        count: int = self._do("update", "sys/rewrite", _given(progress=progress)).data["rewritten"]
        return count

    def rekey(self, new_seal: Seal) -> None:
        """Close the store with another seal from now on."""
        self._do("update", "sys/rekey", {"seal": new_seal})

    def key_status(self) -> dict[str, Any]:
        """``term``, ``created``, ``encryptions`` (at most so many) and ``terms``."""
        return dict(self._do("read", "sys/key-status").data)

    def backup(self, path: str) -> None:
        """Write an archive of the whole store to the new file ``path``, while others go on."""
        self._do("update", "sys/backup", {"path": path})

    def revision(self) -> int:
        """A number that grows with every change to anything stored. Says nothing of what, so it is not recorded."""
        return self._barrier.revision()

    def close(self) -> None:
        """Give back files and connections; safe to call twice."""
        self._audit.file.close()
        self._barrier.close()

    def __enter__(self) -> LocalStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<LocalStore {self.path}>"

    # How a method becomes a request.

    def _request(self, operation: Operation, path: str, data: Mapping[str, Any] | None = None) -> Request:
        return Request(operation, path, data, identity=self.identity, client=this_process())

    def _do(self, operation: Operation, path: str, data: Mapping[str, Any] | None = None) -> Response:
        return self._core.handle(self._request(operation, path, data))

    def _all(self, requests: Sequence[Request]) -> Sequence[Response]:
        answers = self._core.handle_many(requests)
        failures = [answer for answer in answers if isinstance(answer, WellkeptError)]
        if failures:
            from .core import Aborted

            raise next((failure for failure in failures if not isinstance(failure, Aborted)), failures[0])
        return [answer for answer in answers if not isinstance(answer, WellkeptError)]

    def _version(self, name: str, answer: Response) -> Version:
        info = _info(answer.data["metadata"])
        content: bytes = answer.data["value"]
        value: str | bytes = content
        if info.content_type.startswith("text/") or info.content_type == "application/json":
            value = content.decode("utf-8")  # checked when it was written
        secret = Secret(
            value, name=name, version=str(info.number), source=f"store:{self.path}", created=info.created
        )
        return Version(secret, info)


def _at(kind: str, name: str) -> str:
    if not isinstance(name, str):
        raise InvalidRequest(f"a secret's name is text, not {type(name).__name__}")
    return f"secret/{kind}/{name}"


def _given(**parameters: Any) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if value is not None}


def _body(value: Value, content_type: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value, Secret):
        value = value.reveal_bytes() if value.is_binary else value.reveal()
    kind = "data" if hasattr(value, "items") else "value"
    return {kind: value, "options": options, **_given(content_type=content_type)}


def _check_batch(values: Mapping[str, Value]) -> None:
    total = sum(len(value) if isinstance(value, (str, bytes)) else 0 for value in values.values())
    if len(values) > MAX_BATCH or total > MAX_BATCH_BYTES:
        raise InvalidRequest(
            f"{len(values)} secrets of {total} bytes are too many for one transaction; the limits are {MAX_BATCH} "
            f"and {MAX_BATCH_BYTES} bytes. Give 'chunk' to write so many at a time"
        )


def _info(fields: Mapping[str, Any]) -> VersionInfo:
    return VersionInfo(**fields)


def _metadata(answer: Response) -> Metadata:
    fields = dict(answer.data)
    fields["versions"] = tuple(_info(version) for version in fields["versions"])
    return Metadata(**fields)


def _half_a_second() -> None:
    import time

    time.sleep(0.5)
