"""``wellkept scan staged`` against betterleaks, gitleaks and Kingfisher on one staged change, start-up included."""

import compileall
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import wellkept
from bench._compare import alternate, claim, finish
from bench._history import corpus, token
from bench._rivals import RIVALS, missing

BIN = os.path.dirname(sys.executable)


def repository(directory: str) -> None:
    """Two thousand committed files and three staged ones, one of them changed."""
    seed = random.Random(6)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], cwd=directory, check=True)
    files = [b"".join(lines) for lines in corpus(600, seed)]
    for number, data in enumerate(files):
        path = pathlib.Path(directory, f"src/d{number % 40}/f{number}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    subprocess.run([*git, "add", "-A"], cwd=directory, check=True)
    subprocess.run([*git, "commit", "-qm", "all"], cwd=directory, check=True)
    for number in (1, 2, 3):
        with open(f"{directory}/src/d{number}/f{number}.py", "ab") as file:
            file.write(b"\nanswer = 42\n")
    subprocess.run([*git, "add", "-A"], cwd=directory, check=True)
    subprocess.run(["git", "repack", "-adq"], cwd=directory, check=True)


def main() -> None:
    # What pip does for a wheel and not for a checkout: without it, our side would be compiled at each start.
    compileall.compile_dir(os.path.dirname(wellkept.__file__), quiet=2)
    found = {name: words for name, words in RIVALS.items() if words and name != "kingfisher"}
    commands = {
        "betterleaks": ["git", "--staged", "--no-banner", "."],
        "gitleaks": ["git", "--staged", "--no-banner", "."],
        "kingfisher --turbo": ["scan", "--staged", "--turbo", "--no-validate", "--no-update-check", "."],
    }
    with tempfile.TemporaryDirectory() as directory:
        repository(directory)
        ours = [BIN + "/wellkept", "scan", "staged"]
        subprocess.run(ours, cwd=directory, check=True, stdout=subprocess.DEVNULL)  # compiles the rules once
        rivals = {name: [*found[name], *words] for name, words in commands.items() if name in found}

        def runner(words: list[str]):
            quiet = subprocess.DEVNULL
            return lambda: subprocess.run(words, cwd=directory, check=True, stdout=quiet, stderr=quiet)

        taken = alternate(*(runner(words) for words in (ours, *rivals.values())), rounds=11)
        with open(f"{directory}/leak.py", "wb") as file:
            file.write(token(random.Random(1)))
        subprocess.run(["git", "add", "leak.py"], cwd=directory, check=True)
        stopped = subprocess.run(ours, cwd=directory, capture_output=True, check=False).returncode
    if stopped != 1:
        print("the planted secret was not found", file=sys.stderr)
        sys.exit(1)
    for name, samples in zip(rivals, taken[1:], strict=True):
        claim("wellkept scan staged (3 files of 600)", taken[0], name, samples, at_most=0.5)
    if missing():
        print(f"not installed, so not compared: {', '.join(missing())}")
    finish()


if __name__ == "__main__":
    main()
