"""From documents to ``Settings``: every key known, every value of its kind, all that is wrong said at once.

Keys are Vault's, so that a server's file works as it is. Of these some have no meaning here: the harmless ones
pass in silence, the others with a warning. An unknown key is a warning that names the nearest known one, as in
OpenBao; a wrong value is an error.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import ConfigError
from ..forwarded import Forwarding
from ..settings import ListenerSettings, SealSettings, Settings, StorageSettings
from . import values
from .documents import expand, read
from .keys import LISTENER, NO_MEANING, SILENT, TOP
from .values import Wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_OURS = ("directory", "sqlite", "file", "raft")
_FOREIGN = ("vault.db", "raft", "core", "logical")


class Loaded(NamedTuple):
    """The settings, and what a person should hear about the files."""

    settings: Settings
    warnings: tuple[str, ...]


class _Collector:
    """Problems and warnings, gathered over all files."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def wrong(self, path: str, key: str, expected: str) -> None:
        self.problems.append(f"{path}: {key}: expected {expected}")

    def take(
        self,
        path: str,
        where: str,
        given: Mapping[str, Any],
        table: Mapping[str, tuple[str, Callable[[Any], Any]]],
    ) -> dict[str, Any]:
        """The values of ``given`` that ``table`` knows, by the name of the setting."""
        found: dict[str, Any] = {}
        for key, value in given.items():
            known = table.get(key)
            if known is None:
                self._unknown(path, where, key, table)
                continue
            name, convert = known
            try:
                found[name] = convert(value)
            except Wrong as error:
                self.wrong(path, where + key, error.expected)
        return found

    def _unknown(self, path: str, where: str, key: str, table: Mapping[str, Any]) -> None:
        if key in SILENT:
            return
        if key in NO_MEANING:
            self.warnings.append(f"{path}: {where}{key} has no effect here: {NO_MEANING[key]}")
            return
        from difflib import get_close_matches

        close = get_close_matches(key, table, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        self.warnings.append(f"{path}: unknown or unsupported key {where}{key}{hint}")


def load(paths: Sequence[str]) -> Loaded:
    """The settings of all ``paths`` (files or directories), later ones on top. Raises ``ConfigError`` with every problem."""
    collector = _Collector()
    files = expand(paths)
    if not files:
        raise ConfigError("no configuration was named: server -config=FILE")
    top: dict[str, Any] = {}
    listeners: list[ListenerSettings] = []
    storage: StorageSettings | None = None
    seal = SealSettings()
    for path in files:
        document = read(path)
        for kind, body in _stanzas(collector, path, "listener", document.pop("listener", None)):
            listeners.append(_listener(collector, path, kind, body))
        for name in ("storage", "backend"):
            for kind, body in _stanzas(collector, path, name, document.pop(name, None)):
                storage = _storage(collector, path, kind, body)
        for kind, body in _stanzas(collector, path, "seal", document.pop("seal", None)):
            seal = _seal(collector, path, kind, body)
        top.update(collector.take(path, "", document, TOP))
    if storage is None and not collector.problems:
        collector.wrong(
            files[-1], "storage", 'a storage, such as: storage "directory" { path = "/var/lib/wellkept" }'
        )
    if not listeners and not collector.problems:
        collector.wrong(
            files[-1], "listener", 'a listener, such as: listener "tcp" { address = "127.0.0.1:8200" ... }'
        )
    if top.get("default_lease_ttl", 0) > top.get("max_lease_ttl", 32 * 86400):
        collector.wrong(files[-1], "default_lease_ttl", "no more than max_lease_ttl")
    if collector.problems:
        raise ConfigError("the server's configuration is not right: " + "; ".join(collector.problems))
    assert storage is not None
    return Loaded(
        Settings(storage, listeners, seal, files=tuple(os.path.abspath(path) for path in paths), **top),
        tuple(collector.warnings),
    )


def _stanzas(collector: _Collector, path: str, name: str, given: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each ``name "kind" { body }``: in HCL, in JSON as objects or lists of them, in TOML with a key ``type``."""
    if given is None:
        return
    for each in given if isinstance(given, list) else [given]:
        if not isinstance(each, dict):
            collector.wrong(path, name, f'a block: {name} "kind" {{ ... }}')
            continue
        if isinstance(each.get("type"), str):
            yield each["type"], {key: value for key, value in each.items() if key != "type"}
            continue
        for kind, body in each.items():
            for one in body if isinstance(body, list) else [body]:
                if isinstance(one, dict):
                    yield kind, one
                else:
                    collector.wrong(path, name, f'a block: {name} "kind" {{ ... }}')


def _listener(collector: _Collector, path: str, kind: str, body: dict[str, Any]) -> ListenerSettings:
    where = f'listener "{kind}": '
    if kind not in ("tcp", "unix"):
        collector.wrong(path, "listener", f'"tcp" or "unix", not "{kind}"')
        return ListenerSettings()
    if isinstance(body.get("telemetry"), dict):
        body = {
            **body,
            "unauthenticated_metrics_access": body["telemetry"].get("unauthenticated_metrics_access", False),
        }
        del body["telemetry"]
    taken = collector.take(path, where, body, LISTENER)
    proxies = {key.removeprefix("x_"): taken.pop(key) for key in list(taken) if key.startswith("x_")}
    address = taken.pop("address", "")
    disabled = taken.pop("tls_disable", kind == "unix")
    taken["tls"] = not disabled
    for closed in ("rekey", "generate_root"):
        if f"disable_{closed}" in taken:
            taken[f"unauthenticated_{closed}"] = not taken.pop(f"disable_{closed}")
    listener = ListenerSettings(**taken)
    if proxies:
        listener.forwarding = Forwarding(**proxies)
    if kind == "unix":
        listener.socket = address
        if not address:
            collector.wrong(path, where + "address", "the path of a socket")
    else:
        _bind(collector, path, where, listener, address or "127.0.0.1:8200")
    if listener.tls and not (listener.tls_cert_file and listener.tls_key_file):
        collector.wrong(
            path,
            where + "tls_cert_file and tls_key_file",
            "the files of a certificate and its key (or tls_disable = true)",
        )
    if listener.tls_require_client_cert and not listener.tls_request_client_cert:
        collector.wrong(
            path,
            where + "tls_disable_client_certs",
            "not both: refusing client certificates and requiring them",
        )
    return listener


def _bind(collector: _Collector, path: str, where: str, listener: ListenerSettings, address: str) -> None:
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = address, "8200"
    host = host.strip("[]")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        collector.wrong(path, where + "address", "a host and a port, such as 127.0.0.1:8200")
        return
    listener.host, listener.port = host or "0.0.0.0", int(port)  # noqa: S104 - as Vault has it: ":8200" is everywhere


def _storage(collector: _Collector, path: str, kind: str, body: dict[str, Any]) -> StorageSettings | None:
    if kind == "inmem":
        import tempfile

        return StorageSettings(tempfile.mkdtemp(prefix="wellkept-"), "inmem")
    if kind not in _OURS:
        collector.wrong(path, "storage", f'"directory" (SQLite in a directory), not "{kind}"')
        return None
    place = body.get("path")
    if not isinstance(place, str) or not place:
        collector.wrong(path, f'storage "{kind}": path', "the directory to keep the store in")
        return None
    if any(os.path.lexists(os.path.join(place, name)) for name in _FOREIGN):
        collector.wrong(
            path, f'storage "{kind}": path', f"a directory of its own; {place} holds another server's data"
        )
    for key in body:
        if key != "path" and kind in ("directory", "sqlite"):
            collector.warnings.append(f'{path}: unknown or unsupported key storage "{kind}": {key}')
    return StorageSettings(os.path.abspath(place))


def _seal(collector: _Collector, path: str, kind: str, body: dict[str, Any]) -> SealSettings:
    if values_or_none(body.get("disabled")):
        return SealSettings()
    if kind not in ("shamir", "keyfile", "passphrase"):
        collector.wrong(path, "seal", f'"shamir", "keyfile" or "passphrase", not "{kind}"')
        return SealSettings()
    place = body.get("path") or body.get("file") or ""
    if not isinstance(place, str):
        collector.wrong(path, f'seal "{kind}": path', "the path of a file")
        place = ""
    return SealSettings(kind, place)


def values_or_none(value: Any) -> bool:
    """A flag that need not be there."""
    return value is not None and values.flag(value)
