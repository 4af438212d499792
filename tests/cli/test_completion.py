import shutil
import subprocess
import sys

import pytest


def words(project, *typed: str) -> list[str]:
    return project.ok("completion", "words", "--", *typed).out.split("\n")[:-1]


def test_commands_and_their_second_words(bare):
    assert words(bare, "hi") == ["history"]
    assert "audit" in words(bare, "")
    assert words(bare, "audit", "") == ["tail", "show", "verify"]
    assert words(bare, "audit", "v") == ["verify"]


def test_options_of_every_command(bare):
    assert "--json-object" in words(bare, "set", "X", "--js")
    assert words(bare, "audit", "show", "--sin") == ["--since"]
    assert "--watch" in words(bare, "run", "--w")
    assert words(bare, "generate", "ed") == ["ed25519"]


def test_names_of_secrets(shop):
    for name in ("DATABASE_URL", "DATABASE_USER", "API", "/prod/billing/db", "/prod/web/key"):
        shop.ok("set", name, stdin="x")
    assert words(shop, "get", "DATA") == ["DATABASE_URL", "DATABASE_USER"]
    assert words(shop, "get", "prod/") == ["prod/billing/", "prod/web/"]
    assert words(shop, "get", "prod/billing/d") == ["prod/billing/db"]
    assert words(shop, "run", "--only", "A") == ["API"]


def test_environments(shop):
    config = shop.directory / "wellkept.toml"
    config.write_text(config.read_text() + '[env.prod]\nsource = "env:"\n')
    assert words(shop, "run", "--env", "") == ["dev", "prod"]


def test_nothing_to_offer_is_no_error(bare):
    assert words(bare, "get", "") == []
    assert words(bare, "no-such-command", "x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_accepted_by_its_shell(bare, shell):
    script = bare.ok("completion", shell).out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    subprocess.run([program, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash: apt-get install bash")
def test_bash_completes_with_it(shop):
    shop.ok("set", "DATABASE_URL", stdin="x")
    shop.write("bin/wellkept", f'#!/bin/sh\nexec {sys.executable} -m wellkept "$@"\n')
    (shop.directory / "bin" / "wellkept").chmod(0o755)
    script = (
        f"PATH={shop.directory}/bin:$PATH\n"
        + shop.ok("completion", "bash").out
        + 'COMP_WORDS=(wellkept get DATA); COMP_CWORD=2; _wellkept; echo "${COMPREPLY[@]}"\n'
        + 'COMP_WORDS=(wellkept hi); COMP_CWORD=1; _wellkept; echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["DATABASE_URL", "history"]
