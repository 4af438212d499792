"""moto's server with boto3 writing into it, and a faulty network in between."""

from __future__ import annotations

import itertools

import pytest

from wellkept.sources.registry import open_source
from wellkept.testing.faults import FaultProxy

REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "wJalrXUtnFEMI"}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    """Nothing of this machine's AWS configuration; a pair of keys in the environment, as in Lambda."""
    import os

    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])


@pytest.fixture(scope="session")
def moto():
    """The address of moto's server."""
    server = pytest.importorskip("moto.server", reason="pip install 'moto[server]'")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="session")
def boto(moto):
    """A boto3 client of the service named."""
    import boto3

    session = boto3.Session(region_name=REGION, **KEYS)
    return lambda service: session.client(service, endpoint_url=moto)


@pytest.fixture(scope="session")
def sm(boto):
    return boto("secretsmanager")


@pytest.fixture(scope="session")
def ssm(boto):
    return boto("ssm")


@pytest.fixture
def proxy(moto):
    with FaultProxy(moto) as proxy:
        yield proxy


_numbers = itertools.count()


@pytest.fixture
def prefix():
    """A prefix that no other test has."""
    return f"test{next(_numbers)}/app"


@pytest.fixture
def open_aws(proxy, prefix):
    """``open_aws("aws-sm")``: a source below ``prefix``, through the proxy."""
    opened = []

    def open_one(scheme, **options):
        options = {"endpoint": proxy.url, **options}
        query = "&".join(f"{name}={value}" for name, value in options.items())
        source = open_source(f"{scheme}://{REGION}/{prefix}?{query}")
        opened.append(source)
        return source

    yield open_one
    for source in opened:
        source.close()
