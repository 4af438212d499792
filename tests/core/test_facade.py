"""``LocalStore``: versions and their lives, as an application sees them."""

import threading
import traceback

import pytest

from wellkept.core.model import MAX_VALUE, VersionInfo
from wellkept.errors import Conflict, Denied, InvalidRequest, NotFound, ValueTooLarge, WellkeptError
from wellkept.secret import Secret

DAY = 86_400.0


def text(store, name, **which):
    return store.read(name, **which).secret.reveal()


def reason(store, name, **which):
    with pytest.raises(NotFound) as caught:
        store.read(name, **which)
    assert caught.value.name == name
    return str(caught.value)


# Values.


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "ünï\n\t名前",
        "a" * MAX_VALUE,
        "é" * (MAX_VALUE // 2),
        '{"not": "parsed"',
        " spaces ",
        "\r\n",
        "\0",
    ],
)
def test_text_comes_back_as_it_was(store, value):
    assert store.write("t", value).content_type == "text/plain"
    assert text(store, "t") == value


@pytest.mark.parametrize("value", [b"", b"\0\xff\xfe", bytes(range(256)), b"\xff" * MAX_VALUE, b"plain"])
def test_bytes_come_back_as_they_were(store, value):
    assert store.write("b", value).content_type == "application/octet-stream"
    assert store.read("b").secret.reveal_bytes() == value


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": 1},
        {"a": {"b": [1, 2.5, None, True, "ü"]}},
        {"": ""},
        {"n": 2**80},
        {"x": "y" * (MAX_VALUE - 8)},
    ],
)
def test_an_object_comes_back_as_it_was(store, value):
    assert store.write("j", value).content_type == "application/json"
    assert store.read("j").secret.reveal_json() == value


def test_a_secret_is_taken_by_its_value(store):
    store.write("a", Secret("text"))
    store.write("b", Secret(b"\xff"))
    assert (text(store, "a"), store.read("b").secret.reveal_bytes()) == ("text", b"\xff")


def test_undecodable_text_is_kept_as_the_bytes_it_stands_for(store):
    assert store.write("a", "\udcff").content_type == "application/octet-stream"
    assert store.read("a").secret.reveal_bytes() == b"\xff"


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("a" * (MAX_VALUE + 1), MAX_VALUE + 1),
        (b"a" * (MAX_VALUE + 1), MAX_VALUE + 1),
        ("é" * (MAX_VALUE // 2 + 1), MAX_VALUE + 2),
        ({"x": "y" * (MAX_VALUE - 7)}, MAX_VALUE + 1),
        (b"a" * (64 * MAX_VALUE), 64 * MAX_VALUE),
    ],
)
def test_a_value_above_the_limit_is_refused_with_both_sizes(store, value, size):
    with pytest.raises(ValueTooLarge) as refused:
        store.write("big", value)
    assert f"{size} bytes" in str(refused.value)
    assert "1048576 bytes" in str(refused.value)
    assert store.list() == []


def circular():
    value = {}
    value["self"] = value
    return value


def nested(depth):
    value = "leaf"
    for _ in range(depth):
        value = {"k": value}
    return value


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"a": float("nan")}, "'/a'"),
        ({"a": [float("inf")]}, "'/a/0'"),
        ({"a": b"bytes"}, "bytes at '/a'"),
        ({"a": {1: "x"}}, "int, not text"),
        ({"a": {1, 2}}, "set at '/a'"),
        ({"a": "\ud800"}, "surrogates"),
        ({"a": 10**2000}, "integer at '/a'"),
        (circular(), "deeper"),
        (nested(101), "deeper"),
        (nested(5000), "deeper"),
        ("\ud800", "surrogates"),
        (None, "NoneType"),
        (7, "int"),
        (["list"], "list"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_place_and_not_its_value(store, value, complaint):
    with pytest.raises(InvalidRequest) as refused:
        store.write("a", value)
    assert complaint in str(refused.value)
    assert refused.value.__context__ is None


def test_the_deepest_allowed_object_is_kept(store):
    store.write("a", nested(100))
    assert store.read("a").secret.reveal_json() == nested(100)


@pytest.mark.parametrize(
    ("value", "content_type", "complaint"),
    [
        ("{", "application/json", "is not"),
        ('{"a": NaN}', "application/json", "is not"),
        (b"\xff", "text/plain", "not UTF-8"),
        ("x", "nonsense", "RFC 6838"),
        ("x", "a/b\n", "RFC 6838"),
        ({"a": 1}, "text/plain", "application/json"),
    ],
)
def test_a_content_type_that_does_not_fit_is_refused(store, value, content_type, complaint):
    with pytest.raises(InvalidRequest, match=complaint):
        store.write("a", value, content_type=content_type)


def test_a_content_type_is_kept(store):
    store.write("a", "-----BEGIN", content_type="application/x-pem-file")
    assert store.read("a").info.content_type == "application/x-pem-file"
    store.write("b", '{"a": 1}', content_type="application/json")
    assert store.read("b").secret.field("a").reveal() == "1"


# Versions.


def test_versions_count_up_and_stay(store):
    assert [store.write("a", str(number)).number for number in range(1, 4)] == [1, 2, 3]
    assert text(store, "a") == "3"
    assert [text(store, "a", version=number) for number in (1, 2, 3)] == ["1", "2", "3"]
    assert text(store, "a", stage="previous") == "2"
    assert store.read("a").secret.version == "3"


def test_a_version_says_when_it_was_made(store, clock):
    first = store.write("a", "1")
    clock.advance(10)
    second = store.write("a", "2")
    assert second.created - first.created == 10
    assert store.history("a") == [
        VersionInfo(1, first.uuid, first.created, ("previous",)),
        VersionInfo(2, second.uuid, second.created, ("current",)),
    ]


def test_what_was_never_written_is_not_found(store):
    assert "no secret" in reason(store, "a")
    store.write("a", "1")
    assert "no version 2; kept: 1 to 1" in reason(store, "a", version=2)
    assert "'previous'" in reason(store, "a", stage="previous")
    assert "'blue'" in reason(store, "a", stage="blue")
    store.set_metadata("m", owner="me")
    assert "no version yet" in reason(store, "m")


@pytest.mark.parametrize(
    "which", [{"version": -1}, {"version": "1"}, {"version": True}, {"stage": ""}, {"stage": "a b"}]
)
def test_an_odd_version_is_refused(store, which):
    store.write("a", "1")
    with pytest.raises(InvalidRequest):
        store.read("a", **which)


def test_only_so_many_versions_are_kept(store):
    for number in range(1, 13):
        store.write("a", str(number))
    assert [info.number for info in store.history("a")] == list(range(3, 13))
    assert "kept: 3 to 12" in reason(store, "a", version=2)
    assert values_stored(store) == 10


def test_max_versions_can_be_raised_and_lowered(store):
    store.set_metadata("a", max_versions=3)
    for number in range(1, 6):
        store.write("a", str(number))
    assert [info.number for info in store.history("a")] == [3, 4, 5]
    store.set_metadata("a", max_versions=1)
    store.write("a", "6")
    assert [info.number for info in store.history("a")] == [6]
    assert "'previous'" in reason(store, "a", stage="previous")
    assert values_stored(store) == 1


def test_the_current_version_is_never_dropped_for_those_to_come(store):
    store.set_metadata("a", max_versions=2)
    store.write("a", "now")
    for number in range(5):
        store.write("a", f"next {number}", stages=["pending"])
    assert text(store, "a") == "now"
    assert text(store, "a", stage="pending") == "next 4"
    assert len(store.history("a")) == 2


def values_stored(store):
    return sum(1 for key, _ in store._barrier.scan("mount/secret/value/"))


# Check-and-set.


def test_check_and_set_takes_the_version_that_is_current(store):
    store.write("a", "1", cas=0)
    store.write("a", "2", cas=1)
    for wrong in (0, 1, 3):
        with pytest.raises(Conflict, match="is 2, not") as lost:
            store.write("a", "x", cas=wrong)
        assert not lost.value.retry
    with pytest.raises(Conflict):
        store.write("new", "x", cas=1)
    assert text(store, "a") == "2"


def test_check_and_set_zero_means_that_there_never_was_one(store):
    store.write("a", "1")
    store.delete("a")
    with pytest.raises(Conflict):
        store.write("a", "2", cas=0)
    store.purge("a")
    assert store.write("a", "2", cas=0).number == 1


def test_check_and_set_can_be_required(store):
    store.set_metadata("a", cas_required=True)
    with pytest.raises(InvalidRequest, match="'cas'"):
        store.write("a", "1")
    store.write("a", "1", cas=0)
    with pytest.raises(InvalidRequest, match="'cas'"):
        store.patch("a", {"x": 1})


@pytest.mark.parametrize("cas", [-1, "1", 1.0, True])
def test_an_odd_check_and_set_is_refused(store, cas):
    with pytest.raises(InvalidRequest):
        store.write("a", "1", cas=cas)


def test_of_many_threads_with_the_same_expectation_one_wins(store):
    store.write("a", "0")
    outcomes = []

    def attempt(number):
        try:
            outcomes.append(store.write("a", str(number), cas=1).number)
        except Conflict:
            outcomes.append(None)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [2] + [None] * 7


def test_threads_without_an_expectation_all_get_a_version(store):
    threads = [threading.Thread(target=store.write, args=("a", str(number))) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [info.number for info in store.history("a")] == list(range(1, 9))


# Lives of a version.


def test_a_deleted_version_is_not_read_and_comes_back(store, clock):
    store.write("a", "1")
    store.write("a", "2")
    store.delete("a")
    assert "version 2" in reason(store, "a")
    assert "was deleted at 2023-11-14T22:13:20Z" in reason(store, "a")
    assert text(store, "a", version=1) == "1"
    store.undelete("a", [2])
    assert text(store, "a") == "2"


def test_chosen_versions_are_deleted(store):
    for number in range(1, 4):
        store.write("a", str(number))
    store.delete("a", [1, 3])
    assert text(store, "a", version=2) == "2"
    assert "deleted" in reason(store, "a", version=1)
    assert "deleted" in reason(store, "a")


def test_deleting_twice_is_once_and_keeps_the_first_time(store, clock):
    store.write("a", "1")
    store.delete("a")
    first = store.history("a")[0].deleted
    clock.advance(5)
    store.delete("a")
    assert store.history("a")[0].deleted == first


def test_a_destroyed_version_is_gone_for_good(store):
    info = store.write("a", "1")
    store.write("a", "2")
    store.destroy("a", [1])
    assert "destroyed" in reason(store, "a", version=1)
    assert store._barrier.get(f"mount/secret/value/a/{info.uuid}") is None
    with pytest.raises(NotFound, match="destroyed"):
        store.undelete("a", [1])
    store.delete("a", [1])
    store.destroy("a", [1])
    assert store.history("a")[0].destroyed is not None
    with pytest.raises(NotFound, match="destroyed"):
        store.rollback("a", 1)


@pytest.mark.parametrize("act", ["delete", "undelete", "destroy"])
def test_a_version_that_is_not_there_leaves_the_others_as_they_are(store, act):
    with pytest.raises(NotFound):
        getattr(store, act)("a", [1])
    store.write("a", "1")
    with pytest.raises(NotFound, match="no version 2"):
        getattr(store, act)("a", [1, 2])
    assert text(store, "a") == "1"
    for odd in ([], [0], ["1"]):
        with pytest.raises(InvalidRequest):
            getattr(store, act)("a", odd)


def test_an_expired_version_is_not_read_and_no_other_takes_its_place(store, clock):
    store.write("a", "old")
    store.write("a", "short", expires=clock.time() + 60)
    clock.advance(59.9)
    assert text(store, "a") == "short"
    clock.advance(0.1)
    assert "version 2" in reason(store, "a")
    assert "expired at 2023-11-14T22:14:20Z" in reason(store, "a")
    assert text(store, "a", version=1) == "old"
    with pytest.raises(NotFound, match="expired"):
        store.rollback("a", 2)


def test_a_version_is_not_read_before_its_time(store, clock):
    store.write("a", "soon", not_before=clock.time() + 60)
    assert "not valid before" in reason(store, "a")
    clock.advance(60)
    assert text(store, "a") == "soon"


def test_a_disabled_version_is_not_read(store):
    store.write("a", "1")
    store.set_version("a", 1, enabled=False)
    assert "disabled" in reason(store, "a")
    store.set_version("a", 1, enabled=True)
    assert text(store, "a") == "1"


def test_a_lifetime_can_be_changed_and_lifted(store, clock):
    store.write("a", "1")
    store.set_version("a", 1, expires=clock.time() + 1)
    clock.advance(2)
    assert "expired" in reason(store, "a")
    store.set_version("a", 1, expires=None)
    assert text(store, "a") == "1"


def test_new_versions_get_the_lifetime_of_their_secret(store, clock):
    store.set_metadata("a", delete_version_after=DAY)
    assert store.write("a", "1").expires == clock.time() + DAY
    assert store.write("a", "2", expires=clock.time() + 5).expires == clock.time() + 5
    assert store.write("a", "3", expires=clock.time() + 5 * DAY).expires == clock.time() + DAY
    store.set_metadata("a", delete_version_after=0)
    assert store.write("a", "4").expires is None


@pytest.mark.parametrize("moment", [-1, float("nan"), float("inf"), "tomorrow", True, 1e20])
@pytest.mark.parametrize("which", ["expires", "not_before"])
def test_an_odd_time_is_refused(store, which, moment):
    with pytest.raises(InvalidRequest, match=which):
        store.write("a", "1", **{which: moment})


def test_a_version_cannot_end_before_it_begins(store, clock):
    with pytest.raises(InvalidRequest, match="before it becomes valid"):
        store.write("a", "1", expires=clock.time() + 1, not_before=clock.time() + 1)
    store.write("a", "1", expires=clock.time() + 1)
    with pytest.raises(InvalidRequest, match="before it becomes valid"):
        store.set_version("a", 1, not_before=clock.time() + 2)


def test_in_a_batch_each_unreadable_secret_has_its_own_reason(store, clock):
    store.write("fine", "1")
    store.write("expired", "1", expires=clock.time() + 1)
    store.write("deleted", "1")
    store.delete("deleted")
    clock.advance(2)
    found = store.read_many(["fine", "expired", "deleted", "none", "a//b", "fine"])
    assert list(found) == ["fine", "expired", "deleted", "none", "a//b"]
    assert found["fine"].secret.reveal() == "1"
    for name, word in (("expired", "expired"), ("deleted", "deleted"), ("none", "no secret")):
        assert isinstance(found[name], NotFound)
        assert word in str(found[name])
    assert isinstance(found["a//b"], InvalidRequest)


# Stages.


def test_a_pending_version_is_not_current_until_it_is_made_so(store):
    store.write("a", "1")
    pending = store.write("a", "2", stages=["pending"])
    assert pending.stages == ("pending",)
    assert text(store, "a") == "1"
    assert text(store, "a", stage="pending") == "2"
    assert store.set_version("a", 2, stage="current").stages == ("current",)
    assert text(store, "a") == "2"
    assert text(store, "a", stage="previous") == "1"
    assert "'pending'" in reason(store, "a", stage="pending")


def test_a_free_stage_is_on_one_version_only(store):
    store.write("a", "1", stages=["current", "blue"])
    store.write("a", "2", stages=["current", "blue"])
    assert [info.stages for info in store.history("a")] == [("previous",), ("blue", "current")]
    store.set_version("a", 2, unstage="blue")
    assert "'blue'" in reason(store, "a", stage="blue")
    with pytest.raises(NotFound, match="'blue'"):
        store.set_version("a", 2, unstage="blue")


def test_the_store_alone_moves_previous(store):
    for stages in (["previous"], ["current", "previous"]):
        with pytest.raises(InvalidRequest, match="previous"):
            store.write("a", "1", stages=stages)
    store.write("a", "1")
    with pytest.raises(InvalidRequest, match="previous"):
        store.set_version("a", 1, stage="previous")


@pytest.mark.parametrize("stages", [["a b"], [""], ["x" * 65], [7], "current", [f"s{n}" for n in range(21)]])
def test_odd_stages_are_refused(store, stages):
    with pytest.raises(InvalidRequest):
        store._do("update", "secret/data/a", {"value": "1", "options": {"stages": stages}})


# Rolling back, patching.


def test_rolling_back_writes_the_old_value_as_a_new_version(store):
    store.write("a", {"v": 1})
    store.write("a", "2")
    info = store.rollback("a", 1, cas=2)
    assert (info.number, info.content_type) == (3, "application/json")
    assert store.read("a").secret.reveal_json() == {"v": 1}
    with pytest.raises(Conflict):
        store.rollback("a", 1, cas=2)
    with pytest.raises(NotFound):
        store.rollback("a", 9)
    with pytest.raises(NotFound):
        store.rollback("none", 1)


def test_a_patch_merges_as_rfc_7386_says(store):
    store.write("a", {"keep": 1, "drop": 2, "deep": {"a": 1, "b": 2}, "list": [1, 2], "flat": "x"})
    store.patch(
        "a", {"drop": None, "deep": {"a": None, "c": {"d": None, "e": 1}}, "list": [3], "flat": {"n": None}}
    )
    assert store.read("a").secret.reveal_json() == {
        "keep": 1,
        "deep": {"b": 2, "c": {"e": 1}},
        "list": [3],
        "flat": {},
    }


def test_a_patch_needs_an_object_to_merge_into(store):
    with pytest.raises(NotFound):
        store.patch("a", {"x": 1})
    store.write("a", "text")
    with pytest.raises(InvalidRequest, match="text/plain"):
        store.patch("a", {"x": 1})
    store.write("a", "[1]", content_type="application/json")
    with pytest.raises(InvalidRequest, match="not a JSON object"):
        store.patch("a", {"x": 1})
    store.write("a", {"x": "y" * (MAX_VALUE - 100)})
    with pytest.raises(ValueTooLarge):
        store.patch("a", {"z": "w" * 200})
    store.delete("a")
    with pytest.raises(NotFound, match="deleted"):
        store.patch("a", {"x": 1})


def test_subkeys_show_the_structure_and_no_leaf(store):
    store.write("a", {"user": "u", "deep": {"password": "p", "list": [1]}, "empty": {}})
    assert store.subkeys("a") == {"user": None, "deep": {"password": None, "list": None}, "empty": None}
    assert store.subkeys("a", depth=1) == {"user": None, "deep": None, "empty": None}
    store.write("a", "text")
    with pytest.raises(InvalidRequest):
        store.subkeys("a")


# Metadata.


def test_metadata_keeps_what_it_is_given_and_leaves_the_rest(store, clock):
    store.write("a", "1")
    clock.advance(1)
    policy = {"every": 86400, "rotator": {"kind": "postgres"}}
    store.set_metadata("a", tags={"team": "x"}, description="what", owner="me", rotation_policy=policy)
    store.set_metadata("a", custom_metadata={"k": "v"}, max_versions=5)
    found = store.metadata("a")
    assert (found.tags, found.description, found.owner) == ({"team": "x"}, "what", "me")
    assert (found.rotation_policy, found.custom_metadata, found.max_versions) == (policy, {"k": "v"}, 5)
    assert (found.current, found.latest, found.oldest) == (1, 1, 1)
    assert found.updated - found.created == 1
    store.set_metadata("a", tags={}, rotation_policy=None, max_versions=0)
    assert (store.metadata("a").tags, store.metadata("a").rotation_policy) == ({}, None)
    assert store.metadata("a").max_versions == 10
    assert text(store, "a") == "1"


def test_a_metadata_patch_merges_tags(store):
    store.set_metadata("a", tags={"keep": "1", "drop": "2"})
    store._do("patch", "secret/metadata/a", {"tags": {"drop": None, "new": "3"}})
    assert store.metadata("a").tags == {"keep": "1", "new": "3"}
    with pytest.raises(NotFound):
        store._do("patch", "secret/metadata/none", {"owner": "me"})


@pytest.mark.parametrize(
    "fields",
    [
        {"max_versions": -1},
        {"max_versions": 1001},
        {"max_versions": True},
        {"cas_required": 1},
        {"delete_version_after": -1},
        {"delete_version_after": "1d"},
        {"tags": {"a": 1}},
        {"tags": {"": "x"}},
        {"tags": ["a"]},
        {"tags": {str(number): "x" for number in range(65)}},
        {"custom_metadata": {"k": "x" * 513}},
        {"custom_metadata": {"k" * 129: "x"}},
        {"description": "x" * 4097},
        {"description": 7},
        {"owner": "\ud800"},
        {"rotation_policy": "daily"},
        {"rotation_policy": {"x": "y" * 9000}},
    ],
)
def test_odd_metadata_is_refused(store, fields):
    with pytest.raises(InvalidRequest):
        store.set_metadata("a", **fields)
    assert store.list() == []


def test_purging_leaves_nothing(store):
    store.write("a", "1")
    store.write("a", "2")
    store.purge("a")
    assert store.list() == []
    assert values_stored(store) == 0
    with pytest.raises(NotFound):
        store.purge("a")
    assert store.write("a", "new").number == 1


# Listing.


def test_a_folder_lists_its_children_once(store):
    for name in ("a", "a/b", "a/c/d", "a/c/e", "b", "a-b"):
        store.write(name, "x")
    assert store.list() == ["a", "a-b", "a/", "b"]
    assert store.list("a") == store.list("a/") == ["b", "c/"]
    assert store.list("none") == []
    assert store.list("b") == []
    assert list(store.walk()) == ["a", "a-b", "a/b", "a/c/d", "a/c/e", "b"]
    assert list(store.walk("a")) == list(store.walk("a/")) == ["a/b", "a/c/d", "a/c/e"]


def test_a_list_comes_in_pages(store):
    store.write_many({f"n{number:03}": "x" for number in range(10)})
    assert store.list(limit=4) == ["n000", "n001", "n002", "n003"]
    assert store.list(after="n003", limit=4) == ["n004", "n005", "n006", "n007"]
    assert store.list(after="n009") == []


@pytest.mark.parametrize("folder", ["a//b", "../a", "a\n", "/", "//"])
def test_an_odd_folder_is_refused(store, folder):
    with pytest.raises(InvalidRequest):
        store.list(folder)
    with pytest.raises(InvalidRequest):
        list(store.walk(folder))


@pytest.mark.parametrize("name", ["", "/", "/a", "a/", "a//b", "..", "a\0", "a" * 256])
def test_an_odd_name_is_refused_everywhere(store, name):
    for act in (
        lambda: store.read(name),
        lambda: store.write(name, "x"),
        lambda: store.delete(name),
        lambda: store.metadata(name),
        lambda: store.purge(name),
        lambda: store.destroy(name, [1]),
        lambda: store.write_many({"fine": "x", name: "x"}),
    ):
        with pytest.raises(InvalidRequest):
            act()
    assert store.list() == []


def test_names_that_look_like_the_stores_own_paths_are_only_names(store):
    names = [
        "metadata/a",
        "data/a",
        "sys/policies/acl/x",
        "value/a",
        "barrier/keyring",
        "mount/secret/meta/a",
        "a/1",
    ]
    store.write_many(dict.fromkeys(names, "x"))
    store.write("a", "1")
    assert sorted(store.walk()) == sorted([*names, "a"])
    store.purge("a")
    assert sorted(store.walk()) == sorted(names)


# Many at once.


def test_write_many_writes_all_or_none(store):
    store.write("b", "old")
    with pytest.raises(Conflict, match="'b'"):
        store.write_many({"a": "1", "b": "2", "c": "3"}, cas=0)
    assert store.list() == ["b"]
    written = store.write_many({"a": "1", "b": "2"}, cas={"b": 1})
    assert {name: info.number for name, info in written.items()} == {"a": 1, "b": 2}


def test_write_many_in_chunks_keeps_those_before_a_failure(store):
    steps = []
    store.write("c", "old")
    with pytest.raises(Conflict):
        store.write_many(
            {"a": "1", "b": "1", "c": "1", "d": "1"},
            cas=0,
            chunk=2,
            progress=lambda done, total: steps.append((done, total)),
        )
    assert store.list() == ["a", "b", "c"]
    assert steps == [(2, 4)]


def test_write_many_of_nothing_is_nothing(store):
    assert store.write_many({}) == {}
    assert store.read_many([]) == {}


def test_a_batch_beyond_the_limit_is_refused_whole(store, monkeypatch):
    monkeypatch.setattr("wellkept.core.facade.MAX_BATCH", 3)
    with pytest.raises(InvalidRequest, match="'chunk'"):
        store.write_many(dict.fromkeys("abcd", "x"))
    assert len(store.write_many(dict.fromkeys("abcd", "x"), chunk=3)) == 4


# A handle with fewer rights.


def test_a_limited_handle_can_do_what_its_policy_says_and_nothing_else(store, reopen, tmp_path, seal):
    store.write("app/a", "1")
    store.write("other/a", "1")
    store.set_policy("app", {"path": {"secret/data/app/*": {"capabilities": ["read"]}}})
    app = reopen(policies=["app"])
    assert text(app, "app/a") == "1"
    refused = {
        "read": lambda: app.read("other/a"),
        "write": lambda: app.write("app/a", "2"),
        "create": lambda: app.write("app/new", "2"),
        "write_many": lambda: app.write_many({"app/a": "2"}),
        "patch": lambda: app.patch("app/a", {}),
        "adopt_many": lambda: app.adopt_many({"app/new": {"latest": 0, "versions": []}}),
        "rollback": lambda: app.rollback("app/a", 1),
        "list": lambda: app.list("app"),
        "walk": lambda: list(app.walk()),
        "metadata": lambda: app.metadata("app/a"),
        "history": lambda: app.history("app/a"),
        "subkeys": lambda: app.subkeys("app/a"),
        "set_metadata": lambda: app.set_metadata("app/a", owner="me"),
        "set_version": lambda: app.set_version("app/a", 1, enabled=False),
        "delete": lambda: app.delete("app/a"),
        "delete_versions": lambda: app.delete("app/a", [1]),
        "undelete": lambda: app.undelete("app/a", [1]),
        "destroy": lambda: app.destroy("app/a", [1]),
        "purge": lambda: app.purge("app/a"),
        "policies": lambda: app.policies(),
        "policy": lambda: app.policy("app"),
        "set_policy": lambda: app.set_policy("app", {"path": {"*": {"capabilities": ["read"]}}}),
        "delete_policy": lambda: app.delete_policy("app"),
        "audit_lines": lambda: app.audit_lines(),
        "audit_verify": lambda: app.audit_verify(),
        "audit_digest": lambda: app.audit_digest("x"),
        "rotate_key": lambda: app.rotate_key(),
        "rewrite": lambda: app.rewrite(),
        "rekey": lambda: app.rekey(seal),
        "key_status": lambda: app.key_status(),
        "backup": lambda: app.backup(str(tmp_path / "archive")),
    }
    methods = {name for name in dir(app) if not name.startswith("_") and callable(getattr(app, name))}
    assert methods - refused.keys() == {"close", "read_many", "revision"}
    for name, act in refused.items():
        with pytest.raises(Denied):
            print(name, act())
    assert isinstance(app.read_many(["other/a"])["other/a"], Denied)
    assert not (tmp_path / "archive").exists()
    assert store.read("app/a").info.number == 1


def test_a_handle_without_any_policy_can_do_nothing(reopen, store):
    store.write("a", "1")
    with pytest.raises(Denied, match="no policy"):
        reopen(policies=[]).read("a")


@pytest.mark.parametrize("name", ["operator", "root"])
def test_a_built_in_policy_cannot_be_replaced(store, name):
    with pytest.raises(InvalidRequest, match="built in"):
        store.set_policy(name, {"path": {}})
    with pytest.raises(InvalidRequest, match="built in"):
        store.delete_policy(name)


def test_policies_are_kept_as_they_are_understood(store):
    document = {"path": {"/secret/data/a": {"capabilities": ["read", "read"]}}}
    store.set_policy("app", document)
    assert store.policy("app") == {"path": {"secret/data/a": {"capabilities": ["read"]}}}
    assert store.policies() == ["app"]
    store.delete_policy("app")
    for act in (store.policy, store.delete_policy):
        with pytest.raises(NotFound):
            act("app")


# Errors.


def test_no_error_of_any_kind_says_a_value(store):
    value = "zanzibar-pineapple"
    store.write("a", {"password": value})
    store.write("t", value)
    attempts = (
        lambda: store.write("a", {"k": float("nan"), "p": value}),
        lambda: store.write("a", {"x": {value}}),
        lambda: store.write("a", [value]),
        lambda: store.write("a", value + "\ud800"),
        lambda: store.write("a", "{" + value, content_type="application/json"),
        lambda: store.write("a", value * 100_000),
        lambda: store.write("a", value, cas=9),
        lambda: store.write("a", value, stages=[value + " "]),
        lambda: store.patch("t", {"x": value}),
        lambda: store.subkeys("t"),
        lambda: store.set_metadata("a", description=value * 1000),
        lambda: store.set_metadata("a", tags={"t": value * 1000}),
    )
    for attempt in attempts:
        with pytest.raises(WellkeptError) as caught:
            attempt()
        shown = "".join(traceback.TracebackException.from_exception(caught.value).format())
        assert value not in shown
        assert value not in repr(caught.value.__dict__)


def test_a_version_that_is_pruned_as_it_comes_leaves_no_value_behind(store):
    store.write("a", "1")
    store.set_metadata("a", max_versions=1)
    store.write("a", "2", stages=["blue"])
    assert [info.number for info in store.history("a")] == [1]
    assert len(list(store._barrier.scan("mount/secret/value/"))) == 1
