"""Images as docker save writes them, and OCI layouts: layers, what later layers removed, the configuration."""

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from wellkept.scanning.targets.image import Image


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def zstd(data):
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


PACKERS = {"tar": bytes, "tar+gzip": gzip.compress, "tar+zstd": zstd}


class Made:
    """An image of ``layers`` (name to content each), and its configuration."""

    def __init__(self, *layers, config=None, packing="tar+gzip"):
        self.files = {}
        self.layers = [
            self.add(PACKERS[packing](tar(layer)), f"image.layer.v1.{packing}") for layer in layers
        ]
        self.config = self.add(json.dumps(config or {"config": {}}).encode(), "image.config.v1+json")

    def add(self, data, kind):
        digest = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    def oci(self):
        manifest = {"schemaVersion": 2, "config": self.config, "layers": self.layers}
        inner = self.add(json.dumps(manifest).encode(), "image.manifest.v1+json")
        outer = self.add(json.dumps({"manifests": [inner]}).encode(), "image.index.v1+json")
        outer["annotations"] = {"org.opencontainers.image.ref.name": "shop:1"}
        return {**self.files, "oci-layout": b"{}", "index.json": json.dumps({"manifests": [outer]}).encode()}

    def docker(self):
        names = [layer["digest"].replace("sha256:", "") + "/layer.tar" for layer in self.layers]
        config = self.config["digest"].replace("sha256:", "") + ".json"
        files = {name: self.files["blobs/sha256/" + name.split("/")[0]] for name in names}
        files[config] = self.files["blobs/" + self.config["digest"].replace(":", "/")]
        manifest = [{"Config": config, "RepoTags": ["shop:1"], "Layers": names}]
        return {**files, "manifest.json": json.dumps(manifest).encode()}


@pytest.fixture
def save(tmp_path):
    def write(files, form):
        if form == "folder":
            for name, data in files.items():
                (tmp_path / "image" / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / "image" / name).write_bytes(data)
            return str(tmp_path / "image")
        data = tar(files)
        (tmp_path / "image.tar").write_bytes(gzip.compress(data) if form == "tar.gz" else data)
        return str(tmp_path / "image.tar")

    return write


def seen(report):
    return sorted((f.location.path, f.secret.reveal_bytes(), f.location.in_head) for f in report.findings)


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize(
    ("kind", "form"), [("oci", "folder"), ("oci", "tar"), ("docker", "tar"), ("docker", "tar.gz")]
)
def test_every_layer_is_looked_at_also_what_a_later_one_removed(save, scan, token, kind, form, packing):
    image = Made(
        {"app/kept": token(1), "app/gone": token(2), "old/x/deep": token(3), "all/y": token(4)},
        {"app/.wh.gone": b"", ".wh.old": b"", "all/.wh..wh..opq": b"", "all/z": token(5)},
        packing=packing,
    )
    report = scan(Image(save(getattr(image, kind)(), form)))
    assert seen(report) == [
        ("all/y", token(4), False),
        ("all/z", token(5), True),
        ("app/gone", token(2), False),
        ("app/kept", token(1), True),
        ("old/x/deep", token(3), False),
    ]
    assert report.complete
    assert {f.location.layer for f in report.findings} == {layer["digest"] for layer in image.layers}


def test_a_file_that_a_later_layer_replaced_is_found(save, scan, token):
    report = scan(Image(save(Made({"a": token(1)}, {"a": b"clean"}).oci(), "tar")))
    assert seen(report) == [("a", token(1), False)]


def test_environment_history_and_labels_are_looked_at(save, scan, token):
    config = {
        "config": {"Env": ["PATH=/bin", "T=" + token(1).decode()], "Labels": {"l": token(2).decode()}},
        "history": [{"created_by": "RUN |1 T=" + token(3).decode() + " make"}],
    }
    report = scan(Image(save(Made({"a": b"x"}, config=config).docker(), "tar")))
    assert [(path, value) for path, value, _ in seen(report)] == [
        ("config/Env", token(1)),
        ("config/history", token(3)),
        ("config/settings", token(2)),
    ]


def test_an_archive_within_a_layer_is_opened(save, scan, token):
    report = scan(Image(save(Made({"lib.tar": tar({"inner": token(1)})}).oci(), "tar")))
    assert [f.location.display for f in report.findings] == ["lib.tar!/inner"]


def test_a_large_file_of_a_layer_is_read_as_a_stream(save, scan, token, monkeypatch):
    monkeypatch.setattr("wellkept.scanning.targets.image.target.HELD", 1000)
    layer = {"big": b"x\n" * 5000 + token(1), "after": token(2)}
    report = scan(Image(save(Made(layer).oci(), "tar")))
    assert [(path, value) for path, value, _ in seen(report)] == [("after", token(2)), ("big", token(1))]


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"x": b"y"}, "corrupt"),
        ({"index.json": b"not json"}, "corrupt"),
        ({"index.json": b"[" * 100_000}, "corrupt"),
        ({"manifest.json": b'[{"Config": "c", "Layers": ["../../etc/passwd"]}]'}, "corrupt"),
        ({"index.json": b'{"manifests": [{"digest": "sha256:../../x"}]}'}, "corrupt"),
    ],
)
@pytest.mark.parametrize("form", ["folder", "tar"])
def test_what_is_no_image_is_said(save, scan, files, kind, form):
    report = scan(Image(save(files, form)))
    assert kind in {problem.kind for problem in report.problems}
    assert not report.complete


def test_a_layer_that_is_missing_or_cut_short_is_said_and_the_others_are_scanned(save, scan, token):
    image = Made({"a": token(1)}, {"b": token(2) * 200}, {"c": token(3)}, packing="tar")
    files = image.oci()
    first, second = ("blobs/" + layer["digest"].replace(":", "/") for layer in image.layers[:2])
    del files[first]
    files[second] = files[second][:1000]
    report = scan(Image(save(files, "tar")))
    assert not report.complete
    assert len(report.problems) >= 2
    assert token(3) in [value for _, value, _ in seen(report)]


def test_a_path_that_does_not_exist_is_said(tmp_path, scan):
    report = scan(Image(str(tmp_path / "none")))
    assert [problem.kind for problem in report.problems] == ["missing"]


def test_an_index_that_nests_itself_ends(save, scan):
    image = Made({"a": b"x"})
    data = b'{"manifests": [{"digest": "sha256:' + b"a" * 64 + b'"}]}'
    files = {**image.files, "blobs/sha256/" + "a" * 64: data, "index.json": data}
    assert not scan(Image(save(files, "folder"))).complete
