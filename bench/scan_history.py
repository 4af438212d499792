"""``wellkept scan git`` against Kingfisher, betterleaks and gitleaks on a history of 30,000 commits.

The repository is generated (see ``_history``); ``WELLKEPT_BENCH_HISTORY`` names one that is there already, or
where to keep the one that is made. Medians of 5, in turn; peak memory of each with its children.
"""

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import wellkept
from bench._compare import bound, claim, finish
from bench._history import make
from bench._rivals import RIVALS, missing

BIN = os.path.dirname(sys.executable)
ROUNDS = int(os.environ.get("WELLKEPT_BENCH_ROUNDS", "5"))

COMMANDS = {
    "kingfisher --turbo": [
        "scan",
        "--git-history",
        "full",
        "--turbo",
        "--no-validate",
        "--no-update-check",
        ".",
    ],
    "kingfisher": ["scan", "--git-history", "full", "--no-validate", "--no-update-check", "."],
    "betterleaks": ["git", "--no-banner", "--exit-code", "0", "."],
    "gitleaks": ["git", "--no-banner", "--exit-code", "0", "."],
}


def measured(words: list[str], directory: str, codes: tuple[int, ...]) -> tuple[float, float]:
    """Seconds, and the peak of resident memory of the process and all below it together, in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(words, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.05)
    if process.returncode not in codes:
        raise SystemExit(f"{words[0]} ended with {process.returncode}")
    return time.perf_counter() - start, peak / 1e6


def _resident(top: int) -> int:
    """Proportional set size where the kernel tells it, so that pages shared by workers count once."""
    total, waiting = 0, [top]
    while waiting:
        pid = waiting.pop()
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as file:
                    waiting += [int(child) for child in file.read().split()]
        except OSError:
            continue  # it has just ended
    return total


def compare(directory: str) -> None:
    ours = [BIN + "/wellkept", "scan", "git", ".", "--quiet", "--json"]
    found = json.loads(subprocess.run(ours, cwd=directory, capture_output=True, check=False).stdout)
    stats = found["stats"]
    print(
        f"{stats['commits']} commits, {stats['bytes'] / 1e9:.2f} GB of blobs, {len(found['findings'])} findings"
    )
    programs = {name: [*RIVALS[name], *words] for name, words in COMMANDS.items() if RIVALS[name]}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ("ours", *programs)}
    for _ in range(ROUNDS):
        taken["ours"].append(measured(ours, directory, (1,)))
        for name, words in programs.items():
            taken[name].append(measured(words, directory, (0, 200, 205)))
    seconds = {name: [sample[0] for sample in samples] for name, samples in taken.items()}
    memory = {name: statistics.median(sample[1] for sample in samples) for name, samples in taken.items()}
    for name in programs:
        claim("wellkept scan git", seconds["ours"], name, seconds[name], at_most=1 / 1.5)
    print("peak memory, MB: " + ", ".join(f"{name} {value:.0f}" for name, value in memory.items()))
    if "kingfisher --turbo" in memory:
        bound("peak memory", memory["ours"], memory["kingfisher --turbo"], "MB")
    if missing():
        print(f"not installed, so not compared: {', '.join(missing())}")


def main() -> None:
    compileall.compile_dir(os.path.dirname(wellkept.__file__), quiet=2)
    kept = os.environ.get("WELLKEPT_BENCH_HISTORY")
    if kept:
        if not os.path.isdir(os.path.join(kept, ".git")):
            make(kept)
        compare(kept)
    else:
        with tempfile.TemporaryDirectory() as directory:
            make(os.path.join(directory, "history"))
            compare(os.path.join(directory, "history"))
    finish()


if __name__ == "__main__":
    main()
