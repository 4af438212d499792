"""``Broker``: the devices in force, as the store has them, and the rule that one record on one device suffices.

Which devices there are stands in the store, so every process of a server has the same; each looks again
whenever the store has changed. With none enabled, the store's own log is the device. A chain is made known
to the store before its first line is written, so that its loss shows; how far it has come is noted every
second and at the end.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

from ...errors import AuditError, WellkeptError
from ...storage.protocol import transact
from .file import FileDevice
from .options import make_device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...clock import Clock
    from ...storage.protocol import Storage, Transaction
    from ..view import View
    from .chain import End, Keys
    from .device import Device

DEVICES = "core/audit/devices"
CHAINS = "core/audit/chains/"
END_MARK = "audit-served/"
LOG = "audit-served.jsonl"
"""The store's own log of its served requests, beside the store."""

OWN = ""
"""The name of the device that writes it."""

_NOTE_EVERY = 1.0  # seconds


class Broker:
    """``storage`` is the barrier, ``directory`` the store's. ``listen``: start the thread that notes the chains' ends."""

    def __init__(
        self, storage: Storage, keys: Keys, directory: str, clock: Clock, *, listen: bool = True
    ) -> None:
        self._storage = storage
        self._keys = keys
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._revision = -1
        self._entry: int | None = -1
        self.devices: tuple[Device, ...] = ()
        self._noted: dict[str, End] = {}
        self._ended = threading.Event()
        if listen:
            threading.Thread(target=self._note_now_and_then, name="audit ends", daemon=True).start()

    # Recording.

    def append(self, records: Sequence[str]) -> None:
        """Write each of ``records`` to every device. Raises ``AuditError`` when not one of them took all."""
        devices = self.devices if self._storage.revision() == self._revision else self.current()
        failures: list[str] = []
        for device in devices:
            try:
                device.write(records)
            except OSError as error:
                failures.append(f"{_called(device)}: {(error.strerror or type(error).__name__).lower()}")
        if len(failures) == len(devices):
            raise AuditError(
                f"no audit device could record the request ({'; '.join(failures)}); without a record nothing is answered"
            )

    def sync(self) -> None:
        """See to it that what was appended is on disk. Raises ``AuditError`` when no device managed to."""
        failures, devices = [], self.devices
        for device in devices:
            try:
                device.sync()
            except OSError as error:
                failures.append(f"{_called(device)}: {(error.strerror or type(error).__name__).lower()}")
        if failures and len(failures) == len(devices):
            raise AuditError(
                f"no audit device could keep the record ({'; '.join(failures)}); without a record nothing is answered"
            )

    @property
    def prompt(self) -> bool:
        """Whether recording waits for nobody, so that it may be done on an event loop."""
        for device in self.devices if self._storage.revision() == self._revision else self.current():
            if not device.prompt:
                return False
        return True

    def current(self) -> tuple[Device, ...]:
        """The devices, as the store has them now."""
        revision = self._storage.revision()
        if revision != self._revision:
            self._look(revision)
        return self.devices

    def _look(self, revision: int) -> None:
        entry = self._storage.get(DEVICES)
        found = None if entry is None else entry.revision
        if found == self._entry:
            self._revision = revision
            return
        with self._lock:
            if found == self._entry:
                return
            devices = self._made({} if entry is None else json.loads(entry.value))
            self._register([device for device in devices if device not in self.devices])
            for device in devices:
                device.try_to_open()
            for device in self.devices:
                if device not in devices:
                    self._note(device)
                    device.close()
            self.devices = devices
            self._entry, self._revision = found, revision

    def _made(self, table: dict[str, Any]) -> tuple[Device, ...]:
        if not table:
            known = next((device for device in self.devices if device.name == OWN), None)
            return (known or self._own(),)
        there = {device.name: device for device in self.devices}
        made = []
        for name, row in table.items():
            device = there.get(name)
            if device is None or device.uuid != row["uuid"]:
                device = make_device(name, row["type"], row["options"], self._keys, self._directory)
                device.uuid = row["uuid"]
            made.append(device)
        return tuple(made)

    def _own(self) -> Device:
        return FileDevice(OWN, {}, self._keys, os.path.join(self._directory, LOG), 0o600)

    # Making chains known, and noting how far they have come.

    def _register(self, devices: Sequence[Device]) -> None:
        rows = {
            device.chain.id: {"device": device.name, "path": device.path, "started": self._clock.time()}
            for device in devices
            if isinstance(device, FileDevice)
        }

        def write(transaction: Transaction) -> None:
            for chain, row in rows.items():
                transaction.put(CHAINS + chain, json.dumps(row).encode())

        if rows:
            transact(self._storage, write)
        for device in devices:
            self._note(device)

    def _note(self, device: Device) -> None:
        end = device.end()
        if isinstance(device, FileDevice) and self._noted.get(device.chain.id) != end:
            self._noted[device.chain.id] = end
            sealed = self._keys.seal_end(device.chain.id, end)
            self._storage.set_mark(END_MARK + device.chain.id, sealed, durable=False)

    def note(self) -> None:
        """Note in the store where the chains end."""
        for device in self.devices:
            self._note(device)

    def _note_now_and_then(self) -> None:
        while not self._ended.wait(_NOTE_EVERY):
            try:
                self.note()
            except WellkeptError:
                pass  # a store that cannot be written says so to whoever writes; the next round tries again

    # Operating.

    def reopen(self) -> None:
        """Open anew what stands in the devices' places now (SIGHUP). Raises ``AuditError`` when nothing could be."""
        failures = []
        for device in self.devices:
            try:
                device.reopen()
            except OSError as error:
                failures.append(f"{_called(device)}: {(error.strerror or type(error).__name__).lower()}")
        self.note()
        if failures:
            raise AuditError(f"audit devices could not be opened anew ({'; '.join(failures)})")

    def close(self) -> None:
        """Note the ends and give back what is open."""
        self._ended.set()
        try:
            self.note()
        except WellkeptError:
            pass  # then the chains are known as far as the last note
        for device in self.devices:
            device.close()
        self.devices = ()
        self._entry = self._revision = -1

    def attempt(self, name: str, kind: str, options: dict[str, str], record: str) -> str:
        """Make such a device and write ``record`` to it; why it did not take it, or "". Raises ``Refusal``."""
        device = make_device(name, kind, options, self._keys, self._directory)
        try:
            self._register([device])
            device.write([record])
            device.sync()
            self._note(device)
        except OSError as error:
            return (error.strerror or type(error).__name__).lower()
        finally:
            device.close()
        return ""


def change_table(action: Callable[[dict[str, Any]], object], view: View) -> None:
    """Let ``action`` change the stored table of devices: ``type``, ``description``, ``options``, ``local`` and
    ``uuid`` by name. ``view`` is of the whole store, in a transaction."""
    devices = table(view)
    before = dict(devices)
    action(devices)
    if devices:
        view.put(DEVICES, json.dumps(devices, separators=(",", ":")).encode())
    elif before:
        view.delete(DEVICES)


def table(view: View | Storage) -> dict[str, Any]:
    """The stored table of devices."""
    entry = view.get(DEVICES)
    found: dict[str, Any] = {} if entry is None else json.loads(entry.value)
    return found


def _called(device: Device) -> str:
    return device.name or LOG
