"""Every way to log in, against the real server; platforms whose part of it is elsewhere are doubles."""

from __future__ import annotations

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.doubles.actions_oidc import ActionsTokenServer, public_pem
from tests.doubles.token_review import TokenReviewServer

from wellkept.errors import ConfigError, Denied, Malformed, Unavailable
from wellkept.redaction import known
from wellkept.testing.certificates import Authority
from wellkept.testing.faults import FaultProxy, answer


@pytest.fixture
def secret(openbao, fresh, reader):
    """A secret, and a policy to read it."""
    name = fresh()
    openbao.write(name, {"value": "for those who logged in"})
    return name, reader(name)


def mounted(bao, kind, path):
    bao.request("POST", f"sys/auth/{path}", {"type": kind})
    return path


def test_a_token_from_the_environment(openbao, opened, secret, monkeypatch):
    name, policy = secret
    monkeypatch.setenv("VAULT_TOKEN", openbao.token(policy))
    assert opened(openbao.url()).read(name).reveal() == "for those who logged in"


def test_openbaos_variable_comes_before_vaults(openbao, opened, secret, monkeypatch):
    name, policy = secret
    monkeypatch.setenv("VAULT_TOKEN", "hvs.of-some-other-server")
    monkeypatch.setenv("BAO_TOKEN", openbao.token(policy))
    assert opened(openbao.url()).read(name).reveal() == "for those who logged in"


@pytest.mark.parametrize("way", ["home", "variable", "option"])
def test_a_token_from_a_file(openbao, opened, secret, monkeypatch, tmp_path, way):
    name, policy = secret
    file = tmp_path / (".vault-token" if way == "home" else "sink")
    file.write_text(openbao.token(policy) + "\n")
    if way == "variable":
        monkeypatch.setenv("VAULT_TOKEN_FILE", str(file))
    option = f"token_file={file}" if way == "option" else ""
    assert opened(openbao.url(options=option)).read(name).reveal() == "for those who logged in"


def test_a_file_named_by_the_url_comes_before_the_environment(openbao, opened, secret, monkeypatch, tmp_path):
    name, policy = secret
    (tmp_path / "sink").write_text(openbao.token(policy))
    monkeypatch.setenv("VAULT_TOKEN", "hvs.another")
    assert opened(openbao.url(options=f"token_file={tmp_path}/sink")).read(name)


def test_without_any_token_the_error_says_where_it_was_looked_for(openbao, opened):
    with pytest.raises(Denied, match=r"VAULT_TOKEN.*\.vault-token.*auth="):
        opened(openbao.url()).read("anything")


def test_a_token_that_no_header_can_hold_is_refused_without_being_shown(openbao, opened, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", "s.abc\r\nX-Injected: yes")
    with pytest.raises(ConfigError) as caught:
        opened(openbao.url()).read("anything")
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize("way", ["variables", "files", "options"])
def test_approle(openbao, opened, secret, monkeypatch, tmp_path, fresh, way):
    name, policy = secret
    mount = mounted(openbao, "approle", "approle" if way == "variables" else fresh("approle"))
    openbao.request("POST", f"auth/{mount}/role/app", {"token_policies": [policy]})
    role = openbao.request("GET", f"auth/{mount}/role/app/role-id")["data"]["role_id"]
    secret_id = openbao.request("POST", f"auth/{mount}/role/app/secret-id", {})["data"]["secret_id"]
    (tmp_path / "role").write_text(role + "\n")
    (tmp_path / "secret").write_text(secret_id + "\n")
    options = "" if way == "variables" else f"auth_mount={mount}"
    if way == "variables":
        monkeypatch.setenv("VAULT_ROLE_ID", role)
        monkeypatch.setenv("VAULT_SECRET_ID", secret_id)
    elif way == "files":
        monkeypatch.setenv("VAULT_ROLE_ID_FILE", str(tmp_path / "role"))
        monkeypatch.setenv("VAULT_SECRET_ID_FILE", str(tmp_path / "secret"))
    else:
        options += f"&auth=approle&role={role}&secret_id_file={tmp_path}/secret"
    assert opened(openbao.url(options=options)).read(name).reveal() == "for those who logged in"
    if way == "variables":
        openbao.request("DELETE", "sys/auth/approle")


def test_a_refused_login_is_denied_in_the_servers_words_without_the_credential(
    openbao, opened, monkeypatch, fresh
):
    mount = mounted(openbao, "approle", fresh("approle"))
    openbao.request("POST", f"auth/{mount}/role/app", {})
    role = openbao.request("GET", f"auth/{mount}/role/app/role-id")["data"]["role_id"]
    monkeypatch.setenv("VAULT_ROLE_ID", role)
    monkeypatch.setenv("VAULT_SECRET_ID", "guessed-secret-id")
    with pytest.raises(Denied, match="invalid") as caught:
        opened(openbao.url(options=f"auth_mount={mount}")).read("anything")
    assert "guessed-secret-id" not in str(caught.value)
    assert role not in str(caught.value)


def test_a_login_at_a_mount_that_is_not_there_names_it(openbao, opened, monkeypatch):
    monkeypatch.setenv("VAULT_PASSWORD", "irrelevant")
    with pytest.raises(Denied, match="auth/nowhere/login/ann"):
        opened(openbao.url(options="auth=userpass&user=ann&auth_mount=nowhere")).read("anything")


def test_userpass_with_a_password_from_a_file(openbao, opened, secret, tmp_path, fresh):
    name, policy = secret
    mount = mounted(openbao, "userpass", fresh("userpass"))
    openbao.request(
        "POST", f"auth/{mount}/users/ann", {"password": "correct horse", "token_policies": [policy]}
    )
    (tmp_path / "password").write_text("correct horse\n")
    url = openbao.url(options=f"auth=userpass&auth_mount={mount}&user=ann&password_file={tmp_path}/password")
    assert opened(url).read(name).reveal() == "for those who logged in"


def jwt_role(bao, mount, key, policy, **claims):
    bao.request("POST", f"auth/{mount}/config", {"jwt_validation_pubkeys": [public_pem(key)]})
    role = {
        "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["wellkept"], "token_policies": [policy], **claims,
    }  # fmt: skip
    bao.request("POST", f"auth/{mount}/role/app", role)


@pytest.mark.parametrize("way", ["file", "variable"])
def test_a_jwt_of_the_platform(openbao, opened, secret, monkeypatch, tmp_path, fresh, way):
    name, policy = secret
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    mount = mounted(openbao, "jwt", fresh("jwt"))
    jwt_role(openbao, mount, key, policy)
    claims = {"sub": "service", "aud": "wellkept", "iat": int(time.time()), "exp": int(time.time()) + 60}
    token = jwt.encode(claims, key, algorithm="RS256")
    (tmp_path / "jwt").write_text(token)
    monkeypatch.setenv("VAULT_ID_TOKEN", token)
    option = f"jwt_file={tmp_path}/jwt" if way == "file" else "jwt_env=VAULT_ID_TOKEN"
    url = openbao.url(options=f"auth=jwt&auth_mount={mount}&role=app&{option}")
    assert opened(url).read(name).reveal() == "for those who logged in"


def test_a_jwt_signed_by_somebody_else_is_denied_and_not_quoted(openbao, opened, monkeypatch, fresh):
    ours, theirs = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    mount = mounted(openbao, "jwt", fresh("jwt"))
    jwt_role(openbao, mount, ours, "default")
    token = jwt.encode(
        {"sub": "x", "aud": "wellkept", "exp": int(time.time()) + 60}, theirs, algorithm="RS256"
    )
    monkeypatch.setenv("VAULT_ID_TOKEN", token)
    with pytest.raises(Denied) as caught:
        opened(openbao.url(options=f"auth=jwt&auth_mount={mount}&role=app&jwt_env=VAULT_ID_TOKEN")).read("x")
    assert token not in str(caught.value)


def test_github_actions_identity_with_its_audience(openbao, opened, secret, monkeypatch, fresh):
    name, policy = secret
    mount = mounted(openbao, "jwt", fresh("jwt"))
    with ActionsTokenServer("repo:acme/shop:ref:refs/heads/main") as github:
        jwt_role(openbao, mount, github.key, policy, bound_subject="repo:acme/shop:ref:refs/heads/main")
        for variable, value in github.environment.items():
            monkeypatch.setenv(variable, value)
        url = openbao.url(options=f"auth=jwt&auth_mount={mount}&role=app&audience=wellkept")
        assert opened(url).read(name).reveal() == "for those who logged in"
        assert github.asked == ["/idtoken?api-version=2.0&audience=wellkept"]


def test_github_actions_without_the_permission_says_what_the_workflow_lacks(openbao, opened):
    with pytest.raises(Denied, match="id-token: write"):
        opened(openbao.url(options="auth=jwt&role=app")).read("anything")


def test_github_actions_token_is_never_fetched_over_plain_http_from_elsewhere(openbao, opened, monkeypatch):
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://192.0.2.1/idtoken?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer")
    with pytest.raises(ConfigError, match="https"):
        opened(openbao.url(options="auth=jwt&role=app")).read("anything")


def service_account(name, namespace="shop"):
    """A token of the shape that Kubernetes mounts; only its reviewer can tell whether it is genuine."""
    claims = {
        "iss": "https://kubernetes.default.svc", "aud": ["https://kubernetes.default.svc"],
        "iat": int(time.time()) - 5, "nbf": int(time.time()) - 5, "exp": int(time.time()) + 3600, "sub": f"system:serviceaccount:{namespace}:{name}",
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": "uid-1"}},
    }  # fmt: skip
    return jwt.encode(
        claims, rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm="RS256"
    )


@pytest.fixture
def cluster(openbao, fresh, secret, tmp_path):
    """A ``kubernetes`` login whose API server is the double; yields it, the mount, the secret's name."""
    name, policy = secret
    mount = mounted(openbao, "kubernetes", fresh("kubernetes"))
    reviewer = service_account("reviewer", "kube-system")
    authority = Authority(str(tmp_path))
    with TokenReviewServer(reviewer, authority) as double, open(authority.ca_file) as ca:
        config = {
            "kubernetes_host": double.url, "token_reviewer_jwt": reviewer, "disable_local_ca_jwt": True,
            "kubernetes_ca_cert": ca.read(),
        }  # fmt: skip
        openbao.request("POST", f"auth/{mount}/config", config)
        role = {
            "bound_service_account_names": ["app"], "bound_service_account_namespaces": ["shop"],
            "token_policies": [policy],
        }  # fmt: skip
        openbao.request("POST", f"auth/{mount}/role/app", role)
        yield double, mount, name


def test_kubernetes_with_the_pods_service_account(openbao, opened, cluster, tmp_path):
    double, mount, name = cluster
    token = service_account("app")
    double.accounts[token] = ("shop", "app", "uid-1")
    (tmp_path / "token").write_text(token)
    url = openbao.url(options=f"auth=kubernetes&auth_mount={mount}&role=app&jwt_file={tmp_path}/token")
    assert opened(url).read(name).reveal() == "for those who logged in"


def test_kubernetes_with_an_account_that_the_cluster_does_not_know(openbao, opened, cluster, tmp_path):
    _, mount, name = cluster
    (tmp_path / "token").write_text(service_account("app"))
    url = openbao.url(options=f"auth=kubernetes&auth_mount={mount}&role=app&jwt_file={tmp_path}/token")
    with pytest.raises(Denied, match="kubernetes login"):
        opened(url).read(name)


def test_outside_a_pod_the_error_names_the_file_that_is_missing(openbao, opened):
    with pytest.raises(Denied, match="serviceaccount/token"):
        opened(openbao.url(options="auth=kubernetes&role=app")).read("anything")


def test_a_client_certificate(openbao_tls, opened, fresh):
    name = fresh()
    openbao_tls.write(name, {"value": "for the certified"})
    openbao_tls.policy("certified", **{f"secret/data/{name}": ["read"]})
    openbao_tls.request("POST", "sys/auth/cert", {"type": "cert"})
    with open(openbao_tls.ca_file) as file:
        openbao_tls.request(
            "POST", "auth/cert/certs/app", {"certificate": file.read(), "token_policies": ["certified"]}
        )
    pair = openbao_tls.authority.client("app")
    options = f"auth=cert&client_cert={pair.certificate_file}&client_key={pair.key_file}"
    assert opened(openbao_tls.url(options=options)).read(name).reveal() == "for the certified"


def test_in_a_namespace(openbao, opened, monkeypatch, fresh):
    space = fresh("team")
    openbao.request("POST", f"sys/namespaces/{space}", {})
    openbao.request("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}, namespace=space)
    openbao.wait_until_writable("kv", namespace=space)
    openbao.request("POST", "sys/auth/userpass", {"type": "userpass"}, namespace=space)
    openbao.request("POST", "kv/data/x", {"data": {"value": "of the team"}}, namespace=space)
    policy = '{"path": {"kv/data/x": {"capabilities": ["read"]}}}'
    openbao.request("PUT", "sys/policies/acl/reader", {"policy": policy}, namespace=space)
    user = {"password": "correct horse", "token_policies": ["reader"]}
    openbao.request("POST", "auth/userpass/users/ann", user, namespace=space)
    monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
    options = "auth=userpass&user=ann"
    assert opened(openbao.url("kv", f"{options}&namespace={space}")).read("x").reveal() == "of the team"
    monkeypatch.setenv("BAO_NAMESPACE", space)
    assert opened(openbao.url("kv", options)).read("x").reveal() == "of the team"


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ("auth=userpass", "user="),
        ("auth=kubernetes", "role="),
        ("auth=cert", "client_cert="),
        ("auth=oidc", "auth="),
    ],
)
def test_a_login_that_lacks_something_is_refused_when_opened(openbao, opened, options, lacking):
    with pytest.raises(ConfigError, match=lacking):
        opened(openbao.url(options=options))


def test_tokens_and_passwords_become_known_to_the_redactor(openbao, opened, secret, monkeypatch, fresh):
    name, policy = secret
    mount = mounted(openbao, "userpass", fresh("userpass"))
    password = fresh("a password that nobody may log")
    openbao.request("POST", f"auth/{mount}/users/ann", {"password": password, "token_policies": [policy]})
    monkeypatch.setenv("VAULT_PASSWORD", password)
    source = opened(openbao.url(options=f"auth=userpass&auth_mount={mount}&user=ann"))
    source.read(name)
    token = source.session._keeper.present.value
    values = {secret.reveal() for secret in known.DEFAULT._entries if not secret.is_binary}
    assert {password, token} <= values


def test_it_can_say_who_is_reading(openbao, opened, secret, monkeypatch, fresh):
    _, policy = secret
    mount = mounted(openbao, "userpass", fresh("userpass"))
    openbao.request(
        "POST", f"auth/{mount}/users/ann", {"password": "correct horse", "token_policies": [policy]}
    )
    monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
    said = opened(openbao.url(options=f"auth=userpass&auth_mount={mount}&user=ann")).whoami()
    assert said == f"{mount}-ann, with the policies default, {policy}"
    monkeypatch.setenv("VAULT_PASSWORD", "wrong")
    assert "was refused" in opened(openbao.url(options=f"auth=userpass&auth_mount={mount}&user=ann")).whoami()
    monkeypatch.setenv("VAULT_TOKEN", openbao.token(policy, no_default_policy=True))
    assert "may not look itself up" in opened(openbao.url()).whoami()


def wrapped(bao, path, body):
    """The wrapping token of an answer."""
    import http.client
    import json

    connection = http.client.HTTPConnection(bao.host, bao.port, timeout=10)
    headers = {"X-Vault-Token": bao.root_token, "X-Vault-Wrap-TTL": "60s"}
    connection.request("POST", f"/v1/{path}", json.dumps(body), headers)
    with connection.getresponse() as answer:
        token = json.load(answer)["wrap_info"]["token"]
    connection.close()
    return token


def test_a_wrapped_token_is_unwrapped_once(openbao, opened, secret, monkeypatch):
    name, policy = secret
    monkeypatch.setenv("VAULT_TOKEN", wrapped(openbao, "auth/token/create", {"policies": [policy]}))
    source = opened(openbao.url(options="wrapped=yes"))
    assert source.read(name).reveal() == "for those who logged in"
    source._layout = None
    assert source.read(name)
    with pytest.raises(Denied, match="somebody else"):
        opened(openbao.url(options="wrapped=yes")).read(name)


def test_a_wrapped_secret_id_serves_for_every_login(openbao, opened, secret, monkeypatch, fresh):
    name, policy = secret
    mount = mounted(openbao, "approle", fresh("approle"))
    openbao.request("POST", f"auth/{mount}/role/app", {"token_policies": [policy]})
    role = openbao.request("GET", f"auth/{mount}/role/app/role-id")["data"]["role_id"]
    monkeypatch.setenv("VAULT_ROLE_ID", role)
    monkeypatch.setenv("VAULT_SECRET_ID", wrapped(openbao, f"auth/{mount}/role/app/secret-id", {}))
    source = opened(openbao.url(options=f"auth=approle&auth_mount={mount}&wrapped=yes"))
    assert source.read(name).reveal() == "for those who logged in"
    openbao.request("POST", "auth/token/revoke", {"token": source.session._keeper.present.value})
    assert source.read(name).reveal() == "for those who logged in"


def test_something_else_in_the_wrapping_is_malformed(openbao, opened, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", wrapped(openbao, "sys/wrapping/wrap", {"unexpected": "content-8f2c"}))
    with pytest.raises(Malformed) as caught:
        opened(openbao.url(options="wrapped=yes")).read("anything")
    assert "content-8f2c" not in str(caught.value)


@pytest.mark.parametrize("option", ["wrapped=maybe", "wrapped=yes&auth=jwt&role=x"])
def test_wrapped_is_for_tokens_and_secret_ids(openbao, opened, option):
    with pytest.raises(ConfigError, match="wrapped="):
        opened(openbao.url(options=option))


def test_a_login_that_is_answered_without_a_token_is_malformed(openbao, opened, monkeypatch):
    monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
    with FaultProxy(openbao.address) as proxy:
        proxy.fault(answer(200, '{"auth": {"mfa_requirement": {}, "client_token": ""}}'))
        with pytest.raises(Malformed, match="second factor"):
            opened(f"vault+http://127.0.0.1:{proxy.port}/secret?auth=userpass&user=ann").read("anything")


def test_a_server_in_trouble_at_the_login_is_unavailable(openbao, opened, monkeypatch):
    monkeypatch.setenv("VAULT_PASSWORD", "correct horse")
    with FaultProxy(openbao.address) as proxy:
        proxy.fault(answer(500, "it hurts"))
        with pytest.raises(Unavailable):
            opened(f"vault+http://127.0.0.1:{proxy.port}/secret?auth=userpass&user=ann").read("anything")


def test_a_role_without_a_secret_id(openbao, opened, secret, monkeypatch, fresh):
    name, policy = secret
    mount = mounted(openbao, "approle", fresh("approle"))
    role = {"token_policies": [policy], "bind_secret_id": False, "token_bound_cidrs": ["127.0.0.1/32"]}
    openbao.request("POST", f"auth/{mount}/role/app", role)
    role_id = openbao.request("GET", f"auth/{mount}/role/app/role-id")["data"]["role_id"]
    url = openbao.url(options=f"auth=approle&auth_mount={mount}&role={role_id}")
    assert opened(url).read(name).reveal() == "for those who logged in"


@pytest.mark.parametrize("status", [401, 500])
def test_a_token_service_that_refuses(openbao, opened, monkeypatch, status):
    with FaultProxy(openbao.address) as service:
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{service.url}/idtoken?api-version=2.0")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the-runners-bearer")
        service.fault(answer(status, "the-runners-bearer"))
        with pytest.raises(Denied if status == 401 else Unavailable, match="OIDC") as caught:
            opened(openbao.url(options="auth=jwt&role=app")).read("anything")
        assert "the-runners-bearer" not in str(caught.value)
        service.clear()
        service.fault(answer(200, "{}"))
        with pytest.raises(Malformed, match="no token"):
            opened(openbao.url(options="auth=jwt&role=app")).read("anything")
