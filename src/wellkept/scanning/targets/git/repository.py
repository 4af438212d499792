"""A repository before its content: where it is, how much of its history is here, its commits and tips."""

from __future__ import annotations

import os
from typing import NamedTuple

from ...problem import Problem
from .process import GitFailed, output, split


class Repository(NamedTuple):
    """``directory`` is where git is called; ``name`` what messages call it; ``in_hook`` that git called us."""

    directory: str
    name: str
    in_hook: bool = False

    def git(self, *words: str, stdin: bytes | None = None) -> bytes:
        """What a git command prints. Raises ``GitFailed``."""
        return output(self.directory, *words, in_hook=self.in_hook, stdin=stdin)

    def ask(self, *words: str) -> str:
        """The one line that a git command prints; empty where it fails."""
        try:
            return self.git(*words).decode("utf-8", "surrogateescape").strip()
        except GitFailed:
            return ""


def find(path: str, *, in_hook: bool = False) -> Repository | Problem:
    """The repository in or around ``path``, or why there is none."""
    if not os.path.lexists(path):
        return Problem("missing", path, "there is no such directory")
    if not os.path.isdir(path):
        return Problem("missing", path, "is no directory; name the directory of a repository")
    repository = Repository(path, path, in_hook)
    try:
        repository.git("rev-parse", "--git-dir")
    except GitFailed as error:
        return Problem("missing", path, f"is no git repository ({error})")
    return repository


def shortcomings(repository: Repository) -> list[Problem]:
    """What of the history is not here: a shallow or partial clone."""
    problems = []
    if repository.ask("rev-parse", "--is-shallow-repository") == "true":
        problems.append(
            Problem(
                "shallow",
                repository.name,
                "is a shallow clone, so earlier history was not scanned; get it with: git fetch --unshallow",
            )
        )
    if partial(repository):
        problems.append(
            Problem(
                "shallow",
                repository.name,
                "is a partial clone, so what was not fetched was not scanned; clone it again without --filter",
            )
        )
    return problems


def partial(repository: Repository) -> bool:
    """Whether objects may be missing because a remote promised them."""
    if repository.ask("config", "--local", "--get", "extensions.partialClone"):
        return True
    if "true" in repository.ask("config", "--local", "--get-regexp", r"^remote\..*\.promisor$"):
        return True
    objects = repository.ask("rev-parse", "--git-path", "objects/pack")
    try:
        names = os.listdir(os.path.join(repository.directory, objects))
    except OSError:
        return False
    return any(name.endswith(".promisor") for name in names)


def tips(repository: Repository) -> list[str]:
    """The objects that all refs, HEAD and every stash point at, sorted."""
    found = {line.decode() for line in split(repository.git("for-each-ref", "--format=%(objectname)"))}
    found.add(repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}"))
    found.update(repository.ask("rev-list", "-g", "refs/stash", "--").split())
    return sorted(found - {""})


def empty_tree(repository: Repository) -> str:
    """The tree without files, in the repository's hash."""
    return repository.git("hash-object", "-t", "tree", "--stdin", stdin=b"").decode().strip()
