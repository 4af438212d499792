"""``wellkept scan`` of a tree of text against gitleaks, betterleaks and Kingfisher: time and peak memory.

``RIVALS`` names the site-packages folder that holds the rivals; ``TREE`` a tree to read instead of a built one.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench._compare import bound, claim, duration, finish
from bench._scan_tree import build, commands

ROUNDS = 5
JOBS = os.cpu_count() or 1
OURS = """
import sys
from wellkept.scanning.pipeline import Scanner
from wellkept.scanning.targets.paths import PathsTarget
report = Scanner(jobs=int(sys.argv[2])).scan(PathsTarget([sys.argv[1]]))
print(len(report.findings), [p for p in report.problems if p.fatal][:5])
"""


def run(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Seconds and the largest process's peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 200, 205):  # Kingfisher ends with 200 when it found something
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        tree = os.environ.get("TREE", "")
        if not tree:
            tree = directory + "/tree"
            files, size = build(Path(tree))
            print(f"{files} files, {size >> 20} MiB")
        env = {"PATH": os.environ["PATH"], "HOME": directory, "XDG_CACHE_HOME": directory + "/cache"}
        everybody = {"wellkept": [sys.executable, "-c", OURS, tree, str(JOBS)], **commands(tree)}
        taken: dict[str, list[float]] = {name: [] for name in everybody}
        memory: dict[str, float] = dict.fromkeys(everybody, 0.0)
        for turn in range(ROUNDS + 1):  # the first fills the caches of rules and files
            for name, command in everybody.items():
                seconds, peak = run(command, env)
                if turn:
                    memory[name] = max(memory[name], peak)
                    taken[name].append(seconds)
    memory["wellkept"] *= 1 + JOBS  # the largest of its processes: no more than so much for all of them
    for name, samples in taken.items():
        print(f"{name}: {duration(statistics.median(samples))}, {memory[name]:.0f} MiB")
    fastest = min(
        (name for name in taken if name != "wellkept"), key=lambda name: statistics.median(taken[name])
    )
    claim(
        "a tree, all rules, decoding and archives on", taken["wellkept"], fastest, taken[fastest], at_most=0.5
    )
    bound("peak memory, all processes", memory["wellkept"], memory["kingfisher --turbo"], "MiB")
    finish()


if __name__ == "__main__":
    main()
