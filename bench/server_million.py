"""A served store of one million secrets in SQLite: start, first read, cold reads, listing a folder, memory.

    python -m bench.server_million [DIRECTORY]

The store is filled below the engine, in the form that the engine writes, and is made anew unless DIRECTORY
holds one from an earlier run. "Cold" is the first read of a secret after the start, through the core.
"""

import os
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time

from bench._compare import bound, finish
from bench._served import CLIENT, POLICY
from wellkept.barrier import Barrier
from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import SYSTEM
from wellkept.core.request import Request
from wellkept.engines.kv.records import Record
from wellkept.server.assemble import assemble
from wellkept.server.settings import Settings, StorageSettings
from wellkept.storage.sqlite import SQLiteStorage

SECRETS = int(os.environ.get("BENCH_SECRETS", "1000000"))
IN_FOLDER = 1000
BATCH = 5000


def name(number: int) -> str:
    return f"team-{number // IN_FOLDER:04}/secret-{number % IN_FOLDER:04}"


def fill(directory: str) -> None:
    """Write the secrets, many in a transaction."""
    storage = SQLiteStorage.create(f"{directory}/store.db")
    barrier = Barrier.initialize(storage, KeyFileSeal.create(f"{directory}/main.key"))
    assemble(settings(directory), barrier, SYSTEM, first=True).end()
    for start in range(0, SECRETS, BATCH):
        with barrier.transaction() as transaction:
            for number in range(start, min(start + BATCH, SECRETS)):
                record = Record(1_700_000_000.0)
                info = record.add(1_700_000_000.0, stages=("current",), content_type="application/json")
                place, value = name(number), b'{"username":"app","password":"correct horse %d"}' % number
                transaction.put(f"mount/secret/meta/{place}", record.encode())
                transaction.put(f"mount/secret/value/{place}/{info.uuid}", value)
        if start % 100_000 == 0:
            print(f"filled {start}", flush=True)
    storage.close()


def settings(directory: str) -> Settings:
    return Settings(storage=StorageSettings(directory), kv_at_secret=True)


def measure(directory: str) -> None:
    start = time.perf_counter()
    storage = SQLiteStorage.open(f"{directory}/store.db")
    barrier = Barrier.unseal(storage, KeyFileSeal(f"{directory}/main.key"))
    serving = assemble(settings(directory), barrier, SYSTEM)
    core, root = serving.service.core, serving.service.root_token()
    core.handle(Request("update", "sys/policies/acl/bench", {"policy": POLICY}, client=CLIENT, token=root))

    def call(operation: str, path: str) -> float:
        begin = time.perf_counter()
        core.handle(Request(operation, path, {}, client=CLIENT, token=root))  # type: ignore[arg-type]
        return time.perf_counter() - begin

    call("read", f"secret/data/{name(SECRETS // 2)}")
    bound("start and first read", time.perf_counter() - start, 3.0, "s")
    size = os.path.getsize(f"{directory}/store.db") / 1e6
    chosen = random.sample(range(SECRETS), min(5000, SECRETS))
    cold = sorted(call("read", f"secret/data/{name(number)}") for number in chosen)
    print(f"cold read: median {statistics.median(cold) * 1e3:.2f} ms; the file has {size:.0f} MB")
    bound("cold read, p99", cold[len(cold) * 99 // 100] * 1e3, 10.0, "ms")
    teams = random.sample(range(SECRETS // IN_FOLDER or 1), min(20, SECRETS // IN_FOLDER or 1))
    listed = [call("list", f"secret/metadata/team-{team:04}") for team in teams]
    bound(f"listing a folder of {IN_FOLDER}", max(listed) * 1e3, 20.0, "ms")
    again = [call("read", f"secret/data/{name(number)}") for number in chosen[:2000]]
    print(f"warm read: median {statistics.median(again) * 1e6:.0f} µs")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    serving.end()
    storage.close()


def main(arguments: list[str]) -> None:
    directory = arguments[0] if arguments else tempfile.mkdtemp(prefix="wellkept-million-")
    try:
        if not os.path.exists(f"{directory}/store.db"):
            os.makedirs(directory, exist_ok=True)
            fill(directory)
        measure(directory)
    finally:
        if not arguments:
            shutil.rmtree(directory, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main(sys.argv[1:])
