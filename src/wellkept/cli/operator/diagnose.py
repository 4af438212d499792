"""``operator diagnose``: would a server start with this configuration? Each thing tried, none changed."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from ...errors import WellkeptError
from ..command import Command
from ..output import say, say_json

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from ...server.settings import ListenerSettings, Settings
    from ..command import Parser

    Finding = tuple[str, str, str]

FAILED = 1
WARNED = 2
_SOON = 14 * 86400.0
"""Seconds before a certificate's end from which on it is a warning."""


def configure(parser: Parser) -> None:
    parser.add_argument(
        "-config", "--config", metavar="FILE", action="append", required=True, help="as of `wellkept server`"
    )
    parser.add_argument(
        "-skip",
        "--skip",
        metavar="CHECK",
        action="append",
        default=[],
        help="listener or storage; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def diagnose(arguments: Namespace) -> int:
    findings = list(_all(arguments.config, set(arguments.skip)))
    if arguments.json:
        say_json([{"check": name, "result": result, "message": text} for name, result, text in findings])
    else:
        for name, result, text in findings:
            say(f"[ {result:<7} ] {name}{': ' + text if text else ''}")
    results = {result for _, result, _ in findings}
    return FAILED if "failure" in results else WARNED if "warning" in results else 0


def _all(paths: list[str], skip: set[str]) -> Iterator[Finding]:
    from ...server.config import load

    try:
        settings, warnings = load(paths)
    except WellkeptError as error:
        yield "configuration", "failure", str(error)
        return
    yield "configuration", "ok", ""
    for warning in warnings:
        yield "configuration", "warning", warning
    yield from _files()
    for each in settings.listeners:
        if each.tls:
            yield from _tls(each)
        elif not each.socket and each.host not in ("127.0.0.1", "::1", "localhost"):
            yield (
                f"listener {each.address}",
                "warning",
                "TLS is off: tokens and secrets cross the network in clear",
            )
        if "listener" not in skip:
            yield _attempt(f"listener {each.address}", lambda each=each: _bind(each))  # type: ignore[misc]
    if "storage" not in skip:
        yield from _storage(settings)


def _files() -> Iterator[Finding]:
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most < 4096:
        yield (
            "open files",
            "warning",
            f"the limit is {most}, and each connection is one; raise it (ulimit -n)",
        )
    else:
        yield "open files", "ok", str(most)


def _tls(each: ListenerSettings) -> Iterator[Finding]:
    import time

    from ...server import tls

    name = f"TLS of {each.address}"
    try:
        tls.context(each)
    except WellkeptError as error:
        yield name, "failure", str(error)
        return
    ends = ssl.cert_time_to_seconds(_certificate(each.tls_cert_file))
    left = ends - time.time()
    if left < 0:
        yield name, "failure", f"the certificate {each.tls_cert_file} has expired"
    elif left < _SOON:
        yield name, "warning", f"the certificate {each.tls_cert_file} expires in {int(left // 86400)} days"
    else:
        yield name, "ok", ""


def _certificate(path: str) -> str:
    """When the first certificate in ``path`` ends, as OpenSSL writes it."""
    from cryptography import x509

    with open(path, "rb") as file:
        found = x509.load_pem_x509_certificate(file.read())
    return found.not_valid_after_utc.strftime("%b %d %H:%M:%S %Y GMT")


def _bind(each: ListenerSettings) -> None:
    from ...server.sockets import open_sockets

    for sock in open_sockets([each]):
        sock.close()
    if each.socket:
        os.unlink(each.socket)


def _storage(settings: Settings) -> Iterator[Finding]:
    from ...core.place import DATABASE

    path = settings.storage.path
    name = f"storage {path}"
    if not os.path.isdir(path):
        parent = os.path.dirname(path)
        good = os.access(parent, os.W_OK)
        yield name, "ok" if good else "failure", "will be made" if good else f"{parent} cannot be written to"
        return
    mode = os.stat(path).st_mode
    if mode & 0o077:
        yield name, "warning", f"the directory is open to others (mode {mode & 0o777:04o}); chmod 700 {path}"
    if not os.access(path, os.W_OK):
        yield name, "failure", "the directory cannot be written to"
        return
    if not os.path.lexists(os.path.join(path, DATABASE)):
        yield name, "ok", "empty; it is to be initialised"
        return
    yield _attempt(name, lambda: _open(settings))
    free = os.statvfs(path)
    if free.f_bavail * free.f_frsize < 256 << 20:
        yield name, "warning", "less than 256 MiB are free; when it is full, writes and audited reads fail"


def _open(settings: Settings) -> None:
    from ...barrier.sealconfig import read_seal_config
    from ...server.node import open_storage

    storage = open_storage(settings)
    try:
        read_seal_config(storage)
    finally:
        storage.close()


def _attempt(name: str, check: Callable[[], None]) -> Finding:
    try:
        check()
    except WellkeptError as error:
        return name, "failure", str(error)
    except OSError as error:
        return name, "failure", (error.strerror or type(error).__name__).lower()
    return name, "ok", ""


COMMANDS = {
    "operator diagnose": Command(
        "--config FILE [--skip CHECK] [--json]",
        "Try what a server would do at its start: configuration, certificates, addresses, storage. Exit code 1 for a\n"
        "failure, 2 for a warning.",
        "wellkept operator diagnose -config=/etc/wellkept/server.hcl",
        configure,
        diagnose,
    )
}
