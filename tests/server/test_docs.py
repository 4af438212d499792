"""The pages about the server: their Python runs, their files load, and every key has its row."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

from wellkept.server.config import load
from wellkept.server.config.keys import LISTENER, TOP

if TYPE_CHECKING:
    from wellkept.testing.served import TestServer

DOCS = pathlib.Path(__file__).parents[2] / "docs"


def test_the_code_about_the_server_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "server.md").read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/server.md", "exec"), {})


def test_the_configurations_on_the_pages_load(tmp_path: pathlib.Path) -> None:
    hcl = re.search(
        r"(        storage \"directory\".*?workers  = 2\n)", (DOCS / "server.md").read_text(), re.DOTALL
    )
    toml = re.search(r"(    api_addr.*?key.pem\"\n)\n", (DOCS / "server-config.md").read_text(), re.DOTALL)
    assert hcl
    assert toml
    (tmp_path / "a.hcl").write_text(hcl[1])
    (tmp_path / "a.toml").write_text("\n".join(line[4:] for line in toml[1].splitlines()))
    found = [load([str(tmp_path / name)]) for name in ("a.hcl", "a.toml")]
    for loaded in found:
        assert loaded.warnings == ()
        loaded.settings.files = ()
    assert found[0].settings == found[1].settings


def test_every_key_has_its_row() -> None:
    page = (DOCS / "server-config.md").read_text()
    assert [key for key in (*TOP, *LISTENER) if f"`{key}`" not in page and key not in page] == []


def test_the_fixture_gives_a_real_server(wellkept_server: TestServer) -> None:
    assert wellkept_server.request("GET", "sys/health")["sealed"] is False
