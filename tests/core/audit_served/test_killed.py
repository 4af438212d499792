"""``kill -9`` under 64 writers of a served store: what was acknowledged is there, and every chain verifies."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wellkept.core.audit_served.verify import verify_all
from wellkept.errors import WellkeptError

ROUNDS = int(os.environ.get("WELLKEPT_CRASH_ROUNDS", "3"))
ROOT = str(Path(__file__).parents[3])

WRITERS = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.core.audit_served.conftest import Place, Server
place = Place.again(Path(sys.argv[1]))
server = Server(place)
begin = int(sys.argv[2])
def run(me):
    number = begin
    while True:
        number += 1
        if number % 5 == 0:
            token = server.call("update", "auth/token/create", {"policies": ["default"], "ttl": "1h"}).auth
            server.call("update", "auth/token/revoke", {"token": token.client_token})
            line = f"revoked {me} {token.client_token}"
        else:
            server.call("update", f"secret/data/w/{me}", {"data": {"number": number}})
            line = f"wrote {me} {number}"
        sys.stdout.write(line + "\\n")
        sys.stdout.flush()
for me in range(64):
    threading.Thread(target=run, args=(me,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.slow
def test_what_was_acknowledged_is_there_and_every_chain_verifies(place, serve, tmp_path):
    written: dict[str, int] = {}
    revoked: list[str] = []
    for turn in range(ROUNDS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITERS, str(tmp_path), str(turn * 1_000_000), ROOT],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        timer = threading.Timer(random.uniform(0.0, 0.7), process.kill)
        timer.start()
        rest = process.stdout.read()
        process.wait()
        for line in (first + rest).split("\n")[:-1]:
            what, me, text = line.split()
            if what == "wrote":
                written[me] = max(written.get(me, 0), int(text))
            else:
                revoked.append(text)
        again = serve()
        for me, number in written.items():
            assert int(again.call("read", f"secret/data/w/{me}").data["data"][10:-1]) >= number
        for token in random.sample(revoked, min(50, len(revoked))):
            with pytest.raises(WellkeptError):
                again.call("read", "auth/token/lookup-self", token=token)
        again.close()
        reports = verify_all(place.key, place.another())
        assert [report.lines > len(written) for report in reports.values()] == [True]
    assert written
