"""A loopback API server that Kubernetes' official client writes into, and a faulty network before it."""

from __future__ import annotations

import base64
import json
import ssl

import pytest

from doubles.kubernetes_api import KubernetesServer, Rule
from wellkept.sources.registry import open_source
from wellkept.testing.certificates import Authority
from wellkept.testing.faults import FaultProxy

NAMESPACE = "billing"
APP = "system:serviceaccount:billing:app"


def service_token(number: int = 1) -> str:
    """In the form of a service account's token; the double knows tokens by heart, so nobody checks the signature."""
    parts = ({"alg": "RS256"}, {"sub": APP, "jti": f"n{number}"})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("kubernetes-ca")))


@pytest.fixture
def server(authority):
    with KubernetesServer(authority) as server:
        server.accounts["admin-token"] = "kubernetes-admin"
        server.rules["kubernetes-admin"] = [
            Rule(NAMESPACE, ("get", "list", "create", "update", "delete")),
            Rule("other", ("get", "list", "create", "update", "delete")),
        ]
        server.accounts[service_token()] = APP
        server.rules[APP] = [Rule(NAMESPACE, ("get", "list"))]
        yield server


@pytest.fixture
def api(server, authority):
    """The official client, as an administrator."""
    kubernetes = pytest.importorskip("kubernetes", reason="pip install kubernetes")
    configuration = kubernetes.client.Configuration(host=server.url)
    configuration.ssl_ca_cert = authority.ca_file
    configuration.api_key = {"authorization": "Bearer admin-token"}
    with kubernetes.client.ApiClient(configuration) as client:
        yield kubernetes.client.CoreV1Api(client)


@pytest.fixture
def put(api):
    """``put(name, {key: value})``: what ``kubectl apply`` would do, by the official client."""
    import kubernetes

    def put(name, data, namespace=NAMESPACE):
        values = {key: value if isinstance(value, bytes) else value.encode() for key, value in data.items()}
        body = kubernetes.client.V1Secret(
            metadata=kubernetes.client.V1ObjectMeta(name=name),
            data={key: base64.b64encode(value).decode() for key, value in values.items()},
        )
        try:
            return api.replace_namespaced_secret(name, namespace, body)
        except kubernetes.client.ApiException as error:
            if error.status != 404:
                raise
        return api.create_namespaced_secret(namespace, body)

    return put


@pytest.fixture
def account(tmp_path, authority):
    """The directory that a pod has mounted."""
    directory = tmp_path / "serviceaccount"
    directory.mkdir()
    (directory / "token").write_text(service_token() + "\n")
    (directory / "namespace").write_text(NAMESPACE)
    with open(authority.ca_file, "rb") as file:
        (directory / "ca.crt").write_bytes(file.read())
    return directory


@pytest.fixture
def pod(server, account, monkeypatch):
    """This process as a pod: the variables set; proxies of this machine none of its business."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    return account


@pytest.fixture
def open_k8s(pod):
    """``open_k8s("?secret=app")``: a source of the pod's namespace."""
    opened = []

    def open_one(rest=f"//{NAMESPACE}", **options):
        query = "&".join(f"{name}={value}" for name, value in {"account": pod, **options}.items())
        opened.append(open_source(f"k8s:{rest}?{query}"))
        return opened[-1]

    yield open_one
    for source in opened:
        source.close()


@pytest.fixture
def proxy(server, authority):
    """A faulty network; with the API server's certificate, as a load balancer in front of it has it."""
    front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    front.load_cert_chain(authority.certificate_file, authority.key_file)
    behind = ssl.create_default_context(cafile=authority.ca_file)
    with FaultProxy(server.url, tls=front, upstream_tls=behind) as proxy:
        yield proxy
