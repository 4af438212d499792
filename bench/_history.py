"""A git repository like a real one, made for the benchmarks: source files that grow by edits, over many commits."""

import os
import pathlib
import random
import string
import subprocess
import sysconfig
from collections.abc import Iterator

SUFFIXES = {".py", ".js", ".json", ".txt", ".md", ".c", ".h", ".yaml", ".toml", ".rst"}


def corpus(count: int, seed: random.Random) -> list[list[bytes]]:
    """The lines of ``count`` files of this Python's site-packages and standard library, 2 to 80 KB each."""
    roots = {sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")}
    paths = sorted(
        path
        for root in roots
        for path in pathlib.Path(root).rglob("*")
        if path.suffix in SUFFIXES and path.is_file() and 2_000 <= path.stat().st_size <= 80_000
    )
    return [
        path.read_bytes().splitlines(keepends=True) for path in seed.sample(paths, min(count, len(paths)))
    ]


def token(seed: random.Random) -> bytes:
    """Something that looks like an AWS access key and its secret, made up here; it opens nothing."""
    key = "".join(seed.choices(string.ascii_uppercase + "234567", k=16))
    secret = "".join(seed.choices(string.ascii_letters + string.digits + "/+", k=40))
    return f'aws_access_key_id = "AK{"IA"}{key}"\naws_secret_access_key = "{secret}"\n'.encode()


def stream(commits: int, files: int, planted: int, seed: random.Random) -> Iterator[bytes]:
    """What ``git fast-import`` reads. Each commit edits one to five files; every 50th adds one."""
    pool = corpus(files, seed)
    live: list[tuple[bytes, list[bytes]]] = []
    words = [line for lines in pool[:200] for line in lines]
    plants = set(seed.sample(range(commits // 10, commits), planted))
    for number in range(1, commits + 1):
        changed = {}
        for _ in range(12 if number <= files // 16 else 0):
            if pool:
                name = f"src/d{seed.randrange(40)}/m{seed.randrange(30)}/f{len(live)}.py".encode()
                live.append((name, pool.pop()))
                changed[name] = live[-1][1]
        for _ in range(seed.choice((1, 1, 2, 2, 3, 5))):
            name, lines = live[min(int(seed.expovariate(3.0) * len(live)), len(live) - 1)]
            for _ in range(seed.choice((1, 2, 4, 8))):
                at = seed.randrange(len(lines) + 1)
                lines[at : at + seed.choice((0, 1, 1, 2))] = seed.choices(words, k=seed.choice((1, 1, 2, 3)))
            if number in plants:
                lines.insert(seed.randrange(len(lines)), token(seed))
                plants.discard(number)
            changed[name] = lines
        who = f"Dev {number % 37} <dev{number % 37}@example.com> {1_500_000_000 + number * 600} +0000\n"
        yield f"commit refs/heads/main\nauthor {who}committer {who}".encode()
        yield b"data 8\nA change\n"
        for name, lines in changed.items():
            data = b"".join(lines)
            yield b"M 100644 inline " + name + b"\ndata " + str(len(data)).encode() + b"\n"
            yield data
            yield b"\n"


def make(directory: str, *, commits: int = 30_000, files: int = 3_000, planted: int = 200) -> None:
    """A bare-bones repository in ``directory``, packed as git packs after a clone, with its files checked out."""
    subprocess.run(["git", "init", "-q", "-b", "main", directory], check=True)
    importer = subprocess.Popen(
        ["git", "fast-import", "--quiet", "--depth=50"], cwd=directory, stdin=subprocess.PIPE
    )
    assert importer.stdin is not None
    for piece in stream(commits, files, planted, random.Random(20261122)):
        importer.stdin.write(piece)
    importer.stdin.close()
    if importer.wait():
        raise SystemExit("git fast-import failed")
    quiet = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-c", "pack.threads=2", "repack", "-adfq"], cwd=directory, check=True, env=quiet)
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=directory, check=True, env=quiet)
