"""Battery Data Format (BDF): the columns battery people agreed on, of a cycler channel.

Only a channel can be written: of it alone the sign of the current is known, positive into the
cell. What a channel does not have is left out; rows without a voltage or a current are no
measurement and are left out too. Charging and discharging amounts are those of the run.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from ionpy_auto.core.errors import BadInput
from ionpy_auto.storage.device_tables import StoredColumn
from ionpy_auto.storage.exporters import ExportMeta

LABELS: Final = {
    "voltage": "Voltage / V",
    "current": "Current / A",
    "cycle": "Cycle Count / 1",
    "step_count": "Step Count / 1",
    "step": "Step Index / 1",
    "charge_ah": "Charging Capacity / Ah",
    "discharge_ah": "Discharging Capacity / Ah",
    "ah": "Step Capacity / Ah",
    "charge_wh": "Charging Energy / Wh",
    "discharge_wh": "Discharging Energy / Wh",
    "wh": "Step Energy / Wh",
    "power": "Power / W",
    "temp": "Surface Temperature T1 / degC",
}
"""Point of a channel → label; the order of the columns behind time."""
_REQUIRED: Final = ("voltage", "current")
_UNITS: Final = {"voltage": "V", "current": "A"}
_WHOLE: Final = frozenset({"cycle", "step_count"})


class BdfExporter:
    """``Test Time / s``, ``Unix Time / s``, then what the channel has."""

    name = "bdf"
    suffix = ".bdf.csv"

    def takes(self, columns: Sequence[StoredColumn]) -> bool:
        """Whether these are the columns of a channel."""
        units = {column.entity: column.unit for column in columns}
        return all(units.get(entity) == unit for entity, unit in _UNITS.items())

    def stem(self, meta: ExportMeta) -> str:
        """``Institution__cell__date__rest``: the file name as BDF has it."""
        moment = datetime.fromtimestamp(meta.created, UTC)
        parts = (
            meta.institution or "lab",
            meta.specimen or meta.session or "project",
            f"{moment:%Y%m%d}",
            f"{meta.device}_{moment:%H%M%S}",
        )
        return "__".join(_word(part) for part in parts)

    def write(self, rows: Iterator[tuple[Any, ...]], meta: ExportMeta, out: BinaryIO) -> None:
        """Write header and rows.

        Raises:
            BadInput: The columns are not those of a channel.
        """
        if not self.takes(meta.columns):
            msg = f"{meta.device} has no voltage and current with a known sign"
            raise BadInput(msg, hint="BDF holds a channel: name one, for example CH1")
        places = {column.entity: place for place, column in enumerate(meta.columns)}
        chosen = [entity for entity in LABELS if entity in places]
        text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["Test Time / s", "Unix Time / s", *(LABELS[entity] for entity in chosen)])
        cells = [(places[entity] + 2, _cell(entity)) for entity in chosen]
        required = [places[entity] + 2 for entity in _REQUIRED]
        begin: float | None = None
        for row in rows:
            if any(row[place] is None for place in required):
                continue
            begin = row[0] if begin is None else begin
            elapsed = round(row[0] - begin, 6)
            writer.writerow([elapsed, row[0], *(cell(row[place]) for place, cell in cells)])
        text.flush()
        text.detach()


def _cell(entity: str) -> Callable[[Any], Any]:
    if entity == "step":
        return _Numbered().number
    return _whole if entity in _WHOLE else _same


def _same(value: Any) -> Any:  # noqa: ANN401 - a cell holds anything
    return value


def _whole(value: Any) -> Any:  # noqa: ANN401 - a cell holds anything
    return None if value is None else int(value)


class _Numbered:
    """Step ids as numbers, in the order they first appear: BDF knows no names."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, step_id: Any) -> int | None:  # noqa: ANN401 - a cell holds anything
        """The number of a step; none between steps."""
        return self._numbers.setdefault(step_id, len(self._numbers) + 1) if step_id else None


def _word(text: str) -> str:
    """Without what separates the parts of a name."""
    return re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9.-]+", "_", text))[:60].strip("_.-") or "x"
