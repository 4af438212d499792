"""CRC-32C (Castagnoli), the checksum that Secret Manager sends with each value (RFC 3720, appendix B.4).

Not a cryptographic function. A table and a loop: a secret of 64 bytes takes some microseconds, the largest that
there may be some ten milliseconds; Google's own module (``google-crc32c``) is a compiled package more to install.
"""

from __future__ import annotations

from functools import cache

_POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41, bits reversed


def crc32c(data: bytes) -> int:
    """The checksum of ``data``, 0 to 2**32 - 1."""
    table = _table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
