"""Reading a KV v2 secret from a real OpenBao, uncached: against hvac, in turn, in one run.

The same token, the same secret, kept connections on both sides; hvac's own call for it. Once by the source
alone, and once through ``Secrets`` with a forced refresh: its thread, its deadline, its bookkeeping. Then 30
secrets at once against 30 calls, and a cold start: a whole process that reads one secret.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import hvac

from bench._compare import alternate_commands, claim, finish
from wellkept.loader.secrets import Secrets
from wellkept.sources.registry import open_source
from wellkept.testing.openbao import OpenBaoServer

NAME = "prod/app/database"
NAMES = [f"prod/app/s{number:02}" for number in range(30)]
VALUE = {"username": "app", "password": "correct horse battery staple"}

HVAC = """
import hvac, os
client = hvac.Client(url=os.environ["VAULT_ADDR"], token=os.environ["VAULT_TOKEN"])
answer = client.secrets.kv.v2.read_secret_version(path="prod/app/database", raise_on_deleted_version=True)
assert answer["data"]["data"]["password"]
"""
OURS = """
import wellkept
assert wellkept.open("vault:///secret").get("prod/app/database#password").reveal()
"""


def in_turn(*actions: Callable[[], object], rounds: int = 21, number: int = 40) -> list[list[float]]:
    """For each action, the p50 in seconds of each of ``rounds`` runs of ``number`` calls, taken in turn."""
    samples: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, taken in zip(actions, samples, strict=True):
            times = []
            for _ in range(number):
                start = time.perf_counter()
                action()
                times.append(time.perf_counter() - start)
            taken.append(statistics.median(times))
    return samples


def main() -> None:
    with OpenBaoServer() as server:
        server.policy("bench", **{"secret/data/prod/app/*": ["read"]})
        for name in (NAME, *NAMES):
            server.write(name, VALUE)
        os.environ |= {"VAULT_TOKEN": server.token("bench"), "VAULT_ADDR": server.address}
        os.environ.pop("BAO_TOKEN", None)
        client = hvac.Client(url=server.address, token=os.environ["VAULT_TOKEN"])
        source = open_source(server.url())
        secrets = Secrets(open_source(server.url()), refresh=False)

        def theirs(name: str = NAME) -> None:
            answer = client.secrets.kv.v2.read_secret_version(path=name, raise_on_deleted_version=True)
            assert answer["data"]["data"] == VALUE

        def ours() -> None:
            assert json.loads(source.read(NAME).reveal()) == VALUE

        def whole() -> None:
            assert json.loads(secrets.refresh(NAME).reveal()) == VALUE

        rival, alone, through = in_turn(theirs, ours, whole)
        claim("uncached read of a KV v2 secret, p50, source alone", alone, "hvac", rival, at_most=0.5)
        claim("uncached read of a KV v2 secret, p50, through Secrets", through, "hvac", rival, at_most=0.5)

        one_by_one, batch = in_turn(
            lambda: [theirs(name) for name in NAMES], lambda: source.read_many(NAMES), number=3
        )
        claim("30 secrets, p50", batch, "30 hvac calls", one_by_one, at_most=0.6)

        taken = alternate_commands([sys.executable, "-c", OURS], [sys.executable, "-c", HVAC], rounds=9)
        claim("cold start, one secret, whole process", taken[0], "hvac", taken[1], at_most=0.5)
    finish()


if __name__ == "__main__":
    main()
