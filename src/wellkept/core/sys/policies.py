"""``sys/policies/acl``, and ``sys/policy`` of former days: one implementation under two names.

``root`` in whatever case is the built-in one; a name is one plain label, so it never names anything else in
storage (CVE-2025-5999, CVE-2026-105820).
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from ..authority import POLICY_PREFIX
from ..form import Field, Op, Route, bad
from ..form.call import unforeseen
from ..form.route import rest
from ..form.times import moment
from ..policy import is_name
from ..policy_hcl import parse_policy_text
from ..request import Response
from ..tokens.store import children

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service
    from ..view import View

FIXED = frozenset({"root", "response-wrapping", "operator"})
FIELDS: dict[str, Field] = {
    "name": Field(clear=True),
    "policy": Field(),
    "rules": Field(),
    "cas": Field("int", clear=True),
    "cas_required": Field("bool", clear=True),
    "ttl": Field("seconds", clear=True),
    "expiration": Field(clear=True),
}


def routes(service: Service) -> list[Route]:
    fields = {**FIELDS}
    acl = {"read": _read("policy"), "update": _write, "delete": _delete, "patch": _patch}
    old = {"read": _read("rules"), "update": _write_old, "delete": _delete}
    return [
        Route(r"policies/acl/?", {}, {"list": _list}),
        Route(f"policies/acl/{rest('name')}", fields, acl),
        Route(r"policies/detailed/acl/?", {}, {"list": _list_detailed}),
        Route(f"policies/detailed/acl/{rest('name')}", fields, {"list": _list_detailed}),
        Route(r"policy/?", {}, {"read": _list_old, "list": _list_old}),
        Route(f"policy/{rest('name')}", fields, old),
        Route(r"policies/password/?", {}, {"list": _list_passwords}),
        Route(f"policies/password/{rest('name')}/generate", fields, {"read": Op(_generate)}),
        Route(
            f"policies/password/{rest('name')}",
            fields,
            {"read": _read_password, "update": _write_password, "delete": _delete_password},
        ),
    ]


def load(view: View, name: str) -> dict[str, Any] | None:
    """What is stored of a policy: its ``text`` and the circumstances; one that the embedded store wrote as rules
    is shown as the JSON that it is."""
    entry = view.get(POLICY_PREFIX + name) if is_name(name) else None
    if entry is None:
        return None
    stored: dict[str, Any] = json.loads(entry.value)
    if "text" not in stored:
        stored = {"text": json.dumps(stored), "version": 1}
    return stored


def names(view: View) -> list[str]:
    """Those of all policies; the built-in one last, as OpenBao lists it."""
    return [*children(view, POLICY_PREFIX), "root"]


def _name(call: Call) -> str:
    name: str = call.data["name"].strip().lower()
    return name


def _list(call: Call) -> Response:
    return Response({"keys": names(call.view)})


def _list_old(call: Call) -> Response:
    found = names(call.view)
    return Response({"keys": found, "policies": found})


def _list_detailed(call: Call) -> Response:
    found = names(call.view)
    info = {name: _described(call.view, name, "policy") for name in found}
    return Response({"keys": found, "key_info": info})


def _described(view: View, name: str, member: str) -> dict[str, Any] | None:
    stored = dict[str, Any](text="", version=0) if name == "root" else load(view, name)
    if stored is None:
        return None
    told: dict[str, Any] = {
        "allow_slashes_in_identity_templates": False,
        "allow_wildcards_in_identity_templates": False,
        "cas_required": stored.get("cas_required", False),
        "name": name,
        member: stored["text"],
        "version": stored["version"],
    }
    if stored.get("modified"):
        told["modified"] = moment(stored["modified"])
    if stored.get("expiration"):
        told["expiration"] = moment(stored["expiration"])
    return told


def _read(member: str) -> Any:
    def read(call: Call) -> Response | None:
        name = _name(call)
        told = _described(call.view, name, member)
        expired = told is not None and "expiration" in told and _expired(call.view, name, call.now)
        return None if told is None or expired else Response(told)

    return read


def _expired(view: View, name: str, now: float) -> bool:
    stored = load(view, name)
    return stored is not None and 0 < stored.get("expiration", 0) <= now


def _write_old(call: Call) -> Response:
    return _written(call, call.data["policy"] or call.data["rules"], old="rules" in call.data)


def _write(call: Call) -> Response:
    return _written(call, call.data["policy"], old=False)


def _patch(call: Call) -> Response:
    response = _write(call)
    response.status = 200
    return response


def _written(call: Call, given: str, *, old: bool) -> Response:
    name = _name(call)
    if not given:
        raise bad("'policy' parameter not supplied or empty")
    text = _decoded(given)
    parse_policy_text(name, text)
    if name in FIXED:
        raise bad(f'cannot update "{name}" policy')
    if not is_name(name):
        raise bad(
            "invalid policy name: up to 128 letters, digits, '.', '_' and '-' are expected, not only dots"
        )
    data = call.data
    stored = load(call.view, name)
    version = 0 if stored is None else stored["version"]
    required = bool(stored and stored.get("cas_required"))
    if "cas" in data:
        if data["cas"] == -1 and version:
            raise bad("check-and-set parameter set to -1 on existing entry")
        if data["cas"] != (version or -1) and not (version == 0 and data["cas"] in (0, -1)):
            raise bad(f"check-and-set parameter {data['cas']} did not match the current version {version}")
    elif required or data["cas_required"]:
        raise bad("check-and-set parameter required for this call")
    record: dict[str, Any] = {
        "text": text,
        "version": version + 1,
        "modified": call.now,
        "cas_required": required,
    }
    if "cas_required" in data:
        record["cas_required"] = data["cas_required"]
    if data["ttl"]:
        record["expiration"] = call.now + data["ttl"]
    call.view.put(POLICY_PREFIX + name, json.dumps(record).encode())
    return Response(warnings=("'rules' is deprecated, please use 'policy' instead",) if old else ())


def _decoded(given: str) -> str:
    """The text of a policy may be sent in base64."""
    try:
        decoded = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return given
    return decoded


def _delete(call: Call) -> None:
    name = _name(call)
    if name in FIXED:
        raise bad(f'cannot delete "{name}" policy')
    if name == "default":
        raise bad("cannot delete default policy")
    if is_name(name):
        call.view.delete(POLICY_PREFIX + name)


PASSWORDS = "sys/password-policy/"


def _list_passwords(call: Call) -> Response | None:
    found = list(children(call.view, PASSWORDS))
    return Response({"keys": found}) if found else None


def _password(call: Call) -> str:
    name: str = call.data["name"]
    if not is_name(name.lower()):
        raise bad("invalid policy name")
    return PASSWORDS + name


def _read_password(call: Call) -> Response:
    entry = call.view.get(_password(call))
    if entry is None:
        from ..refusal import Refusal, one_error

        raise Refusal(404, one_error("policy does not exist"))
    return Response({"policy": json.loads(entry.value)["text"]})


def _write_password(call: Call) -> None:
    given: str = call.data["policy"]
    if not given:
        raise unforeseen("missing policy")
    from .passwords import parse

    text = _decoded(given)
    parse(text)
    call.view.put(_password(call), json.dumps({"text": text}).encode())


def _delete_password(call: Call) -> None:
    call.view.delete(_password(call))


def _generate(call: Call) -> Response:
    entry = call.view.get(_password(call))
    if entry is None:
        from ..refusal import Refusal, one_error

        raise Refusal(404, one_error("policy does not exist"))
    from .passwords import generate, parse

    password = generate(parse(json.loads(entry.value)["text"]))
    return Response({"password": password}, digests={"password": password.encode()})
