"""Pages that no room of its own tests: their code runs, and no link in any page leads nowhere."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A working directory whose environment has the secrets that the pages speak of."""
    (tmp_path / "wellkept.toml").write_text('[env.dev]\nsource = "dotenv:secrets.env"\n')
    credential = json.dumps({"username": "u", "password": "p"})
    (tmp_path / "secrets.env").write_text(
        f"API_KEY=k\nBILLING_DATABASE='{credential}'\nBILLING_SMTP='{credential}'\n"
    )
    monkeypatch.chdir(tmp_path)
    for name in ("WELLKEPT_ENV", "WELLKEPT_CONFIG", "WELLKEPT_STORE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_the_code_about_pools_runs(monkeypatch):
    import psycopg_pool

    opened = []
    monkeypatch.setattr(
        psycopg_pool.ConnectionPool, "open", lambda pool: opened.append(pool.connection_class)
    )
    namespace = {}
    for block in blocks("pools.md"):
        exec(compile(block, "docs/pools.md", "exec"), namespace)
    assert [kind.__name__ for kind in opened] == ["FollowingConnection"]
    namespace["secrets"].close()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("number", range(len(blocks("frameworks.md"))))
def test_the_code_about_frameworks_runs(number):
    pytest.importorskip("flask", reason="pip install flask celery django")
    namespace = {}
    exec(compile(blocks("frameworks.md")[number], "docs/frameworks.md", "exec"), namespace)
    if "handler" in namespace:
        assert namespace["handler"]({}, None) == {"length": 1}
    if "root" in namespace and "Flask" in namespace:
        assert namespace["app"].test_client().get("/").text == "1"
    if "FastAPI" in namespace:
        from fastapi.testclient import TestClient

        with TestClient(namespace["app"]) as client:
            assert client.get("/").json() == {"length": 1}


@pytest.mark.usefixtures("project")
def test_the_code_about_metrics_runs():
    pytest.importorskip("prometheus_client", reason="pip install prometheus-client")
    namespace = {}
    exec(compile(blocks("metrics.md")[0], "docs/metrics.md", "exec"), namespace)
    namespace["secrets"].close()


def test_the_tests_about_testing_pass(tmp_path):
    (tmp_path / "test_page.py").write_text("\n".join(blocks("testing.md")))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_readmes_code_runs(project):
    (project / "secrets.env").write_text("DATABASE_URL=postgresql://u:p@h/d\n")
    code = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    namespace = {}
    exec(compile(code[0], "README.md", "exec"), namespace)
    assert namespace["settings"].workers == 4
    namespace["secrets"].close()


def test_no_link_leads_nowhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md")]
    assert len(pages) > 30
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_page_is_reachable_from_the_front_page():
    seen, waiting = set(), [DOCS / "index.md", DOCS / "sources.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.exists():
            continue
        seen.add(page)
        links = re.findall(r"\]\((?!https?://|#)([^)#\s]+\.md)", page.read_text())
        waiting += [(page.parent / link).resolve() for link in links]
    lost = [
        str(page.relative_to(DOCS))
        for page in DOCS.rglob("*.md")
        if page not in seen and "decisions" not in page.parts
    ]
    assert lost == []


def test_the_code_about_transit_runs():
    pytest.importorskip("hvac", reason="pip install hvac")
    for block in blocks("transit.md"):
        exec(compile(block, "docs/transit.md", "exec"), {})
