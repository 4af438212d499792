"""``sys/init`` and ``sys/unseal``: the conversations with a store that nobody has opened yet."""

from __future__ import annotations

from base64 import b64encode
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from ...barrier.seals.shamir import ShamirSeal, check
from ...core.refusal import Refusal
from ...core.request import new_id
from ...errors import Conflict, InvalidRequest, Sealed
from ..automatic import automatic_seal, passphrase_seal
from . import fields
from .status import seal_parameters

if TYPE_CHECKING:
    from ...barrier.seals import Seal
    from ..board import State
    from ..exchange import Answer, Exchange
    from ..node import Node
    from .status import Status

WRONG_KEYS = (
    "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: "
    "cipher: message authentication failed"
)


class Start:
    """Handlers over one node."""

    def __init__(self, node: Node, status: Status) -> None:
        self._node = node
        self._status = status

    def init(self, exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
        """Make the store's keys and shares; the answer is the only time that anybody sees the shares."""
        data = fields.body_of(exchange)
        count = fields.integer(data, "secret_shares", "InitRequest")
        threshold = fields.integer(data, "secret_threshold", "InitRequest")
        node = self._node
        with node.board.exclusive():
            node.refresh()
            if node.initialised:
                raise Refusal(400, "Vault is already initialized")
            _check_pgp(data, count)
            seal: Seal | None = automatic_seal(node.settings.seal, new=True)
            shamir = None
            if seal is None:
                recovery = [name for name in ("recovery_shares", "recovery_threshold") if data.get(name)]
                if recovery:
                    raise Refusal(400, f"parameters {','.join(recovery)} not applicable to seal type shamir")
                _check_numbers(count, threshold, "invalid seal configuration")
                seal = shamir = ShamirSeal(count, threshold)
            try:
                token = node.initialise(seal)
            except Conflict:
                token = ""
            if not token:
                raise Refusal(400, "Vault is already initialized")
        if shamir is None:
            self._open(node.unlock(seal))
        shares = [] if shamir is None else shamir.shares
        return fields.reply({**shown(shares), "root_token": token})

    def unseal(self, exchange: Exchange, path: str, query: bytes, address: str) -> Answer:
        """Take one share; with the last one the store opens, in every worker."""
        data = fields.body_of(exchange)
        text = fields.string(data, "key", "UnsealRequest")
        reset = fields.boolean(data, "reset", "UnsealRequest")
        migrate = fields.boolean(data, "migrate", "UnsealRequest")
        node = self._node
        if not reset and not text:
            raise Refusal(400, "'key' must be specified in request body as JSON, or 'reset' set to true")
        with node.board.exclusive() as state:
            if reset:
                if node.service is not None:
                    raise Refusal(400, "vault is unsealed")
                state.pop("unseal", None)
                return fields.reply(self._status.sealed())
            root = self._take(state, text, migrate)
            if root is not None:
                self._open(root)
            progress = state.get("unseal") or {"shares": [], "nonce": ""}
        return fields.reply(self._status.sealed(len(progress["shares"]), progress["nonce"]))

    def _take(self, state: State, text: str, migrate: bool) -> bytes | None:
        """One share more; the root key when it was the last one needed."""
        node = self._node
        node.refresh()
        config = node.seal_config
        if config is not None and config["kind"] == "passphrase" and node.service is None:
            return self._unlock(passphrase_seal(text))
        given = fields.share(text)
        if config is None:
            raise Refusal(400, "Vault is not initialized")
        if node.service is not None:
            return None
        if migrate:
            raise Refusal(400, "can't perform a seal migration, no migration seal found")
        if config["kind"] != "shamir":
            raise Refusal(400, f"this store is closed by a seal of kind {config['kind']}; no shares open it")
        progress = state.setdefault("unseal", {"shares": [], "nonce": new_id()})
        if not add(progress["shares"], given):
            return None
        if len(progress["shares"]) < seal_parameters(config)[1]:
            return None
        shares = [bytes.fromhex(each) for each in progress["shares"]]
        del state["unseal"]  # right or wrong, they are not kept
        return self._unlock(ShamirSeal(given=shares))

    def _unlock(self, seal: Seal) -> bytes:
        root = None
        try:
            root = self._node.unlock(seal)
        except (Sealed, InvalidRequest):
            pass  # answered below, in the words of OpenBao
        if root is None:
            raise Refusal(400, WRONG_KEYS)
        return root

    def _open(self, root: bytes) -> None:
        self._node.open(root)
        self._node.board.publish([root])


def add(shares: list[str], given: bytes) -> bool:
    """Add a share to those at hand, unless it is among them."""
    text = given.hex()
    if any(compare_digest(text, other) for other in shares):
        return False
    shares.append(text)
    return True


def shown(shares: list[bytes]) -> dict[str, list[str]]:
    """Shares as they are handed out."""
    return {
        "keys": [share.hex() for share in shares],
        "keys_base64": [b64encode(share).decode() for share in shares],
    }


def _check_numbers(count: int, threshold: int, what: str, status: int = 400) -> None:
    reason = ""
    try:
        check(count, threshold)
    except InvalidRequest as error:
        reason = str(error)
    if reason:
        raise Refusal(status, f"{what}: {reason}")


def _check_pgp(data: dict[str, Any], count: int) -> None:
    keys = data.get("pgp_keys")
    if isinstance(keys, list) and keys and len(keys) != count:
        raise Refusal(
            400,
            "invalid seal configuration: count mismatch between number of provided PGP keys and number of shares",
        )
    fields.no_pgp(data)
