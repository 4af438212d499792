"""Auth methods over a real barrier; and over HTTP, the same mount in a real OpenBao and in a server of ours."""

from __future__ import annotations

import itertools

import pytest

import wellkept.testing
from engines.differential.compare import Asked, Both
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
            return 200, {"auth": {"metadata": dict(response.auth.metadata)}}
        return Served._answer(operation, response)


class AskedToLogIn(Asked):
    """Paths are below ``auth/``; of a login's answer what both must agree on."""

    def request(self, method, path, body=None):
        status, answer = super().request(method, f"auth/{path}", body)
        auth = answer.get("auth") if isinstance(answer, dict) else None
        if auth:
            kept = (
                "policies",
                "token_policies",
                "metadata",
                "lease_duration",
                "renewable",
                "token_type",
                "orphan",
                "num_uses",
            )
            answer = {"auth": {name: auth[name] for name in kept}}
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


@pytest.fixture(scope="session")
def ours():
    """A server of ours for the session."""
    with wellkept.testing.server() as running:
        yield running


@pytest.fixture
def both(openbao, ours):  # noqa: F811
    """Mounts of the same kinds at both, new for each test."""

    def make(**mounts):
        names = {name: f"a{next(_numbers)}-{name}" for name in mounts}
        for name, kind in mounts.items():
            for server in (openbao, ours):
                server.request("POST", f"sys/auth/{names[name]}", {"type": kind})
        return Both(AskedToLogIn(openbao), AskedToLogIn(ours), names)

    return make
