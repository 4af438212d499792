"""The arguments of a connection with the credential of the moment in them: ``user`` and ``password`` are common to all drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...loader.credential import Pair


def with_login(pair: Pair, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of ``arguments`` that logs in as ``pair``; the user stays as it was where the pair names none."""
    merged = {**arguments, "password": pair.password.reveal()}
    if pair.username is not None:
        merged["user"] = pair.username
    return merged
