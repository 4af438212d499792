"""Transactions against a model: any interleaving of three of them gives what a plain dictionary would."""

from __future__ import annotations

import itertools
import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wellkept.errors import Conflict
from wellkept.storage.sqlite import SQLiteStorage

KEYS = ["a", "a/b", "a/b/c", "a/b/d", "a/e", "b/c/d", "b/c/e", "b/f", "a-b", "a0"]
FOLDERS = ["", "a/", "a/b/", "b/", "b/c/", "z/"]
KEY, FOLDER = st.sampled_from(KEYS), st.sampled_from(FOLDERS)
STEP = st.tuples(
    st.integers(0, 2),
    st.one_of(
        st.tuples(st.just("get"), KEY),
        st.tuples(st.just("put"), KEY),
        st.tuples(st.just("put"), KEY),
        st.tuples(st.just("delete"), KEY),
        st.tuples(st.just("list"), FOLDER),
        st.tuples(st.just("page"), FOLDER),
        st.tuples(st.just("commit"), st.none()),
        st.tuples(st.just("commit"), st.none()),
        st.tuples(st.just("rollback"), st.none()),
    ),
)


def children(keys, folder):
    names = {key[len(folder) :] for key in keys if key.startswith(folder)}
    return sorted({name.split("/")[0] + ("/" if "/" in name else "") for name in names})


class Modelled:
    """One transaction, and what the model knows of it."""

    def __init__(self, storage, model, clock):
        self.inner = storage.transaction()
        self.model, self.clock = model, clock
        self.writes = {}
        self.keys_read = {}
        self.folders_read = {}  # folder -> the keys in it, with revisions, when it was first listed

    def view(self):
        merged = {key: value for key, (value, _) in self.model.items()} | self.writes
        return {key: value for key, value in merged.items() if value is not None}

    def within(self, folder):
        return {key: revision for key, (_, revision) in self.model.items() if key.startswith(folder)}

    def get(self, key):
        entry = self.inner.get(key)
        if key in self.writes:
            assert (entry and entry.value) == self.writes[key]
        elif key not in self.keys_read:
            assert (entry and tuple(entry)) == self.model.get(key)
            self.keys_read[key] = entry and entry.revision
        else:
            assert (entry and entry.revision) == self.keys_read[key]

    def put(self, key):
        self.writes[key] = str(next(self.clock)).encode()
        self.inner.put(key, self.writes[key])

    def delete(self, key):
        self.writes[key] = None
        self.inner.delete(key)

    def list(self, folder):
        assert self.inner.list(folder) == children(self.view(), folder)
        self.folders_read.setdefault(folder, self.within(folder))

    def page(self, folder):
        pages = []
        while page := self.inner.list(folder, after=pages[-1] if pages else "", limit=2):
            pages += page
        assert pages == children(self.view(), folder)
        self.folders_read.setdefault(folder, self.within(folder))

    def commit(self, revision):
        """The revision afterwards, whether it won or lost."""
        must_lose = any(
            (self.model[key][1] if key in self.model else None) != seen
            for key, seen in self.keys_read.items()
        ) or any(
            children(self.within(folder), folder) != children(seen, folder)
            for folder, seen in self.folders_read.items()
            if not any(key.startswith(folder) for key in self.writes)
        )
        may_lose = must_lose or any(self.within(folder) != seen for folder, seen in self.folders_read.items())
        try:
            after = self.inner.commit()
        except Conflict:
            assert may_lose
            return revision
        assert not must_lose
        for key in sorted(self.writes):
            if self.writes[key] is not None:
                revision += 1
                self.model[key] = (self.writes[key], revision)
            elif self.model.pop(key, None):
                revision += 1
        assert after == revision
        return revision


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=60))
def test_any_interleaving_of_transactions_does_what_a_dictionary_would(steps):
    with tempfile.TemporaryDirectory() as place:
        storage = SQLiteStorage.create(f"{place}/store.db")
        model, clock, revision = {}, itertools.count(), 0
        open_ones = {}
        for who, (what, argument) in steps:
            transaction = open_ones.get(who)
            if transaction is None:
                transaction = open_ones[who] = Modelled(storage, model, clock)
            if what == "commit":
                revision = open_ones.pop(who).commit(revision)
            elif what == "rollback":
                open_ones.pop(who).inner.rollback()
            else:
                getattr(transaction, what)(argument)
            assert storage.revision() == revision
        assert {key: tuple(entry) for key, entry in storage.scan("")} == model
        for folder in FOLDERS:
            assert storage.list(folder) == children(model, folder)
        assert storage.check() == len(model)
        storage.close()
