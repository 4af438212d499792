"""The routes of a role's single fields: ``role/NAME/token-ttl`` and its like, each read, set, and set back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core import cidr
from ...core.form import Field, Route, bad
from ...core.refusal import unsupported_path
from ...core.request import Response
from .. import token_parameters
from . import roles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...core.form import Call


class Single(NamedTuple):
    """``path`` below the role, the role's ``field``, its name of former days, and what it is when set back."""

    path: str
    field: str
    default: Any
    old: str = ""
    required: bool = True


_SINGLES = (
    Single("policies", "token_policies", [], "policies"),
    Single("bind-secret-id", "bind_secret_id", True),
    Single("secret-id-num-uses", "secret_id_num_uses", 0),
    Single("secret-id-ttl", "secret_id_ttl", 0),
    Single("secret-id-bound-cidrs", "secret_id_bound_cidrs", None, required=False),
    Single("bound-cidr-list", "secret_id_bound_cidrs", None, "bound_cidr_list", required=False),
    Single("token-bound-cidrs", "token_bound_cidrs", [], required=False),
    Single("period", "token_period", 0, "period"),
    Single("token-num-uses", "token_num_uses", 0),
    Single("token-ttl", "token_ttl", 0),
    Single("token-max-ttl", "token_max_ttl", 0),
)
_DEPRECATED = 'The "bound_cidr_list" field is deprecated and will be removed. Please use "secret_id_bound_cidrs" instead.'


def routes(role: str) -> Iterator[Route]:
    """One for each field; ``role`` is the pattern of the role's own path."""
    for single in _SINGLES:
        names = [single.field] + ([single.old] if single.old else [])
        yield Route(
            f"{role}/{single.path}",
            {"role_name": Field(clear=True), **{name: roles.FIELDS[name] for name in names}},
            {
                "read": partial(_read, single=single),
                "update": partial(_write, single=single),
                "delete": partial(_reset, single=single),
            },
        )
    yield Route(
        f"{role}/local-secret-ids/?",
        {"role_name": Field(clear=True)},
        {"read": lambda call: _read(call, Single("local-secret-ids", "local_secret_ids", False))},
    )


def _role(call: Call) -> dict[str, Any] | None:
    return roles.load(call.view, call.data["role_name"].lower())


def _read(call: Call, single: Single) -> Response | None:
    role = _role(call)
    if role is None:
        return None
    value = role[single.field]
    if single.old == "bound_cidr_list":
        return Response({single.old: value}, warnings=(_DEPRECATED,))
    shown = {single.field: value or (None if single.field.endswith("cidrs") else value)}
    if single.old and role.get(single.old):
        shown[single.old] = role[single.old]
    return Response(shown)


def _write(call: Call, single: Single) -> None:
    role, data = _role(call), call.data
    if role is None:
        raise unsupported_path()
    given = single.field if single.field in data else single.old if single.old and single.old in data else ""
    if not given:
        if not single.required:
            return
        raise bad(f"missing {_missing(single)}")
    value = data[given]
    if single.field == "secret_id_bound_cidrs":
        if not value:
            raise bad("missing bound_cidr_list")
        value = roles.bound(value, refuse=bad)
    elif single.field == "token_bound_cidrs":
        value = list(cidr.check(value, "failed to parse token_bound_cidrs: "))
    elif single.field == "token_policies":
        value = token_parameters.clean_policies(value)
    elif single.field == "secret_id_num_uses" and value < 0:
        raise bad("secret_id_num_uses cannot be negative")
    if single.old in roles.OLD:
        role.pop(single.old, None)
        if given == single.old:
            role[single.old] = value
    _set(call, role, single.field, value)


def _reset(call: Call, single: Single) -> None:
    role = _role(call)
    if role is None:
        return
    if single.old in roles.OLD:
        role.pop(single.old, None)
    _set(call, role, single.field, single.default)


def _set(call: Call, role: dict[str, Any], field: str, value: Any) -> None:
    """Write one field, under the same checks as the whole."""
    role[field] = value
    token_parameters.update(role, _nothing(call))
    roles.check_constraint(role)
    roles.save(call.view, role)


def _nothing(call: Call) -> Any:
    from ...core.form.call import Data

    return Data({}, token_parameters.FIELDS)


def _missing(single: Single) -> str:
    return single.field if single.field == "token_policies" or not single.old else single.old
