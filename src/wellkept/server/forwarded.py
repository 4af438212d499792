"""Whose request it is, when proxies stand in front: ``X-Forwarded-For``, believed of trusted proxies only.

As Vault's listener parameters: ``x_forwarded_for_authorized_addrs``, ``x_forwarded_for_hop_skips``,
``x_forwarded_for_reject_not_present`` and ``x_forwarded_for_reject_not_authorized``.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from ..core.refusal import Refusal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Forwarding(NamedTuple):
    """``trusted`` proxies; ``skips``: how many of the last addresses in the header are proxies too."""

    trusted: tuple[Network, ...] = ()
    skips: int = 0
    reject_absent: bool = True
    reject_untrusted: bool = True

    def client(self, peer: str, header: bytes | None) -> str:
        """The client's address. Raises ``Refusal``: 400 for a header that is missing, malformed or not allowed."""
        if not self.trusted:
            return peer
        if header is None:
            if self.reject_absent:
                raise Refusal(400, "missing x-forwarded-for header and configured to reject when not present")
            return peer
        if not self._trusts(peer):
            if self.reject_untrusted:
                raise Refusal(
                    400,
                    "client address not authorized for x-forwarded-for and configured to reject connection",
                )
            return peer
        addresses = [part.strip() for part in header.decode("latin-1").split(",")]
        index = len(addresses) - 1 - self.skips
        if index < 0:
            raise Refusal(
                400,
                f"malformed x-forwarded-for configuration or request, hops to skip ({self.skips}) would skip "
                f"before earliest chain link (chain length {len(addresses)})",
            )
        found = parse_address(addresses[index])
        if found is None:
            raise Refusal(400, "error parsing the x-forwarded-for header: not an address")
        return str(found)

    def _trusts(self, peer: str) -> bool:
        address = parse_address(peer)
        return address is not None and any(address in network for network in self.trusted)


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """``1.2.3.4``, ``1.2.3.4:5``, ``::1``, ``[::1]:5``; an IPv4 address mapped into IPv6 is that address."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
