"""The HTTP of the API: methods, headers, forms, pages of other origins; with hvac where it has a call for it."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from wellkept.testing.served import ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wellkept.testing.served import TestServer


def call(
    served: TestServer,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    token: str = "root",
) -> tuple[int, Any, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    sent = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
    connection.request(
        method,
        path if path.startswith("/") else f"/v1/{path}",
        sent,
        {**({"X-Vault-Token": token} if token else {}), **(headers or {})},
    )
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content[:1] == b"{" else content, answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "errors"),
    [
        ("GET", "/", 404, []),
        ("GET", "/v1", 404, []),
        ("GET", "/v2/sys/health", 404, []),
        ("GET", "/v1/Sys/health", 403, None),
        ("PUT", "sys/health", 405, []),
        ("OPTIONS", "secret/data/x", 400, ["cannot handle internal-only request operation"]),
        ("TRACE", "secret/data/x", 405, []),
        ("GET", "secret/data/x?list=maybe", 400, []),
        ("PATCH", "secret/data/x", 400, ["mime: no media type"]),
        ("GET", "/v1/sys/%2e%2e/x", 400, ["relative paths not supported"]),
    ],
)
def test_odd_requests_are_refused_as_by_openbao(
    served: TestServer, method: str, path: str, status: int, errors: list[str] | None
) -> None:
    token = "" if errors is None else "root"
    given, body, _ = call(served, method, path, token=token)
    assert given == status
    assert errors is None or body["errors"] == errors


def test_a_patch_of_another_type_is_refused_by_its_type(served: TestServer) -> None:
    status, body, _ = call(served, "PATCH", "secret/data/x", {}, {"Content-Type": "text/x"})
    assert (status, body["errors"]) == (
        415,
        ["PATCH requires Content-Type of application/merge-patch+json, provided text/x"],
    )


def test_a_redirect_goes_to_the_shortest_form_and_keeps_the_query(served: TestServer) -> None:
    status, _, headers = call(served, "GET", "/v1//secret/./data/x?version=1")
    assert (status, headers["Location"]) == (307, "/v1/secret/data/x?version=1")


def test_a_token_may_come_as_bearer_and_the_other_header_goes_first(served: TestServer) -> None:
    assert (
        call(served, "GET", "auth/token/lookup-self", headers={"Authorization": "Bearer root"}, token="")[0]
        == 200
    )
    assert (
        call(served, "GET", "auth/token/lookup-self", headers={"Authorization": "Basic root"}, token="")[0]
        == 403
    )
    assert call(served, "GET", "auth/token/lookup-self", headers={"Authorization": "Bearer x"})[0] == 200
    assert (
        call(served, "GET", "auth/token/lookup-self", token="r\u00f6\u00f6t".encode().decode("latin-1"))[0]
        == 403
    )


def test_the_root_is_the_only_namespace(served: TestServer) -> None:
    for name in ("root", "/", "root/"):
        assert call(served, "GET", "sys/mounts", headers={"X-Vault-Namespace": name})[0] == 200
    status, body, _ = call(served, "GET", "sys/mounts", headers={"X-Vault-Namespace": "team"})
    assert (status, body["errors"]) == (404, ["namespace not found"])


def test_an_answer_is_wrapped_where_that_is_asked_for(served: TestServer) -> None:
    status, body, _ = call(served, "GET", "sys/mounts", headers={"X-Vault-Wrap-TTL": "5m"})
    assert status == 200
    assert body["data"] is None
    assert body["wrap_info"]["ttl"] == 300
    unwrapped = served.request("PUT", "sys/wrapping/unwrap", token=body["wrap_info"]["token"])
    assert "secret/" in unwrapped["data"]
    for text, words in (("-1", "cannot be negative"), ("soon", "invalid duration")):
        status, body, _ = call(served, "GET", "sys/mounts", headers={"X-Vault-Wrap-TTL": text})
        assert status == 400
        assert words in body["errors"][0]


def test_a_form_is_read_where_no_json_came(served: TestServer) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert call(served, "POST", "sys/tools/hash", "input=YQ%3D%3D&format=hex", kind)[0] == 200
    assert call(served, "POST", "sys/tools/hash", '{"input":"YQ=="}', kind)[0] == 200


def test_data_stands_at_the_top_besides_where_it_always_did(served: TestServer) -> None:
    body = served.request("GET", "sys/mounts")
    assert body["secret/"] == body["data"]["secret/"]
    assert "keys" not in served.request("GET", "sys/policies/acl?list=true")


def test_what_no_operation_answers_is_said_in_a_body_of_errors(served: TestServer) -> None:
    with pytest.raises(ServerError) as missing:
        served.request("GET", "nothing/here")
    assert missing.value.status == 404
    assert "no handler for route" in str(missing.value)


def test_pages_of_other_origins_get_what_was_allowed(served: TestServer) -> None:
    origin = {"Origin": "https://a.example"}
    assert "Access-Control-Allow-Origin" not in call(served, "GET", "sys/health", headers=origin)[2]
    served.request(
        "PUT", "sys/config/cors", {"allowed_origins": ["https://a.example"], "allowed_headers": ["X-Own"]}
    )
    try:
        status, _, headers = call(served, "GET", "sys/health", headers=origin)
        assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (
            200,
            "https://a.example",
            "Origin",
        )
        status, body, _ = call(served, "GET", "sys/health", headers={"Origin": "https://b.example"})
        assert (status, body["errors"]) == (403, ["origin not allowed"])
        asked = {**origin, "Access-Control-Request-Method": "PUT"}
        status, _, headers = call(served, "OPTIONS", "secret/data/x", headers=asked, token="")
        assert status == 200
        assert headers["Access-Control-Allow-Methods"] == "DELETE,GET,OPTIONS,POST,PUT,LIST,SCAN"
        assert "X-Own" in headers["Access-Control-Allow-Headers"]
        assert (
            call(
                served, "OPTIONS", "sys/health", headers={**origin, "Access-Control-Request-Method": "TRACE"}
            )[0]
            == 405
        )
    finally:
        served.request("DELETE", "sys/config/cors")


def test_hvac_asks_for_health_seals_and_unseals(served: TestServer) -> None:
    hvac = pytest.importorskip("hvac")
    client = hvac.Client(url=served.address, token=served.root_token)
    assert client.is_authenticated()
    assert client.sys.read_health_status(method="GET")["initialized"] is True
    assert client.sys.read_health_status().status_code == 200
    assert client.sys.is_initialized()
    client.sys.seal()
    assert client.sys.is_sealed()
    assert client.sys.read_health_status().status_code == 503
    assert call(served, "GET", "sys/health?sealedcode=299", token="")[0] == 299
    client.sys.submit_unseal_key(served.unseal_key)
    assert not client.sys.is_sealed()
    assert client.sys.read_leader_status() == {"ha_enabled": False}


def test_the_document_of_our_routes_has_the_operators_too(served: TestServer) -> None:
    paths = served.request("GET", "sys/internal/specs/openapi")["paths"]
    assert {"/sys/seal", "/sys/unseal", "/sys/init", "/sys/rotate/root/init", "/sys/health"} <= set(paths)


def test_metrics_are_for_everybody_only_where_the_listener_says_so(served: TestServer) -> None:
    from wellkept.server.exchange import Exchange
    from wellkept.server.routes import make_app

    assert call(served, "GET", "sys/metrics?format=prometheus", token="")[0] == 403
    listener = served.node.settings.listeners[0]
    listener.unauthenticated_metrics = True
    try:
        answer = make_app(served.node, listener).slow(
            Exchange("GET", b"/v1/sys/metrics?format=prometheus", {})
        )
    finally:
        listener.unauthenticated_metrics = False
    assert answer.status == 200
    assert b"wellkept_requests_total" in answer.body


def test_who_asks_for_help_gets_nothing_done(served):
    child = served.token("default")
    with pytest.raises(ServerError) as refused:
        served.request("POST", "auth/token/revoke-self?help=1", {}, token=child)
    assert refused.value.status == 405
    assert served.request("GET", "auth/token/lookup-self", token=child)["data"]["policies"] == ["default"]
