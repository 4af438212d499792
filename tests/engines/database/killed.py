"""A server's core that kills itself (``kill -9``) at a chosen step: ``python killed.py DIRECTORY STEP PORT``.

The superuser's password comes by standard input. The parent opens what is left.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from core_served import Served
from wellkept.clock import SYSTEM
from wellkept.engines.database.postgresql import PostgreSQL

CREATE = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
PATHS = {
    "user-stated": ("GET", "database/creds/app"),
    "user-made": ("GET", "database/creds/app"),
    "root-stated": ("POST", "database/rotate-root/pg"),
    "root-set": ("POST", "database/rotate-root/pg"),
    "static-pending": ("POST", "database/rotate-role/s"),
    "static-set": ("POST", "database/rotate-role/s"),
}


def prepare(served, port, password, account="admin"):
    """The engine with a connection, a role and a static role."""
    served.call("POST", "sys/mounts/database", {"type": "database"})
    config = {
        "plugin_name": "postgresql-database-plugin",
        "allowed_roles": "*",
        "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{port}/postgres?sslmode=disable",
        "username": account,
        "password": password,
    }
    answer = served.call("POST", "database/config/pg", config)
    assert answer.status == 204, answer
    served.call(
        "POST", "database/roles/app", {"db_name": "pg", "creation_statements": CREATE, "default_ttl": "1h"}
    )


def kill(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)


def after(function):
    def both(*arguments, **named):
        function(*arguments, **named)
        kill()

    return both


def main(directory, step, port):
    password = sys.stdin.read()
    served = Served(directory, clock=SYSTEM)
    prepare(served, port, password)
    made = {"db_name": "pg", "username": "static", "rotation_period": "1h"}
    assert served.call("POST", "database/static-roles/s", made).status == 204
    (directory / "root").write_text(served.root)
    if step == "user-stated":
        PostgreSQL.create = kill
    elif step == "user-made":
        PostgreSQL.create = after(PostgreSQL.create)
    elif step.endswith(("-stated", "-pending")):
        PostgreSQL.set_password = kill
    else:
        PostgreSQL.set_password = after(PostgreSQL.set_password)
    served.call(*PATHS[step])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
