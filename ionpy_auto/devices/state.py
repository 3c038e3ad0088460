"""What devices remember over a restart: settings marked ``persist``, and outputs we switched on.

Restoring fills memory only and sends nothing. Output switches are never restored; but that an
output *was* switched on by this installation and not proven off since is kept (`switched_on`), so
that after a crash it is found and driven to its safe state.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.core.samples import Scalar

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1


class StateStore:
    """``device_state.json`` of a project.

    Args:
        path: The file; None keeps everything in memory (simulation, tests).
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, dict[str, Scalar]] = {}
        self._on: dict[str, set[str]] = {}
        self._dirty = False
        self.problem = ""
        """Why the last load or save went wrong, for people; empty when all is well."""

    def load(self) -> None:
        """Read the file; a broken one is renamed ``.corrupt`` and the start goes on."""
        if self._path is None or not self._path.exists():
            return
        try:
            content = read_json(self._path)
            values, switched_on = _parse(content)
        except (IonpyError, ValueError, OSError) as error:
            self._set_aside(error)
            return
        self._values, self._on = values, switched_on

    def _set_aside(self, error: Exception) -> None:
        if self._path is None:
            return
        aside = self._path.with_name(self._path.name + ".corrupt")
        self.problem = f"{self._path.name} is unreadable ({error}); kept as {aside.name}"
        log.error("device state unreadable", file=str(self._path), error=str(error))
        try:
            self._path.replace(aside)
        except OSError as refused:
            log.error("device state cannot be set aside", error=str(refused))  # noqa: TRY400

    def remembered(self, device: str) -> Mapping[str, Scalar]:
        """Last settings of a device."""
        return self._values.get(device, {})

    def remember(self, device: str, entity: str, value: Scalar) -> None:
        """Note a confirmed setting; written with the next save."""
        known = self._values.setdefault(device, {})
        if known.get(entity) != value or type(known.get(entity)) is not type(value):
            known[entity] = value
            self._dirty = True

    def switched_on(self, device: str) -> frozenset[str]:
        """Outputs this installation switched on and has not seen off since."""
        return frozenset(self._on.get(device, ()))

    def all_on(self) -> dict[str, frozenset[str]]:
        """`switched_on` of all devices that have any."""
        return {device: frozenset(on) for device, on in self._on.items() if on}

    def note_on(self, device: str, entity: str) -> None:
        """An output is about to be switched on: durable before the wire, so a crash finds it.

        Raises:
            StorageError: It could not be written; the output must not be switched on then.
        """
        outputs = self._on.setdefault(device, set())
        if entity not in outputs:
            outputs.add(entity)
            self._dirty = True
            try:
                self.save()
            except IonpyError:
                outputs.discard(entity)
                raise

    def note_off(self, device: str, entity: str) -> None:
        """An output was read back off."""
        outputs = self._on.get(device)
        if outputs and entity in outputs:
            outputs.discard(entity)
            self._dirty = True

    def forget(self, device: str) -> None:
        """A device was removed."""
        known = (self._values.pop(device, None), self._on.pop(device, None))
        self._dirty = self._dirty or any(known)

    def save(self) -> None:
        """Write the file atomically if something changed.

        Raises:
            StorageError: The disk refused; what is in memory stays and is tried again.
        """
        if not self._dirty:
            return
        if self._path is not None:
            content = {
                "schema_version": SCHEMA_VERSION,
                "devices": {d: v for d, v in self._values.items() if v},
                "switched_on": {d: sorted(o) for d, o in self._on.items() if o},
            }
            write_json(self._path, content)
        self._dirty = False


def _parse(content: object) -> tuple[dict[str, dict[str, Scalar]], dict[str, set[str]]]:
    if not isinstance(content, dict):
        msg = "not an object"
        raise ValueError(msg)  # noqa: TRY004 - a wrong text, not a wrong call
    devices, on = content.get("devices", {}), content.get("switched_on", {})
    if not isinstance(devices, dict) or not isinstance(on, dict):
        msg = "devices and switched_on must be objects"
        raise ValueError(msg)  # noqa: TRY004 - a wrong text, not a wrong call
    values = {str(d): _scalars(v) for d, v in devices.items()}
    return values, {str(d): {str(e) for e in o} for d, o in on.items() if isinstance(o, list)}


def _scalars(values: Any) -> dict[str, Scalar]:  # noqa: ANN401 - from a file
    if not isinstance(values, dict):
        msg = "values must be an object"
        raise ValueError(msg)  # noqa: TRY004 - a wrong text, not a wrong call
    return {str(k): v for k, v in values.items() if isinstance(v, bool | int | float | str)}
