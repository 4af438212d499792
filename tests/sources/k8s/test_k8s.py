"""``k8s:``: names, whole Secrets, tokens that rotate, the least permission, what each refusal becomes."""

import json

import pytest

from doubles.kubernetes_api import Rule
from wellkept.errors import ConfigError, Denied, Malformed, NotFound, Throttled, Unavailable
from wellkept.loader.secrets import Secrets
from wellkept.sources.k8s import secret_of
from wellkept.sources.registry import open_source
from wellkept.testing.faults import answer

from .conftest import APP, NAMESPACE, service_token


@pytest.mark.parametrize(
    ("name", "options", "secret"),
    [
        ("database/password", {}, "database"),
        ("database", {}, "database"),
        ("DATABASE_URL", {}, "database-url"),
        ("prod/Main_DB/password", {}, "prod-main-db"),
        ("database/password", {"prefix": "prod/billing"}, "prod-billing-database"),
        ("DATABASE_URL", {"prefix": "billing"}, "billing-database-url"),
        ("DATABASE_URL", {"secret": "app-env"}, "app-env"),
        ("database/password", {"secret": "app-env", "prefix": "billing"}, "app-env"),
        ("tls.example.org/tls.key", {}, "tls.example.org"),
    ],
)
def test_a_name_has_one_secret(name, options, secret):
    assert secret_of(name, **options) == secret


@pytest.mark.parametrize("name", ["", "a//b", "../a", "größe", "a b/c", "-a/b", "a-", "x" * 254, "a/größe"])
def test_what_kubernetes_cannot_name_is_not_found(name):
    with pytest.raises(NotFound):
        secret_of(name)


def test_a_key_of_a_secret_as_written_and_as_a_variable(put, open_k8s):
    put("database", {"password": "pw", "USER_NAME": "app"})
    source = open_k8s()
    assert source.read("database/password").reveal() == "pw"
    assert source.read("database/user-name").reveal() == "app"
    with pytest.raises(NotFound, match="has no key host or HOST"):
        source.read("database/host")


def test_a_whole_secret_is_a_json_object_with_fields(put, open_k8s):
    put("database", {"password": "p\u00e4ss", "keystore": b"\xff\xfe"})
    secret = open_k8s().read("database")
    assert json.loads(secret.reveal()) == {"password": "p\u00e4ss"}
    assert secret.field("password").reveal() == "p\u00e4ss"
    assert open_k8s().read("database/keystore").reveal_bytes() == b"\xff\xfe"


def test_a_whole_secret_of_one_key_named_value_is_that_value(put, open_k8s):
    put("database-url", {"value": "postgresql://app@db/app"})
    assert open_k8s().read("DATABASE_URL").reveal() == "postgresql://app@db/app"
    put("database-url", {"value": b"\xff"})
    assert open_k8s().read("DATABASE_URL").reveal_bytes() == b"\xff"
    put("database-url", {"other": b"\xff"})
    with pytest.raises(Malformed, match="binary"):
        open_k8s().read("DATABASE_URL")
    put("database-url", {})
    assert open_k8s().read("DATABASE_URL").reveal() == "{}"


def test_with_secret_all_names_are_its_keys(put, open_k8s):
    put("app-env", {"DATABASE_URL": "url", "BILLING_TOKEN": "tok", "tls.key": "key"})
    source = open_k8s(secret="app-env")
    assert source.read("DATABASE_URL").reveal() == "url"
    assert source.read("database/url").reveal() == "url"
    assert source.read("tls.key").reveal() == "key"
    assert source.list() == ["BILLING_TOKEN", "DATABASE_URL", "tls.key"]
    below = open_k8s(secret="app-env", prefix="billing")
    assert (below.read("token").reveal(), below.list()) == ("tok", ["TOKEN"])


def test_a_field_may_be_a_key_of_its_own_where_all_names_are_keys(put, open_k8s):
    put("app-env", {"DATABASE_PASSWORD": "pw", "mail": '{"password": "other"}'})
    with Secrets(open_k8s(secret="app-env"), refresh=False) as secrets:
        assert secrets.get("database#password").reveal() == "pw"
        assert secrets.get("mail#password").reveal() == "other"


def test_a_prefix_stands_before_the_secrets_name(put, open_k8s):
    put("prod-billing-database", {"password": "pw"})
    put("prod-other", {"password": "no"})
    source = open_k8s(prefix="prod/billing")
    assert source.read("database/password").reveal() == "pw"
    assert source.list() == ["database/password"]


def test_the_version_is_the_resource_version_and_there_is_no_other(put, open_k8s):
    made = put("database", {"password": "one"})
    source = open_k8s()
    first = source.read("database/password")
    assert first.version == made.metadata.resource_version
    assert source.read("database/password", version=first.version).reveal() == "one"
    put("database", {"password": "two"})
    assert source.read("database/password").version != first.version
    for version in (first.version, "previous"):
        with pytest.raises(NotFound, match="keeps no version"):
            source.read("database/password", version=version)


def test_a_batch_asks_once_for_each_secret(put, open_k8s, proxy):
    put("database", {"user": "u", "password": "p"})
    put("stripe", {"key": "k"})
    names = ["database/user", "database/password", "stripe/key", "absent/x", "no such/x"]
    outcomes = open_k8s(endpoint=proxy.url).read_many(names)
    assert [outcomes[name].reveal() for name in names[:3]] == ["u", "p", "k"]
    assert [type(outcomes[name]) for name in names[3:]] == [NotFound, NotFound]
    assert sorted(request.path.rpartition("/")[2] for request in proxy.requests) == [
        "absent",
        "database",
        "stripe",
    ]


def test_reading_needs_get_on_that_secret_and_nothing_else(put, open_k8s, server, proxy):
    put("database", {"password": "pw"})
    put("stripe", {"key": "k"})
    server.rules[APP] = [Rule(NAMESPACE, ("get",), ("database",))]
    source = open_k8s(endpoint=proxy.url)
    assert source.read("database/password").reveal() == "pw"
    with pytest.raises(Denied, match="the service account system:serviceaccount:billing:app"):
        source.read("stripe/key")
    with pytest.raises(Denied):
        source.read("absent/key")  # whoever may not ask does not learn whether there is one
    assert {request.method for request in proxy.requests} == {"GET"}
    assert all(request.path.count("/") == 6 and "?" not in request.path for request in proxy.requests)
    with pytest.raises(Denied, match="verb list"):
        source.list()


def test_a_list_follows_the_pages(put, open_k8s, monkeypatch, server):
    monkeypatch.setattr("wellkept.sources.k8s.source.PAGE", 3)
    for number in range(8):
        put(f"s{number}", {"a": "1", "b": "2"})
    put("elsewhere", {"a": "1"}, namespace="other")
    assert open_k8s().list() == [f"s{number}/{key}" for number in range(8) for key in "ab"]
    server.oldest_continue = 10**9
    with pytest.raises(Unavailable, match="410"):
        open_k8s().list()


def test_a_token_that_the_kubelet_rotates_is_taken_up(put, open_k8s, server, pod):
    put("database", {"password": "pw"})
    source = open_k8s()
    assert source.read("database/password").reveal() == "pw"
    del server.accounts[service_token()]
    server.accounts[service_token(2)] = APP
    with pytest.raises(Denied, match="does not accept the token"):
        source.read("database/password")
    fresh = pod / "token.new"
    fresh.write_text(service_token(2))
    fresh.replace(pod / "token")
    assert source.read("database/password").reveal() == "pw"


def test_a_401_is_asked_once_more_with_the_token_read_anew(put, open_k8s, server, pod, proxy):
    put("database", {"password": "pw"})

    def rotate_meanwhile(exchange):
        (pod / "token").write_text(service_token(2))
        server.accounts[service_token(2)] = server.accounts.pop(service_token())
        exchange.send(exchange.forward())

    proxy.fault(rotate_meanwhile, times=1)
    assert open_k8s(endpoint=proxy.url).read("database/password").reveal() == "pw"
    assert [request.header("authorization")[7:] for request in proxy.requests] == [
        service_token(),
        service_token(2),
    ]
    proxy.clear()
    server.accounts.clear()
    with pytest.raises(Denied):
        open_k8s(endpoint=proxy.url).read("database/password")
    assert len(proxy.requests) == 2


def test_without_a_token_nothing_is_asked_and_nothing_is_absent(put, open_k8s, pod, proxy):
    put("database", {"password": "pw"})
    source = open_k8s(endpoint=proxy.url)
    for content in ("", "two\nlines\n", "with space"):
        (pod / "token").write_text(content)
        with pytest.raises(Denied, match="holds no token"):
            source.read("database/password")
    (pod / "token").unlink()
    with pytest.raises(Denied, match="automountServiceAccountToken"):
        source.read("database/password")
    assert proxy.requests == []
    assert "unknown" in source.whoami()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answer(429, "{}", {"Retry-After": "7"}), Throttled),
        (answer(500, "{}"), Unavailable),
        (answer(503, "no healthy upstream"), Unavailable),
        (answer(504, "{}"), Unavailable),
        (answer(404, "404 page not found"), Malformed),
        (answer(404, '{"kind": "Status", "reason": "SomethingElse"}'), Malformed),
        (answer(404, '{"kind": "Status", "reason": "NotFound", "details": {}}'), Malformed),
        (answer(404, '{"kind": "Status", "reason": "NotFound", "details": {"kind": "secrets"}}'), NotFound),
        (answer(302, "", {"Location": "https://elsewhere.example"}), Malformed),
        (answer(200, "[]"), Malformed),
        (answer(200, '{"kind": "Pod", "metadata": {"resourceVersion": "1"}}'), Malformed),
        (answer(200, '{"kind": "Secret", "metadata": {}, "data": {"password": "cHc="}}'), Malformed),
        (
            answer(
                200, '{"kind": "Secret", "metadata": {"resourceVersion": "1"}, "data": {"password": "c!"}}'
            ),
            Malformed,
        ),
        (
            answer(200, '{"kind": "Secret", "metadata": {"resourceVersion": "1"}, "data": {"password": 5}}'),
            Malformed,
        ),
        (answer(200, '{"kind": "Secret", "metadata": {"resourceVersion": "1"}, "data": null}'), NotFound),
    ],
)
def test_what_an_answer_means(put, open_k8s, proxy, fault, kind):
    put("database", {"password": "pw"})
    proxy.fault(fault)
    with pytest.raises(kind) as caught:
        open_k8s(endpoint=proxy.url).read("database/password")
    assert type(caught.value) is kind
    assert caught.value.name == "database/password"
    assert getattr(caught.value, "retry_after", None) == (7.0 if kind is Throttled else None)


def test_another_authority_is_not_trusted(put, open_k8s, tmp_path):
    from wellkept.testing.certificates import Authority

    (tmp_path / "other").mkdir()
    with pytest.raises(Unavailable, match="not trusted"):
        open_k8s(ca=Authority(str(tmp_path / "other")).ca_file).read("database/password")


def test_an_authority_that_is_renewed_is_trusted_at_the_next_connection(put, open_k8s, pod, tmp_path):
    from wellkept.testing.certificates import Authority

    put("database", {"password": "pw"})
    current = (pod / "ca.crt").read_bytes()
    (tmp_path / "before").mkdir()
    with open(Authority(str(tmp_path / "before")).ca_file, "rb") as file:
        (pod / "ca.crt").write_bytes(file.read())
    source = open_k8s()
    with pytest.raises(Unavailable, match="not trusted"):
        source.read("database/password")
    fresh = pod / "ca.new"
    fresh.write_bytes(current)
    fresh.replace(pod / "ca.crt")
    assert source.read("database/password").reveal() == "pw"


def test_the_namespace_is_the_pods_own_unless_the_url_says_another(put, open_k8s, pod, server):
    put("database", {"password": "ours"})
    put("database", {"password": "theirs"}, namespace="other")
    own = open_k8s("//")
    assert own.read("database/password").reveal() == "ours"
    assert own.url == "k8s://billing"
    with pytest.raises(Denied):
        open_k8s("//other").read("database/password")
    server.rules[APP].append(Rule("other", ("get",), ("database",)))
    assert open_k8s("//other").read("database/password").reveal() == "theirs"
    (pod / "namespace").unlink()
    with pytest.raises(ConfigError, match="names a namespace"):
        open_k8s("//")


def test_outside_of_a_cluster_it_says_what_to_do(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigError, match="kubectl proxy"):
        open_source("k8s://billing")


def test_a_proxy_on_loopback_gets_no_token(put, server, open_k8s, authority):
    """As ``kubectl proxy`` does: plain HTTP on loopback, the user's own identity added behind."""
    import ssl

    from wellkept.testing.faults import FaultProxy

    put("database", {"password": "pw"})
    behind = ssl.create_default_context(cafile=authority.ca_file)

    def identify(exchange):
        assert exchange.request.header("authorization") == ""
        headers = {**exchange.request.headers, "authorization": "Bearer admin-token"}
        exchange.send(exchange.proxy.forward(exchange.request._replace(headers=headers)))

    with FaultProxy(server.url, upstream_tls=behind) as kubectl:
        kubectl.fault(identify)
        source = open_k8s(endpoint=kubectl.url)
        assert source.read("database/password").reveal() == "pw"
        assert "proxy" in source.whoami()


@pytest.mark.parametrize(
    "url",
    [
        "k8s:billing",
        "k8s://Billing",
        "k8s://a.b",
        "k8s://user:password@billing",
        "k8s://billing/path",
        "k8s://billing?endpoint=http://10.0.0.1",
        "k8s://billing?endpoint=http://127.0.0.1.example.org",
        "k8s://billing?endpoint=ftp://x",
        "k8s://billing?secret=Not_A_Secret",
        "k8s://billing?secret=../pods",
        "k8s://billing?prefix=a//b",
        "k8s://billing?prefix=gr%C3%B6%C3%9Fe",
        "k8s://billing?timeout=0",
        "k8s://billing?namespace=x",
    ],
)
def test_what_is_no_source_is_refused_when_opened(url, pod):
    with pytest.raises(ConfigError):
        open_source(url)


def test_whoami_is_what_the_token_says(open_k8s):
    assert open_k8s().whoami() == f"the service account {APP}"


def test_the_double_refuses_what_the_api_server_refuses(put, api, server):
    """So that what passes against it is not passed by its kindness; all through the official client."""
    import kubernetes

    def status(action):
        with pytest.raises(kubernetes.client.ApiException) as caught:
            action()
        return caught.value.status

    put("database", {"password": "pw"})
    assert api.read_namespaced_secret("database", NAMESPACE).data == {"password": "cHc="}
    assert [item.metadata.name for item in api.list_namespaced_secret(NAMESPACE, limit=1).items] == [
        "database"
    ]
    body = kubernetes.client.V1Secret(metadata=kubernetes.client.V1ObjectMeta(name="database"))
    assert status(lambda: api.create_namespaced_secret(NAMESPACE, body)) == 409
    assert status(lambda: put("No_Name", {})) == 422
    assert status(lambda: put("database", {"größe": "x"})) == 422
    assert status(lambda: put("database", {"large": "x" * (1024 * 1024 + 1)})) == 422
    body.data = {"password": "no base64!"}
    assert status(lambda: api.replace_namespaced_secret("database", NAMESPACE, body)) == 400
    body.data, body.metadata.resource_version = {}, "1"
    assert status(lambda: api.replace_namespaced_secret("database", NAMESPACE, body)) == 409
    assert status(lambda: api.read_namespaced_secret("absent", NAMESPACE)) == 404
    assert status(lambda: api.read_namespaced_secret("database", "elsewhere")) == 403
    api.delete_namespaced_secret("database", NAMESPACE)
    assert status(lambda: api.read_namespaced_secret("database", NAMESPACE)) == 404
    server.rules["kubernetes-admin"] = [Rule(NAMESPACE, ("get",), ("database",))]
    assert status(lambda: api.list_namespaced_secret(NAMESPACE)) == 403
    server.accounts.clear()
    assert status(lambda: api.read_namespaced_secret("database", NAMESPACE)) == 401
