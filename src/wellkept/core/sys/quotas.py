"""``sys/quotas``: the rules that ``core.quotas`` enforces, and their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import quotas
from ..form import Field, Route, bad
from ..request import Response

if TYPE_CHECKING:
    from ..form import Call
    from ..service import Service

_RULE = {
    "name": Field(clear=True),
    "type": Field(clear=True),
    "path": Field(clear=True),
    "role": Field(clear=True),
    "rate": Field("float", clear=True),
    "interval": Field("seconds", default=1, clear=True),
    "block_interval": Field("seconds", clear=True),
    "inheritable": Field("bool", clear=True),
}
_CONFIG = {
    "rate_limit_exempt_paths": Field("strings", clear=True),
    "enable_rate_limit_audit_logging": Field("bool", clear=True),
    "enable_rate_limit_response_headers": Field("bool", clear=True),
}
_NAME = r"(?P<name>\w[\w.-]*)"


def routes(service: Service) -> list[Route]:
    found = QuotaRules(service)
    return [
        Route(r"quotas/config", _CONFIG, {"read": _read_config, "update": _write_config}),
        Route(r"quotas/rate-limit/?", {}, {"list": _list}),
        Route(
            f"quotas/rate-limit/{_NAME}",
            _RULE,
            {"read": _read, "update": found.write, "delete": _delete},
        ),
    ]


def _read_config(call: Call) -> Response:
    return Response(quotas.config(call.view))


def _write_config(call: Call) -> None:
    stored: dict[str, Any] = quotas.config(call.view)
    stored.update({name: call.data[name] for name in _CONFIG if name in call.data})
    stored["rate_limit_exempt_paths"] = call.data["rate_limit_exempt_paths"]
    quotas.save_config(call.view, stored)


def _list(call: Call) -> Response | None:
    names = call.view.list(quotas.RULES)
    return Response({"keys": names}) if names else None


def _read(call: Call) -> Response | None:
    rule = quotas.load(call.view, call.data["name"])
    if rule is None:
        return None
    return Response(
        {
            "block_interval": int(rule.block),
            "inheritable": rule.inheritable,
            "interval": int(rule.interval),
            "name": rule.name,
            "path": rule.path,
            "rate": int(rule.rate) if rule.rate == int(rule.rate) else rule.rate,
            "role": rule.role,
            "type": "rate-limit",
        }
    )


def _delete(call: Call) -> None:
    quotas.remove(call.view, call.data["name"])


class QuotaRules:
    """Writing, which looks at the mounts."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def write(self, call: Call) -> None:
        data = call.data
        rate: float = data["rate"]
        if not 0 < rate < 1e12:
            raise bad("'rate' is invalid")
        path: str = data["path"].removeprefix("/")
        if path:
            path = self._path(path)
        if data["role"]:
            self._check_role(path)
        name: str = data["name"]
        for other in call.view.list(quotas.RULES):
            rule = quotas.load(call.view, other)
            if rule is not None and other != name and (rule.path, rule.role) == (path, data["role"]):
                raise bad(f'quota rule with similar properties exists under the name "{other}"')
        quotas.save(
            call.view,
            quotas.Rule(
                name,
                rate,
                path,
                data["role"],
                float(data["interval"] or 1),
                float(data["block_interval"]),
                data["inheritable"],
            ),
        )

    def _check_role(self, path: str) -> None:
        """Only a method whose logins are by role can have a limit for one."""
        mount = next((each for each in self._service.router.mounts("auth") if each.path == path), None)
        if mount is None:
            raise bad(
                f'Mount path "{path}" is not a valid auth method and therefore unsuitable for use with '
                "role-based quotas"
            )
        if mount.kind != "approle":
            raise bad(f'Mount path "{path}" does not support use with role-based quotas')

    def _path(self, path: str) -> str:
        """A mount's path ends in "/"; one below a mount must be of a mount."""
        found = self._service.router.find(path.rstrip("*"))
        if found is None:
            raise bad(f'invalid mount path "{path}"')
        mount, rest = found
        return mount.path if not rest and not path.endswith("*") else path
