"""``import wellkept`` against ``import boto3``: whole interpreters, bare start subtracted from neither."""

import statistics
import subprocess
import sys

from bench._compare import alternate_commands, bound, finish, ratio


def imported(statement: str) -> float:
    """Milliseconds that the statement itself takes in a new interpreter."""
    code = f"import time; t=time.perf_counter(); {statement}; print((time.perf_counter()-t)*1e3)"
    return float(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )


def main() -> None:
    ours = statistics.median(imported("import wellkept") for _ in range(15))
    boto3 = statistics.median(imported("import boto3") for _ in range(15))
    bound("import wellkept", ours, 40, "ms")
    bound(f"... as a part of import boto3 ({boto3:.0f} ms)", ours / boto3, 0.25, "times")
    whole = alternate_commands(
        [sys.executable, "-c", "import wellkept"], [sys.executable, "-c", "import boto3"], rounds=15
    )
    print(f"whole processes: ratio {ratio(*whole):.2f}")
    modules = "import sys, wellkept; print(sorted(m for m in sys.modules if 'site-packages' in (getattr(sys.modules[m], '__file__', '') or '')))"
    print(
        "loaded from outside the standard library:",
        subprocess.run([sys.executable, "-c", modules], capture_output=True, text=True).stdout.strip(),
    )
    finish()


if __name__ == "__main__":
    main()
