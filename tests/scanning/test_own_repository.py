"""The scanner over this repository: whatever it finds is written down with a reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_finding_in_the_own_checkout_is_allowed_with_a_reason() -> None:
    pytest.importorskip("hyperscan", reason="the extra wellkept[scan] brings the engine")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    files = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    if not files:
        pytest.skip("not a checkout")
    plain = {name: value for name, value in os.environ.items() if name != "WELLKEPT_FINGERPRINT_KEY"}
    scan = subprocess.run(
        [sys.executable, "-m", "wellkept", "scan", *files],
        cwd=ROOT,
        env=plain,
        capture_output=True,
        text=True,
        check=False,
    )
    assert scan.returncode == 0, scan.stdout[-3000:] + scan.stderr[-1000:]
