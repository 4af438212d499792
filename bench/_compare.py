"""What the benchmarks share: alternating rounds, medians, and one line a claim."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

_missed: list[str] = []


def alternate(*actions: Callable[[], object], rounds: int = 9, number: int = 1) -> list[list[float]]:
    """Seconds per call of each action: ``rounds`` samples of ``number`` calls, taken in turn."""
    samples: list[list[float]] = [[] for _ in actions]
    for action in actions:
        action()
    for _ in range(rounds):
        for action, taken in zip(actions, samples, strict=True):
            start = time.perf_counter()
            for _ in range(number):
                action()
            taken.append((time.perf_counter() - start) / number)
    return samples


def alternate_commands(
    *commands: Sequence[str], rounds: int = 15, env: dict[str, str] | None = None, cwd: str | None = None
) -> list[list[float]]:
    """Wall-clock seconds of whole processes, started in turn. A command that fails ends the benchmark."""

    def runner(command: Sequence[str]) -> Callable[[], object]:
        return lambda: subprocess.run(command, check=True, env=env, cwd=cwd, stdout=subprocess.DEVNULL)

    return alternate(*(runner(command) for command in commands), rounds=rounds)


def ratio(ours: Sequence[float], rival: Sequence[float]) -> float:
    """The median of ours over rival's, round by round: what is left when the machine's drift is divided out."""
    return statistics.median(a / b for a, b in zip(ours, rival, strict=True))


def claim(
    what: str, ours: Sequence[float], rival_name: str, rival: Sequence[float], *, at_most: float
) -> None:
    """Print one line: the medians, the ratio and whether it is within ``at_most``."""
    measured = ratio(ours, rival)
    met = measured <= at_most
    if not met:
        _missed.append(what)
    print(
        f"{what}: {duration(statistics.median(ours))}, {rival_name} {duration(statistics.median(rival))}; "
        f"ratio {measured:.3g}, wanted at most {at_most:.3g}: {'met' if met else 'MISSED'}",
        flush=True,
    )


def bound(what: str, measured: float, limit: float, unit: str) -> None:
    """Print one line about an absolute limit."""
    met = measured <= limit
    if not met:
        _missed.append(what)
    print(
        f"{what}: {measured:.3g} {unit}, wanted at most {limit:.3g} {unit}: {'met' if met else 'MISSED'}",
        flush=True,
    )


def duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def finish() -> None:
    """End the script: exit code 1 when a claim was missed."""
    sys.exit(1 if _missed else 0)
