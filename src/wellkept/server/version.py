"""The version that clients are told: that of the API's reference, for some of them choose their ways by it."""

from __future__ import annotations

NUMBER = "2.7.2"
"""OpenBao's, whose answers are ours."""

DATE = "2026-10-26T20:32:27Z"
