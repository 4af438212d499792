import os
import stat
import subprocess
import tomllib

import pytest


def test_a_store_a_key_a_configuration_and_ignored_files_are_made(bare):
    done = bare.ok("init", "--no-hook", "--json").json
    assert os.path.exists(bare.directory / ".wellkept" / "store.db")
    assert stat.S_IMODE(os.stat(done["key_file"]).st_mode) == 0o600
    assert done["key_file"].startswith(str(bare.home)), "the key lies outside of the project"
    with open(bare.directory / "wellkept.toml", "rb") as file:
        config = tomllib.load(file)
    assert config == {"project": "shop", "store": ".wellkept", "default_env": "dev"}
    ignored = (bare.directory / ".gitignore").read_text().splitlines()
    assert ".env" in ignored
    assert ".wellkept/" in ignored


def test_where_the_key_lies_is_said(bare):
    out = bare.ok("init", "--no-hook").out
    assert str(bare.home / "config" / "wellkept" / "keys") in out
    assert "keep a copy" in out


def test_what_is_ignored_already_is_not_added_again(bare):
    bare.write(".gitignore", "*.pyc\n/.wellkept\n.env")
    added = bare.ok("init", "--no-hook", "--json").json["gitignore"]
    assert added == [".env.*", "!.env.example", "!.env.sample", "!.env.template"]
    text = (bare.directory / ".gitignore").read_text()
    assert text.startswith("*.pyc\n/.wellkept\n.env\n#")


def test_a_configuration_that_is_there_is_left_alone(bare):
    bare.write("wellkept.toml", 'project = "mine"\n')
    assert bare.ok("init", "--no-hook", "--json").json["config"] is None
    assert (bare.directory / "wellkept.toml").read_text() == 'project = "mine"\n'


def test_a_second_init_changes_nothing(shop):
    shop.ok("set", "A", stdin="value")
    again = shop("init", "--no-hook")
    assert again.code == 65
    assert "already" in again.err
    assert shop.ok("get", "A").out == "value\n"


def test_a_passphrase_seals_the_store_and_is_needed_to_open_it(bare, monkeypatch):
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "correct horse battery")
    assert bare.ok("init", "--no-hook", "--passphrase", "--json").json["seal"] == "passphrase"
    bare.ok("set", "A", stdin="value")
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "wrong horse battery")
    wrong = bare("get", "A")
    assert wrong.code == 8
    assert "passphrase" in wrong.err
    assert "horse" not in wrong.err


def test_a_short_passphrase_is_refused(bare, monkeypatch):
    monkeypatch.setenv("WELLKEPT_PASSPHRASE", "short")
    refused = bare("init", "--no-hook", "--passphrase")
    assert refused.code == 2
    assert not (bare.directory / ".wellkept").exists()


def test_a_key_file_of_ones_own_is_made_and_found_by_its_variable(bare, monkeypatch):
    path = str(bare.home / "keys" / "shop.key")
    assert f"WELLKEPT_KEY_FILE={path}" in bare.ok("init", "--no-hook", "--key-file", path).out
    assert bare("set", "A", stdin="x").code == 8
    monkeypatch.setenv("WELLKEPT_KEY_FILE", path)
    bare.ok("set", "A", stdin="x")


@pytest.mark.parametrize("name", ["My Shop!", 'quo"te', "käse"])
def test_any_directory_name_makes_a_usable_project(bare, monkeypatch, name):
    directory = bare.directory / name
    directory.mkdir()
    monkeypatch.chdir(directory)
    bare.ok("init", "--no-hook")
    bare.ok("set", "A", stdin="x")
    assert bare.ok("get", "A").out == "x\n"


def test_the_hook_is_offered_only_inside_a_repository(bare):
    assert bare.ok("init", "--hook", "--json").json["hook"] is None


def test_the_hook_is_installed_on_request(bare):
    subprocess.run(["git", "init", "-q"], check=True)
    path = bare.ok("init", "--hook", "--json").json["hook"]
    assert os.access(path, os.X_OK)
    assert os.path.realpath(path) == os.path.realpath(bare.directory / ".git" / "hooks" / "pre-commit")
