"""A new root token for who holds enough shares: never sent in clear, but combined with a one-time pad.

``sys/generate-root`` wants no token and is closed unless the configuration opens it; ``sys/generate-root-token``
wants one. The pad is given once, to whoever begins; the encoded token to whoever gives the last share.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from hmac import compare_digest
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any

from ...core.refusal import Refusal
from ...core.request import new_id
from . import fields
from .rekey import prove
from .start import add
from .status import seal_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..board import State
    from ..node import Node

LENGTH = 26
"""Characters of a token, and so of the pad."""


class RootToken:
    """One of the two. ``slot``: its place on the board."""

    def __init__(self, node: Node, slot: str, *, authenticated: bool) -> None:
        self._node = node
        self._slot = slot
        self._authenticated = authenticated

    def read(self) -> dict[str, Any]:
        with self._node.board.exclusive() as state:
            return self._shown(state)

    def begin(self, data: Mapping[str, Any]) -> dict[str, Any]:
        otp = fields.string(data, "otp", "GenerateRootInitRequest")
        self._required()
        if otp and len(otp.encode("utf-8", "replace")) != LENGTH:
            raise Refusal(400, "OTP string has incorrect length")
        fields.no_pgp(data)
        made = ""
        with self._node.board.exclusive() as state:
            if self._slot in state:
                raise Refusal(400, "root generation already in progress for this namespace")
            if not otp:
                made = otp = "".join(secrets.choice(ascii_letters + digits) for _ in range(LENGTH))
            state[self._slot] = {"nonce": new_id(), "otp": otp, "shares": []}
            return {**self._shown(state), "otp": made}

    def cancel(self) -> None:
        with self._node.board.exclusive() as state:
            state.pop(self._slot, None)

    def update(self, data: Mapping[str, Any]) -> dict[str, Any]:
        text = fields.string(data, "key", "GenerateRootUpdateRequest")
        nonce = fields.string(data, "nonce", "GenerateRootUpdateRequest")
        if not text:
            raise Refusal(400, "'key' must be specified in request body as JSON")
        given = fields.share(text)
        threshold = self._required()
        with self._node.board.exclusive() as state:
            progress = state.get(self._slot)
            if progress is None:
                raise Refusal(400, "no root generation in progress")
            wanted = progress["nonce"]
            if not compare_digest(nonce.encode("utf-8", "replace"), wanted.encode()):
                raise Refusal(
                    400, f'incorrect nonce supplied; nonce for this root generation operation is "{wanted}"'
                )
            if not add(progress["shares"], given):
                raise Refusal(400, "given key has already been provided during this generation operation")
            if len(progress["shares"]) < threshold:
                return self._after_share(self._shown(state))
            shares, progress["shares"] = [bytes.fromhex(each) for each in progress["shares"]], []
            prove(self._node, shares)
            done = self._after_share(self._shown(state)) | {"progress": threshold, "complete": True}
            encoded = self._encoded(progress["otp"])
            del state[self._slot]
        done["encoded_token"] = encoded
        if not self._authenticated:
            done["encoded_root_token"] = encoded
        return done

    def _after_share(self, shown: dict[str, Any]) -> dict[str, Any]:
        if self._authenticated:
            del shown["otp"], shown["otp_length"]
            return {**shown, "encoded_token": ""}
        return {**shown, "otp_length": 0}

    def _encoded(self, otp: str) -> str:
        serving = self._node.service
        if serving is None:
            raise Refusal(503, "Vault is sealed")
        token = serving.service.root_token().encode()
        mixed = bytes(a ^ b for a, b in zip(token, otp.encode(), strict=True))
        return b64encode(mixed).decode().rstrip("=")

    def _shown(self, state: State) -> dict[str, Any]:
        progress = state.get(self._slot)
        shown: dict[str, Any] = {
            "nonce": progress["nonce"] if progress else "",
            "started": progress is not None,
            "progress": len(progress["shares"]) if progress else 0,
            "required": self._required(),
            "complete": False,
            "encoded_token": "",
            "encoded_root_token": "",
            "pgp_fingerprint": "",
            "otp": "",
            "otp_length": LENGTH,
        }
        if self._authenticated:
            # OpenBao's other form of the same: fields come as they get a meaning.
            del shown["encoded_root_token"], shown["encoded_token"]
            if progress is None:
                del shown["nonce"], shown["pgp_fingerprint"]
        return shown

    def _required(self) -> int:
        config = self._node.seal_config
        if config is None or config["kind"] != "shamir":
            kind = config["kind"] if config else "none"
            raise Refusal(
                400,
                f"this store is closed by a seal of kind {kind}: whoever holds it makes root tokens on the "
                "server's machine, with: wellkept operator generate-root -store=PATH",
            )
        return seal_parameters(config)[1]
