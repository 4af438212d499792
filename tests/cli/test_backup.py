import os
import shutil


def test_a_backup_restores_to_what_was_there(shop):
    shop.ok("set", "A", stdin="one")
    made = shop.ok("backup", "shop.backup", "--json").json
    assert os.path.getsize(made["backup"]) == made["bytes"]
    shop.ok("set", "A", stdin="two")
    refused = shop("restore", "shop.backup")
    assert refused.code == 78
    assert shop.ok("get", "A").out == "two\n"
    done = shop.ok("restore", "shop.backup", "--replace", "--yes", "--json").json
    assert os.path.isdir(done["previous"])
    assert shop.ok("get", "A").out == "one\n"
    shop.ok("audit", "verify")


def test_a_backup_restores_elsewhere(shop):
    shop.ok("set", "A", stdin="one")
    shop.ok("backup", "shop.backup")
    shutil.rmtree(shop.directory / ".wellkept")
    shop.ok("restore", "shop.backup", "--store", "elsewhere/store")
    assert shop.ok("get", "--store", "elsewhere/store", "A").out == "one\n"


def test_a_damaged_backup_is_refused_and_replaces_nothing(shop):
    shop.ok("set", "A", stdin="one")
    shop.ok("backup", "shop.backup")
    path = shop.directory / "shop.backup"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    shop.ok("set", "A", stdin="two")
    assert shop("restore", "shop.backup", "--replace", "--yes").code == 7
    assert shop.ok("get", "A").out == "two\n"


def test_a_backup_never_replaces_a_file(shop):
    shop.write("there", "precious")
    assert shop("backup", "there").code == 65
    assert (shop.directory / "there").read_text() == "precious"
