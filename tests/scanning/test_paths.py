"""Walking files and folders: everything is looked at, or named."""

import os
import socket

import pytest

from wellkept.scanning.pipeline import Scanner
from wellkept.scanning.targets.paths import PathsTarget


@pytest.fixture
def scan(rules):
    scanner = Scanner(rules)
    return lambda *paths, **options: scanner.scan(PathsTarget([str(p) for p in paths], **options))


def kinds(report):
    return sorted((p.kind, os.path.basename(p.subject)) for p in report.problems)


def test_hidden_and_ignored_files_are_scanned(scan, tmp_path, token):
    (tmp_path / ".gitignore").write_bytes(b"*\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / ".env").write_bytes(token(1))
    assert len(scan(tmp_path).findings) == 1


def test_what_is_asked_to_be_skipped_is_skipped(scan, tmp_path, token):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(token(1))
    (tmp_path / "b").write_bytes(token(2))
    report = scan(tmp_path, skip=lambda path, is_folder: is_folder and path.endswith("/a"))
    assert [os.path.basename(f.location.path) for f in report.findings] == ["b"]


def test_a_missing_path_is_said(scan, tmp_path):
    assert kinds(scan(tmp_path / "none")) == [("missing", "none")]


def test_links_in_a_circle_end_and_are_said(scan, tmp_path, token):
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "file").write_bytes(token(1))
    (tmp_path / "again").symlink_to("file")
    report = scan(tmp_path)
    assert len(report.findings) == 1
    assert kinds(report) == [("symlink", "gone"), ("symlink", "out"), ("symlink", "self")]
    assert report.complete


def test_a_link_given_as_argument_is_followed(scan, tmp_path, token):
    (tmp_path / "file").write_bytes(token(1))
    (tmp_path / "link").symlink_to("file")
    assert len(scan(tmp_path / "link").findings) == 1


def test_a_path_given_twice_is_scanned_once(scan, tmp_path, token):
    (tmp_path / "file").write_bytes(token(1))
    assert len(scan(tmp_path, tmp_path, f"{tmp_path}/.").findings) == 1


def test_pipes_sockets_and_devices_do_not_hang_and_are_said(scan, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "file").write_bytes(b"x")
    assert kinds(scan(tmp_path)) == [("special", "pipe"), ("special", "socket")]
    assert ("special", "pipe") in kinds(scan(tmp_path / "pipe"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything; run the tests as a user to see this")
def test_what_may_not_be_read_is_said(scan, tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "file").chmod(0)
    (tmp_path / "folder").mkdir(mode=0)
    assert kinds(scan(tmp_path)) == [("unreadable", "file"), ("unreadable", "folder")]


def test_a_file_that_goes_away_is_said(rules, tmp_path, token):
    class Vanishing(PathsTarget):
        def expand(self, unit):
            for item in super().expand(unit):
                os.unlink(item.file)
                yield item

    (tmp_path / "file").write_bytes(token(1))
    assert kinds(Scanner(rules).scan(Vanishing([str(tmp_path)]))) == [("missing", "file")]


def test_names_of_any_bytes_are_kept(scan, tmp_path, token):
    name = b"new\nline \x1b[2J \xff.txt"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
        file.write(token(1))
    (finding,) = scan(tmp_path).findings
    assert os.fsencode(finding.location.path).endswith(name)


def test_a_deep_tree_is_walked(scan, tmp_path, token):
    path = tmp_path
    for _ in range(300):
        path = path / "d"
    os.makedirs(path)
    (path / "f").write_bytes(token(1))
    assert len(scan(tmp_path).findings) == 1
