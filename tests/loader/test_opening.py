import pytest

import wellkept
from wellkept.errors import ConfigError


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    for variable in ("WELLKEPT_ENV", "WELLKEPT_CONFIG", "WELLKEPT_STORE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "wellkept.toml").write_text(
        '[env.dev]\nsource = ["env:?prefix=OPENING_TEST", "dotenv:dev.env"]\nttl = 5\n'
        '[env.ci]\nsource = "env:"\nrefresh = false\n'
    )
    (tmp_path / "dev.env").write_text("NAME=from the file\n")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def test_the_same_call_reads_from_where_the_environment_says(monkeypatch):
    with wellkept.open() as secrets:
        assert secrets.get("name").reveal() == "from the file"
        assert secrets._cache.times.ttl == 5
    monkeypatch.setenv("OPENING_TEST_NAME", "from the environment")
    with wellkept.open() as secrets:
        assert secrets.get("name").reveal() == "from the environment"
    monkeypatch.setenv("WELLKEPT_ENV", "ci")
    monkeypatch.setenv("NAME", "from the runner")
    with wellkept.open() as secrets:
        assert secrets.get("name").reveal() == "from the runner"
        assert secrets._refresher is None


def test_parameters_override_the_file(project):
    with wellkept.open(
        env="dev", config=project / "wellkept.toml", ttl=7, max_stale=70, deadline=2
    ) as secrets:
        assert secrets._cache.times == (7, 70)
        assert secrets._lookup._deadline == 2
    with wellkept.open(config=wellkept.load_config(project / "wellkept.toml")) as secrets:
        assert secrets._cache.times.ttl == 5


def test_a_url_a_list_or_a_source_needs_no_environment():
    source = wellkept.open_source("env:")
    for given in ("env:", ["env:", source], source):
        with wellkept.open(given) as secrets:
            assert "env:" in secrets.source.url


def test_a_url_and_an_environment_at_once_are_refused(project):
    for both in ({"env": "dev"}, {"config": project / "wellkept.toml"}):
        with pytest.raises(ConfigError, match="either"):
            wellkept.open("env:", **both)


def test_nothing_is_read_when_opening(project, monkeypatch):
    (project / "dev.env").unlink()
    wellkept.open().close()
