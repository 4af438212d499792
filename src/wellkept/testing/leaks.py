"""``pytest --wellkept-leaks``: a test that prints a known secret fails, and its report does not repeat it.

Known are the values that this process's redaction knows (whatever ``wellkept.Secrets``, settings or
``fake_secrets`` loaded, and what was remembered by hand), in every form that the redactor knows; and those of a
fingerprint file, where one is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..scanning.known.matcher import Matcher

FLAGGED = pytest.StashKey[set[tuple[str, str]]]()
"""Sections that a test was failed for already: teardown's report repeats those of the call."""

MASK = "[redacted]"


class LeakGuard:
    """The plugin. ``matcher`` recognises the secrets of a fingerprint file."""

    def __init__(self, matcher: Matcher | None = None) -> None:
        self._redactor = Redactor(shapes=())
        self._matcher = matcher

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        flagged = item.stash.setdefault(FLAGGED, set())
        leaks: list[str] = []
        sections = []
        for title, text in report.sections:
            clean, names = self._without(text)
            sections.append((title, clean))
            if names and (title, text) not in flagged:
                flagged.add((title, text))
                leaks.append(f"{title} holds {', '.join(names)}")
        report.sections = sections
        longrepr: Any = report.longrepr
        if report.outcome == "failed":
            clean, names = self._without(str(longrepr))
            if names:
                longrepr = clean
                leaks.append(f"the failure's text holds {', '.join(names)}")
        if leaks:
            told = "a known secret was printed: " + "; ".join(leaks)
            longrepr = f"{longrepr}\n{told}" if report.outcome == "failed" else told
            report.outcome = "failed"
        report.longrepr = longrepr
        return report

    def _without(self, text: str) -> tuple[str, list[str]]:
        """``text`` without known secrets, and their names."""
        data = text.encode("utf-8", "surrogatepass")
        found = self._redactor.search(data)
        names = [find.label or "a value without a name" for find in found]
        data = self._redactor.replace(data, found)
        if self._matcher is not None:
            for start, end, hit in reversed(list(self._matcher.find(data))):
                names.append(f"{hit.record.name} version {hit.record.version}")
                data = data[:start] + MASK.encode() + data[end:]
        return data.decode("utf-8", "replace"), list(dict.fromkeys(names))


def guard(config: pytest.Config) -> LeakGuard:
    """As the options ask. Raises ``pytest.UsageError`` where output is not captured, or the file is not usable."""
    from ..errors import WellkeptError

    if config.getoption("capture") == "no":
        raise pytest.UsageError("--wellkept-leaks looks at captured output; leave out -s")
    path = config.getoption("--wellkept-known")
    if path is None:
        return LeakGuard()
    from ..scanning.known import key
    from ..scanning.known.matcher import Matcher

    try:
        found = key.find()
        if found is not None:
            return LeakGuard(Matcher.load(path, found))
        problem = "the fingerprint file needs its key in $WELLKEPT_SCAN_KEY"
    except WellkeptError as error:
        problem = str(error)
    raise pytest.UsageError(problem)
