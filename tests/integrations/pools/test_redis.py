"""redis-py against a real Redis whose user really has a password."""

import asyncio
import secrets as random
import shutil
import socket
import subprocess
import time

import pytest

redis = pytest.importorskip("redis", reason="pip install redis")

from wellkept.integrations.pools import bind  # noqa: E402

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="apt-get install redis-server")

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    directory = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        ["redis-server", "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(directory)],
        stdout=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            redis.Redis(HOST, port).ping()
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    yield port
    server.terminate()
    server.wait(20)


class User:
    """A user of the server, and the switch that holds its password."""

    def __init__(self, port):
        from switch import Switch

        self.admin = redis.Redis(HOST, port)
        self.name = "app-" + random.token_hex(4)
        self.switch = Switch(self.name, self.change_password())

    def change_password(self):
        password = random.token_urlsafe(12)
        self.admin.acl_setuser(
            self.name, enabled=True, reset=True, passwords=[f"+{password}"], keys="*", commands=["+@all"]
        )
        return password


@pytest.fixture
def user(port):
    return User(port)


def test_new_connections_log_in_with_the_new_password(port, user):
    client = redis.Redis(HOST, port)
    bind(client, user.switch)
    assert client.acl_whoami() == user.name
    first = client.client_id()
    user.switch.rotate(user.change_password())
    assert client.acl_whoami() == user.name
    assert client.client_id() != first
    client.close()


def test_without_binding_a_changed_password_is_refused(port, user):
    client = redis.Redis(HOST, port, username=user.name, password=user.switch.held)
    assert client.ping()
    user.change_password()
    client.connection_pool.disconnect()
    with pytest.raises(redis.AuthenticationError):
        client.ping()
    client.close()


async def test_an_async_client_follows(port, user):
    import redis.asyncio

    client = redis.asyncio.Redis(host=HOST, port=port)
    bind(client, user.switch)
    assert await client.acl_whoami() == user.name
    first = await client.client_id()
    password = await asyncio.to_thread(user.change_password)
    await asyncio.to_thread(user.switch.rotate, password)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if await client.client_id() != first:
            break
    else:
        raise AssertionError("the old connection was never replaced")
    await client.aclose()
