"""``k8s://NAMESPACE``: Kubernetes Secrets through the API server, with the pod's service account.

``names`` maps our names to Secrets and their keys, ``pod`` knows where the API server is and as whom to ask, ``client``
asks, ``values`` takes a Secret apart, ``source`` stands on them. Secrets that are mounted as files need none of this: they are ``dir:``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .names import secret_of

if TYPE_CHECKING:
    from ..url import SourceURL
    from .source import KubernetesSource

__all__ = ["open_k8s", "secret_of"]


def open_k8s(url: SourceURL) -> KubernetesSource:
    """``k8s://NAMESPACE?account=&ca=&endpoint=&prefix=&secret=&timeout=&token_file=``."""
    from .source import KubernetesSource

    return KubernetesSource.open(url)
