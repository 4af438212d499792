"""The main job, on real input: import a project's `.env`, run the project, rotate its password under load.

Everything that is shown is really done, by the commands that are printed, in a temporary copy of this
folder against a real PostgreSQL. Run it with `make demo`; it ends by itself.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from psycopg import sql

from wellkept.sources.dotenv import parse_dotenv
from wellkept.testing.postgres import PostgresServer

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)
BOLD, DIM, OFF = (
    ("\033[1m", "\033[2m", "\033[0m")
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ
    else ("", "", "")
)


def say(text: str) -> None:
    print(f"\n{BOLD}# {text}{OFF}", flush=True)


class Project:
    """A copy of the shop in ``directory``, and a shell in it that shows what it types."""

    def __init__(self, directory: str, port: int) -> None:
        self.directory = directory
        for name in (".env", "app.py", "settings.py"):
            shutil.copy(os.path.join(HERE, name), directory)
        keep = ("HOME", "LANG", "LC_ALL", "TMPDIR")
        self.environment = {name: os.environ[name] for name in keep if name in os.environ} | {
            "PATH": BIN + os.pathsep + os.environ["PATH"],
            "XDG_CONFIG_HOME": os.path.join(directory, "home-config"),
            "SHOP_DATABASE_PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *command: str, stdin: str | None = None, shown: str = "") -> str:
        """Type a command, print what it answers, and stop the demonstration when it fails."""
        print(f"$ {shown or ' '.join(command)}", flush=True)
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, input=stdin, capture_output=True, text=True
        )
        for line in (done.stdout + done.stderr).rstrip().splitlines():
            print(f"  {DIM}{line}{OFF}", flush=True)
        if done.returncode:
            raise SystemExit(f"the demonstration failed: {command[0]} ended with {done.returncode}")
        return done.stdout


class Load:
    """Customers who order without pause, and count what goes wrong."""

    def __init__(self, port: int, customers: int = 3) -> None:
        self.url = f"http://127.0.0.1:{port}/orders/teapot"
        self.served, self.failed, self.backends = 0, 0, set()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.order, daemon=True) for _ in range(customers)]
        for thread in self.threads:
            thread.start()

    def order(self) -> None:
        while not self.stopping.is_set():
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(self.url, method="POST"), timeout=10
                ) as answer:
                    backend = json.load(answer)["backend"]
            except OSError:
                with self.lock:
                    self.failed += 1
                time.sleep(0.05)
            else:
                with self.lock:
                    self.served += 1
                    self.backends.add(backend)

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def main() -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wellkept-demo-") as directory, PostgresServer() as database:
        project = Project(directory, database.port)
        password = {
            name: value for name, value, _ in parse_dotenv(open(f"{directory}/.env").read(), path=".env")
        }["DATABASE_PASSWORD"]
        database.execute(f"CREATE ROLE shop LOGIN PASSWORD {quoted(password)}")
        database.execute("CREATE DATABASE shop OWNER shop")

        say("A project with a .env file. Its secrets move into an encrypted store, and the file goes.")
        project.run("wellkept", "init", "--no-hook")
        project.run("wellkept", "import", ".env")
        os.unlink(f"{directory}/.env")
        found = subprocess.run(["grep", "-rlF", password, directory], capture_output=True, text=True).stdout
        print(f"  {DIM}files that hold the database password in the clear: {found.strip() or 'none'}{OFF}")
        if found:
            raise SystemExit("the demonstration failed: the password lies about in the clear")
        project.run("wellkept", "check", "settings:ShopSettings")

        say("The application runs against the store; what it prints is redacted.")
        port = free_port()
        command = [
            "wellkept",
            "run",
            "--redact",
            "--",
            "python",
            "-m",
            "uvicorn",
            "app:app",
            "--port",
            str(port),
            "--no-access-log",
        ]
        print(f"$ {' '.join(command)} &", flush=True)
        log = open(f"{directory}/shop.log", "w+")
        shop = subprocess.Popen(
            command, cwd=directory, env=project.environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_until_healthy(port, shop, log.name)
            show(log.name, "connecting with")
            rotate_under_load(project, database, port, password, log.name)
        finally:
            shop.terminate()
            shop.wait(20)
            log.close()

        say("Who read and wrote what: every access is in the audit log, chained, and verified.")
        project.run("wellkept", "audit", "tail", "-n", "6")
        project.run("wellkept", "audit", "verify")
    print(
        f"\n{BOLD}Done in {time.monotonic() - started:.0f} s.{OFF} Your turn: cd into a project and type `wellkept init`."
    )


def rotate_under_load(project: Project, database: PostgresServer, port: int, old: str, log: str) -> None:
    say("The database password changes while customers order.")
    load = Load(port)
    time.sleep(2)
    before, earlier = load.served, set(load.backends)
    new = project_password(project)
    print(
        "$ psql -c \"ALTER ROLE shop PASSWORD '...'\"; wellkept set DATABASE_PASSWORD < new-password",
        flush=True,
    )
    database.execute(f"ALTER ROLE shop PASSWORD {quoted(new)}")
    project.run(
        "wellkept",
        "set",
        "DATABASE_PASSWORD",
        stdin=new,
        shown="wellkept set DATABASE_PASSWORD   # from stdin",
    )
    time.sleep(4)
    load.stop()
    show(log, "drained")
    fresh = load.backends - earlier
    print(
        f"  {BOLD}orders: {before} before, {load.served - before} after the change, {load.failed} failed;{OFF} "
        f"{len(fresh)} connections opened with the new password"
    )
    if load.failed or not fresh or refused(database, new) or not refused(database, old):
        raise SystemExit("the demonstration failed: the rotation was not seamless")
    print(f"  {DIM}the old password is refused by PostgreSQL, the new one is accepted{OFF}")


def project_password(project: Project) -> str:
    made = subprocess.run(
        ["wellkept", "generate", "password"],
        cwd=project.directory,
        env=project.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def refused(database: PostgresServer, password: str) -> bool:
    import psycopg

    try:
        psycopg.connect(
            host=database.host, port=database.port, user="shop", dbname="shop", password=password
        ).close()
    except psycopg.OperationalError:
        return True
    return False


def quoted(text: str) -> str:
    return sql.Literal(text).as_string(None)


def show(path: str, telling: str) -> None:
    for line in open(path):
        if telling in line:
            print(f"  {DIM}{line.strip()}{OFF}", flush=True)


def wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    print(open(log).read())
    raise SystemExit("the demonstration failed: the shop did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
