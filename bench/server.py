"""``wellkept server`` beside OpenBao: requests a second, their p99, and memory, in one run.

Both store on disk and record in a file; each runs on processor 0 and ``wrk`` on processor 1. The runs
alternate, so that what else the machine does falls on both; what counts is the ratio, round by round.

    python -m bench.server                        everything
    python -m bench.server read write             some of: read, lookup, encrypt, login, write
    python -m bench.server --workers              two workers on two processors against one

``BENCH_SECONDS`` and ``BENCH_ROUNDS``: how long a run takes (5), and how many there are (5).
"""

import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench._compare import ratio
from wellkept.testing.openbao import program

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECRETS = int(os.environ.get("BENCH_SECRETS", "10000"))
CONNECTIONS = (16, 64)
POLICY = """
path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "transit/*" { capabilities = ["create", "read", "update"] }
"""
OPENBAO = """
storage "raft" {{ path = "{place}/data" node_id = "one" }}
listener "tcp" {{ address = "127.0.0.1:{port}" tls_disable = true }}
api_addr = "http://127.0.0.1:{port}"
cluster_addr = "http://127.0.0.1:{other}"
disable_mlock = true
unsafe_allow_api_audit_creation = true
log_level = "error"
"""
WELLKEPT = """
storage "file" {{ path = "{place}/data" }}
listener "tcp" {{ address = "127.0.0.1:{port}" tls_disable = true }}
disable_mlock = true
log_level = "error"
"""
SCRIPTS = {
    "read": """
request = function()
  counter = (counter or math.random(0, {secrets})) + 7919
  local path = string.format("/v1/secret/data/app/%05d", counter % {secrets})
  return wrk.format("GET", path, {{["X-Vault-Token"] = "{token}"}})
end""",
    "lookup": """
request = function()
  return wrk.format("GET", "/v1/auth/token/lookup-self", {{["X-Vault-Token"] = "{token}"}})
end""",
    "encrypt": """
request = function()
  return wrk.format("POST", "/v1/transit/encrypt/bench", {{["X-Vault-Token"] = "{token}"}},
    '{{"plaintext":"dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZw=="}}')
end""",
    "login": """
request = function()
  return wrk.format("POST", "/v1/auth/approle/login", {{}},
    '{{"role_id":"{role}","secret_id":"{secret}"}}')
end""",
    "write": """
request = function()
  counter = (counter or math.random(0, {secrets})) + 7919
  local path = string.format("/v1/secret/data/app/%05d", counter % {secrets})
  return wrk.format("POST", path, {{["X-Vault-Token"] = "{token}"}},
    string.format('{{"data":{{"username":"app","password":"value %d"}}}}', counter))
end""",
}
DONE = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


class Run(NamedTuple):
    """``rate`` a second; ``p50`` and ``p99`` in seconds; ``failed`` requests; ``cpu``: the server's seconds a request."""

    rate: float
    p50: float
    p99: float
    failed: int
    cpu: float


class Rival:
    """A server process, initialised, with secrets, a token, a transit key and a role; ``name`` for the table."""

    def __init__(self, name: str, command: list[str], config: str, cpus: str = "0") -> None:
        self.name = name
        self.place = tempfile.mkdtemp(prefix=f"bench-{name}-")
        os.mkdir(f"{self.place}/data")
        self.port, other = _free_port(), _free_port()
        path = Path(self.place, "config.hcl")
        path.write_text(config.format(place=self.place, port=self.port, other=other))
        self._log = open(f"{self.place}/log", "wb")
        full = ["taskset", "-c", cpus, *command, f"-config={path}"]
        self.process = subprocess.Popen(full, stdout=self._log, stderr=self._log)
        self.token = ""
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def call(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(
                method, f"/v1/{path}", body and json.dumps(body), {"X-Vault-Token": self.token}
            )
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{self.name}: {method} {path}: {answer.status} {content!r}")
        return json.loads(content) if content else None

    def _prepare(self) -> None:
        made = None
        for _ in range(600):
            try:
                made = self.call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
                break
            except OSError:
                time.sleep(0.1)
        if made is None:
            raise RuntimeError(f"{self.name} does not answer: {Path(self.place, 'log').read_text()}")
        self.call("PUT", "sys/unseal", {"key": made["keys_base64"][0]})
        self.token = made["root_token"]
        for _ in range(100):
            try:
                self.call("PUT", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
                break
            except RuntimeError:
                time.sleep(0.1)
        options = {"type": "file", "options": {"file_path": f"{self.place}/audit.log"}}
        self.call("PUT", "sys/audit/file", options)
        self.call("PUT", "sys/policies/acl/bench", {"policy": POLICY})
        token = self.call("PUT", "auth/token/create", {"policies": ["bench"], "ttl": "12h"})
        self.values: dict[str, Any] = {
            "token": token["auth"]["client_token"],
            "secrets": SECRETS,
        }
        self._fill()

    def equip(self, kinds: list[str]) -> None:
        """A transit key and a role, where ``kinds`` want them."""
        if "encrypt" in kinds:
            self.call("PUT", "sys/mounts/transit", {"type": "transit"})
            self.call("PUT", "transit/keys/bench", {})
        if "login" in kinds:
            role = "auth/approle/role/bench"
            self.call("PUT", "sys/auth/approle", {"type": "approle"})
            self.call("PUT", role, {"token_policies": "bench", "token_ttl": "1h"})
            self.values["role"] = self.call("GET", f"{role}/role-id")["data"]["role_id"]
            self.values["secret"] = self.call("PUT", f"{role}/secret-id", {})["data"]["secret_id"]

    def _fill(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        for number in range(SECRETS):
            body = json.dumps({"data": {"username": "app", "password": f"correct horse battery {number}"}})
            connection.request(
                "POST", f"/v1/secret/data/app/{number:05}", body, {"X-Vault-Token": self.token}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{self.name}: could not write a secret: {answer.status}")
        connection.close()

    def run(self, kind: str, connections: int, cpus: str = "1") -> Run:
        script = Path(self.place, f"{kind}.lua")
        script.write_text(SCRIPTS[kind].format(**self.values) + DONE)
        spent = self._cpu()
        done = subprocess.run(
            ["taskset", "-c", cpus, "wrk", "-t1", f"-c{connections}", f"-d{SECONDS:g}s", "--timeout", "30s",
             "-s", str(script), f"http://127.0.0.1:{self.port}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", done.stdout)
        if found is None:
            raise RuntimeError(done.stdout + done.stderr)
        count, micros, failed = (int(found[at]) for at in (1, 2, 3))
        cpu = (self._cpu() - spent) / max(count, 1)
        rate = (count - failed) / micros * 1e6
        return Run(rate, float(found[4]) / 1e6, float(found[5]) / 1e6, failed, cpu)

    def _cpu(self) -> float:
        """Seconds of processor time that the process and its children have taken."""
        ticks = 0
        for pid in (self.process.pid, *_children(self.process.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes that the process and its children hold for themselves."""
        total = 0
        for pid in (self.process.pid, *_children(self.process.pid)):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._log.close()
        shutil.rmtree(self.place, ignore_errors=True)


def openbao() -> Rival:
    return Rival("OpenBao", [program(), "server"], OPENBAO)


def wellkept(workers: int = 1, cpus: str = "0") -> Rival:
    command = [sys.executable, "-m", "wellkept", "server", f"-workers={workers}"]
    return Rival("wellkept", command, WELLKEPT, cpus)


WANTED = {"read": 8.0, "lookup": 4.0, "encrypt": 4.0, "login": 4.0, "write": 4.0}


def compare(ours: Rival, theirs: Rival, kinds: list[str]) -> bool:
    met = True
    ours.equip(kinds)
    theirs.equip(kinds)
    for kind in kinds:
        for connections in CONNECTIONS:
            pairs = [(ours.run(kind, connections), theirs.run(kind, connections)) for _ in range(ROUNDS)]
            mine, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            faster = ratio([run.rate for run in mine], [run.rate for run in other])
            slower = ratio([run.p99 for run in mine], [run.p99 for run in other])
            failed = sum(run.failed for run in (*mine, *other))
            good = faster >= WANTED[kind] and (kind != "read" or slower <= 1 / 8) and not failed
            met = met and (good or (kind == "write" and connections == 16))
            print(
                f"{kind:<8} {connections:>3}: {_median(mine, 'rate'):7.0f}/s, OpenBao {_median(other, 'rate'):6.0f}/s: "
                f"{faster:5.1f} times; p99 {_median(mine, 'p99') * 1e3:6.2f} ms, OpenBao "
                f"{_median(other, 'p99') * 1e3:6.2f} ms: 1/{1 / slower:.1f}; processor "
                f"{_median(mine, 'cpu') * 1e6:4.0f} µs, OpenBao {_median(other, 'cpu') * 1e6:5.0f} µs"
                f"{f'; FAILED {failed}' if failed else ''}{'' if good else '; MISSED'}",
                flush=True,
            )
    held, his = ours.memory(), theirs.memory()
    print(f"memory: {held:.0f} MB, OpenBao {his:.0f} MB: {held / his:.2f} of it, wanted at most 0.5")
    return met and held <= his / 2


def scale() -> bool:
    """Two workers against one, both processors being theirs and wrk's."""
    one, two = wellkept(1, "0,1"), wellkept(2, "0,1")
    try:
        pairs = [(two.run("read", 64, "0,1"), one.run("read", 64, "0,1")) for _ in range(ROUNDS)]
    finally:
        one.close()
        two.close()
    faster = ratio([pair[0].rate for pair in pairs], [pair[1].rate for pair in pairs])
    print(
        f"two workers: {_median([pair[0] for pair in pairs], 'rate'):.0f}/s, one "
        f"{_median([pair[1] for pair in pairs], 'rate'):.0f}/s: {faster:.2f} times, wanted 1.7 (wrk shares the "
        "two processors with them)"
    )
    return faster >= 1.7


def _median(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, found) for each in (child, *_children(child))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(arguments: list[str]) -> int:
    if shutil.which("wrk") is None:
        print("wrk is not installed", file=sys.stderr)
        return 2
    if arguments == ["--workers"]:
        return 0 if scale() else 1
    kinds = arguments or list(SCRIPTS)
    ours = wellkept()
    try:
        theirs = openbao()
        try:
            return 0 if compare(ours, theirs, kinds) else 1
        finally:
            theirs.close()
    finally:
        ours.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
