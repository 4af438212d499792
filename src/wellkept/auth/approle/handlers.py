"""What roles and secret-ids answer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.form import bad, unforeseen
from ...core.refusal import Refusal, unsupported_path
from ...core.request import Response, new_id
from . import roles, secretids
from .secretids import SecretIds

if TYPE_CHECKING:
    from ...core.form import Call
    from .digests import Digests


class Handlers:
    """``digests`` name the records in storage."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests

    @staticmethod
    def name(call: Call) -> str:
        name: str = call.data["role_name"]
        return name.lower()

    def exists(self, call: Call) -> bool:
        return roles.load(call.view, self.name(call)) is not None

    def read(self, call: Call) -> Response | None:
        role = roles.load(call.view, self.name(call))
        return None if role is None else Response(roles.shown(role))

    def write(self, call: Call) -> None:
        name = self.name(call)
        role = roles.load(call.view, name)
        created = role is None
        if role is None:
            role = roles.fresh(name)
        roles.update(call.view, self._digests, role, call.data, created=created)
        roles.save(call.view, role)

    def delete(self, call: Call) -> None:
        role = roles.load(call.view, self.name(call))
        if role is None:
            return
        ids = SecretIds(call.view, self._digests, role)
        for key, record in list(ids.all()):
            ids.drop(key, record)
        roles.drop_role_id(call.view, self._digests, role)
        call.view.delete(roles.ROLES + role["name"])

    def read_role_id(self, call: Call) -> Response | None:
        role = roles.load(call.view, self.name(call))
        return None if role is None else Response({"role_id": role["role_id"]})

    def write_role_id(self, call: Call) -> None:
        role = roles.load(call.view, self.name(call))
        if role is None:
            raise unsupported_path()
        if not call.data["role_id"]:
            raise bad("missing role_id")
        roles.take_role_id(call.view, self._digests, role, call.data["role_id"])
        roles.save(call.view, role)

    def make(self, call: Call) -> Response:
        return self._add(call, new_id())

    def make_custom(self, call: Call) -> Response:
        if not call.data["secret_id"]:
            raise bad("missing secret_id")
        return self._add(call, call.data["secret_id"])

    def _add(self, call: Call, secret_id: str) -> Response:
        role = self._of_secret_ids(call, Refusal(404, f'role "{self.name(call)}" does not exist'))
        if not role["bind_secret_id"]:
            raise bad("bind_secret_id is not set on the role")
        answer = SecretIds(call.view, self._digests, role).add(secret_id, call.data, call.now)
        return Response(answer, digests={"secret_id": secret_id.encode("utf-8", "surrogatepass")})

    def accessors(self, call: Call) -> Response | None:
        role = self._of_secret_ids(call, bad(f'role "{self.name(call)}" does not exist'))
        names = sorted(
            record["accessor"]
            for _, record in SecretIds(call.view, self._digests, role).all()
            if record["accessor"] > call.data["after"]
        )
        limit = call.data["limit"]
        names = names[:limit] if limit > 0 else names
        return Response({"keys": names}) if names else None

    def look_up(self, call: Call) -> Response:
        found = self._by_secret(call)
        return Response() if found is None else Response(secretids.shown(found[2]))

    def destroy(self, call: Call) -> Response:
        found = self._by_secret(call)
        if found is not None:
            ids, key, record = found
            ids.drop(key, record)
        return Response()

    def look_up_accessor(self, call: Call) -> Response:
        found = self._by_accessor(call)
        if found is None:
            return Response({"error": self._no_accessor(call)}, status=404)
        return Response(secretids.shown(found[2]))

    def destroy_accessor(self, call: Call) -> Response:
        found = self._by_accessor(call)
        if found is None:
            raise unforeseen(self._no_accessor(call))
        ids, key, record = found
        ids.drop(key, record)
        return Response()

    @staticmethod
    def _no_accessor(call: Call) -> str:
        return (
            f'failed to find accessor entry for secret_id_accessor: "{call.data["secret_id_accessor"][:64]}"'
        )

    def _of_secret_ids(self, call: Call, otherwise: Refusal) -> dict[str, Any]:
        role = roles.load(call.view, self.name(call))
        if role is None:
            raise otherwise
        return role

    def _by_secret(self, call: Call) -> tuple[SecretIds, str, dict[str, Any]] | None:
        if not call.data["secret_id"]:
            raise bad("missing secret_id")
        role = self._of_secret_ids(call, unforeseen(f'role "{self.name(call)}" does not exist'))
        ids = SecretIds(call.view, self._digests, role)
        key = ids.key(call.data["secret_id"])
        record = ids.load(key)
        return None if record is None or secretids.expired(record, call.now) else (ids, key, record)

    def _by_accessor(self, call: Call) -> tuple[SecretIds, str, dict[str, Any]] | None:
        if not call.data["secret_id_accessor"]:
            raise bad("missing secret_id_accessor")
        role = self._of_secret_ids(call, unforeseen(f'role "{self.name(call)}" does not exist'))
        ids = SecretIds(call.view, self._digests, role)
        key = ids.by_accessor(call.data["secret_id_accessor"])
        record = None if key is None else ids.load(key)
        return (
            None
            if key is None or record is None or secretids.expired(record, call.now)
            else (ids, key, record)
        )
