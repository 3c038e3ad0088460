"""Plays a recording as if it were a device, at its own speed on the project's clock."""

import csv
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from ionpy_auto.devices import (
    Blueprint,
    DeviceError,
    Driver,
    DriverParams,
    Missing,
    Numeric,
    Role,
    Text,
)

TIME_COLUMNS = ("time", "time_s", "test_time_second", "Test Time / s")
UNITS = {"voltage": "V", "current": "A", "temperature": "°C"}
ROLES = {
    "voltage": Role.SENSE_VOLTAGE,
    "current": Role.MEASURED_CURRENT,
    "temperature": Role.BATTERY_TEMPERATURE,
}
MAX_ROWS = 2_000_000


class Replay(Driver):
    """Plays a CSV recording: a time column in seconds, every other numeric column is an entity."""

    NAME = "replay"
    CATEGORY = "virtual"
    ICON = "play-box-outline"
    STACK_BLUEPRINTS = (Blueprint("virtual"),)

    class Params(DriverParams):
        """Which recording, and how it is to be read."""

        file: str = Field(min_length=1, description="Path of the CSV file.")
        current_sign: Literal["charge", "discharge"] = Field(
            "charge", description="What a positive current in the file means."
        )
        loop: bool = Field(False, description="Begin anew at the end.")
        speed: float = Field(1.0, gt=0, le=10_000, description="Recorded seconds per second.")

    position = Numeric(name="Position", unit="s", precision=1)
    source = Text(name="File")

    params: Params

    def declare(self) -> None:
        """One entity per column; the file is read here, so a wrong one is seen at once."""
        path = Path(self.params.file)
        if not path.is_absolute() and not path.exists():
            path = Path(__file__).parent / path
        self._name = path.name
        self._times, self._columns = read_recording(path)
        if self.params.current_sign == "discharge" and "current" in self._columns:
            self._columns["current"] = [None if v is None else -v for v in self._columns["current"]]
        for name in self._columns:
            self.entities[name] = Numeric(
                id=name,
                name=name.replace("_", " ").capitalize(),
                unit=UNITS.get(name, ""),
                precision=4,
                role=ROLES.get(name),
            )
        self._began: float | None = None

    async def connect(self) -> None:
        """The recording begins with the first connection and goes on through later ones."""
        if self._began is None:
            self._began = self.clock.monotonic()

    async def poll(self) -> Mapping[str, object]:
        """The row in force now: the last one that is not in the future."""
        began = self.clock.monotonic() if self._began is None else self._began
        first, last = self._times[0], self._times[-1]
        position = (self.clock.monotonic() - began) * self.params.speed
        if self.params.loop and last > first:
            position %= last - first
        over = position > last - first
        row = bisect_right(self._times, first + position + 1e-9) - 1
        values: dict[str, object] = {"position": position, "source": self._name}
        for name, column in self._columns.items():
            value = column[row]
            if over:
                values[name] = Missing("the recording is over")
            else:
                values[name] = Missing("no value in the file") if value is None else value
        return values


def read_recording(path: Path) -> tuple[list[float], dict[str, list[float | None]]]:
    """Times in seconds and numeric columns.

    Raises:
        DeviceError: No such file, no time column, times that do not rise; with the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))[:MAX_ROWS]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DeviceError(f"{path.name}: {error}", hint="check the parameter file") from error
    names = list(rows[0]) if rows else []
    time_name = next((name for name in TIME_COLUMNS if name in names), None)
    if time_name is None:
        hint = f"the first line must name a column {' or '.join(TIME_COLUMNS)}"
        raise DeviceError(f"{path.name}: no time column", hint=hint)
    times = [_number(row[time_name]) for row in rows]
    for line, (a, b) in enumerate(zip(times, times[1:] + times[-1:], strict=True), start=2):
        if a is None or b is None or a > b:
            raise DeviceError(f"{path.name}:{line}: times must be numbers that rise")
    columns = {
        name: [_number(row[name]) for row in rows]
        for name in names
        if name and name != time_name and name.isidentifier()
    }
    kept = {name: column for name, column in columns.items() if any(v is not None for v in column)}
    return [t for t in times if t is not None], kept


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
