"""``scan rules`` and ``scan explain``: what is looked for, and what to do about what was found."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequest, NotFound
from ..command import Command
from ..output import clean, say, say_json, table
from . import last

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from ...scanning.rule import Rule
    from ..command import Parser


def configure_rules(parser: Parser) -> None:
    parser.add_argument("id", metavar="RULE", nargs="?", help="one rule, with all that is known of it")
    parser.add_argument(
        "--config", metavar="FILE", action="append", default=[], help="rules to add, change or switch off"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def rules(arguments: Namespace) -> int:
    """Raises ``ConfigError`` for a file of rules that cannot be read, ``NotFound`` for a rule that is none."""
    found = _load(arguments.config)
    if arguments.id:
        rule = next((rule for rule in found if rule.id == arguments.id), None)
        if rule is None:
            raise NotFound("there is no such rule; `wellkept scan rules` lists them")
        say_json(_fields(rule)) if arguments.json else say(_about(rule))
    elif arguments.json:
        say_json([_fields(rule) for rule in found])
    else:
        table(("ID", "SEVERITY", "NAME"), ((rule.id, rule.severity, rule.name) for rule in found))
    return 0


def configure_explain(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="the id of a finding (8 digits do), or of a rule")
    parser.add_argument("--report", metavar="FILE", help="a JSON report with it (default: the last one here)")
    parser.add_argument("--config", metavar="FILE", action="append", default=[], help="rules beside ours")
    parser.add_argument("--json", action="store_true", help="print JSON")


def explain(arguments: Namespace) -> int:
    """Raises ``NotFound`` when it is neither, ``InvalidRequest`` for a report that cannot be read."""
    rule = next((rule for rule in _load(arguments.config) if rule.id == arguments.id), None)
    if rule is not None:
        say_json(_fields(rule)) if arguments.json else say(_about(rule))
        return 0
    from ...scanning.explain import explain as text
    from ...scanning.explain import find

    finding = find(_findings(arguments.report), arguments.id)
    whole = text(finding).rstrip()
    say_json({**finding, "explanation": whole}) if arguments.json else say(whole)
    return 0


def _load(config: Sequence[str]) -> list[Rule]:
    from ...scanning.rule import BUILTIN, load

    found = load(BUILTIN)
    for path in config:
        found = load(path, found)
    return found


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: value for name, value in rule._asdict().items() if name not in ("positive", "negative")}


def _about(rule: Rule) -> str:
    lines = [f"{rule.name}  [{rule.id}]", f"severity {rule.severity}, confidence {rule.confidence:g}"]
    for title, text in (
        ("provider", rule.provider),
        ("what it grants", rule.grants),
        ("to revoke it", rule.revoke),
    ):
        lines += [f"{title}: {clean(text)}"] if text else []
    lines.append(f"pattern: {clean(rule.pattern)}")
    if rule.keywords:
        lines.append(f"with one of: {', '.join(map(clean, rule.keywords))}")
    return "\n".join(lines)


def _findings(path: str | None) -> list[dict[str, Any]]:
    name = path or last.path()
    try:
        with open(name, encoding="utf-8") as file:
            found = json.load(file)["findings"]
    except FileNotFoundError:
        found = None
    except (OSError, ValueError, KeyError, TypeError):
        found = False
    if isinstance(found, list):
        return found
    if found is None and path is None:
        raise NotFound("there is no report of an earlier scan here; name one with --report, or scan again")
    raise InvalidRequest(f"{os.path.basename(name)} is no JSON report of ours")


COMMANDS = {
    "scan rules": Command(
        usage="[RULE] [--config FILE] [--json]",
        text="""\
List the rules, or show one: what it matches, what such a credential grants, how to revoke it. Rules
are TOML; a file given by --config adds to them, changes or switches off: see docs/scan-rules.md.""",
        examples="wellkept scan rules\nwellkept scan rules github-pat\nwellkept scan rules --config our-rules.toml --json",
        configure=configure_rules,
        execute=rules,
    ),
    "scan explain": Command(
        usage="ID [--report FILE] [--json]",
        text="""\
Say what a finding is, what it grants, how to revoke it, and how to remove it from history: the exact
commands. ID is the id of a finding in the last report (or in a JSON report), or of a rule.""",
        examples="wellkept scan explain 3f9a1c20\nwellkept scan explain 3f9a1c20 --report report.json\nwellkept scan explain aws-access-key-id",
        configure=configure_explain,
        execute=explain,
    ),
}
