"""Jupyter notebooks: code, text, and above all what the cells printed. Source: nbformat 4 (and 3's worksheets)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..problem import Problem
from .documents import Documents, parsed, piece, texts, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Item

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # its last letter would hide where a token begins
_PICTURES = ("image/", "audio/", "video/", "application/pdf")


class Notebook(Documents):
    """``.ipynb`` files, cell by cell."""

    name = "notebook"
    suffixes = (".ipynb",)

    def parts(self, path: str, data: bytes) -> Iterator[Item | Problem]:
        document = parsed(data)
        if not isinstance(document, dict):
            yield whole(path, data)
            yield Problem("corrupt", path, "is no notebook, so it was scanned as plain text only")
            return
        for number, cell in enumerate(_cells(document), 1):
            yield from _of_cell(path, number, cell)
        rest = {key: value for key, value in document.items() if key not in ("cells", "worksheets")}
        yield piece(path, ("metadata",), json.dumps(rest, indent=1, ensure_ascii=False))


def _cells(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for holder in [document, *_dicts(document.get("worksheets"))]:
        yield from _dicts(holder.get("cells"))


def _of_cell(path: str, number: int, cell: dict[str, Any]) -> Iterator[Item]:
    source = texts(cell.get("source")) or texts(cell.get("input"))
    if source:
        yield piece(path, (f"cell {number}",), source)
    for output in _dicts(cell.get("outputs")):
        traceback = output.get("traceback")
        printed = [texts(output.get("text")), texts(output.get("evalue"))]
        printed += (
            [text for text in traceback if isinstance(text, str)] if isinstance(traceback, list) else []
        )
        shown = output.get("data")
        for kind, value in (shown if isinstance(shown, dict) else {}).items():
            if not kind.startswith(_PICTURES):
                printed.append(texts(value) or json.dumps(value, ensure_ascii=False))
        text = _COLOUR.sub("", "\n".join(filter(None, printed)))
        if text:
            yield piece(path, (f"cell {number}", "output"), text)
    rest = {key: value for key, value in cell.items() if key not in ("source", "input", "outputs")}
    if rest.get("metadata") or rest.get("attachments"):
        yield piece(path, (f"cell {number}", "metadata"), json.dumps(rest, indent=1, ensure_ascii=False))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
