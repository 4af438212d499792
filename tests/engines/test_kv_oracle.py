"""The KV engine answers as a real OpenBao does, whatever is done to a secret: the same steps are taken in both."""

from __future__ import annotations

import http.client
import itertools
import json
import random

import pytest

from wellkept.barrier.seals import KeyFileSeal
from wellkept.core.local import create_store
from wellkept.errors import Conflict, InvalidRequest, NotFound
from wellkept.testing.openbao import OpenBaoError
from wellkept.testing.openbao_fixture import openbao  # noqa: F401

_names = itertools.count()


@pytest.fixture
def store(tmp_path):
    with create_store(tmp_path / "store", KeyFileSeal.create(tmp_path / "key")) as made:
        yield made


class Theirs:
    """One secret in OpenBao."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def call(self, method, kind, body=None, query=""):
        try:
            answer = self.server.request(method, f"secret/{kind}/{self.name}{query}", body)
        except OpenBaoError as error:
            return error.status
        return answer and answer.get("data")

    def write(self, value, cas):
        answer = self.call("POST", "data", {"data": value, "options": {} if cas is None else {"cas": cas}})
        return answer if isinstance(answer, int) else answer["version"]

    def patch(self, value):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        headers = {"X-Vault-Token": self.server.root_token, "Content-Type": "application/merge-patch+json"}
        connection.request("PATCH", f"/v1/secret/data/{self.name}", json.dumps({"data": value}), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status if answer.status >= 400 else json.loads(content)["data"]["version"]

    def read(self, version):
        answer = self.call("GET", "data", query=f"?version={version}" if version else "")
        return answer if isinstance(answer, int) else (answer["metadata"]["version"], answer["data"])

    def metadata(self):
        answer = self.call("GET", "metadata")
        if isinstance(answer, int):
            return answer
        return {
            int(number): (bool(each["deletion_time"]), each["destroyed"])
            for number, each in answer["versions"].items()
        }


class Ours:
    """The same secret here; answers are told in OpenBao's terms."""

    def __init__(self, store):
        self.store = store

    def attempt(self, act):
        try:
            return act()
        except NotFound:
            return 404
        except (Conflict, InvalidRequest):
            return 400

    def write(self, value, cas):
        return self.attempt(lambda: self.store.write("a", value, cas=cas).number)

    def patch(self, value):
        return self.attempt(lambda: self.store.patch("a", value).number)

    def read(self, version):
        def act():
            found = self.store.read("a", version=version)
            return found.info.number, found.secret.reveal_json()

        return self.attempt(act)

    def metadata(self):
        def act():
            return {
                info.number: (info.deleted is not None, info.destroyed is not None)
                for info in self.store.history("a")
            }

        return self.attempt(act)


def random_value(chance):
    return {key: chance.choice(["x", 1, None, {"deep": 2}, [1], True]) for key in chance.sample("abc", 2)}


@pytest.mark.parametrize("seed", range(10))
def test_the_same_steps_lead_to_the_same_answers(openbao, store, seed):  # noqa: F811
    chance = random.Random(seed)
    theirs, ours = Theirs(openbao, f"oracle-{next(_names)}"), Ours(store)
    for _ in range(40):
        step = chance.choice(["write", "write", "cas", "patch", "delete", "versions", "limit", "purge"])
        existing = theirs.metadata()
        there = existing if isinstance(existing, dict) else {}
        if step == "write" or (step == "cas" and not there):
            value = random_value(chance)
            cas = chance.choice([None, None, 0])
            assert ours.write(value, cas) == theirs.write(value, cas)
        elif step == "cas":
            cas = max(there) + chance.choice([0, 0, -1, 1])
            assert ours.write({"n": 1}, cas) == theirs.write({"n": 1}, cas)
        elif step == "patch":
            value = random_value(chance)
            assert ours.patch(value) == theirs.patch(value)
        elif step == "delete" and there:
            # Deleting the current version again, or what is not there, is refused here and ignored by OpenBao.
            theirs.call("DELETE", "data")
            store.delete("a")
        elif step == "versions" and there:
            chosen = chance.sample(sorted(there), min(len(there), chance.randint(1, 2)))
            act = chance.choice(["delete", "undelete", "destroy"])
            if act == "undelete":
                chosen = [number for number in chosen if not there[number][1]] or chosen[:0]
            if chosen:
                theirs.call("POST", act, {"versions": chosen})
                getattr(store, act)("a", chosen)
        elif step == "limit":
            kept = chance.randint(1, 5)
            theirs.call("POST", "metadata", {"max_versions": kept})
            store.set_metadata("a", max_versions=kept)
        elif step == "purge" and chance.random() < 0.3 and isinstance(existing, dict):
            theirs.call("DELETE", "metadata")
            store.purge("a")
        assert ours.metadata() == theirs.metadata(), step
        for version in (None, 1, *there):
            assert ours.read(version) == theirs.read(version), (step, version)
