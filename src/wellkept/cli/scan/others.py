"""``scan image``, ``bundle``, ``manifests``, ``notebook`` and ``process``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..command import Command, natural
from . import options
from .perform import perform

if TYPE_CHECKING:
    from argparse import Namespace

    from ..command import Parser


def _configure_paths(parser: Parser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files and folders")
    options.everything(parser)


def configure_image(parser: Parser) -> None:
    parser.add_argument("paths", metavar="IMAGE", nargs="+", help="an archive, or a layout directory")
    options.everything(parser)


def image(arguments: Namespace) -> int:
    from ...scanning.targets.image import Image

    return perform([Image(path) for path in arguments.paths], arguments)


def bundle(arguments: Namespace) -> int:
    from ...scanning.targets.bundle import Bundle

    return perform([Bundle(arguments.paths)], arguments)


def manifests(arguments: Namespace) -> int:
    from ...scanning.targets.manifests import Manifests

    return perform([Manifests(arguments.paths)], arguments)


def notebook(arguments: Namespace) -> int:
    from ...scanning.targets.notebook import Notebook

    return perform([Notebook(arguments.paths)], arguments)


def configure_process(parser: Parser) -> None:
    parser.add_argument("pids", metavar="PID", nargs="+", type=natural, help="numbers of processes")
    options.everything(parser)


def process(arguments: Namespace) -> int:
    from ...scanning.targets.process_env import ProcessEnvironment

    return perform([ProcessEnvironment(arguments.pids)], arguments, jobs=1)


COMMANDS = {
    "scan image": Command(
        usage="IMAGE ... [OPTIONS]",
        text="""\
Look for secrets in container images: every layer, with what later layers removed, the environment,
the settings, and the commands and arguments of the build. IMAGE is what `docker save`, `podman save`
or `skopeo copy` wrote, or an OCI layout directory. Exit codes as for `scan`.""",
        examples="docker save shop:latest -o shop.tar && wellkept scan image shop.tar\nwellkept scan image ./oci-layout",
        configure=configure_image,
        execute=image,
    ),
    "scan bundle": Command(
        usage="PATH ... [OPTIONS]",
        text="""\
Look for secrets in built web bundles and in the sources that source maps carry, beside them or
within. Findings in a map name the source file. Exit codes as for `scan`.""",
        examples="npm run build && wellkept scan bundle dist",
        configure=_configure_paths,
        execute=bundle,
    ),
    "scan manifests": Command(
        usage="PATH ... [OPTIONS]",
        text="""\
Look for secrets in Kubernetes manifests and Helm values: the files as they are, and the decoded data
of every Secret, Helm's releases included. Exit codes as for `scan`.""",
        examples="wellkept scan manifests k8s/ charts/shop/values.yaml\nkubectl get secrets -o yaml > all.yaml && wellkept scan manifests all.yaml",
        configure=_configure_paths,
        execute=manifests,
    ),
    "scan notebook": Command(
        usage="PATH ... [OPTIONS]",
        text="Look for secrets in Jupyter notebooks, cell by cell, with what the cells printed. Exit codes as for `scan`.",
        examples="wellkept scan notebook analysis/",
        configure=_configure_paths,
        execute=notebook,
    ),
    "scan process": Command(
        usage="PID ... [OPTIONS]",
        text="Look for secrets in the environment of running processes (Linux). Exit codes as for `scan`.",
        examples="wellkept scan process $(pgrep -f gunicorn)",
        configure=configure_process,
        execute=process,
    ),
}
