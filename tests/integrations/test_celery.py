"""A real worker with two prefork children over Celery's in-memory parts and a broker in the file system."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("celery", reason="pip install celery")

APP = """
import os
from celery import Celery
from wellkept.integrations import celery as wellkept_celery

app = Celery("app")
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"},
    result_backend="file://results", worker_send_task_events=False, broker_connection_retry_on_startup=True,
    result_backend_transport_options={},
)
secrets = wellkept_celery.install(app, "dotenv:.env", ttl=60)
secrets.get("API_KEY")  # before the fork

@app.task(bind=True)
def key(self):
    return [os.getpid(), self.app.secrets.get("API_KEY").reveal()]
"""


def test_prefork_children_read_secrets_that_were_opened_before_the_fork(tmp_path):
    for name in ("queue", "results", "control"):
        (tmp_path / name).mkdir()
    (tmp_path / ".env").write_text("API_KEY=k\n")
    (tmp_path / "tasks.py").write_text(textwrap.dedent(APP))
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "prefork", "-c", "2", "-l", "warning",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    ask = "import os, tasks; r = [tasks.key.delay() for _ in range(6)]; print(os.getpid(), [x.get(timeout=60) for x in r])"
    try:
        done = subprocess.run(
            [sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
        )
    finally:
        worker.terminate()
        output = worker.communicate(timeout=30)[0].decode()
    assert done.returncode == 0, done.stderr[-2000:] + output[-2000:]
    own, answers = done.stdout.split(" ", 1)
    results = eval(answers)
    assert {value for _, value in results} == {"k"}
    assert int(own) not in {pid for pid, _ in results}
