"""``keys/NAME/rotate``, ``/config`` and ``/trim``; and rotation by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.form import bad, unforeseen
from ...core.request import Response
from .faults import SOFT_DELETED, of_the_request
from .key import TURNING, Key, load, save
from .material import generate
from .named import check_period, describe

if TYPE_CHECKING:
    from ...core.form import Call
    from ...core.view import View


def rotate(call: Call) -> Response:
    """A new latest version; the older ones go on decrypting and verifying."""
    key = load(call.view, call.data["name"])
    if key is None:
        raise bad("key not found")
    if call.data["external_key_ref"]:
        raise bad(f"cannot use external_key_ref on key of type {key.kind.name}")
    turn(call.view, key, call.now)
    return Response(describe(key))


def turn(view: View, key: Key, now: float) -> None:
    """Rotate and store. Raises ``Refusal``."""
    if key.soft_deleted:
        raise unforeseen(SOFT_DELETED)
    if key.imported and not key.import_rotates:
        raise unforeseen(f"imported key {key.name} does not allow rotation within Vault")
    of_the_request(lambda: key.append(generate(key, now)))
    key.imported = False
    save(view, key)


def rotate_due(view: View, now: float) -> None:
    """All keys whose period has passed since their latest version was made. One that cannot rotate is left."""
    for name in view.list(TURNING):
        key = load(view, name)
        if key is None:
            view.delete(TURNING + name)
            continue
        stuck = key.soft_deleted or (key.imported and not key.import_rotates)
        if not stuck and key.rotate_every and now >= key.versions[key.latest].created + key.rotate_every:
            turn(view, key, now)


def configure(call: Call) -> Response:
    """The given settings replaced, all or none. What makes a key exportable cannot be taken back."""
    data = call.data
    key = load(call.view, data["name"])
    if key is None:
        raise bad(f"no existing key named {data['name']} could be found")
    before = key.encode()
    warnings: tuple[str, ...] = ()
    if "min_decryption_version" in data:
        wanted = data["min_decryption_version"]
        if wanted < 0:
            raise bad("min decryption version cannot be negative")
        if wanted == 0:
            wanted = 1
            warnings = (
                "since Vault 0.3 (prior to the OpenBao fork), transit key numbering starts at 1; forcing minimum to 1",
            )
        if wanted > key.latest:
            raise bad(f"cannot set min decryption version of {wanted}, latest key version is {key.latest}")
        key.min_decryption = wanted
    if "min_encryption_version" in data:
        wanted = data["min_encryption_version"]
        if wanted < 0:
            raise bad("min encryption version cannot be negative")
        if wanted > key.latest:
            raise bad(f"cannot set min encryption version of {wanted}, latest key version is {key.latest}")
        key.min_encryption = wanted
    if 0 < key.min_encryption < key.min_decryption:
        raise bad(
            f"cannot set min encryption/decryption values; min encryption version of {key.min_encryption} must be "
            f"greater than or equal to min decryption version of {key.min_decryption}"
        )
    if "deletion_allowed" in data:
        key.deletion_allowed = data["deletion_allowed"]
    key.exportable = key.exportable or data["exportable"]
    key.plaintext_backup = key.plaintext_backup or data["allow_plaintext_backup"]
    if "auto_rotate_period" in data:
        check_period(data["auto_rotate_period"])
        key.rotate_every = data["auto_rotate_period"]
    if key.encode() != before:
        if key.min_available > key.min_encryption:
            raise bad("min encryption version should not be less than min available version")
        if key.min_available > key.min_decryption:
            raise bad("min decryption version should not be less then min available version")
        save(call.view, key)
    return Response(describe(key), warnings=warnings)


def trim(call: Call) -> Response:
    """Forget the versions below one, for good."""
    key = load(call.view, call.data["name"])
    if key is None:
        raise bad("invalid key name")
    if "min_available_version" not in call.data:
        raise bad("missing min_available_version")
    wanted = call.data["min_available_version"]
    if wanted < key.min_available:
        raise bad("minimum available version cannot be decremented")
    if key.min_encryption == 0:
        raise bad("minimum available version cannot be set when minimum encryption version is not set")
    if wanted > key.min_encryption:
        raise bad("minimum available version cannot be greater than minmum encryption version")
    if wanted > key.min_decryption:
        raise bad("minimum available version cannot be greater than minimum decryption version")
    if wanted == 0:
        raise bad("minimum available version should be positive")
    key.min_available = wanted
    key.versions = {number: each for number, each in key.versions.items() if number >= wanted}
    save(call.view, key)
    return Response(describe(key))
