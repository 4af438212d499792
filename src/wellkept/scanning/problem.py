"""``Problem``: anything that keeps a scan from having looked at everything. A scan is never silently clean."""

from __future__ import annotations

from typing import NamedTuple

FATAL = True
WARNING = False

KINDS: dict[str, bool] = {
    "missing": FATAL,  # a path, repository, image or process that does not exist
    "unreadable": FATAL,  # no permission, an I/O error, a file that went away while it was read
    "skipped-large": FATAL,  # above the size limit that the user set
    "archive-corrupt": FATAL,  # truncated, wrong checksum, encrypted
    "archive-unknown": FATAL,  # looks like an archive, of a kind that cannot be opened here
    "bound-reached": FATAL,  # a bomb: size, ratio, number of members or depth beyond the bounds
    "decode-bound": WARNING,  # decoding stopped at its budget: the text itself was scanned
    "rule": FATAL,  # a rule did not compile or names a check that does not exist
    "timeout": FATAL,  # an item took longer than its time
    "worker": FATAL,  # a worker process died
    "shallow": FATAL,  # a shallow or partial clone: history is missing
    "empty": FATAL,  # nothing to scan: no commits, no file, no layer
    "corrupt": FATAL,  # a git object, image or log that does not read as what it should be
    "config": FATAL,  # a configuration, baseline or allow-list that could not be used as a whole
    "special": WARNING,  # a socket, pipe or device in a tree: it has no content to scan
    "symlink": WARNING,  # a link that was not followed (a loop, or out of the tree)
    "engine": WARNING,  # the fast engine is not there; the fallback was used, with the same findings
    "cache": WARNING,  # the compiled rules could not be cached; the next start is slow again
}


class Problem(NamedTuple):
    """What went wrong and where.

    ``kind`` is one of ``KINDS``, ``subject`` the path, rule or object it is about (raw: outputs escape control
    characters), ``message`` a sentence that names what to do next. It never holds a piece of what was scanned.
    """

    kind: str
    subject: str
    message: str

    @property
    def fatal(self) -> bool:
        """Whether something was left unscanned, so that "nothing found" proves nothing. Unknown kinds are."""
        return KINDS.get(self.kind, FATAL)
