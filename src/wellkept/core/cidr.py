"""Blocks of addresses that a login or a token is bound to."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from .form import bad

if TYPE_CHECKING:
    from collections.abc import Sequence

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def network(text: str) -> Network | None:
    """``10.0.0.0/8``, ``::1``; ``None`` for what is neither a block nor an address."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def check(blocks: Sequence[str], prefix: str = "") -> list[str]:
    """``blocks`` as OpenBao shows them: a single address without its mask. Raises ``Refusal``, which begins with
    ``prefix``."""
    found = []
    for text in blocks:
        block = network(text)
        if block is None:
            raise bad(
                f'{prefix}error parsing address "{text[:64]}": Unable to convert "{text[:64]}" '
                "to an IPv4 or IPv6 address, or a UNIX Socket"
            )
        single = block.prefixlen == block.max_prefixlen
        found.append(str(block.network_address) if single else text.strip())
    return found


def contains(blocks: Sequence[str], address: str) -> bool:
    """Whether ``address`` lies in one of ``blocks``; one that is unknown, or none, lies in none."""
    try:
        remote = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(remote, "ipv4_mapped", None)
    candidates = (remote,) if mapped is None else (remote, mapped)
    networks = [network(text) for text in blocks]
    return any(each in block for block in networks if block is not None for each in candidates)


def within(blocks: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether each of ``blocks`` lies in one of ``outer``; what is no block lies in none, and holds none."""
    wider = [network(block) for block in outer]
    return all(any(_inside(network(block), each) for each in wider) for block in blocks)


def _inside(block: Network | None, outer: Network | None) -> bool:
    if isinstance(block, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and block.subnet_of(outer)
    if isinstance(block, ipaddress.IPv6Network):
        return isinstance(outer, ipaddress.IPv6Network) and block.subnet_of(outer)
    return False
