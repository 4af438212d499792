"""From an image's index to its parts: configurations, layers, and whatever else it carries.

Sources: the OCI image specification 1.1 (``oci-layout``, ``index.json``, ``blobs/ALGORITHM/HEX``) and the
format of ``docker save`` (``manifest.json``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .container import Broken, Container, read_json

DEPTH = 4
"""Indexes within indexes."""
PARTS = 20_000
"""Manifests, configurations and layers together."""


class Part(NamedTuple):
    """A file of the image: ``kind`` is ``config`` or ``layer``; ``digest`` names it in reports; ``image`` its tag."""

    kind: str
    file: str
    digest: str
    image: str


def parts(container: Container) -> list[Part]:
    """Every configuration and layer once, layers of an image in their order. Raises ``Broken``."""
    names = set(container.names())
    found: dict[str, Part] = {}
    if "index.json" in names:
        index = read_json(container, "index.json")
        for descriptor in _list(_field(index, "manifests")):
            _follow(container, descriptor, "", found, DEPTH)
    if "manifest.json" in names:
        for entry in _list(read_json(container, "manifest.json")):
            _docker(entry, found)
    if not found:
        raise Broken("has neither index.json nor manifest.json with an image in it: it is no container image")
    return list(found.values())


def _docker(entry: Any, found: dict[str, Part]) -> None:
    tags = _field(entry, "RepoTags")
    image = str(tags[0]) if isinstance(tags, list) and tags else ""
    config = str(_field(entry, "Config"))
    _add(found, Part("config", config, _digest_of(config), image))
    for name in _list(_field(entry, "Layers")):
        _add(found, Part("layer", str(name), _digest_of(str(name)), image))


def _follow(container: Container, descriptor: Any, image: str, found: dict[str, Part], depth: int) -> None:
    if depth == 0:
        raise Broken(f"nests its indexes deeper than {DEPTH}")
    notes = _field(descriptor, "annotations")
    image = str(_field(notes, "org.opencontainers.image.ref.name") or image)
    manifest = read_json(container, _file(descriptor))
    if _field(manifest, "manifests") is not None:
        for inner in _list(_field(manifest, "manifests")):
            _follow(container, inner, image, found, depth - 1)
        return
    config = _field(manifest, "config")
    if config is not None:
        _add(found, Part("config", _file(config), str(_field(config, "digest")), image))
    for layer in _list(_field(manifest, "layers")):
        _add(found, Part("layer", _file(layer), str(_field(layer, "digest")), image))


def _add(found: dict[str, Part], part: Part) -> None:
    if len(found) >= PARTS:
        raise Broken(f"has more than {PARTS} parts")
    found.setdefault(part.file, part)


def _file(descriptor: Any) -> str:
    algorithm, colon, value = str(_field(descriptor, "digest")).partition(":")
    if not colon or not value.isalnum() or not algorithm.replace("+", "").isalnum():
        raise Broken("names a part by something that is no digest")
    return f"blobs/{algorithm}/{value}"


def _digest_of(name: str) -> str:
    """``blobs/sha256/HEX`` and ``HEX/layer.tar`` and ``HEX.json`` all hold a digest."""
    for word in name.replace(".json", "").replace(".tar", "").split("/"):
        if len(word) == 64 and not word.strip("0123456789abcdef"):
            return f"sha256:{word}"
    return name


def _field(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Broken("has a list missing in its manifest")
