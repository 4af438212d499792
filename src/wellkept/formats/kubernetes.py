"""A Kubernetes ``Secret`` as YAML, the values as base64 under ``data``, ready for ``kubectl apply -f -``.

Everything that came from outside stands in double quotes: base64 such as ``true`` or ``1234`` would otherwise
be read as something else than text. Rules of names and sizes: the API's reference of ``Secret`` (v1).
"""

from __future__ import annotations

import base64 as b64
import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from .text import as_text, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DATA = 1024 * 1024
"""Bytes of all values together, before base64."""

_KEY = re.compile(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}")
_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def write(
    values: Mapping[str, Any],
    *,
    name: str,
    namespace: str | None = None,
    base64: bool = False,
) -> bytes:
    """The manifest. Binary values need no ``base64`` flag here: all of ``data`` is base64.

    Raises ``InvalidRequest`` for a name that Kubernetes refuses, and when the whole is too large.
    """
    if not _SUBDOMAIN.fullmatch(name):
        raise InvalidRequest(
            f"{name!r} is no name for a Kubernetes object: lower-case letters, digits, '-', '.'"
        )
    if namespace is not None and not _LABEL.fullmatch(namespace):
        raise InvalidRequest(f"{namespace!r} is no Kubernetes namespace: lower-case letters, digits, '-'")
    refuse((key for key in values if not _KEY.fullmatch(key)), "not a key that a Kubernetes Secret takes")
    data = {key: _bytes(value) for key, value in values.items()}
    size = sum(map(len, data.values()))
    if size > MAX_DATA:
        raise InvalidRequest(
            f"{size} bytes of values; a Kubernetes Secret holds {MAX_DATA}; choose with --only"
        )
    lines = ["apiVersion: v1", "kind: Secret", "metadata:", f"  name: {json.dumps(name)}"]
    if namespace is not None:
        lines.append(f"  namespace: {json.dumps(namespace)}")
    lines += ["  labels:", "    app.kubernetes.io/managed-by: wellkept", "type: Opaque"]
    lines.append("data:" if data else "data: {}")
    lines += [f'  {json.dumps(key)}: "{b64.b64encode(value).decode()}"' for key, value in data.items()]
    return ("\n".join(lines) + "\n").encode("ascii")


def object_name(text: str) -> str:
    """``text`` made into a name for an object: ``prod/My_App`` gives ``prod-my-app``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:253].strip("-") or "wellkept"


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else (as_text(value) or "").encode("utf-8")
