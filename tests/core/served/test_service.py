"""The service as a whole: what it describes of itself, and what it does in the background."""

from __future__ import annotations

import json
import time

from wellkept.clock import Clock


def test_the_openapi_document_names_every_route_once_and_with_its_parameters(served):
    from wellkept.core.sys.openapi import document

    told = document(served.service)
    paths = told["paths"]
    assert paths["/sys/mounts/{path}/tune"]["post"]["requestBody"]
    assert paths["/sys/wrapping/lookup"]["x-vault-unauthenticated"] is True
    assert paths["/sys/remount"]["x-vault-sudo"] is True
    assert {"get", "post", "delete"} <= set(paths["/auth/token/roles/{role_name}"])
    assert "get" in paths["/auth/token/accessors"]
    assert all("(" not in path and "?" not in path and "\\" not in path for path in paths), paths.keys()
    json.dumps(told)


def test_what_the_document_lists_is_answered(served):
    """No path of the document is unknown to the router or to its engine."""
    from wellkept.core.sys.openapi import document

    methods = {"get": "GET", "post": "POST", "delete": "DELETE"}
    for path, item in document(served.service)["paths"].items():
        concrete = path[1:].replace("{", "").replace("}", "")
        for method in item.keys() & methods.keys():
            lists = "list" in str(item[method].get("parameters"))
            answer = served.call("LIST" if lists else methods[method], concrete, token="")
            assert answer.status in (200, 400, 403, 404), (path, method, answer)
            assert "unsupported" not in str(answer.errors), (path, method)


def test_metrics_are_what_prometheus_reads(served):
    import re

    served.call("GET", "sys/mounts")
    request = served.service.core
    from wellkept.core.request import Client, Request

    answer = request.handle(
        Request(
            "read", "sys/metrics", {"format": "prometheus"}, client=Client("", 0, "", ""), token=served.root
        )
    )
    assert answer.raw[0].startswith("text/plain")
    for line in answer.raw[1].decode().splitlines():
        assert re.fullmatch(r'# TYPE \w+ \w+|\w+(\{(\w+="[^"]*",?)*\})? [\d.e+]+', line), line


def test_the_worker_ends_what_is_due_in_the_background(tmp_path):
    from core_served import Served

    served = Served(tmp_path, clock=Clock())
    try:
        token = served.token("default", ttl=1)
        key = served.service.tokens.hash(token)
        served.service.start()
        limit = time.monotonic() + 30
        while served.service.tokens.get(served.barrier, key) is not None:
            assert time.monotonic() < limit
            time.sleep(0.02)
    finally:
        served.close()


def test_maintenance_is_done_once_an_hour_whatever_the_number_of_processes(served):
    other = served._open()
    try:
        assert [served.service.maintain(), other.maintain()] == [True, False]
        served.clock.advance(3601)
        assert [other.maintain(), served.service.maintain()] == [True, False]
    finally:
        other.close()


def test_tidying_finds_nothing_to_do_and_breaks_nothing(served):
    token = served.token("default", ttl="1h")
    before = list(served.barrier.scan("core/"))
    assert served.call("POST", "auth/token/tidy").status == 202
    assert served.call("POST", "sys/leases/tidy").status == 202
    assert list(served.barrier.scan("core/")) == before
    assert served.call("GET", "auth/token/lookup-self", token=token).status == 200


def test_lockout_is_for_all_spellings_and_seen_and_lifted_by_operators(served):
    served.call("POST", "sys/auth/up", {"type": "userpass"})
    served.call("POST", "auth/up/users/Ann", {"password": "right", "token_policies": "default"})
    for name in ("ann", "ANN", "Ann", "aNN", "anN"):
        answer = served.call("POST", f"auth/up/login/{name}", {"password": "wrong"}, token="")
        assert answer.status == 400
    assert served.call("POST", "auth/up/login/ann", {"password": "right"}, token="").status == 403
    told = served.call("GET", "sys/locked-users").data
    accessor = told["by_namespace"][0]["mount_accessors"][0]["mount_accessor"]
    assert (told["total"], told["by_namespace"][0]["mount_accessors"][0]["alias_identifiers"]) == (1, ["ann"])
    served.call("POST", f"sys/locked-users/{accessor}/unlock/ann")
    assert served.call("POST", "auth/up/login/ANN", {"password": "right"}, token="").status == 200
    assert served.call("GET", "sys/locked-users").data["total"] == 0
