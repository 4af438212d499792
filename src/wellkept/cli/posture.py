"""``doctor`` and ``policy MODULE:CLASS``: what an application would meet, and the least that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .check import settings_class
from .command import Command, at_store
from .context import context
from .output import note, say, say_json, span, table

if TYPE_CHECKING:
    from argparse import Namespace

    from ..posture.doctor import Finding
    from .command import Parser

OPTIONS = {
    "account": "AWS: the account's number",
    "kms-key": "AWS: the ARN of the KMS key that encrypts them, if it is one of your own",
    "subscription": "Azure: the subscription's id",
    "resource-group": "Azure: the vault's resource group",
    "principal": "who is to read: Azure object id, Google member, Kubernetes service account",
    "role": "Kubernetes: the role's name",
}
DEFAULT_TTL = 300.0


def configure_doctor(parser: Parser) -> None:
    parser.add_argument("settings", metavar="MODULE:CLASS", help="a settings class")
    at_store(parser)


def doctor(arguments: Namespace) -> int:
    place = context(arguments)
    found = settings_class(arguments.settings)
    from ..posture.doctor import examine

    ttl = {key: value for key, value in place.options.items() if key in ("ttl", "max_stale", "deadline")}
    examination = examine(found, place.source(), **ttl)
    if arguments.json:
        say_json(
            {
                "ok": examination.ok,
                "environment": place.env,
                "identity": examination.identity,
                "findings": [finding._asdict() for finding in examination.findings],
            }
        )
    else:
        say(f"environment {place.env}, read as {examination.identity}")
        headings = (
            "FIELD", "SECRET", "STATE", "PERMITTED", "VERSION", "AGE", "LEASE", "CACHED", "TOOK", "SOURCE", "PROBLEM",
        )  # fmt: skip
        table(headings, (_row(finding) for finding in examination.findings), right=(5, 6, 7, 8))
    return 0 if examination.ok else ConfigError.exit_code


def _row(finding: Finding) -> tuple[Any, ...]:
    permitted = {True: "yes", False: "no", None: "?"}[finding.permitted]
    took = f"{finding.took * 1000:.1f} ms"
    cached = span(finding.cached) if finding.cached else "no"
    return (
        finding.field, finding.name, finding.state, permitted, finding.version, span(finding.age),
        span(finding.lease) or "none", cached, took,
        finding.source, finding.reason,
    )  # fmt: skip


def configure_least(parser: Parser) -> None:
    parser.add_argument("settings", metavar="MODULE:CLASS", help="a settings class")
    parser.add_argument(
        "--for",
        dest="provider",
        metavar="PROVIDER",
        required=True,
        help="aws, vault, azure, gcp, k8s or store",
    )
    parser.add_argument(
        "--source",
        metavar="URL",
        action="append",
        help="where they are read from (default: the environment's source)",
    )
    for option, text in OPTIONS.items():
        parser.add_argument(f"--{option}", metavar="VALUE", help=text)
    at_store(parser)


def least(arguments: Namespace) -> int:
    place = context(arguments)
    found = settings_class(arguments.settings)
    from ..posture.least_privilege import policy_for
    from ..settings.plan import plan_of
    from ..sources.url import parse_url

    urls = [parse_url(url) for url in arguments.source or place.urls]
    given = {name.replace("-", "_"): getattr(arguments, name.replace("-", "_")) or "" for name in OPTIONS}
    given["prefix"] = place.prefix
    policy = policy_for(arguments.provider, plan_of(found).names, urls, given)
    if arguments.json:
        say_json({"policy": policy.text, "missing": list(policy.missing)})
    else:
        say(policy.text)
        if policy.missing:
            note(f"to be filled in: {', '.join(policy.missing)}")
    return 0


COMMANDS = {
    "doctor": Command(
        usage="MODULE:CLASS [--env ENV]",
        text="""\
Read every secret of an application's settings once and say what was met: found or not, permitted
or not, valid or not, version, age, how long it took, from which source and as whom. No value is
shown. The exit code is 78 when the application would not start.""",
        examples="wellkept doctor app.settings:AppSettings\nwellkept doctor app.settings:AppSettings --env prod --json",
        configure=configure_doctor,
        execute=doctor,
    ),
    "policy for": Command(
        usage="MODULE:CLASS --for PROVIDER [--source URL]",
        text="""\
Print the smallest policy that lets exactly the secrets of an application's settings be read: an IAM
policy, a Vault policy, role assignments or a Kubernetes Role. `wellkept policy MODULE:CLASS --for
PROVIDER` is the same. What is not known stands there in capitals and is listed on stderr.""",
        examples="""\
wellkept policy app.settings:AppSettings --for aws --env prod --account 123456789012
wellkept policy app.settings:AppSettings --for vault --source vault://vault:8200/secret
wellkept policy app.settings:AppSettings --for store | wellkept policy write app -""",
        configure=configure_least,
        execute=least,
    ),
}
