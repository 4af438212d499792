"""What the library has read is hidden, with nothing else to be done: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import base64, logging, sys
import wellkept
from wellkept.redaction import install_excepthook, install_logging

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
install_logging()
install_excepthook()
with wellkept.open("env:", refresh=False) as secrets:
    before = secrets.get("BILLING_PASSWORD").reveal()
    logging.getLogger("app.db").info("connecting with %s", before)
    import os
    os.environ["BILLING_PASSWORD"] = before[::-1]
    secrets.refresh("BILLING_PASSWORD")
    after = secrets.get("BILLING_PASSWORD").reveal()
    assert after != before
    logging.info("was %s, is %r, in base64 %s", before, after, base64.b64encode(after.encode()).decode())
    raise RuntimeError(f"login refused: {before}")
"""


def test_live_and_rotated_out_values_are_hidden_from_logs_and_tracebacks() -> None:
    value = "k7Q-planted-0R9v"
    environment = {**os.environ, "BILLING_PASSWORD": value}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, env=environment
    )
    assert ended.returncode == 1
    assert ended.stderr.endswith("RuntimeError: login refused: [redacted:BILLING_PASSWORD]\n")
    name = "[redacted:BILLING_PASSWORD]"
    assert ended.stdout == f"connecting with {name}\nwas {name}, is '{name}', in base64 {name}\n"
    for text in (ended.stdout, ended.stderr):
        assert value not in text
        assert value[::-1] not in text
