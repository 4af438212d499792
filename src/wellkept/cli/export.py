"""``export``: the secrets of an environment as a file of another tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import formats
from ..errors import WellkeptError
from . import files
from .command import Command, at_store
from .context import context
from .usage import Usage
from .values import select
from .variables import by_variable

if TYPE_CHECKING:
    from argparse import Namespace

    from ..secret import Secret
    from .command import Parser


def configure(parser: Parser) -> None:
    parser.add_argument(
        "-f",
        "--format",
        metavar="FORMAT",
        default="env",
        help="env (default), json, yaml, shell, kubernetes, docker",
    )
    parser.add_argument(
        "--only", metavar="NAME", nargs="+", action="extend", help="these secrets; NAME#FIELD for a field"
    )
    parser.add_argument("--out", metavar="FILE", help="write to FILE with mode 0600 (default: stdout)")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument(
        "--keep-names", action="store_true", help="keys are the secrets' names, not variables'"
    )
    binary = parser.add_mutually_exclusive_group()
    binary.add_argument(
        "--base64", action="store_true", help="binary values as base64, where the format has no bytes"
    )
    binary.add_argument("--skip-binary", action="store_true", help="leave binary values out")
    kubernetes = parser.add_argument_group("kubernetes")
    kubernetes.add_argument(
        "--name", metavar="NAME", help="name of the Secret (default: from environment and project)"
    )
    kubernetes.add_argument("--namespace", metavar="NAME", help="its namespace")
    at_store(parser, json=False)


def execute(arguments: Namespace) -> int:
    kind = formats.canonical(arguments.format, formats.WRITERS)
    if kind != "kubernetes" and (arguments.name or arguments.namespace):
        raise Usage("--name and --namespace belong to --format kubernetes")
    place = context(arguments)
    secrets = select(place.source(), arguments.only)
    if arguments.skip_binary:
        secrets = {name: secret for name, secret in secrets.items() if not secret.is_binary}
    named = secrets if arguments.keep_names or kind in formats.BY_NAME else by_variable(secrets)
    values = {name: _value(secret, kind) for name, secret in named.items()}
    options: dict[str, Any] = {"base64": arguments.base64}
    if kind == "kubernetes":
        from ..formats.kubernetes import object_name

        options |= {"name": arguments.name or object_name(place.prefix), "namespace": arguments.namespace}
    files.emit(formats.write(values, kind, **options), arguments.out, force=arguments.force)
    return 0


def _value(secret: Secret, kind: str) -> Any:
    """Bytes where binary; in JSON and YAML an object where it is one; else text."""
    if secret.is_binary:
        return secret.reveal_bytes()
    text = secret.reveal()
    if kind in formats.BY_NAME and text.startswith("{"):
        try:
            parsed = secret.reveal_json()
        except WellkeptError:
            return text
        return parsed if isinstance(parsed, dict) else text
    return text


COMMANDS = {
    "export": Command(
        usage="[--env ENV] [--format FORMAT] [--only NAME ...] [--out FILE]",
        text="""\
Print the secrets of an environment, in the clear, as a file of another tool: .env (as
python-dotenv reads it), JSON, YAML, shell (`. FILE`), a Kubernetes Secret, or a Docker env file.
What a format cannot hold is refused by name. `wellkept run` needs no file at all.""",
        examples="""\
wellkept export --out .env.local
wellkept export --env prod --format kubernetes --namespace billing | kubectl apply -f -
wellkept export --env ci --format docker --out ci.env && docker run --env-file ci.env app
wellkept export --format shell --only DATABASE_URL
wellkept export --format json --env staging""",
        configure=configure,
        execute=execute,
    )
}
