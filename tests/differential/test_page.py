"""``docs/compatibility.md`` says what is so."""

from __future__ import annotations

import pytest

import wellkept.testing

from . import page
from .operations import OPENED, answered, mount, operations

_AGAIN = "write it anew: PYTHONPATH=tests python -m differential.page"


def test_the_page_counts_the_operations_that_are_answered(document):
    version, stands = document["info"]["version"], page.part("operations", page.PAGE.read_text())
    if f"OpenBao {version} lists" not in stands:
        pytest.skip(f"the page is of another OpenBao than {version}")
    wanted = operations(document)
    with wellkept.testing.server(options=OPENED) as ours:  # one of its own: it is sealed in the end
        mount(ours)
        table = page.counted(version, wanted, answered(ours, wanted))
    assert stands == table, _AGAIN


def test_the_page_lists_the_known_differences():
    assert page.part("differences", page.PAGE.read_text()) == page.differences(), _AGAIN


def test_no_group_lacks_operations_without_a_reason():
    rows = page.part("operations", page.PAGE.read_text()).splitlines()[4:]
    for row in rows:
        _, group, wanted, there, why, _ = (each.strip() for each in row.split("|"))
        assert wanted == there or why, group
