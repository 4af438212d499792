"""gunicorn's and uvicorn's real workers: secrets opened before the fork or in each worker, read under requests."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request

import pytest

APP = """
import os
import wellkept

class Counting(wellkept.BaseSource):
    url = "counting:"

    def read(self, name, *, version=None, timeout=None):
        with open("reads", "a") as file:
            file.write(".")
        return wellkept.Secret("k", name=name, source=self.url)

secrets = wellkept.open(Counting(), ttl=1.0, share=True)
secrets.get("API_KEY")

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {secrets.get('API_KEY').reveal()}".encode()]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = f"{os.getpid()} {(await secrets.aget('API_KEY')).reveal()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""

SERVERS = {
    "gunicorn": ["gunicorn", "--preload", "-w", "4", "-b", "127.0.0.1:{port}", "app:wsgi"],
    "uvicorn": ["uvicorn", "--workers", "2", "--host", "127.0.0.1", "--port", "{port}", "app:asgi"],
}


@pytest.mark.parametrize("server", SERVERS)
def test_every_worker_reads_and_a_preloaded_family_refreshes_together(tmp_path, server):
    pytest.importorskip(server, reason=f"pip install {server}")
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [part.format(port=port) for part in SERVERS[server]]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    try:
        answers = ask(port, seconds=4.0)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    assert {value for _, value in answers} == {"k"}, (tmp_path / "log").read_text()[-2000:]
    workers = {pid for pid, _ in answers}
    assert str(process.pid) not in workers
    if server == "gunicorn":
        # Four workers and their parent for some seconds: alone, each would have read five times and more.
        assert (tmp_path / "reads").stat().st_size <= 16


def ask(port, seconds):
    answers, end, start = [], None, time.monotonic()
    while time.monotonic() < (end or start + 30):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                answers.append(tuple(answer.read().decode().split()))
            end = end or time.monotonic() + seconds
        except OSError:
            pass  # not up yet
        time.sleep(0.02)
    return answers
