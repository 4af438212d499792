import os
import shutil
import subprocess

from wellkept.core.unlock import default_key_path


def key_of(shop) -> str:
    return default_key_path(shop.ok("status", "--json").json["store_id"])


def test_a_new_key_file_takes_the_place_of_the_old_one(shop):
    shop.ok("set", "A", stdin="value")
    path = key_of(shop)
    with open(path) as file:
        old = file.read()
    done = shop.ok("rekey", "--json").json
    assert shop.ok("get", "A").out == "value\n"
    with open(done["old_key"]) as file:
        assert file.read() == old
    assert not os.path.exists(path + ".new")
    shutil.copy(done["old_key"], path)
    assert shop("get", "A").code == 8, "the old key opens it no more"


def test_a_key_file_elsewhere(shop, monkeypatch):
    shop.ok("set", "A", stdin="value")
    path = str(shop.home / "new.key")
    shop.ok("rekey", "--key-file", path)
    assert shop("get", "A").code == 8
    monkeypatch.setenv("WELLKEPT_KEY_FILE", path)
    assert shop.ok("get", "A").out == "value\n"
    assert shop("rekey", "--key-file", path).code != 0, "a key is never overwritten"
    assert shop.ok("get", "A").out == "value\n"


def test_a_passphrase_is_asked_for_at_a_terminal_only(shop):
    done = shop.process("rekey", "--passphrase", start_new_session=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    shop.ok("list")


def test_when_the_change_fails_the_old_key_stays_and_none_is_left_over(shop, monkeypatch):
    from wellkept.errors import AuditError

    def refuse(*_, **__):
        raise AuditError("no space left")

    monkeypatch.setattr("wellkept.core.facade.LocalStore.rekey", refuse)
    path = key_of(shop)
    assert shop("rekey").code == 74
    assert sorted(os.listdir(os.path.dirname(path))) == [os.path.basename(path)]
    shop.ok("list")


def test_when_the_change_was_made_and_only_its_record_failed_the_new_key_is_kept(shop, monkeypatch):
    from wellkept.core.facade import LocalStore
    from wellkept.errors import AuditError

    shop.ok("set", "A", stdin="value")
    real = LocalStore.rekey

    def after(store, seal):
        real(store, seal)
        raise AuditError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "rekey", after)
        assert shop("rekey").code == 74
    assert shop.ok("get", "A").out == "value\n"


def test_rotation_and_re_encryption(shop):
    shop.ok("set", "A", stdin="value")
    assert shop.ok("rotate-key", "--json").json["terms"] == [1, 2]
    done = shop.ok("rotate-key", "--rewrite", "--json").json
    assert done["term"] == 3
    assert done["rewritten"] > 0
    assert done["terms"] == [3]
    assert shop.ok("get", "A").out == "value\n"
