"""How a secret's name becomes the name of an environment variable, in one place for reading and for ``run``."""

from __future__ import annotations

_KEPT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def env_name(name: str) -> str:
    """``name`` in upper case, with each character that is no ASCII letter or digit as ``_``.

    ``database/password`` and ``database#password`` both become ``DATABASE_PASSWORD``.
    """
    return "".join(character.upper() if character in _KEPT else "_" for character in name)


def env_candidates(name: str, prefix: str = "") -> tuple[str, ...]:
    """The variables to try for ``name``, in order: exactly as written, then ``env_name``.

    With a ``prefix`` (``billing``) both are tried with it in front (``billing/name``, ``BILLING_NAME``), and
    nothing without it. A name with no ASCII letter or digit in it is tried as written only: what is left of it
    says nothing, and shells set a variable ``_``.
    """
    full = f"{prefix}/{name}" if prefix else name
    mapped = env_name(full)
    return (full,) if mapped == full or not env_name(name).strip("_") else (full, mapped)
