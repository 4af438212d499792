import base64
import json
import os
import stat
import subprocess

import pytest
import yaml
from dotenv import dotenv_values

VALUES = {
    "PLAIN": "value",
    "MULTI": "one\ntwo\n",
    "QUOTES": 'it\'s "quoted" \\ and ${HOME} $(id) `id` # no comment',
    "UMLAUT": "Käse ☃",
    "EMPTY": "",
    "CR": "a\rb\r\n",
    "SPACES": "  both  ",
}


@pytest.fixture
def stocked(shop):
    shop.write("all.json", json.dumps(VALUES))
    shop.ok("import", "all.json")
    return shop


def test_dotenv_reads_back_by_python_dotenv(stocked):
    stocked.ok("export", "--out", "x.env")
    assert dict(dotenv_values("x.env")) == VALUES
    assert stat.S_IMODE(os.stat("x.env").st_mode) == 0o600


def test_shell_survives_being_sourced(stocked):
    stocked.write("x.sh", stocked.ok("export", "--format", "shell").bytes)
    script = '. ./x.sh; for n in "$@"; do eval "printf %s \\"\\$$n\\""; printf "\\037"; done'
    out = subprocess.run(["sh", "-c", script, "sh", *VALUES], capture_output=True, check=True).stdout
    assert out.decode().split("\x1f")[:-1] == list(VALUES.values())


def test_json_and_yaml_read_back(stocked):
    stocked.ok("set", "db", "--json-object", stdin='{"port": 1}')
    expected = {**VALUES, "db": {"port": 1}}
    assert stocked.ok("export", "--format", "json").json == expected
    assert yaml.safe_load(stocked.ok("export", "-f", "yaml").out) == expected


def test_kubernetes_is_a_secret_named_for_environment_and_project(stocked):
    stocked.ok("set", "blob", "--binary", stdin=b"\xff\x00")
    manifest = yaml.safe_load(stocked.ok("export", "-f", "k8s", "--namespace", "web").out)
    assert manifest["metadata"]["name"] == "dev-shop"
    assert manifest["metadata"]["namespace"] == "web"
    data = {key: base64.b64decode(value) for key, value in manifest["data"].items()}
    assert data == {**{key: value.encode() for key, value in VALUES.items()}, "blob": b"\xff\x00"}


def test_docker_refuses_more_than_one_line_by_name_and_says_what_else_to_do(stocked):
    refused = stocked("export", "--format", "docker")
    assert refused.code == 65
    assert "CR, MULTI" in refused.err
    assert "run --files" in refused.err
    assert refused.bytes == b""
    out = stocked.ok("export", "--format", "docker", "--only", "PLAIN", "SPACES").out
    assert out == "PLAIN=value\nSPACES=  both  \n"


def test_only_some_and_single_fields(shop):
    shop.ok("set", "db", "--json-object", stdin='{"user": "u", "password": "p"}')
    shop.ok("set", "A", stdin="1")
    assert shop.ok("export", "--only", "db#password", "A").out == "DB_PASSWORD=p\nA=1\n"
    missing = shop("export", "--only", "A", "NOPE")
    assert missing.code == 3
    assert missing.bytes == b""
    assert shop("export", "--only", "db#nope").code == 3


def test_names_become_variables_or_stay(shop):
    shop.ok("set", "api-key", stdin="1")
    shop.ok("set", "dev/shop/smtp/password", stdin="2")
    shop.ok("set", "http_proxy", stdin="3")
    assert shop.ok("export").out == "API_KEY=1\nhttp_proxy=3\nSMTP_PASSWORD=2\n"
    assert shop.ok("export", "--keep-names").out == "api-key=1\nhttp_proxy=3\nsmtp/password=2\n"


def test_two_names_for_one_variable_are_refused(shop):
    shop.ok("set", "api-key", stdin="1")
    shop.ok("set", "api.key", stdin="2")
    refused = shop("export")
    assert refused.code == 78
    assert "API_KEY" in refused.err


def test_binary_is_refused_left_out_or_base64(shop):
    shop.ok("set", "A", stdin="text")
    shop.ok("set", "B", "--binary", stdin=b"\xff")
    assert shop("export").code == 65
    assert shop.ok("export", "--skip-binary").out == "A=text\n"
    assert shop.ok("export", "--base64").out == "A=text\nB=/w==\n"


def test_deleted_secrets_are_left_out(shop):
    shop.ok("set", "A", stdin="1")
    shop.ok("set", "B", stdin="2")
    shop.ok("delete", "B")
    assert shop.ok("export").out == "A=1\n"
    assert shop("export", "--only", "B").code == 3


def test_a_file_is_not_replaced_unless_forced(stocked):
    stocked.write("x.env", "precious")
    assert stocked("export", "--out", "x.env").code == 65
    assert (stocked.directory / "x.env").read_text() == "precious"
    stocked.ok("export", "--out", "x.env", "--force")


def test_any_source_of_the_configuration_can_be_exported(shop):
    shop.write("ci.env", "FROM_FILE=1\n")
    config = shop.directory / "wellkept.toml"
    config.write_text(config.read_text() + '[env.ci]\nsource = "dotenv:ci.env"\n')
    assert shop.ok("export", "--env", "ci", "--format", "json").json == {"FROM_FILE": "1"}


def test_an_unknown_format_is_said_with_the_known_ones(stocked):
    refused = stocked("export", "--format", "ini")
    assert refused.code == 78
    assert "kubernetes" in refused.err
    assert stocked("export", "--name", "x").code == 2
