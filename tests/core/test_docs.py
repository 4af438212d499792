"""The pages of this room are true: their code runs, in order, in an empty directory."""

from __future__ import annotations

import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["store.md", "audit.md", "policy.md"])
def test_the_code_of_the_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("WELLKEPT_KEY_FILE", raising=False)
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {"__name__": "docs"}
    for block in blocks:
        exec(compile(block, page, "exec", dont_inherit=True), names)
    printed = capsys.readouterr().out
    assert "hunter2" not in printed
    for shown in re.findall(r"print\(error\) +# (.*)", "".join(blocks)):
        assert shown in printed


def test_every_path_that_a_policy_can_name_is_on_its_page():
    from wellkept.core.system import System
    from wellkept.engines.kv.engine import _ROUTES

    page = (DOCS / "policy.md").read_text()
    for kind in {kind for kind, _ in _ROUTES}:
        assert f"`secret/{kind}/" in page, kind
    paths = {path for path, _ in System(None, None, None, None)._routes} - {"init", "restore"}
    for path in paths:
        assert f"`sys/{path}`" in page, path


def test_every_kind_of_damage_is_on_the_page_of_the_audit_log():
    source = (DOCS.parent / "src/wellkept/core/audit_verify.py").read_text()
    page = (DOCS / "audit.md").read_text()
    kinds = set(re.findall(r'kind="(\w+)"|_broken\(\s*"(\w+)"', source))
    assert len(kinds) == 5
    for kind in {one or other for one, other in kinds}:
        assert f"| `{kind}` |" in page
