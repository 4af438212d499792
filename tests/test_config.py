import os
import stat

import pytest

from wellkept.config import Config, current_config, find_config, load_config
from wellkept.errors import ConfigError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    for variable in ("WELLKEPT_ENV", "WELLKEPT_CONFIG", "WELLKEPT_STORE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path):
    def write_config(content):
        path = tmp_path / "wellkept.toml"
        path.write_text(content)
        return str(path)

    return write_config


FULL = """
project = "billing"
store = "secrets/store"
default_env = "staging"

[env.dev]
source = ["env:", "dotenv:.env"]
ttl = 5

[env.prod]
source = "store:/srv/store?prefix=prod/billing"
ttl = 60
max_stale = 600.5
deadline = 3
refresh = false
"""


def test_each_environment_has_its_sources_and_options(write, tmp_path):
    config = load_config(write(FULL))
    dev = config.environment("dev")
    assert dev.sources == ("env:", "dotenv:.env")
    assert dev.options == {"ttl": 5}
    assert (dev.base, dev.prefix) == (str(tmp_path), "dev/billing")
    prod = config.environment("prod")
    assert prod.sources == ("store:/srv/store?prefix=prod/billing",)
    assert prod.options == {"ttl": 60, "max_stale": 600.5, "deadline": 3, "refresh": False}


def test_an_environment_without_a_source_reads_the_store_below_its_own_prefix(write, tmp_path):
    staging = load_config(write(FULL)).environment("staging")
    assert staging.sources == (f"store:{tmp_path}/secrets/store?prefix=staging/billing",)


def test_the_environment_is_the_one_given_or_the_variables_or_the_files_or_dev(write, monkeypatch):
    config = load_config(write(FULL))
    assert config.environment().name == "staging"
    assert Config(None, "/").environment().name == "dev"
    monkeypatch.setenv("WELLKEPT_ENV", "prod")
    assert config.environment().name == "prod"
    assert config.environment("dev").name == "dev"
    monkeypatch.setenv("WELLKEPT_ENV", "")
    assert config.environment().name == "staging"


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "größe", ".", "a?b", "-_"])
def test_an_environments_name_is_one_plain_word(name, monkeypatch):
    with pytest.raises(ConfigError, match="no name of an environment"):
        Config(None, "/").environment(name)
    monkeypatch.setenv("WELLKEPT_ENV", name)
    with pytest.raises(ConfigError, match=r"\$WELLKEPT_ENV"):
        Config(None, "/").environment()


def test_without_a_file_the_store_of_this_directory_is_meant(tmp_path):
    config = current_config()
    assert config.path is None
    assert config.environment().sources == (f"store:{tmp_path}/.wellkept?prefix=dev",)


def test_the_file_and_the_store_are_found_upwards(write, tmp_path, monkeypatch):
    path = write('project = "billing"\n')
    (tmp_path / ".wellkept").mkdir()
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_config() == path
    assert current_config().store_path() == str(tmp_path / ".wellkept")
    assert find_config(str(tmp_path)) == path


def test_variables_name_the_file_and_the_store(write, tmp_path, monkeypatch):
    path = write('store = "one"\n')
    monkeypatch.chdir("/")
    monkeypatch.setenv("WELLKEPT_CONFIG", path)
    assert current_config().path == path
    assert current_config().store_path() == str(tmp_path / "one")
    monkeypatch.setenv("WELLKEPT_STORE", "/srv/two")
    assert current_config().store_path() == "/srv/two"
    monkeypatch.setenv("WELLKEPT_CONFIG", "/no/such/file.toml")
    with pytest.raises(ConfigError, match=r"/no/such/file\.toml cannot be read: No such file"):
        current_config()


def test_a_path_with_odd_characters_survives_its_way_through_the_url(write, tmp_path):
    from wellkept.sources.registry import open_source

    environment = load_config(write('store = "a?b&c%20d"\nproject = "p"\n')).environment("dev")
    source = open_source(environment.sources, base=environment.base)
    assert source.path == str(tmp_path / "a?b&c%20d")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("projct = 'x'", "unknown key projct; known here: project, store, default_env, env"),
        ("[env.dev]\nsorce = 'x'", r"unknown key env\.dev\.sorce; known here: source, ttl"),
        ("project = 7", "project: expected a name"),
        ("project = ''", "project: expected a name"),
        ("project = 'a//b'", "project: expected a name"),
        ("store = []", "store: expected a path"),
        ("default_env = 'a/b'", "default_env: 'a/b' is no name"),
        ("env = 'dev'", r"env: expected tables \[env.NAME\]"),
        ("env.dev = 'x'", r"\[env.dev\]: expected a table"),
        ("[env.'a b']", "'a b' is no name of an environment"),
        ("[env.dev]\nsource = []", r"env\.dev\.source: expected a URL or a list of URLs"),
        ("[env.dev]\nsource = ['env:', 7]", r"env\.dev\.source: expected a URL"),
        ("[env.dev]\nttl = '5'", r"env\.dev\.ttl: expected a number of seconds"),
        ("[env.dev]\nttl = true", r"env\.dev\.ttl: expected a number of seconds"),
        ("[env.dev]\nrefresh = 1", r"env\.dev\.refresh: expected true or false"),
        ("project = 'a'\nx y", "is not TOML: .*line 2"),
    ],
)
def test_what_is_wrong_is_said_with_file_key_and_expectation(write, content, complaint):
    path = write(content)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_config(path)
    assert path in str(caught.value)
    assert caught.value.__context__ is None


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "wellkept.toml"
    path.write_bytes(b"project = '\xff'")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to somebody else takes root")
def test_a_file_that_somebody_else_put_where_everybody_may_write_is_refused(write, tmp_path, monkeypatch):
    path = write("project = 'planted'\n")
    os.chown(path, 12345, 12345)
    assert find_config() == path  # the directory is ours alone
    tmp_path.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO | stat.S_ISVTX)
    with pytest.raises(ConfigError, match="belongs to another user"):
        find_config()
    monkeypatch.setenv("WELLKEPT_CONFIG", path)
    assert find_config() == path
