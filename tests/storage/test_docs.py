"""docs/storage.md: its code runs, and the suite that it shows collects and passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_code_on_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[0], str(PAGE), "exec"), {})
    assert "'term': 2" in capsys.readouterr().out


def test_the_suite_on_the_page_passes(tmp_path):
    imports = "from wellkept.storage.sqlite import SQLiteStorage\n"
    (tmp_path / "test_mine.py").write_text(imports + BLOCKS[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_mine.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
