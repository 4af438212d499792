"""Bundles with source maps, manifests, notebooks, environments of processes, logs that grow."""

import base64
import gzip
import json
import os
import subprocess
import sys

import pytest

from wellkept.scanning.problem import Problem
from wellkept.scanning.targets.bundle import Bundle
from wellkept.scanning.targets.log import Follower
from wellkept.scanning.targets.manifests import Manifests
from wellkept.scanning.targets.notebook import Notebook
from wellkept.scanning.targets.process_env import ProcessEnvironment


@pytest.fixture
def write(tmp_path):
    def file(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    return file


def places(report):
    return sorted("!/".join((os.path.basename(f.location.path), *f.location.inside)) for f in report.findings)


def test_a_source_map_gives_its_sources_by_name(write, scan, token):
    content = {"version": 3, "sources": ["webpack://shop/src/api.ts", None], "mappings": "AAAA",
               "sourcesContent": ["const k = '" + token(1).decode() + "'", token(2).decode()]}  # fmt: skip
    path = write("app.js.map", ")]}'\n" + json.dumps(content))
    assert places(scan(Bundle([path]))) == ["app.js.map!/source 1", "app.js.map!/webpack://shop/src/api.ts"]


def test_a_map_within_a_bundle_and_a_map_of_sections_are_opened(write, scan, token):
    inner = {
        "version": 3,
        "sections": [{"map": {"sources": ["a.ts"], "sourcesContent": [token(1).decode()]}}],
    }
    data = base64.b64encode(json.dumps(inner).encode()).decode()
    path = write(
        "app.js", f"var x=1;\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{data}\n"
    )
    assert "app.js!/source map 1!/section 0!/a.ts" in places(scan(Bundle([path])))


@pytest.mark.parametrize("target", [Bundle, Manifests, Notebook])
def test_what_does_not_exist_and_a_folder_without_such_files_are_not_clean(tmp_path, scan, target):
    (tmp_path / "empty").mkdir()
    report = scan(target([str(tmp_path / "none"), str(tmp_path / "empty")]))
    assert sorted(problem.kind for problem in report.problems if problem.fatal) == ["empty", "missing"]


@pytest.mark.parametrize(
    ("target", "name"), [(Bundle, "a.map"), (Notebook, "a.ipynb"), (Manifests, "a.yaml")]
)
def test_a_document_that_cannot_be_parsed_is_scanned_as_text_and_said(write, scan, token, target, name):
    report = scan(target([write(name, b"kind: Secret {[ \n" + token(1))]))
    assert len(report.findings) == 1
    assert not report.complete


def test_the_data_of_a_kubernetes_secret_is_decoded_with_its_key(write, scan, token):
    encoded = base64.b64encode(token(1)).decode()
    short = base64.b64encode(b"gamma_key: " + b"0123456789abcdef" * 2).decode()
    text = f"kind: ConfigMap\n---\nkind: List\nitems:\n- kind: Secret\n  metadata: {{name: db}}\n  data:\n    token: {encoded}\n    other: {short}\n"
    found = places(scan(Manifests([write("all.yaml", text)]), decode=False))
    assert found == ["all.yaml!/Secret db!/other", "all.yaml!/Secret db!/token"]


def test_a_helm_release_is_opened(write, scan, token):
    packed = base64.b64encode(base64.b64encode(gzip.compress(b'{"config": "' + token(1) + b'"}'))).decode()
    text = f"kind: Secret\nmetadata:\n  name: sh.helm.release.v1.shop.v1\ndata:\n  release: {packed}\n"
    found = places(scan(Manifests([write("release.yaml", text)]), decode=False))
    assert found == ["release.yaml!/Secret sh.helm.release.v1.shop.v1!/release!/release"]


def test_aliases_that_multiply_end(write, scan):
    lines = ["kind: Secret", "a0: &a0 [x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    report = scan(Manifests([write("bomb.yaml", "\n".join(lines))]))
    assert report.findings == []


def test_cells_of_a_notebook_and_what_they_printed_are_named(write, scan, token):
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "k = '" + token(1).decode() + "'\n"], "outputs": []},
        {"cell_type": "code", "source": "show()", "outputs": [
            {"output_type": "stream", "text": [token(2).decode()]},
            {"output_type": "error", "evalue": "", "traceback": ["\x1b[31m" + token(3).decode()]},
            {"output_type": "display_data", "data": {"text/html": "<b>" + token(4).decode(), "image/png": "AAAA"}},
        ]},
    ]  # fmt: skip
    report = scan(Notebook([write("n.ipynb", json.dumps({"nbformat": 4, "cells": cells}))]))
    assert places(report) == ["n.ipynb!/cell 1", *["n.ipynb!/cell 2!/output"] * 3]


@pytest.mark.skipif(
    not os.path.isdir("/proc/self"), reason="environments of processes are read on Linux only"
)
def test_the_environment_of_a_process_is_looked_at(scan, token):
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"A": "x", "TOKEN": token(1).decode()},
    )
    try:
        process.stdout.readline()
        report = scan(ProcessEnvironment([process.pid, 2**22 + 1]))
    finally:
        process.communicate(b"")
    assert [finding.location.line for finding in report.findings] == [2]
    assert [problem.kind for problem in report.problems] == ["missing"]


def lines(follower, **options):
    return [
        found if isinstance(found, Problem) else found.data[found.seen :]
        for found in follower.read(**options)
    ]


def test_a_log_is_followed_by_whole_lines_through_rotation_and_truncation(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntw")
    follower = Follower(str(path))
    assert lines(follower) == [b"one\n"]
    with open(path, "ab") as file:
        file.write(b"o\nthr")
    assert lines(follower) == [b"two\n"]
    path.rename(tmp_path / "app.log.1")
    path.write_bytes(b"new\n")
    assert lines(follower) == [b"thr", b"new\n"]
    path.write_bytes(b"x\n")
    assert lines(follower) == [b"x\n"]
    with open(path, "ab") as file:
        file.write(b"end")
    assert lines(follower, final=True) == [b"end"]
    follower.close()


def test_a_log_that_is_not_there_is_said(tmp_path):
    [problem] = lines(Follower(str(tmp_path / "none")))
    assert problem.kind == "missing"


def test_what_spans_two_reads_of_a_log_is_seen_whole(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"-----BEGIN\n")
    follower = Follower(str(path))
    list(follower.read())
    with open(path, "ab") as file:
        file.write(b"END-----\n")
    [found] = follower.read()
    assert found.data == b"-----BEGIN\nEND-----\n"
    assert (found.line, found.offset, found.seen) == (1, 0, 11)
    follower.close()
