"""``wellkept scan --verify`` as somebody types it."""

import json
import os
import subprocess
import sys

import pytest

from doubles.providers import Providers
from wellkept.scanning.rule import load_builtin


@pytest.fixture
def server():
    made = Providers()
    yield made
    made.close()


@pytest.fixture
def leak(tmp_path):
    (rule,) = [rule for rule in load_builtin() if rule.id == "groq-key"]
    token = next(text for text in rule.examples()[0]).decode()
    (tmp_path / "app.py").write_text(token if "=" in token else f"key = '{token}'\n")
    return tmp_path


def scan(leak, *words, **environ):
    command = [sys.executable, "-m", "wellkept", "scan", *words, "--jobs", "1", str(leak)]
    known = {
        **os.environ,
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(leak.parent / "cache")),
        **environ,
    }
    return subprocess.run(command, capture_output=True, text=True, env=known, check=False, cwd=leak)


@pytest.mark.slow
def test_a_live_key_is_said_to_be_live_and_is_shown_nowhere(leak, server):
    server.answer(200, b"{}")
    done = scan(leak, "--verify", "--format", "json", WELLKEPT_VERIFY_ENDPOINTS=f"groq={server.url}")
    assert done.returncode == 1, done.stderr
    (finding,) = [item for item in json.loads(done.stdout)["findings"] if item["rule"] == "groq-key"]
    assert finding["details"]["verify"]["state"] == "live"
    ((_, path, headers, _),) = server.requests
    assert path == "/openai/v1/models"
    token = headers["Authorization"].removeprefix("Bearer ")
    assert token in (leak / "app.py").read_text()
    assert token not in done.stdout + done.stderr


@pytest.mark.slow
def test_nothing_is_sent_unless_asked(leak, server):
    for words in ((), ("--verify", "--explain")):
        done = scan(leak, *words, WELLKEPT_VERIFY_ENDPOINTS=f"groq={server.url}")
        assert done.returncode == 1, done.stderr
        assert server.requests == []
    assert f"GET {server.url}/openai/v1/models" in done.stderr
    assert "Authorization: Bearer *****" in done.stderr
