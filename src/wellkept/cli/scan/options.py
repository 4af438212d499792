"""Options that the scanning commands share: how to look, and what to do with what was found."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command import natural, number

if TYPE_CHECKING:
    from ..command import Parser

FORMATS = ("table", "json", "sarif", "junit", "gitlab", "github", "html")
LEVELS = ("low", "medium", "high")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def looking(parser: Parser) -> None:
    """What to look for, and how."""
    group = parser.add_argument_group("looking")
    group.add_argument(
        "--config", metavar="FILE", action="append", default=[], help="rules to add, change or switch off"
    )
    group.add_argument("--known", metavar="FILE", help="fingerprints of a store's own secrets")
    group.add_argument("--known-key", metavar="FILE", help="their key (default: $WELLKEPT_SCAN_KEY)")
    group.add_argument("--store", metavar="PATH", help="look for the secrets of this store")
    group.add_argument("--jobs", metavar="N", type=natural, help="processes (default: one per processor)")
    group.add_argument(
        "--max-size", metavar="SIZE", type=size, help="skip larger files, and say so: 50M (default: no limit)"
    )
    group.add_argument(
        "--depth", metavar="N", type=number, default=3, help="encodings within encodings (default: 3)"
    )
    group.add_argument("--no-archives", action="store_true", help="do not look into archives")
    group.add_argument(
        "--engine", choices=("auto", "vectorscan", "fallback"), default="auto", help=argparse.SUPPRESS
    )


def reporting(parser: Parser) -> None:
    """What to do with what was found."""
    group = parser.add_argument_group("reporting")
    group.add_argument("--format", metavar="FORMAT", choices=FORMATS, help=", ".join(FORMATS))
    group.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )
    group.add_argument("-o", "--output", metavar="FILE", help="write the report there, mode 0600")
    group.add_argument("--baseline", metavar="FILE", help="findings that are known and not reported again")
    group.add_argument("--allow", metavar="FILE", action="append", default=[], help="an allow-list")
    group.add_argument(
        "--min-confidence", metavar="LEVEL", choices=LEVELS, default="low", help="low, medium or high"
    )
    group.add_argument("--verify", action="store_true", help="ask each provider whether the credential works")
    group.add_argument(
        "--explain", action="store_true", help="with --verify: show the requests, and make none"
    )
    group.add_argument("--exit-zero", action="store_true", help="end with 0 in spite of findings")
    group.add_argument(
        "--accept",
        metavar="KIND",
        action="append",
        default=[],
        help="do not fail for this kind of problem, such as shallow; it is still said",
    )
    group.add_argument(
        "--show-secrets", action="store_true", help="secrets in the clear, in formats that carry them"
    )
    group.add_argument("--quiet", action="store_true", help="no progress, no remarks")


def everything(parser: Parser) -> None:
    """Both."""
    looking(parser)
    reporting(parser)


def size(text: str) -> int:
    """``50M`` in bytes."""
    lower = text.lower().removesuffix("ib").removesuffix("b")
    unit = lower[-1:] if lower[-1:] in ("k", "m", "g") else ""
    digits = lower.removesuffix(unit)
    if digits.isascii() and digits.isdigit() and int(digits[:15]) > 0:
        return int(digits[:15]) * _UNITS[unit]
    raise argparse.ArgumentTypeError("expected a size such as 500k, 50M or 2G")
