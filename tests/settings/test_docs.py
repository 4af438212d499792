"""docs/settings.md: its code runs, and what it says is printed is printed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from wellkept.settings import example

if TYPE_CHECKING:
    from pathlib import Path

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "settings.md")
BROKEN = "DATABASE_URL=mysql://localhost/shop\nWORKERS=65\n"


def blocks(language: str) -> list[str]:
    with open(PAGE, encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)


def test_the_page_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(blocks("dotenv")[0])
    (tmp_path / "broken.env").write_text(BROKEN)
    names: dict[str, Any] = {"__name__": "docs"}
    for block in blocks("python"):
        exec(compile(block, "docs/settings.md", "exec", dont_inherit=True), names)
    problems, written = blocks("text")
    assert example(names["AppSettings"]) == written

    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        names["AppSettings"].load_or_exit("dotenv:broken.env")
    assert ended.value.code == 78
    printed = capsys.readouterr().err.replace(f"{tmp_path}/", "")
    assert printed == problems
