"""``wellkept operator`` and ``wellkept server`` as typed, against servers that really run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from doubles.server_process import Process, free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def run(
    *words: str, stdin: str = "", server: str = "", token: str = "", code: int = 0, home: str = "/nonexistent"
) -> str:
    """What the command prints."""
    env = {**os.environ, "HOME": home, "BAO_ADDR": server, "VAULT_ADDR": server, "BAO_TOKEN": token}
    env.pop("WELLKEPT_SERVER", None)
    done = subprocess.run(
        [sys.executable, "-m", "wellkept", *words],
        input=stdin,
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def lines(shares: list[str]) -> str:
    return "\n".join(shares) + "\n"


def test_from_init_to_a_new_root_token(tmp_path: Path) -> None:
    with Process(tmp_path, "workers = 2\nkv_at_secret = true") as process:
        at = process.address
        run("operator", "init", "--status", server=at, code=2)
        made = json.loads(run("operator", "init", "-n", "4", "-t", "2", "--json", server=at))
        assert (len(made["unseal_keys_b64"]), made["unseal_threshold"]) == (4, 2)
        run("operator", "init", "--status", server=at)
        assert "already initialized" in run("operator", "init", server=at, code=65)
        shares, token = made["unseal_keys_b64"], made["root_token"]
        assert "1 of 2" in run("operator", "unseal", server=at, stdin=lines(shares[:1]))
        assert "progress" not in run("operator", "unseal", "--reset", server=at)
        assert "valid hex or base64" in run("operator", "unseal", server=at, stdin="nonsense\n", code=65)
        assert "sealed       false" in run("operator", "unseal", server=at, stdin=lines(shares[1:]))

        said = run("operator", "rekey", "-n", "3", "-t", "3", server=at, token=token, stdin=lines(shares[2:]))
        new = [line.split(": ")[1] for line in said.splitlines() if line.startswith("Unseal Key")]
        assert len(new) == 3
        said = run("operator", "generate-root", server=at, token=token, stdin=lines(new))
        second = said.split("Root Token: ")[1].strip()
        assert process.call("GET", "auth/token/lookup-self", token=second)[1]["data"]["policies"] == ["root"]
        assert "more key shares are needed" in run(
            "operator", "generate-root", server=at, token=token, stdin=new[0], code=65
        )
        assert '"started": false' in run("operator", "generate-root", "--status", server=at, token=token)

        run("operator", "seal", server=at, code=4)
        assert "is sealed" in run("operator", "seal", server=at, token=second)
        assert "true" in run("operator", "unseal", server=at, stdin=lines(shares[:1]))
        assert process.stop() == 0

    store = str(tmp_path / "store")
    assert "key shares" in run("get", "secret", "--store", store, code=8)
    said = run("operator", "generate-root", "-store", store, stdin=lines(new))
    third = said.split("Root Token: ")[1].strip()
    key = str(tmp_path / "new.key")
    assert "3 key shares are needed" in run(
        "operator",
        "migrate",
        "--store",
        store,
        "--to",
        "keyfile",
        "--key-file",
        str(tmp_path / "x.key"),
        stdin=lines(new[:2]),
        code=8,
    )
    run("operator", "migrate", "--store", store, "--to", "keyfile", "--key-file", key, stdin=lines(new))
    with Process(tmp_path, f'seal "keyfile" {{ path = "{key}" }}') as process:
        assert process.call("GET", "sys/seal-status")[1]["sealed"] is False
        assert process.call("PUT", "secret/data/dev/a", {"data": {"x": "1"}}, third)[0] == 200
        assert process.stop() == 0
    os.environ["WELLKEPT_KEY_FILE"] = key
    try:
        assert run("get", "a#x", "--store", store).strip() == "1"
        made = json.loads(
            run(
                "operator", "migrate", "--store", store, "--to", "shamir", "-n", "1", "-t", "1", "--json"
            ).partition("\nwellkept")[0]
        )
        assert len(made["unseal_keys_b64"]) == 1
    finally:
        del os.environ["WELLKEPT_KEY_FILE"]


def test_a_dev_server_says_how_to_reach_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "wellkept",
                "server",
                "-dev",
                f"-dev-listen-address=127.0.0.1:{port}",
                "-dev-root-token-id=root",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + 30
        while "server started" not in (said := (tmp_path / "log").read_text()):
            assert time.monotonic() < end, said
            time.sleep(0.02)
        assert f"$ export BAO_ADDR='http://127.0.0.1:{port}' BAO_TOKEN='root'" in said
        place = said.split("Storage: inmem (")[1].split(")")[0]
        assert os.path.isdir(place)
        assert "secret/" in run("secrets", "list", server=f"http://127.0.0.1:{port}", token="root")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not os.path.exists(place)


def test_diagnose_names_what_would_prevent_a_start(tmp_path: Path) -> None:
    config = tmp_path / "server.hcl"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config.write_text(
            f'storage "directory" {{ path = "{tmp_path}/store" }}\n'
            f'listener "tcp" {{ address = "127.0.0.1:{taken.getsockname()[1]}"\n tls_disable = true }}\n'
        )
        said = run("operator", "diagnose", f"-config={config}", code=1)
        assert "cannot listen here: address already in use" in said
        assert "[ ok      ] storage" in said
    assert run("operator", "diagnose", f"-config={config}", code=0)
    config.write_text(config.read_text() + "colour = 1")
    assert "unknown or unsupported key colour" in run("operator", "diagnose", f"-config={config}", code=2)
    config.write_text("listener")
    assert "not valid HCL" in run("operator", "diagnose", f"-config={config}", code=1)
    assert "not valid HCL" in run("server", f"-config={config}", code=78)
    assert "say what to serve" in run("server", code=2)
    assert "loopback only" in run("server", "--store", str(tmp_path), "--address", "0.0.0.0:8200", code=2)


def test_systemd_hands_over_the_socket_and_hears_that_it_is_ready(tmp_path: Path) -> None:
    """As systemd does it: the listening socket is descriptor 3 of the process that LISTEN_PID names."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notified.bind(str(tmp_path / "notify"))
    notified.settimeout(30)
    config = tmp_path / "server.hcl"
    config.write_text(
        f'storage "directory" {{ path = "{tmp_path}/store" }}\nlistener "tcp" {{ address = "127.0.0.1:1"\n tls_disable = true }}\n'
    )
    starter = (
        "import os,sys\n"
        f"os.dup2({listening.fileno()}, 3)\n"
        "os.set_inheritable(3, True)\n"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'wellkept', 'server', '-config={config}'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", starter],
        pass_fds=[listening.fileno()],
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert notified.recv(4096).startswith(b"READY=1")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(b"GET /v1/sys/init HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGTERM)
        assert notified.recv(4096) == b"STOPPING=1"
        assert process.wait(30) == 0
    finally:
        process.kill()
        listening.close()
        notified.close()


def test_without_their_supervisor_the_workers_end(tmp_path: Path) -> None:
    with Process(tmp_path, "workers = 2") as process:
        process.initialise()
        workers = process.workers()
        process.signal(signal.SIGKILL)
        end = time.monotonic() + 20
        while any(_alive(pid) for pid in workers):
            assert time.monotonic() < end
            time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
