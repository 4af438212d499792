"""The package's public face: complete, lazy, and light until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import wellkept.redaction


@pytest.mark.parametrize("name", wellkept.redaction.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(wellkept.redaction, name) is not None


def test_names_that_are_not_there_say_so() -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        wellkept.redaction.no_such_thing  # noqa: B018


def test_importing_the_package_loads_none_of_its_modules() -> None:
    program = "import sys, wellkept.redaction; print([m for m in sys.modules if m.startswith('wellkept.redaction.')])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert run.stdout == "[]\n", run.stderr
