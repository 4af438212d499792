"""What is about to be committed: which files it is, and whether a known value is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TEMPLATES = frozenset({"example", "sample", "template", "dist", "schema"})
"""Endings of ``.env.*`` that are meant to be committed."""

MIN_LENGTH = 8
"""Bytes of a value that is looked for. Shorter ones, and words, occur in every text."""

_FILE_MODES = (b"100644", b"100755")


class File(NamedTuple):
    """A staged file and the object that holds its staged content."""

    path: str
    blob: str


class Finding(NamedTuple):
    """Why a file must not be committed; ``secret`` names the value that is in it, if it is that."""

    path: str
    what: str
    secret: str = ""


def files(git: Callable[..., bytes]) -> list[File]:
    """The regular files that a commit would add or change, with their staged content."""
    raw = git(
        "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AM", "--no-ext-diff"
    )
    fields = raw.split(b"\0")
    found = []
    for header, path in zip(fields[0::2], fields[1::2], strict=False):
        _, mode, _, blob, _ = header.split(b" ")
        if mode in _FILE_MODES:
            found.append(File(path.decode("utf-8", "surrogateescape"), blob.decode("ascii")))
    return found


def parents(path: str) -> Iterator[str]:
    """The directories above a file of the repository, from its own up, without the top."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def forbidden(found: Sequence[File]) -> Iterator[Finding]:
    """Those that no repository should hold, whatever is in them."""
    for file in found:
        what = why_forbidden(file.path)
        if what:
            yield Finding(file.path, what)


def why_forbidden(path: str) -> str | None:
    """What kind of forbidden file this is by its name, or ``None``."""
    *directories, base = path.lower().split("/")
    if base == ".env" or (base.startswith(".env.") and base.rpartition(".")[2] not in TEMPLATES):
        return "a .env file; its secrets belong into the store: wellkept import"
    if base.endswith(".env") and len(base) > len(".env"):
        return "a .env file; its secrets belong into the store: wellkept import"
    if ".wellkept" in directories:
        return "part of the encrypted store, which stays out of the repository"
    if "wellkept" in directories and base.endswith((".key", ".key.new", ".old")):
        return "a key that opens a store"
    return None


def search(
    found: Sequence[File], secrets: Mapping[str, bytes], content: Callable[[str], bytes]
) -> Iterator[Finding]:
    """Files that hold one of ``secrets`` in any of the forms that the redactor knows."""
    from ..redaction.forms import forms

    needles = [
        (form, name) for name, value in secrets.items() if telling(value) for form, _ in forms(value.strip())
    ]
    for file in found:
        data = content(file.blob)
        for name in dict.fromkeys(name for form, name in needles if len(form) >= MIN_LENGTH and form in data):
            yield Finding(file.path, f"holds the value of {name}", name)


def telling(value: bytes) -> bool:
    """Whether finding ``value`` in a file says anything: long enough, and more than a word or a number."""
    from ..redaction.known import PUBLIC

    value = value.strip()
    if len(value) < MIN_LENGTH or value.decode("latin-1") in PUBLIC:
        return False
    return len(value) >= 24 or not (value.isdigit() or value.isalpha())
