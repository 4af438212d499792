"""The Python in the library's pages runs, and the TOML in them is accepted."""

import os
import re
import types

import pytest

from wellkept.config import load_config
from wellkept.loader.secrets import Secrets

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")
PAGES = ["library.md", "sources.md", "environments.md", "signing-keys.md"]


def blocks(page, language):
    with open(os.path.join(DOCS, page)) as file:
        return re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("page", "number"), [(page, number) for page in PAGES for number in range(len(blocks(page, "python")))]
)
def test_the_python_on_a_page_runs(page, number, tmp_path, monkeypatch):
    for variable in ("WELLKEPT_ENV", "WELLKEPT_CONFIG", "WELLKEPT_STORE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_PASSWORD", "from the environment, for the page")
    (tmp_path / ".env").write_text(f"DATABASE_PASSWORD='for the page'\nSIGNING_KEY={'k' * 32}\n")
    (tmp_path / "wellkept.toml").write_text(blocks("environments.md", "toml")[0])
    given = {"connect": lambda password: None, "pool": types.SimpleNamespace(drain=lambda: None)}
    code = compile(blocks(page, "python")[number], f"{page}, block {number}", "exec")
    exec(code, given)
    for value in given.values():
        if isinstance(value, Secrets):
            value.close()


def test_the_file_on_the_page_is_accepted(tmp_path):
    path = tmp_path / "wellkept.toml"
    path.write_text(blocks("environments.md", "toml")[0])
    config = load_config(path)
    assert set(config.environments) == {"dev", "ci", "prod"}
    assert config.environment("staging").sources == (f"store:{tmp_path}/.wellkept?prefix=staging/billing",)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere_or_to_a_page_that_is_being_written(page):
    with open(os.path.join(DOCS, page)) as file:
        links = re.findall(r"\]\(([a-z/-]+(?:\.md)?)\)", file.read())
    known = {"store.md", "policy.md", "pools.md"}
    assert [
        link for link in links if not os.path.exists(os.path.join(DOCS, link)) and link not in known
    ] == []
