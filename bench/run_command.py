"""``wellkept run -- true`` from an encrypted store against ``dotenv run -- true`` from a plain file."""

import compileall
import os
import subprocess
import sys
import tempfile

import wellkept
from bench._compare import alternate_commands, claim, finish

BIN = os.path.dirname(sys.executable)
LINES = "".join(f"SETTING_{n}=value-of-setting-{n}\n" for n in range(30))


def main() -> None:
    # What pip does for a wheel and not for a checkout: without it, our side would be compiled at each start.
    compileall.compile_dir(os.path.dirname(wellkept.__file__), quiet=2)
    with tempfile.TemporaryDirectory() as directory:
        env = {
            "PATH": BIN + os.pathsep + os.environ["PATH"],
            "XDG_CONFIG_HOME": directory + "/config",
            "HOME": directory,
        }
        with open(directory + "/.env", "w") as file:
            file.write(LINES)
        for command in ("init --no-hook", "import .env"):
            subprocess.run(
                [BIN + "/wellkept", *command.split()], cwd=directory, env=env, check=True, capture_output=True
            )
        ours, dotenv, bare = alternate_commands(
            [BIN + "/wellkept", "run", "--", "true"],
            [BIN + "/dotenv", "-f", ".env", "run", "--", "true"],
            [sys.executable, "-c", "pass"],
            rounds=31,
            env=env,
            cwd=directory,
        )
    claim(
        "wellkept run -- true (30 secrets, decrypted and audited)",
        ours,
        "dotenv run -- true",
        dotenv,
        at_most=1.0,
    )
    claim("... as a multiple of a bare interpreter", ours, "python -c pass", bare, at_most=10)
    finish()


if __name__ == "__main__":
    main()
