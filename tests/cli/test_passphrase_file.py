"""A passphrase that nobody types: from a file, from stdin, from the environment."""

import pytest

from wellkept.barrier.seals.passphrase import PassphraseSeal
from wellkept.core.local import open_store
from wellkept.errors import Sealed

FIRST, SECOND = "first passphrase", "second passphrase"


def opens(path, passphrase):
    with open_store(str(path), PassphraseSeal(lambda: passphrase)) as store:
        store.list()


@pytest.mark.parametrize("way", ["file", "stdin", "variable", "file variable"])
def test_a_store_is_made_with_a_passphrase_that_is_given(tmp_path, way):
    from e2e_project import Project

    project = Project(tmp_path)
    written = tmp_path / "passphrase"
    written.write_text(FIRST + "\n")
    arguments, stdin, env = {
        "file": (["--passphrase-file", str(written)], b"", {}),
        "stdin": (["--passphrase-file", "-"], f"{FIRST}\n".encode(), {}),
        "variable": (["--passphrase"], b"", {"WELLKEPT_PASSPHRASE": FIRST}),
        "file variable": (["--passphrase"], b"", {"WELLKEPT_PASSPHRASE_FILE": str(written)}),
    }[way]
    project.ok("init", "--no-hook", *arguments, stdin=stdin, env=env)
    opens(project.root / ".wellkept", FIRST)
    project.ok("rekey", "--passphrase-file", "-", stdin=SECOND.encode(), env={"WELLKEPT_PASSPHRASE": FIRST})
    opens(project.root / ".wellkept", SECOND)
    with pytest.raises(Sealed):
        opens(project.root / ".wellkept", FIRST)
