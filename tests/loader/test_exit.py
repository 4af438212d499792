"""The interpreter ends when the program does, whatever reads, refreshes or callbacks are under way."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading, time
from wellkept.loader.secrets import Secrets
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource

class Hanging(BaseSource):
    url = "hanging:"
    hang = False
    value = "one"

    def read(self, name, *, version=None, timeout=None):
        if self.hang:
            time.sleep(3600)
        return Secret(self.value, name=name)

source = Hanging()
secrets = Secrets(source, ttl=0.1, deadline=0.2)
secrets.get("name")
{end}
print("ended", flush=True)
"""

ENDS = {
    "a running refresher": "",
    "a hanging read": """
source.hang = True
try:
    secrets.refresh("name")
except Exception as error:
    print(type(error).__name__)
""",
    "a hanging background read": "source.hang = True; time.sleep(0.3)",
    "a hanging callback": """
secrets.on_change("name", lambda change: time.sleep(3600))
source.value = "two"
secrets.refresh("name")
""",
    "a waiting thread": """
source.hang = True
threading.Thread(target=lambda: secrets.get("other"), daemon=True).start()
time.sleep(0.05)
""",
    "a read at exit": """
import atexit
atexit.register(lambda: print(secrets.get("name").reveal()))
""",
    "an unclosed event loop": """
import asyncio
source.hang = True
async def main():
    task = asyncio.ensure_future(secrets.aget("other"))
    await asyncio.sleep(0.01)
asyncio.run(main())
""",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_interpreter_ends_in_spite_of(end):
    program = PROGRAM.replace("{end}", ENDS[end])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ended" in done.stdout
    assert "Traceback" not in done.stderr
