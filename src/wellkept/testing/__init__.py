"""Helpers for tests, ours and users': real servers, conformance suites, fixtures. Import what you need by module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .served import TestServer


def server(**options: Any) -> TestServer:
    """A real server in this process, for as long as a test wants it; options as ``served.TestServer`` takes them."""
    from .served import TestServer

    return TestServer(**options)
