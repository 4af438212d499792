"""From faults to problems: which field, which secret, where; one row a field, in the order of the class."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any, NamedTuple

from .kinds import alternatives, is_model
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .gather import Gathered, Keys
    from .plan import Leaf, Plan
    from .validate import Fault


class _Row(NamedTuple):
    order: int
    field: str
    name: str
    where: str


def explained(plan: Plan, faults: list[Fault], gathered: Gathered) -> list[Problem]:
    """Every problem with reading (as ``gathered``) and with validation (``faults``)."""
    if len(gathered.refused) == len(plan.leaves) > 1 and len(set(gathered.refused.values())) == 1:
        # One message for all fields is about the source, not about any of them.
        return [Problem("", "", next(iter(gathered.refused.values())), gathered.where)]
    leaves = {leaf.keys: (order, leaf) for order, leaf in enumerate(plan.leaves)}
    rows: dict[_Row, list[str]] = {}
    for keys, reason in gathered.refused.items():
        rows[_row(*leaves[keys], gathered)] = [reason]
    for fault in faults:
        at = _leaf_at(fault.at, leaves)
        if at in gathered.refused or fault.kind == "default_factory_not_called":
            continue  # a consequence of another problem
        if at is not None:
            order, leaf = leaves[at]
            why_absent = gathered.absent.get(at) if fault.kind == "missing" and fault.at == at else None
            row = _row(order, leaf, gathered, _inside(leaf, fault.at[len(at) :]))
            rows.setdefault(row, []).append(why_absent or fault.reason)
        elif fault.at:
            order = next((n for k, (n, _) in leaves.items() if k[: len(fault.at)] == fault.at), len(leaves))
            row = _Row(order, _nested(plan, fault.at), "", gathered.where)
            rows.setdefault(row, []).append(fault.reason)
        elif not gathered.refused:
            # With a field unread, what the class says about its fields together is not to be trusted.
            rows.setdefault(_Row(len(leaves), "", "", gathered.where), []).append(fault.reason)
    ordered = sorted(rows.items(), key=lambda item: item[0].order)
    return [Problem(r.field, r.name, " or ".join(dict.fromkeys(reasons)), r.where) for r, reasons in ordered]


def _row(order: int, leaf: Leaf, gathered: Gathered, inside: str = "") -> _Row:
    where = gathered.wheres.get(leaf.keys, gathered.where)
    return _Row(order, ".".join(leaf.path) + inside, leaf.name, where)


def _leaf_at(at: tuple[int | str, ...], leaves: dict[Keys, tuple[int, Leaf]]) -> Keys | None:
    """The keys of the leaf that ``at`` is in."""
    for length in range(len(at), 0, -1):
        if at[:length] in leaves:
            return typing.cast("Keys", at[:length])
    return None


def _inside(leaf: Leaf, rest: tuple[int | str, ...]) -> str:
    """The place inside one field's value: positions, and names that the class declares. Keys of a mapping are
    part of the value, and are left out, as are the labels that pydantic gives to the arms of a union."""
    names = set(_declared(leaf.info.annotation, set())) if rest else set()
    return "".join(
        f"[{item}]" if isinstance(item, int) else f".{item}"
        for item in rest
        if isinstance(item, int) or item in names
    )


def _nested(plan: Plan, at: tuple[int | str, ...]) -> str:
    """The name of nested settings as a whole, or "" for a key that no field has (it came with the values)."""
    for leaf in plan.leaves:
        if leaf.keys[: len(at)] == at:
            return ".".join(leaf.path[: len(at)])
    return ""


def _declared(annotation: Any, seen: set[Any]) -> Iterator[str]:
    """Names of the fields of every model that an annotation leads to."""
    for arm in alternatives(annotation):
        for argument in typing.get_args(arm):
            yield from _declared(argument, seen)
        if is_model(arm) and arm not in seen:
            seen.add(arm)
            for name, info in arm.model_fields.items():
                yield from (
                    name,
                    *([info.validation_alias] if isinstance(info.validation_alias, str) else []),
                )
                yield from _declared(info.annotation, seen)
