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
_TEMPLATING = ("allow_slashes_in_identity_templates", "allow_wildcards_in_identity_templates")
"""What the values of templates may hold. Stored and shown; what there is to fill in here holds neither."""
FIELDS: dict[str, Field] = {
    "name": Field(clear=True),
    "policy": Field(),
    "rules": Field(),
    "cas": Field("int", clear=True),
    "cas_required": Field("bool", clear=True),
    "ttl": Field("seconds", clear=True),
    "expiration": Field("moment", clear=True),
    **{name: Field("bool", clear=True) for name in _TEMPLATING},
}


def routes(service: Service) -> list[Route]:
    fields = {**FIELDS}
    acl = {"read": _read("policy"), "update": _write, "delete": _delete, "patch": _patch}
    old = {"read": _read("rules"), "update": _write_old, "delete": _delete, "list": _none_below_of_old}
    return [
        Route(r"policies/acl/?", {}, {"list": _list}),
        Route(f"policies/acl/{rest('name')}", fields, {**acl, "list": _none_below}),
        Route(r"policies/detailed/acl/?", {}, {"list": _list_detailed}),
        Route(f"policies/detailed/acl/{rest('name')}", fields, {"list": _only_root}),
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


def _none_below(call: Call) -> None:
    """No name has a slash."""


def _none_below_of_old(call: Call) -> Response:
    return Response({"policies": None})


def _only_root(call: Call) -> Response:
    return Response({"keys": ["root"], "key_info": {"root": _described(call.view, "root", "policy")}})


def _list_detailed(call: Call) -> Response:
    found = names(call.view)
    info = {name: _described(call.view, name, "policy") for name in found}
    return Response({"keys": found, "key_info": info})


def _described(view: View, name: str, member: str) -> dict[str, Any] | None:
    stored = dict[str, Any](text="", version=0) if name == "root" else load(view, name)
    if stored is None:
        return None
    told: dict[str, Any] = {
        **{flag: stored.get(flag, False) for flag in _TEMPLATING},
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


def _write_old(call: Call) -> Response | None:
    old = "rules" in call.data
    _written(call, call.data["policy"] or call.data["rules"])
    return Response(warnings=("'rules' is deprecated, please use 'policy' instead",)) if old else None


def _write(call: Call) -> None:
    _written(call, call.data["policy"])


def _patch(call: Call) -> Response:
    """As a write; what is not given stays as it is."""
    name = _name(call)
    if name in FIXED and not call.data["policy"]:
        raise bad("'policy' parameter not supplied or empty")
    stored = load(call.view, name)
    if stored is None and name not in FIXED:
        raise bad("policy not found")
    _written(call, call.data["policy"], stored)
    return Response(status=200)


def _written(call: Call, given: str, before: dict[str, Any] | None = None) -> None:
    name = _name(call)
    if not given and before is None:
        raise bad("'policy' parameter not supplied or empty")
    text = _decoded(given) if given or before is None else before["text"]
    if call.data["ttl"] and call.data["expiration"]:
        raise bad("cannot supply both 'expiration' and 'ttl' for policies")
    parse_policy_text(name, text)
    if "expiration" in call.data and call.data["expiration"] <= call.now:
        raise bad("refusing to update policy as expiration time has already elapsed")
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
    if before is not None and "expiration" in before:
        record["expiration"] = before["expiration"]
    for flag in ("cas_required", *_TEMPLATING):
        if flag in data:
            record[flag] = data[flag]
        elif before is not None and flag in before:
            record[flag] = before[flag]
    if data["ttl"]:
        record["expiration"] = call.now + data["ttl"]
    elif data["expiration"]:
        record["expiration"] = data["expiration"]
    call.view.put(POLICY_PREFIX + name, json.dumps(record).encode())


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
