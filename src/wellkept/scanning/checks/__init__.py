"""Checks that a rule names with ``check``: what a token says about itself beyond its looks.

A check answers for one candidate: true when it is proven (its checksum holds), false when it cannot be what the
rule looks for, a number for that confidence, or none when it has no opinion. Judging by names and surroundings is
the business of ``scanning.generic``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import keys, tokens
from .entropy import entropy
from .luhn import luhn

if TYPE_CHECKING:
    from ..hooks import Check

CHECKS: dict[str, Check] = {
    "token": tokens.token,
    "named": tokens.named,
    "service": tokens.service,
    "drawn": tokens.drawn,
    "crc_base62": tokens.crc_base62,
    "crc_hex": tokens.crc_hex,
    "gitlab_routable": tokens.gitlab_routable,
    "bech32": tokens.bech32,
    "aws_key_id": tokens.aws_key_id,
    "aws_secret": tokens.aws_secret,
    "discord": tokens.discord,
    "basic_auth": tokens.basic_auth,
    "docker_auth": tokens.docker_auth,
    "sentry_org": tokens.sentry_org,
    "jwt": keys.jwt,
    "private_key": keys.private_key,
    "url_password": keys.url_password,
    "password_value": keys.password_value,
    "htpasswd": keys.htpasswd,
}

__all__ = ["CHECKS", "entropy", "luhn"]
