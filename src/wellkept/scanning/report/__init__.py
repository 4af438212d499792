"""Reports: findings and problems as text for people and machines, with every secret masked.

``render(format, report)`` is all that others need. Every format is made from ``rows``, which hold no secret and
no control character; no format looks at a ``Finding`` itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ...errors import ConfigError

if TYPE_CHECKING:
    from .rows import Rows

FORMATS = {
    "table": "table",
    "json": "json_",
    "sarif": "sarif",
    "junit": "junit",
    "gitlab": "gitlab",
    "github": "github",
    "html": "html",
}


def render(kind: str, rows: Rows, **options: object) -> str:
    """The report in one of ``FORMATS``, ending in a newline. Raises ``ConfigError`` for another format.

    ``options`` go to the format: ``colour`` and ``width`` for the table.
    """
    name = FORMATS.get(kind)
    if name is None:
        raise ConfigError(f"there is no report format {kind!r}; choose from {', '.join(FORMATS)}")
    text: str = import_module(f".{name}", __name__).render(rows, **options)
    return text
