"""``server``: serve a store over Vault's API. Options may have one dash or two, as in ``vault server``."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .command import Command, natural
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from ..server.node import Node
    from ..server.settings import Settings
    from .command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "-config", "--config", metavar="FILE", action="append", default=[],
        help="configuration in HCL, JSON or TOML, or a directory of such files; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "-dev", "--dev", action="store_true", help="a server in memory, unsealed, to try things out"
    )
    parser.add_argument(
        "-dev-root-token-id",
        "--dev-root-token-id",
        metavar="TOKEN",
        default="",
        help="the root token of --dev",
    )
    parser.add_argument(
        "-dev-listen-address", "--dev-listen-address", metavar="ADDRESS", default="127.0.0.1:8200",
        help="where --dev listens (127.0.0.1:8200)",
    )  # fmt: skip
    parser.add_argument("-store", "--store", metavar="PATH", help="without --config: serve the store in PATH")
    parser.add_argument(
        "-address",
        "--address",
        metavar="ADDRESS",
        default="127.0.0.1:8200",
        help="where --store listens (127.0.0.1:8200)",
    )
    parser.add_argument("-tls-cert", "--tls-cert", metavar="FILE", help="certificate of --store")
    parser.add_argument("-tls-key", "--tls-key", metavar="FILE", help="its key")
    parser.add_argument("-workers", "--workers", metavar="N", type=natural, help="processes that serve (1)")
    parser.add_argument(
        "-log-level", "--log-level", metavar="LEVEL", help="trace, debug, info, warn or error (info)"
    )
    parser.add_argument("-json", "--json", action="store_true", help="write the server's log as JSON")
    parser.add_argument("-test", "--test", action="store_true", help="check the configuration, and end")


def server(arguments: Namespace) -> int:
    _require_libraries()
    from ..server.log import Log

    chosen = [name for name in ("dev", "config", "store") if getattr(arguments, name)]
    if len(chosen) != 1:
        raise Usage("say what to serve: --config FILE, --store PATH or --dev; see `wellkept server --help`")
    warnings: tuple[str, ...] = ()
    if arguments.dev:
        settings = _dev(arguments)
    elif arguments.store:
        settings = _store(arguments)
    else:
        from ..server.config import load

        settings, warnings = load(arguments.config)
    if arguments.workers:
        settings.workers = arguments.workers
    settings.workers = settings.workers or 1
    if arguments.log_level:
        settings.log_level = arguments.log_level
    if arguments.json:
        settings.log_format = "json"
    log = Log(settings)
    for warning in warnings:
        log.warn(warning)
    if arguments.test:
        sys.stdout.write("the configuration is right\n")
        return 0
    try:
        return _run(settings, arguments, log)
    finally:
        if settings.storage.kind == "inmem":
            shutil.rmtree(settings.storage.path, ignore_errors=True)


def _require_libraries() -> None:
    """Raises ``ConfigError`` that says how to get what is missing."""
    from importlib.util import find_spec

    missing = [name for name in ("httptools", "orjson", "lark") if find_spec(name) is None]
    if missing:
        raise ConfigError(f"{', '.join(missing)}: missing; a server needs: pip install 'wellkept[server]'")


def _run(settings: Settings, arguments: Namespace, log: object) -> int:
    from ..server.dev import announce
    from ..server.log import Log
    from ..server.supervisor import Supervisor

    assert isinstance(log, Log)
    pid_file = settings.pid_file

    def prepare(node: Node) -> None:
        if arguments.dev:
            announce(settings.listeners[0].address, arguments.dev_root_token_id)(node)

    def ready() -> None:
        log.info("wellkept server started")
        if pid_file:
            with open(pid_file, "w") as file:
                file.write(f"{os.getpid()}\n")

    _describe(settings)
    try:
        return Supervisor(settings, log, prepare=prepare, ready=ready).run()
    finally:
        if pid_file and os.path.lexists(pid_file):
            os.unlink(pid_file)


def _describe(settings: Settings) -> None:
    from .._version import __version__

    rows = [
        ("Api Address", settings.api_addr or settings.listeners[0].address),
        *((f"Listener {number}", each.address) for number, each in enumerate(settings.listeners, 1)),
        ("Storage", f"{settings.storage.kind} ({settings.storage.path})"),
        ("Workers", str(settings.workers)),
        ("Version", f"wellkept {__version__}"),
    ]
    lines = [f"{name:>20}: {value}" for name, value in rows]
    sys.stdout.write("==> wellkept server configuration:\n\n" + "\n".join(lines) + "\n\n")
    sys.stdout.flush()


def _dev(arguments: Namespace) -> Settings:
    from ..server import dev

    host, port = _address(arguments.dev_listen_address)
    return dev.settings(dev.directory(), host, port)


def _store(arguments: Namespace) -> Settings:
    from ..server.settings import ListenerSettings, Settings, StorageSettings

    host, port = _address(arguments.address)
    tls = bool(arguments.tls_cert or arguments.tls_key)
    if tls and not (arguments.tls_cert and arguments.tls_key):
        raise Usage("--tls-cert and --tls-key go together")
    if not tls and host not in ("127.0.0.1", "::1", "localhost"):
        raise Usage("without --tls-cert and --tls-key the server listens on loopback only")
    listener = ListenerSettings(
        host=host,
        port=port,
        tls=tls,
        tls_cert_file=arguments.tls_cert or "",
        tls_key_file=arguments.tls_key or "",
    )
    return Settings(StorageSettings(os.path.abspath(arguments.store)), [listener], kv_at_secret=True)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, "8200"
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise Usage("an address is a host and a port, such as 127.0.0.1:8200")
    return host.strip("[]") or "127.0.0.1", int(port)


COMMANDS = {
    "server": Command(
        "[--config FILE | --store PATH | --dev] [OPTIONS]",
        "Serve a store to a team, over the HTTP API of Vault and OpenBao.",
        """wellkept server --dev
wellkept server -config=/etc/wellkept/server.hcl
wellkept server --store /var/lib/wellkept --workers 2""",
        configure,
        server,
    )
}
