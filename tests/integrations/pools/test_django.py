"""Django's own connections to a real PostgreSQL, in a process of its own: Django is configured once a process."""

import subprocess
import sys

import pytest

pytest.importorskip("django", reason="pip install django")

SCRIPT = """
import sys, django
from django.conf import settings
sys.path.insert(0, sys.argv[6])
from switch import Switch
host, port, user, password, admin = sys.argv[1:6]
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": host, "PORT": port, "NAME": "postgres",
                           "USER": "nobody-yet", "PASSWORD": "", "CONN_MAX_AGE": None}},
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
)
django.setup()
import psycopg, threading
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from wellkept.integrations.pools import bind

def whoami(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, pg_backend_pid()")
        return HttpResponse("%s %s" % cursor.fetchone())

urlpatterns = [path("", whoami)]
switch = Switch(user, password)
bind("default", switch)

def ask():
    # What a server does around each request; Django's test client leaves it to the test.
    from django.core import signals
    signals.request_started.send(None)
    answer = whoami(None).content.decode().split()
    signals.request_finished.send(None)
    return answer

name, first = ask()
assert name == user, name
assert ask()[1] == first, "the connection is kept between requests"
with psycopg.connect(admin, autocommit=True) as connection_:
    connection_.execute(f"ALTER ROLE {user} PASSWORD 'changed'")
switch.rotate("changed")
name, second = ask()
assert (name, second != first) == (user, True)
seen = []
thread = threading.Thread(target=lambda: seen.append(ask()[0]))
thread.start(); thread.join()
assert seen == [user]
print("fine")
"""


def test_databases_follow_in_every_thread_and_kept_connections_are_replaced(postgres, role):
    import os

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, postgres.host, str(postgres.port), role.name, role.switch.held, postgres.url(),
         os.path.join(os.path.dirname(__file__), "..", "..")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "fine\n", done.stderr[-2000:]
