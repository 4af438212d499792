"""``Transit``: the table of paths, and the keys that rotate by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.form import Call, Op, Route, Routed
from ...core.form.fields import FLAG, LIST, NAME, NUMBER, SECONDS, TEXT, Field
from ...core.form.route import maybe, part
from . import (
    agreement,
    backups,
    batches,
    certificates,
    exporting,
    importing,
    macs,
    mountwide,
    named,
    settings,
    signatures,
    tools,
)
from .key import Ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.form.route import Handler
    from ...core.registry import EngineContext
    from ...core.view import View

_HASH = Field("string", "sha2-256", clear=True)
_KIND = Field("string", "aes256-gcm96", clear=True)
_KEY = "keys/" + part("name")
_PAGED = {"after": NAME, "limit": NUMBER}
_SIGNED = {
    "name": NAME,
    "input": TEXT,
    "context": TEXT,
    "hash_algorithm": _HASH,
    "algorithm": _HASH,
    "urlalgorithm": NAME,
    "prehashed": FLAG,
    "signature_algorithm": NAME,
    "marshaling_algorithm": Field("string", "asn1", clear=True),
    "salt_length": Field("string", "auto", clear=True),
    "batch_input": LIST,
}
_IMPORTED = {
    "name": NAME,
    "hash_function": Field("string", "SHA256", clear=True),
    "ciphertext": TEXT,
    "public_key": TEXT,
}


class Transit(Routed):
    """Encryption as a service: keys that never leave, unless they were made to."""

    kind = "transit"

    def __init__(self) -> None:
        self.ring = Ring()
        self.routes = self._table()

    def _table(self) -> tuple[Route, ...]:
        def using(handler: Callable[[Call, Ring], object]) -> Handler:
            return lambda call: handler(call, self.ring)  # type: ignore[return-value]

        def computing(handler: Callable[[Call, Ring], object], *, slow: bool = False) -> dict[str, Op]:
            return {"update": Op(using(handler), writes=False, slow=slow)}

        def upserts(call: Call) -> bool | None:
            return False if call.data["name"] in self.ring else None

        return (
            Route("keys/?", _PAGED, {"list": named.listing}),
            Route(
                _KEY,
                {
                    "name": NAME,
                    "type": _KIND,
                    "derived": FLAG,
                    "convergent_encryption": FLAG,
                    "exportable": FLAG,
                    "allow_plaintext_backup": FLAG,
                    "context": TEXT,
                    "auto_rotate_period": SECONDS,
                    "key_size": NUMBER,
                    "external_key_ref": NAME,
                },
                {
                    "read": using(named.read),
                    "update": Op(named.create, slow=True),
                    "delete": named.delete,
                },
            ),
            Route(
                f"{_KEY}/rotate",
                {"name": NAME, "external_key_ref": NAME},
                {"update": Op(settings.rotate, slow=True)},
            ),
            Route(
                f"{_KEY}/config",
                {
                    "name": NAME,
                    "min_decryption_version": NUMBER,
                    "min_encryption_version": NUMBER,
                    "deletion_allowed": FLAG,
                    "exportable": FLAG,
                    "allow_plaintext_backup": FLAG,
                    "auto_rotate_period": SECONDS,
                },
                {"update": settings.configure},
            ),
            Route(f"{_KEY}/trim", {"name": NAME, "min_available_version": NUMBER}, {"update": settings.trim}),
            Route(f"{_KEY}/soft-delete", {"name": NAME}, {"delete": named.soft_delete}),
            Route(f"{_KEY}/soft-delete-restore", {"name": NAME}, {"update": named.soft_restore}),
            Route(
                f"{_KEY}/import",
                {
                    **_IMPORTED,
                    "type": _KIND,
                    "allow_rotation": FLAG,
                    "derived": FLAG,
                    "exportable": FLAG,
                    "allow_plaintext_backup": FLAG,
                    "context": TEXT,
                    "auto_rotate_period": SECONDS,
                },
                {"update": Op(importing.new, slow=True)},
            ),
            Route(
                f"{_KEY}/import_version",
                {**_IMPORTED, "version": NUMBER},
                {"update": Op(importing.version, slow=True)},
            ),
            Route(
                f"{_KEY}/csr",
                {"name": NAME, "version": NUMBER, "csr": TEXT},
                computing(certificates.request),
            ),
            Route(
                f"{_KEY}/set-certificate",
                {"name": NAME, "version": NUMBER, "certificate_chain": TEXT},
                {"update": certificates.set_chain},
            ),
            Route("wrapping_key", {}, {"read": Op(importing.wrapping_key, writes=True, slow=True)}),
            Route(
                f"derive-key/{part('name')}",
                {
                    "name": NAME,
                    "key_derivation_algorithm": Field("string", "ecdh", clear=True),
                    "peer_public_key": TEXT,
                    "base_key_name": NAME,
                    "base_key_version": NUMBER,
                    "derived_key_type": _KIND,
                },
                {"update": agreement.derive},
            ),
            Route(
                f"encrypt/{part('name')}",
                {
                    "name": NAME,
                    "plaintext": TEXT,
                    "context": TEXT,
                    "type": _KIND,
                    "convergent_encryption": FLAG,
                    "key_version": NUMBER,
                    "partial_failure_response_code": NUMBER,
                    "associated_data": TEXT,
                    "batch_input": LIST,
                },
                {"update": Op(using(batches.encrypt), writes=upserts)},
                exists=lambda call: self.ring.get(call.view, call.data["name"]) is not None,
            ),
            Route(
                f"decrypt/{part('name')}",
                {
                    "name": NAME,
                    "ciphertext": TEXT,
                    "context": TEXT,
                    "partial_failure_response_code": NUMBER,
                    "associated_data": TEXT,
                    "batch_input": LIST,
                },
                computing(batches.decrypt),
            ),
            Route(
                f"rewrap/{part('name')}",
                {
                    "name": NAME,
                    "ciphertext": TEXT,
                    "context": TEXT,
                    "key_version": NUMBER,
                    "batch_input": LIST,
                },
                computing(batches.rewrap),
            ),
            Route(
                f"datakey/{part('plaintext')}/{part('name')}",
                {
                    "name": NAME,
                    "plaintext": NAME,
                    "context": TEXT,
                    "bits": Field("int", 256, clear=True),
                    "key_version": NUMBER,
                    "associated_data": TEXT,
                },
                computing(batches.datakey),
            ),
            Route(
                f"sign/{part('name')}{maybe('urlalgorithm')}",
                {**_SIGNED, "key_version": NUMBER},
                computing(signatures.sign),
            ),
            Route(
                f"verify/{part('name')}{maybe('urlalgorithm')}",
                {**_SIGNED, "signature": TEXT, "hmac": TEXT},
                computing(signatures.verify),
            ),
            Route(
                f"hmac/{part('name')}{maybe('urlalgorithm')}",
                {
                    "name": NAME,
                    "input": TEXT,
                    "algorithm": _HASH,
                    "urlalgorithm": NAME,
                    "key_version": NUMBER,
                    "batch_input": LIST,
                },
                computing(macs.make),
            ),
            Route(
                f"random(?:/{part('source')})?{maybe('urlbytes')}",
                {
                    "source": Field("string", "platform", clear=True),
                    "urlbytes": NAME,
                    "bytes": Field("int", 32, clear=True),
                    "format": Field("string", "base64", clear=True),
                },
                {"update": Op(tools.random, writes=False)},
            ),
            Route(
                f"hash{maybe('urlalgorithm')}",
                {
                    "urlalgorithm": NAME,
                    "algorithm": _HASH,
                    "format": Field("string", "hex", clear=True),
                    "input": TEXT,
                },
                {"update": Op(tools.hash_, writes=False)},
            ),
            Route(
                f"export/{part('type')}/{part('name')}{maybe('version')}",
                {"type": NAME, "name": NAME, "version": NAME, "format": NAME},
                {"read": using(exporting.export)},
            ),
            Route(
                f"byok-export/{part('destination')}/{part('source')}{maybe('version')}",
                {
                    "destination": NAME,
                    "source": NAME,
                    "version": NAME,
                    "hash": Field("string", "SHA256", clear=True),
                },
                {"read": using(exporting.wrapped)},
            ),
            Route(f"backup/{part('name')}", {"name": NAME}, {"read": Op(backups.backup, writes=True)}),
            Route(
                f"restore{maybe('name')}",
                {"backup": TEXT, "name": NAME, "force": FLAG},
                {"update": backups.restore},
            ),
            Route(
                "cache-config",
                {"size": NUMBER},
                {"read": mountwide.read_cache, "update": using(mountwide.write_cache)},
            ),
            Route(
                "config/keys",
                {"disable_upsert": FLAG},
                {"read": mountwide.read_keys, "update": mountwide.write_keys},
            ),
        )

    def tidy(self, view: View, now: float) -> None:
        """Rotate the keys whose time has come."""
        settings.rotate_due(view, now)


def make(context: EngineContext) -> Transit:
    """For the registry."""
    return Transit()
