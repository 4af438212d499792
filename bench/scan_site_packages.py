"""The scanner over the site-packages of its own environment: findings per MB, and how each was judged.

``scan_triage.toml`` holds the verdicts by package and rule. What is not in it counts as false: the bound is one
false finding per 5 MB.
"""

from __future__ import annotations

import collections
import re
import sysconfig
import tomllib
from pathlib import Path

from bench._compare import bound, finish
from wellkept.scanning.pipeline import Scanner
from wellkept.scanning.targets.paths import PathsTarget


def main() -> None:
    root = sysconfig.get_paths()["purelib"]
    with (Path(__file__).parent / "scan_triage.toml").open("rb") as file:
        entries = tomllib.load(file)["triaged"]
    verdicts = {(entry["package"], entry["rule"]): entry["verdict"] for entry in entries}
    report = Scanner().scan(PathsTarget([root]))
    counts: collections.Counter[str] = collections.Counter()
    for finding in report.findings:
        package = re.sub(r"-[0-9][^-]*\.dist-info$", "", finding.location.path[len(root) + 1 :].split("/")[0])
        counts[verdicts.get((package, finding.rule), "not triaged")] += 1
    size = report.stats.bytes / 1e6
    print(f"{len(report.findings)} findings in {size:.0f} MB, {len(report.findings) / size:.3f} a MB")
    for verdict, count in counts.most_common():
        print(f"{verdict:12} {count}")
    bound("false findings per 5 MB", 5 * (counts["false"] + counts["not triaged"]) / size, 1.0, "")
    finish()


if __name__ == "__main__":
    main()
