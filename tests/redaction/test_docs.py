"""The page that users read: its code runs."""

from __future__ import annotations

import logging
import pathlib
import re
import sys
import threading

import pytest

from wellkept.redaction import RedactingFilter

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "redaction.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def _logging_and_hooks_restored():
    before = list(logging.root.handlers), logging.root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    for handler in [*logging.root.handlers, *before[0], logging.lastResort]:
        for filter_ in [each for each in handler.filters if isinstance(each, RedactingFilter)]:
            handler.removeFilter(filter_)
    logging.root.handlers[:], logging.root.level = before
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.mark.usefixtures("_logging_and_hooks_restored")
@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_code_on_the_page_runs(block: str) -> None:
    exec(compile(block, "docs/redaction.md", "exec"), {"__name__": "page"})


def test_the_page_says_what_is_not_searched_for() -> None:
    assert "Values shorter than 4 characters are not searched for" in PAGE
