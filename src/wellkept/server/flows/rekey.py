"""New key shares for a store that is open: asked for, paid for with the old shares, and perhaps verified first.

=========== =========== ==========================================================
from        to          by
=========== =========== ==========================================================
none        started     ``begin``: how many shares, of which how many
started     none        ``update`` with the last old share: the seal is changed
started     verifying   the same, where verification was asked for: nothing is changed yet
verifying   none        ``verify`` with enough of the new shares: now the seal is changed
any         none        ``cancel``
=========== =========== ==========================================================

Two conversations of this form exist side by side, as in OpenBao: ``sys/rotate/root`` wants a token,
``sys/rekey`` wants none and is closed unless the configuration opens it (CVE-2025-52894).
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from ...barrier.seals.shamir import ShamirSeal, check
from ...barrier.shamir import combine
from ...core.refusal import Refusal
from ...core.request import new_id
from ...errors import InvalidRequest, Sealed
from . import fields
from .start import add, shown
from .status import seal_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..board import State
    from ..node import Node

UNREADABLE = (
    "failed to read root key: invalid key: failed to decrypt keys from storage: "
    "cipher: message authentication failed"
)


class Rekey:
    """One of the two. ``slot``: its place on the board; ``authenticated``: which of OpenBao's words."""

    def __init__(self, node: Node, slot: str, *, authenticated: bool) -> None:
        self._node = node
        self._slot = slot
        self._authenticated = authenticated
        self._what = "rotation" if authenticated else "this rekey operation"

    def read(self) -> dict[str, Any]:
        with self._node.board.exclusive() as state:
            return self._shown(state)

    def begin(self, data: Mapping[str, Any]) -> dict[str, Any]:
        count = fields.integer(data, "secret_shares", "RekeyRequest")
        threshold = fields.integer(data, "secret_threshold", "RekeyRequest")
        verify = fields.boolean(data, "require_verification", "RekeyRequest")
        self._required()
        reason = ""
        try:
            check(count, threshold)
        except InvalidRequest as error:
            reason = str(error)
        if reason and self._authenticated:
            raise Refusal(400, f"invalid rotate seal configuration: {reason}")
        if reason:
            raise Refusal(400, f"invalid rekey seal configuration: {reason}")
        fields.no_pgp(data)
        if data.get("backup"):
            raise Refusal(400, "backup of shares needs PGP keys, which are not supported")
        with self._node.board.exclusive() as state:
            if self._slot in state:
                raise Refusal(400, f"{'rotation' if self._authenticated else 'rekey'} already in progress")
            state[self._slot] = {
                "nonce": new_id(), "n": count, "t": threshold, "verify": verify, "shares": [],
            }  # fmt: skip
            return self._shown(state)

    def cancel(self) -> None:
        with self._node.board.exclusive() as state:
            state.pop(self._slot, None)

    def update(self, data: Mapping[str, Any]) -> dict[str, Any]:
        text = fields.string(data, "key", "RekeyUpdateRequest")
        nonce = fields.string(data, "nonce", "RekeyUpdateRequest")
        if not text:
            raise Refusal(400, "'key' must be specified in request body as JSON")
        given = fields.share(text)
        threshold = self._required()
        with self._node.board.exclusive() as state:
            progress = state.get(self._slot)
            if progress is None:
                raise Refusal(
                    400, "no rotation in progress" if self._authenticated else "no barrier rekey in progress"
                )
            if "pending" in progress:
                raise Refusal(
                    400, f"{self._word()} operation already finished; verification must be performed"
                )
            self._check_nonce(nonce, progress["nonce"], self._what)
            if not add(progress["shares"], given):
                during = "this rotation" if self._authenticated else "this generation operation"
                raise Refusal(400, f"given key has already been provided during {during}")
            if len(progress["shares"]) < threshold:
                return self._shown(state)
            shares = [bytes.fromhex(each) for each in progress["shares"]]
            progress["shares"] = []
            prove(self._node, shares)
            seal = ShamirSeal(progress["n"], progress["t"])
            key = seal.deal()
            answer = {
                "nonce": progress["nonce"],
                "complete": True,
                **shown(seal.shares),
                "pgp_fingerprints": None,
                "backup": False,
                "verification_required": progress["verify"],
            }
            if progress["verify"]:
                answer["verification_nonce"] = progress["verification_nonce"] = new_id()
                progress["pending"] = key.hex()
            else:
                change_seal(self._node, seal)
                del state[self._slot]
            return answer

    # Verification.

    def read_verification(self) -> dict[str, Any]:
        with self._node.board.exclusive() as state:
            return self._verification(state)

    def restart_verification(self) -> dict[str, Any]:
        with self._node.board.exclusive() as state:
            progress = state.get(self._slot)
            if progress is not None and "pending" in progress:
                progress["shares"] = []
                progress["verification_nonce"] = new_id()
            return self._verification(state)

    def verify(self, data: Mapping[str, Any]) -> dict[str, Any]:
        text = fields.string(data, "key", "RekeyVerificationUpdateRequest")
        nonce = fields.string(data, "nonce", "RekeyVerificationUpdateRequest")
        if not text:
            raise Refusal(400, "'key' must be specified in request body as JSON")
        given = fields.share(text)
        with self._node.board.exclusive() as state:
            progress = self._verifying(state)
            self._check_nonce(nonce, progress["verification_nonce"], "this verify operation")
            if not add(progress["shares"], given):
                raise Refusal(400, "given key has already been provided during this verify operation")
            if len(progress["shares"]) < progress["t"]:
                return self._verification(state)
            shares, progress["shares"] = [bytes.fromhex(each) for each in progress["shares"]], []
            key = bytes.fromhex(progress["pending"])
            if not _are_of(shares, key, progress["n"]):
                progress["verification_nonce"] = new_id()
                raise Refusal(400, f"{self._word()} verification failed; incorrect key shares supplied")
            change_seal(self._node, ShamirSeal(progress["n"], progress["t"], key=key))
            del state[self._slot]
            return {"nonce": nonce, "complete": True}

    def _verifying(self, state: State) -> dict[str, Any]:
        progress: dict[str, Any] | None = state.get(self._slot)
        if progress is None:
            raise Refusal(400, f"no {self._word()} configuration found")
        if "pending" not in progress:
            raise Refusal(400, f"no {self._word()} verification in progress")
        return progress

    def _verification(self, state: State) -> dict[str, Any]:
        progress = self._verifying(state)
        return {
            "nonce": progress["verification_nonce"],
            "started": True,
            "t": progress["t"],
            "n": progress["n"],
            "progress": len(progress["shares"]),
        }

    def _shown(self, state: State) -> dict[str, Any]:
        progress = state.get(self._slot)
        required = self._required()
        if progress is None and self._authenticated:
            return {"n": 0, "required": required, "started": False, "t": 0}
        shown: dict[str, Any] = {
            "nonce": "", "started": False, "t": 0, "n": 0, "progress": 0, "required": required,
        }  # fmt: skip
        if not self._authenticated:
            shown |= {"pgp_fingerprints": None, "backup": False}
        shown["verification_required"] = False
        if self._authenticated:
            shown["verification_nonce"] = ""
        if progress is not None:
            shown |= {
                "nonce": progress["nonce"],
                "started": True,
                "t": progress["t"],
                "n": progress["n"],
                "progress": 0 if "pending" in progress else len(progress["shares"]),
                "verification_required": progress["verify"],
            }
            if "pending" in progress:
                shown["verification_nonce"] = progress["verification_nonce"]
        return shown

    def _required(self) -> int:
        config = self._node.seal_config
        if config is None or config["kind"] != "shamir":
            kind = config["kind"] if config else "none"
            raise Refusal(
                400, f"this store is closed by a seal of kind {kind}; there are no shares to change"
            )
        return seal_parameters(config)[1]

    def _check_nonce(self, given: str, wanted: str, what: str) -> None:
        if not compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise Refusal(400, f'incorrect nonce supplied; nonce for {what} is "{wanted}"')

    def _word(self) -> str:
        return "rotation" if self._authenticated else "rekey"


def prove(node: Node, shares: list[bytes]) -> None:
    """Raises ``Refusal`` unless ``shares`` open the store."""
    opened = True
    try:
        node.unlock(ShamirSeal(given=shares))
    except (Sealed, InvalidRequest):
        opened = False
    if not opened:
        raise Refusal(400, UNREADABLE)


def change_seal(node: Node, seal: ShamirSeal) -> None:
    """Close the store with ``seal`` and a new root key, while all workers go on serving.

    Each is told both root keys before the change and the new one after it: whichever it then finds in force,
    it has the key.
    """
    serving = node.service
    if serving is None:
        raise Refusal(503, "Vault is sealed")
    barrier = serving.barrier

    class Announced:
        kind = seal.kind

        def wrap(self, root: bytes) -> dict[str, Any]:
            wrapped = seal.wrap(root)
            node.board.publish([*barrier.roots, root])
            return wrapped

        def unwrap(self, blob: dict[str, Any]) -> bytes:
            return seal.unwrap(blob)

    barrier.rekey(Announced())
    node.refresh()
    node.board.publish([barrier.roots[-1]])


def _are_of(shares: list[bytes], key: bytes, count: int) -> bool:
    if count == 1:
        return compare_digest(shares[0], key)
    try:
        return compare_digest(combine(shares), key)
    except InvalidRequest:
        return False
