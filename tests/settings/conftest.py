"""What the tests of settings share: a source that holds nothing but ``Secret``s, and a search through all that an
error carries."""

from __future__ import annotations

import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from wellkept.errors import NotFound, SecretError
from wellkept.secret import Secret
from wellkept.sources.base import BaseSource


class HeldSource(BaseSource):
    """``contents`` by name: a text, bytes, or the error to answer with. ``batches`` are the names of each batch read."""

    url = "held:"
    blocking = False

    def __init__(self, contents: Mapping[str, str | bytes | SecretError]) -> None:
        self._contents = {
            name: item if isinstance(item, SecretError) else Secret(item, name=name, source=self.url)
            for name, item in contents.items()
        }
        self.batches: list[list[str]] = []
        self.single: list[str] = []

    def read(self, name: str, *, version: str | None = None, timeout: float | None = None) -> Secret:
        self.single.append(name)
        found = self._answer(name)
        if isinstance(found, SecretError):
            raise found
        return found

    def read_many(
        self, names: Sequence[str], *, timeout: float | None = None
    ) -> Mapping[str, Secret | SecretError]:
        self.batches.append(list(names))
        return {name: self._answer(name) for name in names}

    def _answer(self, name: str) -> Secret | SecretError:
        return self._contents.get(name) or NotFound(f"{name!r} is not held", name=name, source=self.url)


@pytest.fixture
def held() -> type[HeldSource]:
    return HeldSource


@pytest.fixture
def texts_of() -> Callable[[BaseException], list[str]]:
    """Everything that can be read out of an exception by one who prints, logs or reports it."""
    return lambda error: list(_texts_of(error))


def _texts_of(error: BaseException) -> Iterator[str]:
    yield from (str(error), repr(error), *traceback.format_exception(error))
    yield from traceback.TracebackException.from_exception(error, capture_locals=True).format()
    yield from _reachable(error, set())
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            yield from _texts_of(linked)
    trace = error.__traceback__
    while trace is not None:
        # The test's own frames hold what the test planted.
        if "/tests/" not in trace.tb_frame.f_code.co_filename:
            for name, value in trace.tb_frame.f_locals.items():
                yield from (name, repr(value))
                yield from _reachable(value, set())
        trace = trace.tb_next


def _reachable(item: Any, seen: set[int]) -> Iterator[str]:
    """Every text in an object and in what it refers to, but for what is inside a ``Secret``."""
    if id(item) in seen or isinstance(
        item, (Secret, type, types.ModuleType, types.FunctionType, types.CodeType)
    ):
        return
    seen.add(id(item))
    if isinstance(item, str):
        yield item
    elif isinstance(item, bytes):
        yield item.decode("utf-8", "replace")
    elif isinstance(item, Mapping):
        for pair in list(item.items()):
            yield from _reachable(pair, seen)
    elif isinstance(item, (list, tuple, set, frozenset)):
        for each in list(item):
            yield from _reachable(each, seen)
    else:
        slots = [name for kind in type(item).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in (*slots, *getattr(item, "__dict__", {})):
            yield from _reachable(getattr(item, name, None), seen)
