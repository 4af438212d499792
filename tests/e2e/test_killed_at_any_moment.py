"""``kill -9`` while four processes write: what was acknowledged is there, and the audit log verifies."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from wellkept.barrier.seals import KeyFileSeal
from wellkept.core.local import create_store, open_store

WRITER = """
import sys
from wellkept.barrier.seals import KeyFileSeal
from wellkept.core.local import open_store
store = open_store(sys.argv[1], KeyFileSeal(sys.argv[2]))
out = sys.stdout
for n in range(int(sys.argv[4])):
    name = f"load/{sys.argv[3]}/{n % 97}"
    info = store.write(name, f"value-{sys.argv[3]}-{n}")
    out.write(f"{name} {info.number} {n}\\n")
    out.flush()
"""
WRITERS, WRITES = 4, 500


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(3))
def test_every_acknowledged_write_survives(tmp_path, round_):
    key, path = str(tmp_path / "key"), str(tmp_path / "store")
    seal = KeyFileSeal.create(key)
    create_store(path, seal).close()
    chance = random.Random(round_)
    acknowledged = {}
    for generation in range(4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, path, key, f"g{generation}w{number}", str(WRITES // 4)],
                stdout=open(tmp_path / f"out-{generation}-{number}", "wb"),
            )
            for number in range(WRITERS)
        ]
        time.sleep(chance.uniform(0.15, 0.9))
        for writer in writers:
            if chance.random() < 0.8:
                writer.send_signal(signal.SIGKILL)
        codes = [writer.wait(120) for writer in writers]
        assert set(codes) <= {0, -signal.SIGKILL}
        for number in range(WRITERS):
            for line in (tmp_path / f"out-{generation}-{number}").read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    name, version, n = line.split()
                    acknowledged[name, int(version)] = f"value-g{generation}w{number}-{n}"
    assert len(acknowledged) > 20
    with open_store(path, seal) as store:
        for (name, version), value in acknowledged.items():
            assert store.read(name, version=version).secret.reveal() == value
        store.audit_verify()
        store.write("after/the/crash", "fine")
        store.audit_verify()


def test_a_writer_killed_inside_its_commit_leaves_the_store_open_to_others(tmp_path):
    key, path = str(tmp_path / "key"), str(tmp_path / "store")
    seal = KeyFileSeal.create(key)
    create_store(path, seal).close()
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, key, "w", "100000"], stdout=subprocess.PIPE, text=True
        )
        line = writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.communicate()[0]
        name, version, n = (line + rest).splitlines()[-1].split() if rest.endswith("\n") else line.split()
        with open_store(path, seal) as store:
            assert store.read(name, version=int(version)).secret.reveal() == f"value-w-{n}"
            store.audit_verify()
