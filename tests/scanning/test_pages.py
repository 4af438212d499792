"""The pages about findings and known secrets: their code runs, and what they name exists."""

import pathlib
import re
import tomllib

import pytest

from wellkept.scanning.allow import AllowList
from wellkept.scanning.report import FORMATS

DOCS = pathlib.Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("scan-findings.md", "scan-known.md")}
BLOCKS = [
    (name, block)
    for name, page in PAGES.items()
    for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
]


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_code_on_the_page_runs(name, block):
    exec(compile(block, name, "exec"), {"__name__": "page"})


def test_the_allow_list_on_the_page_is_read(tmp_path):
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGES["scan-findings.md"], re.M | re.S)
    assert len(tomllib.loads(block)["allow"]) == 2
    path = tmp_path / "allow.toml"
    path.write_text(block)
    assert [entry.until is None for entry in AllowList.load(str(path)).entries] == [True, False]


def test_every_format_is_on_the_page():
    assert all(f"`{name}`" in PAGES["scan-findings.md"] for name in FORMATS)


def test_links_to_decisions_lead_somewhere():
    for page in PAGES.values():
        for target in re.findall(r"\]\((decisions/[^)]+)\)", page):
            assert (DOCS / target).exists()
