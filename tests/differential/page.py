"""``docs/compatibility.md``'s two tables: operations counted at real servers, and the differences of ``known.toml``.

``PYTHONPATH=tests python -m differential.page`` counts and writes them; a test compares the page with the count.
"""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

from .known import ENTRIES

if TYPE_CHECKING:
    from .operations import Operation

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "compatibility.md"
_REASONS = {
    "identity/": "reading says that there are none; there is no identity store yet",
    "identity/mfa": "no second factors",
    "identity/oidc": "no OIDC provider",
    "sys/config": "`reload/SUBSYSTEM`: OpenBao does not answer it either; send SIGHUP",
    "sys/control-group": "no control groups",
    "sys/external-keys": "no keys outside of the store",
    "sys/generate-root": "the path itself: `generate-root/attempt` is the one that clients use",
    "sys/mfa": "no second factors",
    "sys/monitor": "the log goes to standard error",
    "sys/namespaces": "one namespace; questions are answered, changes are not",
    "sys/plugins": "engines are Python packages; nothing is registered or reloaded over the API",
    "sys/pprof": "Go's own profiles",
    "sys/storage": "no raft: `wellkept operator backup` and `restore`",
    "sys/workflows": "no workflows",
}
"""Why operations of a group are missing."""


def counted(version: str, operations: list[Operation], answered: set[Operation]) -> str:
    """The table of groups."""
    groups: dict[str, list[Operation]] = {}
    for each in operations:
        groups.setdefault(each.group, []).append(each)
    rows = [
        f"OpenBao {version} lists {len(operations)} operations; {len(answered)} of them are answered here.",
        "",
        "| group | operations | answered | why not all |",
        "|---|---:|---:|---|",
    ]
    for group, wanted in sorted(groups.items()):
        there = sum(each in answered for each in wanted)
        why = (
            "" if there == len(wanted) else _REASONS.get(group) or _REASONS.get(f"{group.split('/')[0]}/", "")
        )
        rows.append(f"| `{group}` | {len(wanted)} | {there} | {why} |")
    return "\n".join(rows)


def differences() -> str:
    """The table of known differences."""
    rows = ["| | OpenBao | here | why |", "|---|---|---|---|"]
    rows += [
        f"| {each['about']} | {each['openbao']} | {each['here']} | {each['reason']} |" for each in ENTRIES
    ]
    return "\n".join(rows)


def part(name: str, text: str) -> str:
    """What stands between the marks of ``name`` in ``text``."""
    found = re.search(rf"<!-- {name} -->\n\n(.*?)\n\n<!-- end -->", text, re.DOTALL)
    assert found is not None, f"the page has no part {name!r}"
    return found.group(1)


def written(text: str, **parts: str) -> str:
    """``text`` with its parts replaced."""
    for name, content in parts.items():
        mark = f"<!-- {name} -->\n\n"
        text = text.replace(mark + part(name, text), mark + content)
    return text


def main() -> None:
    import wellkept.testing
    from wellkept.testing.openbao import OpenBaoServer

    from .operations import OPENED, answered, mount, operations

    with OpenBaoServer() as theirs, wellkept.testing.server(options=OPENED) as ours:
        mount(theirs)
        mount(ours)
        document = theirs.request("GET", "sys/internal/specs/openapi")
        wanted = operations(document)
        table = counted(document["info"]["version"], wanted, answered(ours, wanted))
    PAGE.write_text(written(PAGE.read_text(), operations=table, differences=differences()))


if __name__ == "__main__":
    main()
