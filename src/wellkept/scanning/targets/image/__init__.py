"""Container images as files: what ``docker save``, ``podman save`` and ``skopeo copy`` write, and OCI layouts.

Every layer is looked at by itself, so a file that a later layer removed or replaced is found all the same; and
the configuration: its environment, labels, commands, and the build's history with its arguments.
"""

from .target import Image

__all__ = ["Image"]
