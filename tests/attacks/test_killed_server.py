"""``kill -9`` of a server under 64 writers: what was acknowledged is there, every chain verifies, no lease is forgotten.

Three rounds on CI; ``WELLKEPT_CRASH_ROUNDS=50`` for all of them.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from doubles.busy_writers import Promises, Writers
from doubles.raw_http import Wire
from wellkept.clock import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from doubles.server_process import Process

ROUNDS = int(os.environ.get("WELLKEPT_CRASH_ROUNDS", "3"))
CONFIG = 'workers = 2\nkv_at_secret = true\nseal "keyfile" {{ path = "{}" }}'


@pytest.mark.slow
def test_what_a_killed_server_acknowledged_is_there_every_chain_verifies_and_no_lease_is_forgotten(
    serve: Any, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    process: Process = serve(CONFIG.format(key))
    root = process.call("PUT", "sys/init", {})[1]["root_token"]
    login = approle(process, root)
    promises = Promises()
    for round_ in range(ROUNDS):
        chance = random.Random(round_)
        writers = Writers(promises, process.port, root, login)
        writers.until(200 + chance.randrange(800))
        if chance.random() < 0.5:  # one worker first; the other goes on, and a new one joins it
            os.kill(process.workers()[0], signal.SIGKILL)
            writers.until(chance.randrange(1, 200))
        time.sleep(chance.random() / 100)  # somewhere within a request
        process.kill()
        writers.wait()
        assert not promises.refused
        process.start()
        verify(process, key)
        check(process, root, promises, chance)
    assert (
        min(promises.kinds.get(each, 0) for each in ("write", "create", "login", "revoke", "renew")) > ROUNDS
    )
    assert process.stop() == 0
    assert "Traceback" not in process.said()
    leases_end(process, key, promises)


def approle(process: Process, root: str) -> dict[str, str]:
    process.call("POST", "sys/auth/approle", {"type": "approle"}, root)
    process.call("POST", "auth/approle/role/r", {"token_ttl": "1h", "token_policies": ["default"]}, root)
    role = process.call("GET", "auth/approle/role/r/role-id", token=root)[1]["data"]["role_id"]
    secret = process.call("POST", "auth/approle/role/r/secret-id", {}, root)[1]["data"]["secret_id"]
    return {"role_id": role, "secret_id": secret}


def verify(process: Process, key: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wellkept", "audit", "verify", "--store", str(process.directory / "store")],
        env={**os.environ, "WELLKEPT_KEY_FILE": str(key), "HOME": str(process.directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "chains" in done.stdout


def check(process: Process, root: str, promises: Promises, chance: random.Random) -> None:
    with Wire(process.port) as wire:

        def ask(method: str, path: str, body: Any = None, token: str = root) -> Any:
            reply = wire.ask(method, f"/v1/{path}", body, token=token)
            assert reply.status == 200, (path, reply)
            return reply.json["data"]

        for name, number in promises.written.items():
            assert ask("GET", f"secret/data/{name}")["data"]["number"] >= number
        for token in some(promises.revoked, chance):
            assert wire.ask("GET", "/v1/auth/token/lookup-self", token=token).status == 403
        leases = [
            f"{prefix}/{key}"
            for prefix in ("auth/token/create", "auth/approle/login")
            for key in ask("LIST", f"sys/leases/lookup/{prefix}/")["keys"]
        ]
        ends = {ask("POST", "sys/leases/lookup", {"lease_id": lease})["expire_time"] for lease in leases}
        for token in some(promises.alive, chance):
            found = ask("GET", "auth/token/lookup-self", token=token)
            assert 0 < found["ttl"] <= 3600
            assert found["expire_time"] in ends
        assert (
            len(ask("LIST", "auth/token/accessors/")["keys"]) == len(leases) + 1
        )  # the root token has no end
        assert len(leases) >= len(promises.alive)


def some(tokens: set[str], chance: random.Random) -> list[str]:
    return chance.sample(sorted(tokens), min(len(tokens), 60))


def leases_end(process: Process, key: Path, promises: Promises) -> None:
    """Two hours later none is left, by the server's own worker."""
    from wellkept.barrier.seals import KeyFileSeal
    from wellkept.server import dev
    from wellkept.server.board import OwnBoard
    from wellkept.server.node import Node

    clock = ManualClock(time.time() + 7200)
    node = Node(dev.settings(str(process.directory / "store")), OwnBoard(), clock=clock)
    assert promises.alive
    try:
        node.open(node.unlock(KeyFileSeal(str(key))))
        assert node.service is not None
        service = node.service.service
        assert list(service.storage.scan("core/lease/id/"))
        service.expiration.run_once()
        left = list(service.storage.scan("core/lease/id/"))
        in_force = [token for token in promises.alive if service.tokens.authenticate(token, clock.time())]
    finally:
        node.close()
    assert not left
    assert not in_force
