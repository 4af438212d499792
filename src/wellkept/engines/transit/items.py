"""Batches: what stands in ``batch_input``, checked item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.form import bad, base64s, unforeseen
from ...core.form.convert import go_type
from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.form import Data

_TEXTS = ("context", "ciphertext", "plaintext", "associated_data", "reference")


class Item(NamedTuple):
    """One thing to be encrypted or decrypted, its texts as they came."""

    plaintext: str = ""
    ciphertext: str = ""
    context: str = ""
    associated_data: str = ""
    reference: str = ""
    key_version: int = 0


def items_of(data: Data, wanted: str = "", purpose: str = "") -> list[Item] | None:
    """The batch, or ``None`` where there is none. Each must have the text ``wanted``. Raises ``Refusal``."""
    given = data.raw.get("batch_input")
    if given is None:
        return None
    if not isinstance(given, (list, tuple)):
        raise _unreadable(f"source data must be an array or slice, got {go_type(given)}")
    if not given:
        raise bad("missing batch input to process")
    problems: list[str] = []
    found = [_item(index, each, wanted, purpose, problems) for index, each in enumerate(given)]
    if problems:
        raise _unreadable("\n".join(problems))
    return found


def _unreadable(text: str) -> Exception:
    return unforeseen(f"failed to parse batch input: {text}")


def _item(index: int, given: Any, wanted: str, purpose: str, problems: list[str]) -> Item:
    if not hasattr(given, "items"):
        raise _unreadable(f"[{index}] expected a map, got '{go_type(given)}'")
    texts: dict[str, Any] = {}
    for name in _TEXTS:
        value = given.get(name)
        if isinstance(value, str):
            texts[name] = value
        elif value is not None or (name == "plaintext" and name in given):
            problems.append(_unconvertible(index, name, "string", value))
        elif name == wanted and name not in given:
            problems.append(f"'[{index}].{name}' missing {name} to {purpose}")
    version = given.get("key_version")
    if isinstance(version, int) and not isinstance(version, bool):
        texts["key_version"] = version
    elif isinstance(version, float):
        problems.append(
            f'error decoding json.Number into [{index}].key_version: strconv.ParseInt: parsing "{version}": '
            "invalid syntax"
        )
    elif version is not None:
        problems.append(_unconvertible(index, "key_version", "int", version))
    return Item(**texts)


def _unconvertible(index: int, name: str, wanted: str, value: Any) -> str:
    return f"'[{index}].{name}' expected type '{wanted}', got unconvertible type '{go_type(value)}'"


def loose_items_of(data: Data) -> list[Item] | None:
    """As ``items_of``, where numbers stand for texts and nothing must be given. Raises ``Refusal``."""
    problems: list[str] = []
    given = _sequence(data)
    if given is None:
        return None
    found = []
    for index, each in enumerate(given):
        if each is not None and not hasattr(each, "items"):
            problems.append(f"'[{index}]' expected a map or struct, got \"{_go_kind(each)}\"")
            continue
        values = each or {}
        texts: dict[str, Any] = {
            name: _text(values[name], f"'[{index}].{name}'", problems) for name in _TEXTS if name in values
        }
        version = values.get("key_version") or 0
        if isinstance(version, float):
            problems.append(
                f"'[{index}].key_version' cannot parse value as 'int': strconv.ParseInt: parsing \"{version}\": "
                "invalid syntax"
            )
        elif isinstance(version, bool) or not isinstance(version, int):
            problems.append(_unconvertible(index, "key_version", "int", version))
        found.append(Item(**texts, key_version=version))
    _check(problems)
    return found


def texts_of(data: Data, kind: str) -> list[Mapping[str, str]] | None:
    """The batch as objects of texts, or ``None``; ``kind`` names them in errors. Raises ``Refusal``."""
    problems: list[str] = []
    given = _sequence(data)
    if given is None:
        return None
    found: list[Mapping[str, str]] = []
    for index, each in enumerate(given):
        if each is not None and not hasattr(each, "items"):
            problems.append(
                f"'[{index}]' expected type 'transit.batchRequest{kind}Item', got unconvertible type '{go_type(each)}'"
            )
            continue
        pairs = (each or {}).items()
        found.append({name: _text(value, f"'[{index}][{name}]'", problems) for name, value in pairs})
    _check(problems)
    return found


def _sequence(data: Data) -> list[Any] | None:
    given = data.raw.get("batch_input")
    if given is None:
        return None
    if not isinstance(given, (list, tuple)):
        raise _unreadable(f"'' source data must be an array or slice, got {_go_kind(given)}")
    if not given:
        raise bad("missing batch input to process")
    return list(given)


def _text(value: Any, where: str, problems: list[str]) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    problems.append(f"{where} expected type 'string', got unconvertible type '{go_type(value)}'")
    return ""


def _go_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (str, int, float)):
        return "string"  # numbers are texts of a type of their own there
    return "map" if hasattr(value, "items") else "slice"


def _check(problems: list[str]) -> None:
    if problems:
        raise _unreadable("decoding failed due to the following error(s):\n\n" + "\n".join(problems))


def same_context(items: list[Item]) -> bool:
    """Whether all have a context. Raises ``Refusal`` when some have and some have not."""
    has = bool(items[0].context)
    if any(bool(item.context) != has for item in items):
        raise bad("context should be set either in all the request blocks or in none")
    return has


def decoded(text: str) -> bytes:
    """Base64. Raises ``Fault`` in the decoder's words."""
    if not text:
        return b""
    problem = ""
    try:
        return base64s.decode(text)
    except base64s.NotBase64 as error:
        problem = str(error)
    raise Fault(problem)
