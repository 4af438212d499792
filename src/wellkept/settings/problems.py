"""What was wrong with settings, said without any value: the problem, the error's text, the table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO


class Problem(NamedTuple):
    """One thing that is wrong. ``field`` is dotted for nested settings, empty for the settings as a whole;
    ``name`` is the secret's; ``where`` is the printable URL of the source it was looked for in."""

    field: str
    name: str
    reason: str
    where: str


def settings_error(title: str, problems: Sequence[Problem]) -> SettingsError:
    """The error to raise for ``problems`` of the settings class named ``title``."""
    lines = [f"{title}: {_count(problems)}"]
    for field, name, reason, where in problems:
        subject = f"{field} ({name})" if field and name else field or name or "the settings as a whole"
        lines.append(f"  {subject}: {reason}" + (f" [{where}]" if where else ""))
    return SettingsError("\n".join(lines), problems)


def table(title: str, problems: Sequence[Problem], *, colour: bool = False) -> str:
    """The problems as aligned columns under a heading, one line each, ending in a newline."""
    heading = f"{title} cannot be loaded: {_count(problems)}"
    columns = Problem("FIELD", "SECRET", "REASON", "LOOKED IN")
    rows = [columns, *(Problem(p.field or "(all)", *p[1:]) for p in problems)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = []
    for number, row in enumerate(rows):
        cells = [row[i].ljust(widths[i]) for i in range(3)]
        if colour:
            cells[0] = f"\x1b[{'2' if number == 0 else '31'}m{cells[0]}\x1b[0m"
        lines.append("  " + "  ".join([*cells, row[3]]).rstrip())
    if colour:
        heading = f"\x1b[1m{heading}\x1b[0m"
    return "\n".join([heading, "", *lines, ""])


def report(error: SettingsError, stream: TextIO) -> None:
    """Write ``error`` to ``stream`` as a table; coloured only on a terminal, and not where ``NO_COLOR`` is set."""
    import os

    title = str(error).partition(":")[0]
    stream.write(table(title, error.problems, colour=stream.isatty() and not os.environ.get("NO_COLOR")))
    stream.flush()


def _count(problems: Sequence[Problem]) -> str:
    return "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
