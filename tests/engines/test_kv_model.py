"""The KV engine against a model so simple that it is right by looking: any sequence of operations, same answers."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wellkept.barrier.seals import KeyFileSeal
from wellkept.clock import ManualClock
from wellkept.core.local import create_store
from wellkept.errors import Conflict, InvalidRequest, NotFound, WellkeptError

NAMES = st.sampled_from(["a", "a/b", "a/b/c", "b"])
NUMBERS = st.integers(1, 6)
VALUES = st.one_of(st.text(max_size=5), st.binary(max_size=5))


class Version:
    def __init__(self, value, expires, not_before):
        self.value, self.expires, self.not_before = value, expires, not_before
        self.deleted = self.destroyed = False
        self.enabled = True

    def readable(self, now):
        return (
            not self.deleted
            and not self.destroyed
            and self.enabled
            and (self.expires is None or now < self.expires)
            and (self.not_before is None or now >= self.not_before)
        )


class Secret:
    def __init__(self):
        self.versions = {}
        self.latest = 0
        self.stages = {}
        self.max_versions = 10
        self.cas_required = False

    def promote(self, number):
        old = self.stages.get("current")
        self.stages = {
            stage: held
            for stage, held in self.stages.items()
            if held != number or stage not in ("pending", "previous")
        }
        if old is not None and old != number:
            self.stages["previous"] = old
        self.stages["current"] = number

    def add(self, version, stages):
        self.latest += 1
        self.versions[self.latest] = version
        for stage in stages:
            if stage == "current":
                self.promote(self.latest)
            else:
                self.stages[stage] = self.latest
        while len(self.versions) > self.max_versions:
            spare = [number for number in self.versions if number != self.stages.get("current")]
            plain = [number for number in spare if number not in self.stages.values()]
            del self.versions[min(plain or spare)]
            self.stages = {stage: held for stage, held in self.stages.items() if held in self.versions}
        return self.latest


class Kept(RuleBasedStateMachine):
    """Each rule does the same to the store and to the model, and compares what they answer."""

    @initialize()
    def begin(self):
        self.directory = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        seal = KeyFileSeal.create(self.directory.name + "/key")
        self.store = create_store(self.directory.name + "/store", seal, clock=self.clock)
        self.model: dict[str, Secret] = {}

    def teardown(self):
        if hasattr(self, "store"):
            self.store.audit_verify()
            self.store.close()
            self.directory.cleanup()

    def refused(self, kind, act):
        with pytest.raises(kind):
            act()

    @rule(
        name=NAMES,
        value=VALUES,
        cas=st.one_of(st.none(), st.integers(0, 5)),
        expires=st.one_of(st.none(), st.integers(1, 20)),
        not_before=st.one_of(st.none(), st.integers(-5, 5)),
        stages=st.sampled_from([(), ("pending",), ("current", "blue"), ("blue",)]),
    )
    def write(self, name, value, cas, expires, not_before, stages):
        secret = self.model.get(name)
        now = self.clock.time()
        expires = None if expires is None else now + expires
        not_before = None if not_before is None else now + not_before

        def act():
            return self.store.write(
                name, value, cas=cas, expires=expires, not_before=not_before, stages=stages
            )

        if expires is not None and not_before is not None and expires <= not_before:
            return self.refused(InvalidRequest, act)
        if cas is None and secret is not None and secret.cas_required:
            return self.refused(InvalidRequest, act)
        current = 0 if secret is None else secret.stages.get("current", 0)
        if (cas and cas != current) or (cas == 0 and secret is not None and secret.latest > 0):
            return self.refused(Conflict, act)
        secret = self.model.setdefault(name, Secret())
        number = secret.add(Version(value, expires, not_before), stages or ("current",))
        assert act().number == number

    @rule(
        name=NAMES,
        version=st.one_of(st.none(), NUMBERS),
        stage=st.sampled_from([None, "previous", "pending", "blue"]),
    )
    def read(self, name, version, stage):
        if version is not None:
            stage = None
        secret = self.model.get(name, Secret())
        number = version if version is not None else secret.stages.get(stage or "current")
        found = secret.versions.get(number)
        if found is None or not found.readable(self.clock.time()):
            return self.refused(NotFound, lambda: self.store.read(name, version=version, stage=stage))
        answer = self.store.read(name, version=version, stage=stage)
        assert answer.info.number == number
        value = answer.secret.reveal() if isinstance(found.value, str) else answer.secret.reveal_bytes()
        assert value == found.value

    @rule(name=NAMES, number=NUMBERS, act=st.sampled_from(["delete", "undelete", "destroy"]))
    def change(self, name, number, act):
        found = self.model.get(name, Secret()).versions.get(number)
        method = getattr(self.store, act)
        if found is None or (act == "undelete" and found.destroyed):
            return self.refused(NotFound, lambda: method(name, [number]))
        method(name, [number])
        if act == "destroy":
            found.destroyed = True
        elif not found.destroyed:
            found.deleted = act == "delete"

    @rule(name=NAMES)
    def delete_current(self, name):
        secret = self.model.get(name, Secret())
        number = secret.stages.get("current")
        if number is None:
            return self.refused(NotFound, lambda: self.store.delete(name))
        self.store.delete(name)
        secret.versions[number].deleted |= not secret.versions[number].destroyed

    @rule(name=NAMES, number=NUMBERS, enabled=st.booleans(), promote=st.booleans())
    def flags(self, name, number, enabled, promote):
        secret = self.model.get(name, Secret())
        stage = "current" if promote else None
        if number not in secret.versions:
            return self.refused(
                NotFound, lambda: self.store.set_version(name, number, enabled=enabled, stage=stage)
            )
        self.store.set_version(name, number, enabled=enabled, stage=stage)
        secret.versions[number].enabled = enabled
        if promote:
            secret.promote(number)

    @rule(name=NAMES, number=NUMBERS)
    def rollback(self, name, number):
        secret = self.model.get(name, Secret())
        if secret.cas_required:
            return self.refused(InvalidRequest, lambda: self.store.rollback(name, number))
        found = secret.versions.get(number)
        if found is None or not found.readable(self.clock.time()):
            return self.refused(NotFound, lambda: self.store.rollback(name, number))
        expected = secret.add(Version(found.value, None, None), ("current",))
        assert self.store.rollback(name, number).number == expected

    @rule(name=NAMES, kept=st.integers(1, 4), cas_required=st.booleans())
    def limits(self, name, kept, cas_required):
        secret = self.model.setdefault(name, Secret())
        secret.max_versions, secret.cas_required = kept, cas_required
        self.store.set_metadata(name, max_versions=kept, cas_required=cas_required)

    @rule(name=NAMES)
    def purge(self, name):
        if name not in self.model:
            return self.refused(NotFound, lambda: self.store.purge(name))
        self.store.purge(name)
        del self.model[name]

    @rule(values=st.dictionaries(NAMES, VALUES, max_size=3), cas=st.sampled_from([None, 0]))
    def write_many(self, values, cas):
        fails = any(
            (cas == 0 and self.model[name].latest > 0) or (cas is None and self.model[name].cas_required)
            for name in values
            if name in self.model
        )
        if fails:
            return self.refused(WellkeptError, lambda: self.store.write_many(values, cas=cas))
        expected = {
            name: self.model.setdefault(name, Secret()).add(Version(value, None, None), ("current",))
            for name, value in values.items()
        }
        written = self.store.write_many(values, cas=cas)
        assert {name: info.number for name, info in written.items()} == expected

    @rule(seconds=st.integers(1, 8))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def the_same_secrets_and_versions_are_there(self):
        if not hasattr(self, "store"):
            return
        assert sorted(self.store.walk()) == sorted(self.model)
        for name, secret in self.model.items():
            kept = {info.number: info for info in self.store.history(name)}
            assert kept.keys() == secret.versions.keys()
            for number, version in secret.versions.items():
                labels = {stage for stage, held in secret.stages.items() if held == number}
                assert set(kept[number].stages) == labels
                assert (kept[number].destroyed is not None) == version.destroyed
                assert (kept[number].deleted is not None) == version.deleted

    @invariant()
    def storage_holds_the_values_that_can_come_back_and_no_others(self):
        if not hasattr(self, "store"):
            return
        stored = sum(1 for _ in self.store._barrier.scan("mount/secret/value/"))
        assert stored == sum(
            1
            for secret in self.model.values()
            for version in secret.versions.values()
            if not version.destroyed
        )


Kept.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestKept = Kept.TestCase
