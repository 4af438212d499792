"""Shared parts of the redaction tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings

from wellkept.redaction.known import Known
from wellkept.redaction.redactor import Redactor
from wellkept.secret import Secret

settings.register_profile("unhurried", deadline=None)  # no assertion here depends on time
settings.load_profile("unhurried")

Make = Callable[..., Redactor]


@pytest.fixture
def knowing() -> Make:
    """``knowing(name=value, ...)``, or ``knowing({"prod/x": value})``: a redactor that knows just these."""

    def make(
        values: dict[str, str | bytes] | None = None, /, *, shapes: bool = False, **named: str | bytes
    ) -> Redactor:
        known = Known()
        for name, value in {**(values or {}), **named}.items():
            known.remember(Secret(value, name=name))
        return Redactor(known) if shapes else Redactor(known, shapes=())

    return make
