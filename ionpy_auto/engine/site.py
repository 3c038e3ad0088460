"""What flows of the open project can refer to: its devices, channels and cells."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog

from ionpy_auto.automation.context import PointRange
from ionpy_auto.automation.names import channel_units
from ionpy_auto.automation.profiles import Profile, read_profile
from ionpy_auto.automation.wiring import CellFile, ChannelFile, read_cell, read_channel
from ionpy_auto.core.errors import BadInput, Finding
from ionpy_auto.core.files import inside, shipped_path
from ionpy_auto.devices.entities import Entity, Numeric
from ionpy_auto.devices.manager import DeviceManager

log = structlog.get_logger(__name__)

T = TypeVar("T")
MOST_BYTES = 10_000_000
KINDS = {"toggle": "bool", "numeric": "number", "bitmask": "number", "enum": "text"}

Reader = Callable[[str, str], tuple[T | None, list[Finding]]]


class Shelf(Generic[T]):
    """The YAML files of one kind in several folders; the first folder wins.

    Files are read again when they changed on disk.

    Args:
        folders: In search order: project, home, shipped.
        reader: Types a text.
    """

    def __init__(self, folders: Iterable[Path], reader: Reader[T]) -> None:
        self._folders = tuple(folders)
        self._reader = reader
        self._cache: dict[Path, tuple[int, T | None, list[Finding]]] = {}

    def paths(self) -> Mapping[str, Path]:
        """Name → file."""
        found: dict[str, Path] = {}
        for folder in self._folders:
            for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
                found.setdefault(path.stem, path)
        return found

    def read(self, name: str) -> tuple[T | None, list[Finding]]:
        """The thing and what is wrong with it; (None, []) when there is no such file."""
        path = self.paths().get(name)
        if path is None:
            return None, []
        try:
            stamp = path.stat().st_mtime_ns
            cached = self._cache.get(path)
            if cached is None or cached[0] != stamp:
                thing, findings = self._reader(path.read_text(encoding="utf-8"), path.name)
                cached = self._cache[path] = (stamp, thing, findings)
        except OSError as error:
            message = f"cannot read {path.name}: {error.strerror or error}"
            return None, [Finding(code="unreadable", message=message, file=path.name)]
        return cached[1], cached[2]

    def get(self, name: str) -> T | None:
        """The thing, or None when there is none or it has errors."""
        return self.read(name)[0]


class EntitySite:
    """A `Site` over devices whose entities somebody knows; one who knows them derives from it.

    Args:
        channels: Folders of channel files, in search order.
        cells: Folders of cell files, in search order.
    """

    def __init__(self, channels: Iterable[Path], cells: Iterable[Path]) -> None:
        folders = tuple(channels)
        self.channels: Shelf[ChannelFile] = Shelf(folders, read_channel)
        self._roots = (*(folder.parent for folder in folders), shipped_path("rules"))
        self.cells: Shelf[CellFile] = Shelf(cells, read_cell)

    def has_device(self, device_id: str) -> bool:
        """Whether there is such a device."""
        raise NotImplementedError

    def entity_of(self, device_id: str, entity_id: str) -> Entity | None:
        """An entity of a device that is there, or None."""
        raise NotImplementedError

    def _entity(self, address: str) -> Entity | None:
        """An address belongs to the longest device id it begins with."""
        parts = address.split(".")
        for count in range(len(parts) - 1, 0, -1):
            device = ".".join(parts[:count])
            if self.has_device(device):
                return self.entity_of(device, ".".join(parts[count:]))
        return None

    def unit_of(self, address: str) -> str | None:
        """Unit of a device's or channel's point; None when there is none."""
        head, _, rest = address.partition(".")
        if head in self.channels.paths():
            units = channel_units(self.channels.get(head))
            if rest in units:
                return units[rest]
        entity = self._entity(address)
        return None if entity is None else str(getattr(entity, "unit", ""))

    def kind_of(self, address: str) -> str:
        """``number``, ``bool`` or ``text``."""
        entity = self._entity(address)
        return "" if entity is None else KINDS.get(entity.kind, "text")

    def is_writable(self, address: str) -> bool:
        """Whether the point can be written."""
        entity = self._entity(address)
        return entity is not None and entity.is_writable

    def range_of(self, address: str) -> PointRange | None:
        """Range of a number that can be written; None when it is none."""
        entity = self._entity(address)
        if not isinstance(entity, Numeric) or not entity.is_writable:
            return None
        if entity.min is None or entity.max is None:
            return None
        return PointRange(entity.min, entity.max, entity.grain)

    def channel(self, channel_id: str) -> ChannelFile | None:
        """A channel by id."""
        return self.channels.get(channel_id)

    def cell(self, name: str) -> CellFile | None:
        """A cell by name, with or without the folder."""
        return self.cells.get(name.removeprefix("cells/"))

    def profile(self, name: str) -> tuple[Profile | None, list[Finding]]:
        """A profile: ``drive`` in ``profiles/``, or a path inside the project; read anew."""
        plain = name if name.endswith(".csv") else f"{name}.csv"
        try:
            for root in self._roots:
                for parts in (("profiles", plain), (plain,)):
                    path = inside(root, *parts)
                    if path.is_file():
                        return read_profile(_text_of(path), plain)
        except BadInput as error:
            return None, [Finding(code="unsafe-path", message=error.message, hint=error.hint)]
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot read {plain}: {error}"
            return None, [Finding(code="unreadable", message=message, file=plain)]
        return None, []

    def text_of(self, kind: str, name: str) -> str | None:
        """Text of a ``channel`` or ``cell`` file; None when it cannot be read."""
        shelf: Shelf[Any] = self.channels if kind == "channel" else self.cells
        path = shelf.paths().get(name.removeprefix("cells/"))
        try:
            return path.read_text(encoding="utf-8") if path is not None else None
        except OSError:
            return None


def _text_of(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        msg = f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB"
        raise BadInput(msg, hint="thin it out")
    return path.read_text(encoding="utf-8")


class ProjectSite(EntitySite):
    """The `Site` of an open project: entities of its devices as they are loaded.

    Args:
        devices: The device manager.
        channels: Folders of channel files, in search order.
        cells: Folders of cell files, in search order.
    """

    def __init__(
        self, devices: DeviceManager, channels: Iterable[Path], cells: Iterable[Path]
    ) -> None:
        super().__init__(channels, cells)
        self._devices = devices

    def has_device(self, device_id: str) -> bool:
        """Whether there is such a device."""
        return device_id in self._devices.stacks

    def entity_of(self, device_id: str, entity_id: str) -> Entity | None:
        """An entity of a device that is there, or None."""
        stack = self._devices.stacks.get(device_id)  # a flow is read in a thread: it may go
        slot = stack.slots.get(entity_id) if stack is not None else None
        return None if slot is None else slot.entity
