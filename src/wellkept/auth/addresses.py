"""Blocks of addresses that a login or a token is bound to."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from ..core.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network:
    """``10.0.0.0/8``, ``::1``. Raises ``ValueError``."""
    return ipaddress.ip_network(text.strip(), strict=False)


def check(blocks: Sequence[str], prefix: str = "") -> tuple[str, ...]:
    """``blocks`` as OpenBao shows them: a single address without its mask. Raises ``Refusal``, which begins with
    ``prefix``."""
    found = []
    for text in blocks:
        block = _network(text)
        if block is None:
            raise Refusal(
                400,
                f'{prefix}error parsing address "{text[:64]}": Unable to convert "{text[:64]}" to an IPv4 or IPv6 address, '
                "or a UNIX Socket",
            )
        single = block.prefixlen == block.max_prefixlen
        found.append(str(block.network_address) if single else text.strip())
    return tuple(found)


def contains(blocks: Sequence[str], address: str) -> bool:
    """Whether ``address`` lies in one of ``blocks``. An address that is none, or unknown, lies in none."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    candidates = (found,) if mapped is None else (found, mapped)
    return any(each in network(block) for block in blocks for each in candidates)


def within(blocks: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether each of ``blocks`` lies in one of ``outer``; raises ``ValueError`` for what is no block."""
    wider = [network(block) for block in outer]
    return all(any(_inside(network(block), each) for each in wider) for block in blocks)


def _inside(block: Network, outer: Network) -> bool:
    if isinstance(block, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and block.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and block.subnet_of(outer)


def is_network(text: str) -> bool:
    """Whether ``text`` is a block of addresses, or one."""
    return _network(text) is not None


def _network(text: str) -> Network | None:
    try:
        return network(text)
    except ValueError:
        return None
