"""``audit``: the record of who read and wrote what, and the proof that it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .command import Command, at_store, natural
from .context import context
from .durations import moment as parse_moment
from .output import clean, say, say_json, table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator

    from .command import Parser

    Record = dict[str, Any]

HEADINGS = ("TIME", "USER", "PROCESS", "OPERATION", "NAME", "VERSION", "OUTCOME")
SAME_AS_VERB = frozenset({"delete", "undelete", "destroy"})
"""Sections of the engine's paths that say themselves what was done."""


def configure_tail(parser: Parser) -> None:
    parser.add_argument(
        "-n", "--lines", metavar="N", type=natural, default=20, help="how many records (default 20)"
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what is appended, until Ctrl-C"
    )
    parser.add_argument(
        "--all", action="store_true", help="also the records made before a change takes effect"
    )
    at_store(parser, env=False)


def tail(arguments: Namespace) -> int:
    with context(arguments).open() as store:
        if arguments.follow:
            _follow(store.audit_lines(last=arguments.lines, follow=True), arguments)
            return 0
        # Twice as many lines and one more: a change has two, and reading the log is itself recorded.
        found = _chosen(store.audit_lines(last=2 * arguments.lines + 1), arguments, lambda record: True)
        records = list(found)[-arguments.lines :]
    _print(records, arguments.json)
    return 0


def configure_show(parser: Parser) -> None:
    parser.add_argument(
        "--name", metavar="NAME", help="of this secret, or (with a slash at the end) of this folder"
    )
    parser.add_argument("--user", metavar="USER", help="by this operating-system user")
    parser.add_argument(
        "--outcome",
        metavar="OUTCOME",
        help="ok, denied, not_found, invalid, conflict, error; or 'failed' for all but ok",
    )
    parser.add_argument("--operation", metavar="OPERATION", help="read, update, delete, list, ...")
    parser.add_argument(
        "--since", metavar="WHEN", help="from then on: 2h, 30d, 2026-12-31, 2026-12-31T18:00:00Z"
    )
    parser.add_argument("--until", metavar="WHEN", help="up to then")
    parser.add_argument("--limit", metavar="N", type=natural, help="the last N of them")
    parser.add_argument(
        "--all", action="store_true", help="also the records made before a change takes effect"
    )
    at_store(parser)


def show(arguments: Namespace) -> int:
    place = context(arguments)
    matches = _filter(arguments, place.name(arguments.name) if arguments.name else None)
    with place.open() as store:
        records = list(_chosen(store.audit_lines(), arguments, matches))
    if arguments.limit is not None:
        records = records[-arguments.limit :]
    _print(records, arguments.json)
    return 0


def configure_verify(parser: Parser) -> None:
    at_store(parser, env=False)


def verify(arguments: Namespace) -> int:
    with context(arguments).open() as store:
        report = store.audit_verify()
    if arguments.json:
        say_json({"verified": True, **report})
        return 0
    say(f"audit log verified: {report['lines']} records, none changed, dropped or reordered")
    for path, served in report.get("served", {}).items():
        say(f"served: {served['lines']} records of {served['chains']} chains in {path}, likewise")
    if report["unfinished"]:
        say("an unfinished last line, left by a crash, will be removed by the next record")
    return 0


def _filter(arguments: Namespace, name: str | None) -> Callable[[Record], bool]:
    from ..clock import SYSTEM

    now = SYSTEM.time()
    since = None if arguments.since is None else _rfc3339(parse_moment(arguments.since, now, past=True))
    until = None if arguments.until is None else _rfc3339(parse_moment(arguments.until, now, past=True))

    def matches(record: Record) -> bool:
        subject = split(record)[1]
        outcome = record.get("outcome")
        return (
            (name is None or subject == name or (name.endswith("/") and subject.startswith(name)))
            and (arguments.user is None or (record.get("client") or {}).get("user") == arguments.user)
            and (arguments.operation is None or record.get("operation") == arguments.operation)
            and (
                arguments.outcome is None
                or outcome == arguments.outcome
                or _failed(arguments.outcome, outcome)
            )
            # Times are RFC 3339 in UTC with one precision, so their texts are in the order of the times.
            and (since is None or str(record.get("time")) >= since)
            and (until is None or str(record.get("time")) <= until)
        )

    return matches


def _failed(wanted: str, outcome: Any) -> bool:
    return wanted == "failed" and outcome not in (None, "ok")


def _rfc3339(seconds: float) -> str:
    from ..core.audit import timestamp

    return timestamp(seconds)


def _chosen(
    records: Iterable[Record], arguments: Namespace, matches: Callable[[Record], bool]
) -> Iterator[Record]:
    for record in records:
        if (arguments.all or record.get("type") != "request") and matches(record):
            yield record


def split(record: Record) -> tuple[str, str]:
    """What was done, and to what: ``secret/data/prod/x`` read gives ``read``, ``prod/x``."""
    path, operation = str(record.get("path", "")), str(record.get("operation", ""))
    mount, _, rest = path.partition("/")
    if mount != "secret":
        return operation, path
    section, _, name = rest.partition("/")
    if section == "data":
        return operation, name
    return section if section in SAME_AS_VERB else f"{section} {operation}", name


def _row(record: Record) -> tuple[Any, ...]:
    if "unreadable" in record:
        return ("", "", "", "unreadable line", f"number {record['unreadable']}", "", "see audit verify")
    operation, name = split(record)
    client = record.get("client") or {}
    outcome = record.get("outcome") or "requested"
    error = record.get("error")
    return (
        str(record.get("time", ""))[:19] + "Z",
        client.get("user"),
        f"{client.get('process')}[{client.get('pid')}]",
        operation,
        name,
        record.get("version"),
        f"{outcome} ({error})" if error and outcome == "error" else outcome,
    )


def _print(records: list[Record], as_json: bool) -> None:
    if as_json:
        say_json(records)
    else:
        table(HEADINGS, map(_row, records), right=(5,))


def _follow(records: Iterable[Record], arguments: Namespace) -> None:
    """One line a record as it comes: no column can be as wide as what is still to come."""
    import json
    import sys

    for record in _chosen(records, arguments, lambda record: True):
        if arguments.json:
            say(json.dumps(record, ensure_ascii=False))
        else:
            say("  ".join(clean(cell) for cell in _row(record) if cell not in (None, "")))
        sys.stdout.flush()


COMMANDS = {
    "audit tail": Command(
        usage="[-n N] [-f] [--all]",
        text="""\
Print the last records of the audit log: who did what to which secret, and how it ended. Values
never stand in it. Reading it is recorded, too.""",
        examples="wellkept audit tail\nwellkept audit tail -n 100 --json\nwellkept audit tail -f",
        configure=configure_tail,
        execute=tail,
    ),
    "audit show": Command(
        usage="[--name NAME] [--user USER] [--outcome OUTCOME] [--since WHEN] [--until WHEN] [...]",
        text="Print the records that match all of the conditions, oldest first.",
        examples="""\
wellkept audit show --name prod/billing/database --since 7d
wellkept audit show --name prod/ --outcome failed
wellkept audit show --user deploy --since 2026-12-31 --json""",
        configure=configure_show,
        execute=show,
    ),
    "audit verify": Command(
        usage="",
        text="""\
Check the chain of the audit log against the head kept in the store. Says which line is the first
that was changed, dropped or reordered, or that the end is missing; the exit code is then 7.""",
        examples="wellkept audit verify",
        configure=configure_verify,
        execute=verify,
    ),
}
