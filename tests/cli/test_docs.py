"""``docs/cli.md`` is what the commands print. After a change: ``WELLKEPT_WRITE_DOCS=1 pytest tests/cli/test_docs.py``."""

import os
import re

import pytest

from wellkept.cli.dispatch import overview
from wellkept.cli.table import GROUPS, TITLES
from wellkept.cli.topics import TOPICS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WRITE = bool(os.environ.get("WELLKEPT_WRITE_DOCS"))
PAGE = os.path.join(ROOT, "docs", "cli.md")

HEAD = """\
# Command line

`wellkept`, or `wk` for short. This page is what the commands print; a test compares the two.
[Running a program](run.md) and [Import and export](import-export.md) say more about those.
"""


def block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


def page(bare) -> str:
    parts = [HEAD, "## All commands\n", block(overview())]
    for title, text in TOPICS.items():
        parts += [f"## Topic: {title}\n", block(text)]
    for group, commands in GROUPS.items():
        parts.append(f"## {TITLES[group]}\n")
        for name in commands:
            parts += [f"### {name}\n", block(bare.ok(*name.split(), "--help").out)]
    return "\n".join(parts)


def test_the_page_is_what_the_commands_print(bare, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    printed = page(bare)
    if WRITE:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(printed)
    with open(PAGE, encoding="utf-8") as file:
        assert file.read() == printed, "docs/cli.md is behind; see this test's docstring"


def test_help_fits_the_page(bare, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    for line in page(bare).splitlines():
        assert len(line) <= 120, line


@pytest.mark.parametrize("name", ["cli.md", "import-export.md", "run.md"])
def test_links_of_our_pages_lead_somewhere(name):
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
        for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", file.read()):
            assert os.path.exists(os.path.join(ROOT, "docs", target)), target
