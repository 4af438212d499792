"""What the scanner finds of labelled files, line by line, beside gitleaks, betterleaks and Kingfisher.

Three sets: files written by hand (``scan_corpus``), examples of every rule in ten syntaxes with their near-misses,
and the same tokens encoded. For each set precision, recall and F1 over lines; for ours also by rule, of those below
one. ``RIVALS`` names the site-packages folder that holds the rivals; who is not there is left out. The corpus is our
own: it shows that nothing got worse, and how others read the same files, not how good anybody is on unseen ones.
"""

from __future__ import annotations

import collections
import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._compare import bound, finish
from bench._scan_corpus import Labelled, encoded, generated, written
from bench._scan_tree import commands
from wellkept.scanning.pipeline import Scanner
from wellkept.scanning.rule import load_builtin
from wellkept.scanning.targets.paths import PathsTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Lines = dict[str, dict[int, float]]
"""By file: the lines reported, with the confidence (1 where a scanner gives none)."""


def main() -> None:
    rules = load_builtin()
    print(f"{len(rules)} rules")
    sets = {
        "written by hand": list(written()),
        "generated": list(generated(rules, ("{}\n", 'x = "{}";\n', "  x: '{}'\n", "export X={}\n"))),
        "encoded": list(encoded(rules)),
    }
    for name, files in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            names = _write(Path(folder), files)
            print(
                f"── {name}: {len(files)} files, {sum(len(file.lines) for file in files)} lines with a secret"
            )
            for scanner, scan in _scanners(folder).items():
                found = scan()
                precision, recall, high = _score(names, found, scanner)
                if scanner == "wellkept":
                    if name == "generated":
                        _by_rule(names, found)
                    least = {"written by hand": 0.85, "generated": 0.97, "encoded": 0.85}[name]
                    bound(f"{name}: lines missed", 1 - recall, 1 - least, "")
                    bound(f"{name}: false among those of high confidence", 1 - high, 0.15, "")
                    bound(f"{name}: false among all", 1 - precision, 0.15, "")
    finish()


def _write(folder: Path, files: Iterable[Labelled]) -> dict[str, Labelled]:
    names = {}
    for number, file in enumerate(files):
        path = folder / f"{number:05}" / file.path
        path.parent.mkdir(parents=True)
        path.write_bytes(file.data)
        names[str(path)] = file
    return names


def _scanners(folder: str) -> dict[str, Callable[[], Lines]]:
    found: dict[str, Callable[[], Lines]] = {"wellkept": lambda: _ours(folder)}
    try:
        rivals = commands(folder)
    except (SystemExit, KeyError, OSError) as reason:
        print(f"no rivals here: {reason}")
        return found
    for name, command in rivals.items():
        if "turbo" not in name and Path(command[0]).exists():
            found[name] = lambda name=name, command=command: _rival(name, command)  # type: ignore[misc]
    return found


def _ours(folder: str) -> Lines:
    report = Scanner().scan(PathsTarget([folder]))
    lines: Lines = collections.defaultdict(dict)
    for finding in report.findings:
        for place in (finding.location, *finding.also):
            for line in range(place.line, max(place.line, place.end_line) + 1):
                known = lines[place.path].get(line, 0.0)
                lines[place.path][line] = max(known, finding.confidence)
    return lines


def _rival(name: str, command: list[str]) -> Lines:
    with tempfile.TemporaryDirectory() as folder:
        report = f"{folder}/report.json"
        if name == "kingfisher":
            text = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")
            return _places(_kingfisher(text))
        where = (
            ["-o", report] if name == "betterleaks" else ["--report-format", "json", "--report-path", report]
        )
        subprocess.run([*command, *where], capture_output=True, check=False)
        try:
            value = json.loads(Path(report).read_text())
        except (OSError, ValueError):
            print(f"{name}: gave no report")
            return {}
        if name == "betterleaks":
            places = [place for place in _walk(value) if "start_line" in place and "path" in place]
            return _places((p["path"], p["start_line"], p["end_line"]) for p in places)
        return _places((r["File"], r["StartLine"], r["EndLine"]) for r in value)


def _kingfisher(text: str) -> list[tuple[str, int, int]]:
    """Its report is one JSON document, or one a line, after whatever it says first."""
    places = []
    decoder = json.JSONDecoder()
    at = text.find("{")
    while 0 <= at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
        else:
            places += [
                (f["path"], int(f["line"]), int(f["line"]))
                for f in _walk(value)
                if "path" in f and "line" in f
            ]
        at = text.find("{", at)
    return places


def _walk(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item)


def _places(records: Iterable[tuple[str, int, int]]) -> Lines:
    lines: Lines = collections.defaultdict(dict)
    for path, first, last in records:
        for line in range(first, last + 1):
            lines[path][line] = 1.0
    return lines


def _score(names: dict[str, Labelled], found: Lines, scanner: str) -> tuple[float, float, float]:
    true = false = missed = high_true = high_false = 0
    for path, file in names.items():
        reported = found.get(path, {})
        for line in file.lines | set(reported):
            high = reported.get(line, 0.0) >= 0.85
            if line not in reported:
                missed += 1
            elif line in file.lines:
                true, high_true = true + 1, high_true + high
            else:
                false, high_false = false + 1, high_false + high
    sure = high_true / (high_true + high_false) if high_true + high_false else 1.0
    precision = true / (true + false) if true + false else 1.0
    recall = true / (true + missed) if true + missed else 1.0
    both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    print(
        f"{scanner:12} precision {precision:.3f}  recall {recall:.3f}  F1 {both:.3f}  high {sure:.3f}",
        flush=True,
    )
    return precision, recall, sure


def _by_rule(names: dict[str, Labelled], found: Lines) -> None:
    """The rules whose own files are not all read right: true, false, missed."""
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    for path, file in names.items():
        if file.rule:
            reported = set(found.get(path, {}))
            counts[file.rule][0] += len(reported & file.lines)
            counts[file.rule][1] += len(reported - file.lines)
            counts[file.rule][2] += len(file.lines - reported)
    for rule, (true, false, missed) in sorted(counts.items()):
        if false or missed:
            precision, recall = true / max(true + false, 1), true / max(true + missed, 1)
            print(
                f"    {rule}: precision {precision:.2f}, recall {recall:.2f} ({true} true, {false} false, {missed} missed)"
            )


if __name__ == "__main__":
    main()
