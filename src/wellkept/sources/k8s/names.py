"""From our names to a Secret and a key in it.

Source: "Object Names and IDs" (a Secret's name is a DNS-1123 subdomain: lower-case letters, digits, ``-`` and ``.``,
253 characters) and the Secret's reference (a key is made of letters, digits, ``-``, ``_`` and ``.``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...errors import NotFound
from ..names import env_candidates

_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


class Place(NamedTuple):
    """The Secret's name, and the keys in it to try in order; none: the Secret as a whole."""

    secret: str
    keys: tuple[str, ...]


def find(name: str, prefix: str = "", secret: str = "") -> Place | str:
    """Where ``name`` is kept, or why it can be nowhere.

    With ``secret``, all names are keys of that Secret: as written, or as an environment variable would be called.
    Else ``database/password`` is the key ``password`` (or ``PASSWORD``) of the Secret ``database``, ``prod/db/password``
    that of the Secret ``prod-db``, and ``database`` the whole of the Secret ``database``; ``prefix`` stands in front of
    the Secret's name. A Secret's name is mapped by lower case and ``_`` to ``-``, so that ``DATABASE_URL`` is the
    Secret ``database-url``.
    """
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "a name has no empty or dotted part"
    if secret:
        object_name, keys = secret, env_candidates(name, prefix)
    else:
        above, _, key = name.rpartition("/")
        full = f"{prefix}/{above or key}" if prefix else above or key
        object_name = full.replace("/", "-").replace("_", "-").lower()
        keys = env_candidates(key) if above else ()
    if not _SUBDOMAIN.fullmatch(object_name) or ".." in object_name:
        return "no Secret can be named so; Kubernetes takes a-z, 0-9, '-' and '.'"
    possible = tuple(key for key in keys if _KEY.fullmatch(key))
    if keys and (not possible or not name.isascii()):
        return "no key of a Secret can be named so; Kubernetes takes letters, digits, '-', '_' and '.'"
    return Place(object_name, possible)


def secret_of(name: str, prefix: str = "", secret: str = "") -> str:
    """The Secret that ``name`` is read from: all that reading it needs permission for. Raises ``NotFound``."""
    found = find(name, prefix, secret)
    if isinstance(found, str):
        raise NotFound(f"{name[:80]!r}: {found}", name=name)
    return found.secret


def listed_name(object_name: str, key: str, prefix: str = "", secret: str = "") -> str:
    """The name under which ``key`` of a Secret is read; empty where it is not below ``prefix``."""
    if secret:
        variable = env_candidates("x", prefix)[-1][:-1] if prefix else ""
        return key.removeprefix(variable) if key.startswith(variable) else ""
    start = secret_of("x", prefix)[:-1] if prefix else ""
    return (
        f"{object_name[len(start) :]}/{key}" if object_name.startswith(start) and object_name != start else ""
    )


def is_namespace(text: str) -> bool:
    """Whether ``text`` can be a namespace's name, a DNS-1123 label."""
    return _LABEL.fullmatch(text) is not None
