"""What a flow may refer to in a back-test: what was recorded, with the units it was recorded in."""

from collections.abc import Iterable
from pathlib import Path

from ionpy_auto.core.files import shipped_path
from ionpy_auto.devices.entities import Entity
from ionpy_auto.engine.site import EntitySite
from ionpy_auto.language import ANY_UNIT
from ionpy_auto.storage.device_tables import DeviceTable, StoredColumn

KINDS = {"toggle": "bool", "numeric": "number", "bitmask": "number"}


class RecordedSite(EntitySite):
    """A `Site` without devices: no driver is loaded, a point that was not recorded is unknown.

    Args:
        folder: The project, for its channels and cells.
        tables: What was recorded.
        home: For cells and channels of the home; None without.
    """

    def __init__(self, folder: Path, tables: Iterable[DeviceTable], home: Path | None) -> None:
        more = () if home is None else (home,)
        super().__init__(
            (folder / "channels", *(base / "channels" for base in more)),
            (folder / "cells", *(base / "cells" for base in more), shipped_path("cells")),
        )
        self._columns = {
            f"{table.device_id}.{column.entity}": column
            for table in tables
            for column in table.active
        }

    def has_device(self, device_id: str) -> bool:
        """Any device may have been there."""
        del device_id
        return True

    def entity_of(self, device_id: str, entity_id: str) -> Entity | None:
        """Nobody knows the driver."""
        del device_id, entity_id
        return None

    def column(self, address: str) -> StoredColumn | None:
        """Where the values of a point are; None when it was never recorded."""
        return self._columns.get(address)

    def unit_of(self, address: str) -> str | None:
        """The recorded unit."""
        found = self._columns.get(address)
        return ANY_UNIT if found is None else found.unit

    def kind_of(self, address: str) -> str:
        """``number``, ``bool`` or ``text`` as recorded."""
        found = self._columns.get(address)
        return "" if found is None else KINDS.get(found.kind, "text")

    def is_writable(self, address: str) -> bool:
        """Nothing is written."""
        del address
        return True
