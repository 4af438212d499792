"""Auth methods over a real barrier, and the same mount in a real OpenBao beside them."""

from __future__ import annotations

import itertools

import pytest

from engines.differential.compare import Both, Theirs
from engines.served import Served
from wellkept.core import registry
from wellkept.core.mount import Mount
from wellkept.core.request import Client
from wellkept.testing.openbao_fixture import openbao  # noqa: F401

_numbers = itertools.count()
LOOPBACK = Client("", 0, "", "", "127.0.0.1")


class Logins(Served):
    """Engines from the table of auth methods, asked from 127.0.0.1."""

    def mount(self, path, kind, options=None):
        mount = Mount(
            f"auth/{path}/",
            kind,
            "auth",
            f"auth_{kind}_1",
            path,
            f"auth/{path}/",
            options=dict(options or {}),
        )
        context = registry.EngineContext(
            mount, self.clock, lambda purpose: self.barrier.derive(f"{path} {purpose}")
        )
        mount.engine = registry.maker("auth", kind)(context)
        self.mounts[path] = mount
        return mount

    def _run(self, mount, request, rest):
        request.client = LOOPBACK
        return super()._run(mount, request, rest)

    @staticmethod
    def _answer(operation, response):
        if response.auth is not None:
            grant = response.auth
            metadata = dict(grant.metadata)
            return 200, {
                "auth": {
                    "metadata": metadata,
                    "policies": list(grant.policies),
                    "display_name": grant.display_name,
                }
            }
        return Served._answer(operation, response)


class BothLogins(Both):
    def ask(self, method, path, body=None, *, ignoring=()):
        there, here = super().ask(method, path, body, ignoring=ignoring)
        return there, here


class TheirLogins(Theirs):
    def request(self, method, path, body=None):
        status, answer = super().request(method, f"auth/{path}", body)
        if isinstance(answer, dict) and answer.get("auth"):
            auth = answer["auth"]
            kept = [name for name in auth["token_policies"] if name != "default"]
            answer = {"auth": {"metadata": auth["metadata"], "policies": kept, "display_name": None}}
        return status, answer


@pytest.fixture
def logins(tmp_path):
    """Makes our mounts: ``logins(up="userpass")``."""
    made = []

    def make(**mounts):
        made.append(Logins(tmp_path, {name: (kind, None) for name, kind in mounts.items()}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def both(openbao, logins):  # noqa: F811
    """Mounts of the same kinds at both, new for each test."""

    def make(**mounts):
        names = {name: f"a{next(_numbers)}-{name}" for name in mounts}
        for name, kind in mounts.items():
            openbao.request("POST", f"sys/auth/{names[name]}", {"type": kind})
        return Both(TheirLogins(openbao), logins(**mounts), names)

    return make
