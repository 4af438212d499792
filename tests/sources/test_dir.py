import os
import threading

import pytest

from wellkept.errors import ConfigError, Denied, Malformed, NotFound, Unavailable
from wellkept.sources.dir import DirSource
from wellkept.sources.files import sorted_failure
from wellkept.sources.registry import open_source


@pytest.fixture
def mount(tmp_path):
    mount = tmp_path / "mount"
    mount.mkdir()
    return mount


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret\n\n", "secret\n"),
        (b"\n", ""),
        (b"", ""),
        (b" secret \n", " secret "),
        ("größe\n".encode(), "größe"),
        (b"\xff\xfe\n", b"\xff\xfe\n"),
    ],
)
def test_text_loses_one_line_end_and_binary_nothing(mount, content, value):
    (mount / "name").write_bytes(content)
    secret = DirSource(str(mount)).read("name")
    assert (secret.reveal_bytes() if isinstance(value, bytes) else secret.reveal()) == value


def test_the_line_end_stays_where_that_is_wanted(mount):
    (mount / "name").write_bytes(b"secret\n")
    assert open_source(f"dir:{mount}?newline=keep").read("name").reveal() == "secret\n"


def test_names_are_paths_below_the_directory(mount):
    (mount / "database").mkdir()
    (mount / "database" / "password").write_text("p")
    (mount / "token").write_text("t")
    source = DirSource(str(mount))
    assert source.read("database/password").reveal() == "p"
    assert source.list() == ["database/password", "token"]
    with pytest.raises(NotFound):
        source.read("database")


def test_hidden_files_do_not_exist(mount):
    (mount / ".hidden").write_text("x")
    (mount / ".git").mkdir()
    (mount / ".git" / "config").write_text("x")
    source = DirSource(str(mount))
    assert source.list() == []
    for name in (".hidden", ".git/config", "..data/x"):
        with pytest.raises(NotFound):
            source.read(name)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside", "a//b", "./a", "", "a/"])
def test_no_name_leads_out_of_the_directory(mount, name):
    (mount.parent / "outside").write_text("s3cret")
    (mount / "a").write_text("inside")
    with pytest.raises(NotFound):
        DirSource(str(mount)).read(name)


def test_no_link_leads_out_of_the_directory(mount):
    outside = mount.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("s3cret")
    (mount / "file").symlink_to(outside / "file")
    (mount / "folder").symlink_to(outside)
    (mount / "inside").write_text("fine")
    (mount / "alias").symlink_to("inside")
    sibling = mount.parent / (mount.name + "-2")
    sibling.mkdir()
    (sibling / "file").write_text("s3cret")
    (mount / "sibling").symlink_to(sibling / "file")
    source = DirSource(str(mount))
    for name in ("file", "folder/file", "sibling"):
        with pytest.raises(NotFound, match="link out of"):
            source.read(name)
    assert source.read("alias").reveal() == "fine"
    assert source.list() == ["alias", "inside"]


def test_what_the_data_link_points_to_counts_as_inside(mount):
    elsewhere = mount.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "name").write_text("value")
    (mount / "..data").symlink_to(elsewhere)
    (mount / "name").symlink_to("..data/name")
    assert DirSource(str(mount)).read("name").reveal() == "value"
    assert DirSource(str(mount)).list() == ["name"]


def test_a_directory_that_is_itself_a_link_is_no_trouble(mount):
    (mount / "name").write_text("value")
    link = mount.parent / "link"
    link.symlink_to(mount)
    assert DirSource(str(link)).read("name").reveal() == "value"


def test_swaps_of_the_data_link_are_never_seen_as_an_absence_or_a_mixture(mount):
    """As the kubelet does it: a new directory, a renamed link, the old directory removed. All files change."""
    stop = threading.Event()

    def generation(number):
        fresh = mount / f"..{number}"
        fresh.mkdir()
        for name in ("user", "password"):
            (fresh / name).write_text(str(number))
        (mount / "..tmp").symlink_to(fresh.name)
        (mount / "..tmp").replace(mount / "..data")

    def kubelet():
        number = 1
        while not stop.is_set():
            number += 1
            generation(number)
            for name in ("user", "password"):
                (mount / f"..{number - 1}" / name).unlink()
            (mount / f"..{number - 1}").rmdir()
            stop.wait(0.002)

    generation(1)
    for name in ("user", "password"):
        (mount / name).symlink_to(f"..data/{name}")
    source = DirSource(str(mount))
    swapper = threading.Thread(target=kubelet)
    swapper.start()
    seen = set()
    try:
        for _ in range(300):
            pair = source.read_many(["user", "password"])
            user, password = (pair[name].reveal() for name in ("user", "password"))
            assert user == password
            seen.add(user)
    finally:
        stop.set()
        swapper.join()
    assert len(seen) > 1


def test_a_missing_directory_is_not_found(mount):
    source = DirSource(str(mount / "absent"))
    with pytest.raises(NotFound):
        source.read("name")
    with pytest.raises(NotFound):
        source.list()


def test_special_files_are_refused_and_do_not_hang(mount):
    os.mkfifo(mount / "pipe")
    with pytest.raises(Malformed, match="no regular file"):
        DirSource(str(mount)).read("pipe")
    assert DirSource(str(mount)).list() == []


def test_a_value_above_the_limit_is_refused(mount):
    (mount / "name").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(Malformed, match="above the limit of 1048576 bytes"):
        DirSource(str(mount)).read("name")
    (mount / "name").write_bytes(b"x" * (1024 * 1024))
    assert len(DirSource(str(mount)).read("name").reveal()) == 1024 * 1024


def test_what_may_not_be_read_is_denied(mount):
    """In a child that gives up root, where the tests run as root."""
    (mount / "name").write_text("value")
    (mount / "name").chmod(0)
    for path in (mount, *mount.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o755)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            DirSource(str(mount)).read("name")
        except Denied:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("ENOENT", NotFound),
        ("ENOTDIR", NotFound),
        ("ELOOP", NotFound),
        ("ENAMETOOLONG", NotFound),
        ("EACCES", Denied),
        ("EPERM", Denied),
        ("EIO", Unavailable),
        ("ESTALE", Unavailable),
        ("EMFILE", Unavailable),
        ("ETIMEDOUT", Unavailable),
    ],
)
def test_the_systems_errors_are_sorted(number, kind):
    import errno

    error = OSError(getattr(errno, number), "text")
    failure = sorted_failure(error, "/run/secrets/name", name="name", source="dir:/run/secrets")
    assert type(failure) is kind
    assert "/run/secrets/name" in str(failure)


@pytest.mark.parametrize("url", ["dir:", "dir:/x?newline=maybe", "dir:/x?prefix=a"])
def test_what_makes_no_sense_is_refused(url):
    with pytest.raises(ConfigError):
        open_source(url)
