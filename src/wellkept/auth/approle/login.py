"""The login itself: every constraint of the role and of the secret-id, then a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import cidr
from ...core.form import bad
from ...core.grant import AuthGrant
from ...core.lockout import InvalidCredentials
from ...core.refusal import Refusal
from ...core.request import Response
from .. import token_parameters
from . import roles, secretids
from .secretids import SecretIds

if TYPE_CHECKING:
    from typing import Any

    from ...core.form import Call
    from .digests import Digests


def _invalid() -> InvalidCredentials:
    return InvalidCredentials(400, "invalid role or secret ID")


def log_in(call: Call, digests: Digests) -> Response:
    """Raises ``InvalidCredentials`` for any wrong pair, without a word about which half."""
    role_id, address = call.data["role_id"].strip(), call.request.client.address
    if not role_id:
        raise Refusal(400, "missing role_id")
    name = roles.name_of(call.view, digests, role_id)
    role = None if name is None else roles.load(call.view, name)
    if role is None:
        raise _invalid()
    metadata, blocks = {}, role["token_bound_cidrs"]
    if role["bind_secret_id"]:
        record = _use(call, digests, role, address)
        metadata, blocks = record["metadata"], record["token_bound_cidrs"] or blocks
    outer = role["secret_id_bound_cidrs"]
    if outer and not cidr.contains(outer, address):
        raise bad(f'source address "{address}" unauthorized by CIDR restrictions on the role')
    grant = token_parameters.fill(
        AuthGrant(
            display_name="approle",
            metadata={**metadata, "role_name": role["name"]},
            alias=role["role_id"],
            internal={"role_name": role["name"], "role_id": role["role_id"]},
        ),
        role,
    )
    grant.bound_cidrs = tuple(blocks)
    return Response(auth=grant)


def _use(call: Call, digests: Digests, role: dict[str, Any], address: str) -> dict[str, Any]:
    secret_id = call.data["secret_id"].strip()
    if not secret_id:
        raise bad("missing secret_id")
    ids = SecretIds(call.view, digests, role)
    key = ids.key(secret_id)
    record = ids.load(key)
    if record is None or secretids.expired(record, call.now):
        raise _invalid()
    if record["cidr_list"] and not cidr.contains(record["cidr_list"], address):
        raise bad(f'source address "{address}" unauthorized by CIDR restrictions on the secret ID')
    ids.use(key, record, call.now)
    return record
