"""Typed settings with 30 fields from a ``.env``: against pydantic-settings, in one process and as a whole one."""

import os
import sys
import tempfile

from bench._compare import alternate, alternate_commands, claim, finish

FIELDS = [("str", "text-{n}"), ("int", "{n}"), ("bool", "true"), ("float", "{n}.5")]

OURS = "import wellkept\nclass S(wellkept.Settings):\n{body}\ndef load(): return S.load('dotenv:{env}')\n"
THEIRS = (
    "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n"
    "    model_config = SettingsConfigDict(env_file='{env}')\n{body}\ndef load(): return S()\n"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        env = os.path.join(directory, ".env")
        chosen = [FIELDS[n % len(FIELDS)] for n in range(30)]
        with open(env, "w") as file:
            file.writelines(f"SETTING_{n}={value.format(n=n)}\n" for n, (_, value) in enumerate(chosen))
        body = "\n".join(f"    setting_{n}: {kind}" for n, (kind, _) in enumerate(chosen))
        loads = []
        for name, text in (("ours", OURS), ("theirs", THEIRS)):
            with open(os.path.join(directory, f"bench_{name}.py"), "w") as file:
                file.write(text.format(body=body, env=env))
        sys.path.insert(0, directory)
        import bench_ours
        import bench_theirs

        loads = [bench_ours.load, bench_theirs.load]
        assert bench_ours.load().setting_29 == bench_theirs.load().setting_29
        claim("settings, 30 fields, warm", *_with_name(alternate(*loads, rounds=31, number=10)), at_most=1.0)
        whole = alternate_commands(
            [sys.executable, "-c", "from bench_ours import load; load()"],
            [sys.executable, "-c", "from bench_theirs import load; load()"],
            rounds=11,
            env={**os.environ, "PYTHONPATH": directory},
        )
        claim("settings, 30 fields, whole process", *_with_name(whole), at_most=1.0)
    finish()


def _with_name(samples: list[list[float]]) -> tuple[list[float], str, list[float]]:
    return samples[0], "pydantic-settings", samples[1]


if __name__ == "__main__":
    main()
