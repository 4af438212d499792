"""``generate``: new passwords, tokens and keys; printed, or stored without ever being seen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..formats import generate
from . import describe, files
from .command import Command, at_store, number
from .output import say, say_json
from .usage import Usage

if TYPE_CHECKING:
    from argparse import Namespace

    from .command import Parser

KINDS = ("password", "hex", "base64", "uuid", "rsa", "ec", "ed25519")


def configure(parser: Parser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    parser.add_argument("--set", dest="name", metavar="NAME", help="store it instead of printing it")
    parser.add_argument(
        "--cas", metavar="N", type=number, help="with --set: only if the current version is N"
    )
    password = parser.add_argument_group("passwords")
    password.add_argument(
        "--length", metavar="N", type=number, default=32, help="characters (default 32, at least 8)"
    )
    password.add_argument(
        "--symbols", action="store_true", help=f"with symbols: {generate.SYMBOLS}".replace("%", "%%")
    )
    password.add_argument("--unambiguous", action="store_true", help="without look-alikes such as 0 and O")
    password.add_argument("--alphabet", metavar="CHARS", default="", help="of these characters only")
    tokens = parser.add_argument_group("hex, base64")
    tokens.add_argument(
        "--bytes", metavar="N", type=number, default=32, help="random bytes (default 32, at least 16)"
    )
    tokens.add_argument("--url-safe", action="store_true", help="base64 with - and _, without padding")
    keys = parser.add_argument_group("rsa, ec, ed25519")
    keys.add_argument(
        "--bits", metavar="N", type=number, default=3072, help="of an RSA key: 2048, 3072 (default), 4096"
    )
    keys.add_argument("--curve", metavar="NAME", default="p256", help="p256 (default), p384, p521")
    keys.add_argument("--out", metavar="FILE", help="write the private key to FILE with mode 0600")
    keys.add_argument("--public-out", metavar="FILE", help="write the public key to FILE (default: stdout)")
    at_store(parser)


def execute(arguments: Namespace) -> int:
    if arguments.cas is not None and arguments.name is None:
        raise Usage("--cas belongs to --set")
    made = make(arguments)
    private = made.private if isinstance(made, generate.KeyPair) else made
    public = made.public if isinstance(made, generate.KeyPair) else None
    if public is not None and arguments.public_out is not None:
        files.write_private(arguments.public_out, public.encode())
    stored = _store(arguments, private) if arguments.name is not None else None
    if arguments.json:
        _say_json(stored, private, public)
        return 0
    if stored is not None:
        say(f"{stored['name']}: version {stored['version']}")
    elif arguments.out is not None:
        files.write_private(arguments.out, _line(private).encode())
    else:
        sys.stdout.write(_line(private))
    if public is not None and arguments.public_out is None:
        sys.stdout.write(public)
    return 0


def make(arguments: Namespace) -> str | generate.KeyPair:
    """What was asked for. Raises ``InvalidRequest`` for what would be weak."""
    kind = arguments.kind
    if kind == "password":
        return generate.password(
            arguments.length,
            symbols=arguments.symbols,
            unambiguous=arguments.unambiguous,
            alphabet=arguments.alphabet,
        )
    if kind == "hex":
        return generate.hexadecimal(arguments.bytes)
    if kind == "base64":
        return generate.base64(arguments.bytes, url_safe=arguments.url_safe)
    if kind == "uuid":
        return generate.uuid()
    if kind == "rsa":
        return generate.rsa(arguments.bits)
    return generate.ec(arguments.curve) if kind == "ec" else generate.ed25519()


def _store(arguments: Namespace, value: str) -> dict[str, Any]:
    from .context import context

    place = context(arguments)
    name = place.name(arguments.name)
    with place.open() as store:
        return {"name": name, **describe.version(store.write(name, value, cas=arguments.cas))}


def _say_json(stored: dict[str, Any] | None, private: str, public: str | None) -> None:
    data = stored if stored is not None else {"value": private}
    say_json(data if public is None else {**data, "public": public})


def _line(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


COMMANDS = {
    "generate": Command(
        usage=f"{'|'.join(KINDS)} [--set NAME] [...]",
        text="""\
Make a new secret from the operating system's randomness and print it; or, with --set, store it
without its being seen. Key pairs are PEM (PKCS#8); of those stored, the public key is printed.""",
        examples="""\
wellkept generate password
wellkept generate password --length 20 --symbols --set DATABASE_PASSWORD
wellkept generate base64 --bytes 32 --url-safe --set SESSION_KEY
wellkept generate ed25519 --set JWT_KEY --public-out jwt.pub
wellkept generate rsa --bits 4096 --out key.pem""",
        configure=configure,
        execute=execute,
    )
}
