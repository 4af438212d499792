"""An engine that gives out leases, with an effect of its own inside the store and one outside of it."""

from __future__ import annotations

from wellkept.core.form import Field, Op, Route, Routed
from wellkept.core.grant import AuthGrant, LeaseGrant
from wellkept.core.refusal import Refusal
from wellkept.core.request import Response

ISSUED = "issued/"


class Outside:
    """The other system: which credentials it knows, and how often it will refuse to forget one."""

    def __init__(self):
        self.known = set()
        self.failures = 0
        self.calls = []

    def remove(self, name):
        self.calls.append(name)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a text that may hold a value: hunter2")
        self.known.discard(name)


outside = Outside()


class Leasing(Routed):
    """``creds/NAME`` gives a lease of 100 seconds, at most 1000; with effects elsewhere below ``outside/``."""

    kind = "leasing"
    outside_effects = False
    renewable = True

    def __init__(self):
        fields = {"name": Field(clear=True), "ttl": Field("seconds", clear=True)}
        self.routes = (Route(r"creds/(?P<name>\w+)", fields, {"read": Op(self._issue, writes=True)}),)

    def _issue(self, call):
        name = call.data["name"]
        call.view.put(ISSUED + name, b"{}")
        grant = LeaseGrant(ttl=call.data["ttl"] or 100, max_ttl=1000, internal={"name": name})
        return Response({"user": name}, lease=grant)

    def renew(self, view, lease, increment, now):
        if view.get(ISSUED + lease.internal["name"]) is None:
            raise Refusal(400, "the role is gone")
        return LeaseGrant(ttl=100, max_ttl=1000)

    def revoke(self, view, lease, now):
        view.delete(ISSUED + lease.internal["name"])


class LeasingOutside(Leasing):
    kind = "leasing-outside"
    outside_effects = True

    def __init__(self):
        super().__init__()
        fields = {"name": Field(clear=True), "ttl": Field("seconds", clear=True)}
        self.routes = (Route(r"creds/(?P<name>\w+)", fields, {"read": Op(self._make, writes=True)}),)

    def _make(self, call):
        outside.known.add(call.data["name"])
        return self._issue(call)

    def revoke_outside(self, lease):
        outside.remove(lease.internal["name"])


class Login(Routed):
    """``login`` gives whoever asks a token for as long as ``allowed`` stands in the mount's storage."""

    kind = "simple"
    unauthenticated = frozenset({"login"})

    def __init__(self):
        fields = {"policies": Field("strings", clear=True), "on": Field("bool", clear=True)}
        self.routes = (
            Route(r"login", fields, {"update": self._login}),
            Route(r"allowed", fields, {"update": self._allow}),
        )

    def _login(self, call):
        return Response(auth=AuthGrant(policies=tuple(call.data["policies"]), ttl=100, display_name="simple"))

    def _allow(self, call):
        call.view.put("allowed", b"1" if call.data["on"] else b"0")

    def renew(self, view, lease, increment, now):
        entry = view.get("allowed")
        if entry is None or entry.value != b"1":
            raise Refusal(400, "no longer allowed")
        return AuthGrant(ttl=100)


def make(context):
    return Leasing()


def make_outside(context):
    return LeasingOutside()


def make_login(context):
    return Login()
