"""Reads a recording from CSV, strictly and row by row, and integrates it like a live run.

Columns are found by name: BDF labels (``Test Time / s``), BDF notation (``test_time_second``) or
plain names (``time_s``, ``current_mA``, ``voltage_V``, ``step``). A name may state the sign of its
current (``current_A_discharge_positive``), but the caller always says which direction is positive:
a file of unknown sign is refused, and so is one whose name contradicts the caller.

A line that cannot be believed (not a number, not finite, time running back, a missing field) is an
error with line and column; nothing is skipped. The file is read twice, first for the median
interval and the largest current, then to integrate, so its length costs no memory.

Where a step ends: two rows with the same time are the two sides of an edge. Otherwise the last row
of a recorded step is its end, as cyclers log it; without a step column the edge is taken half way
between the rows where the current starts, stops or turns.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from ionpy_auto.core.errors import BadInput, Finding

from .integration import Integrator, Totals
from .statistics import CycleDefinition, CycleResult, CycleStatistics, StepKind, StepResult

Sign = Literal["charge", "discharge"]

_REST_SHARE: Final = 0.002  # of the largest current: below it the cell rests
_KEPT_INTERVALS: Final = 65_536

_TIMES: Final = {
    "": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "millisecond": 1e-3,
    "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0,
}  # fmt: skip
_CURRENTS: Final = {"": 1.0, "a": 1.0, "ampere": 1.0, "ma": 1e-3, "milliampere": 1e-3}
_VOLTAGES: Final = {"": 1.0, "v": 1.0, "volt": 1.0, "mv": 1e-3, "millivolt": 1e-3}
_COUNTS: Final = {"": 1.0, "1": 1.0}
_NAMES: Final = {  # quantity -> accepted stems, best first, and units
    "time": (("test_time", "time", "elapsed_time", "elapsed", "t"), _TIMES),
    "voltage": (("voltage", "cell_voltage", "v", "u"), _VOLTAGES),
    "current": (("current", "i"), _CURRENTS),
    "step": (("step_count", "step_index", "step", "step_number", "step_id"), _COUNTS),
    "cycle": (("cycle_count", "cycle", "cycle_index", "cycle_number", "cycle_id"), _COUNTS),
}
_REQUIRED: Final = ("time", "voltage", "current")
_SIGN_IN_NAME: Final = re.compile(r"_(charge|discharge)_(?:is_)?positive$")
_EXAMPLE: Final = (
    "name the columns 'Test Time / s', 'Voltage / V' and 'Current / A', or time_s, ..."
)


class Row(NamedTuple):
    """One line of a recording in SI units, current positive into the cell."""

    time_s: float
    voltage: float
    current: float
    step: str
    cycle: int | None
    phase: str = ""
    temp: float | None = None


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    name: str
    factor: float


class Recording:
    """A CSV file with its columns understood; iterate over it as often as needed.

    Attributes:
        path: The file.
        has_steps: Whether it names its steps.
        has_cycles: Whether it numbers its cycles.
    """

    def __init__(self, path: Path, current_sign: str | None) -> None:
        """Read the header.

        Args:
            path: A CSV file in UTF-8, separated by comma, semicolon or tab.
            current_sign: ``charge`` or ``discharge``: the direction in which current is positive.

        Raises:
            BadInput: Not readable, a column is missing or ambiguous, or the sign is not known.
        """
        self.path = path
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                header = file.readline()
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot read {path.name}: {error}"
            raise BadInput(message, hint="give a CSV file in UTF-8") from error
        self._delimiter = max(",;\t", key=header.count)
        self._names = next(csv.reader([header], delimiter=self._delimiter), [])
        self._columns, stated = self._understand()
        self.has_steps = "step" in self._columns
        self.has_cycles = "cycle" in self._columns
        self._sign = 1.0 if self._known_sign(current_sign, stated) == "charge" else -1.0

    def __iter__(self) -> Iterator[Row]:
        """Rows in order.

        Raises:
            BadInput: At the first line that cannot be believed.
        """
        last_s = float("-inf")
        line = 1
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=self._delimiter)
            next(lines, None)
            try:
                for fields in lines:
                    line = lines.line_num
                    if fields:
                        row = self._row(fields, line)
                        if row.time_s < last_s:
                            raise self._error(
                                "time-runs-back",
                                f"time falls from {last_s:g} s to {row.time_s:g} s",
                                "sort the rows by time, or replay each test by itself",
                                line,
                                self._columns["time"],
                            )
                        last_s = row.time_s
                        yield row
            except (csv.Error, UnicodeDecodeError) as error:
                raise self._error("unreadable", str(error), "", line) from error
        if last_s == float("-inf"):
            raise self._error("empty", "the recording has no rows", "", line)

    def _row(self, fields: list[str], line: int) -> Row:
        if len(fields) != len(self._names):
            raise self._error(
                "wrong-field-count",
                f"{len(fields)} fields where the header has {len(self._names)}",
                "a line was cut off, or a decimal comma splits a number",
                line,
            )
        columns = self._columns
        step = fields[columns["step"].index].strip() if self.has_steps else ""
        cycle = self._cycle(fields, line) if self.has_cycles else None
        return Row(
            self._number(fields, "time", line),
            self._number(fields, "voltage", line),
            self._sign * self._number(fields, "current", line),
            step,
            cycle,
        )

    def _number(self, fields: list[str], quantity: str, line: int) -> float:
        column = self._columns[quantity]
        text = fields[column.index]
        try:
            value = float(text) if "_" not in text else float("nan")
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise self._error(
                "not-a-number",
                f"{text.strip()!r} is not a finite number",
                "remove the line or repair the value; nothing is skipped silently",
                line,
                column,
            )
        return value * column.factor

    def _cycle(self, fields: list[str], line: int) -> int:
        number = self._number(fields, "cycle", line)
        if number != int(number):
            message = f"a cycle has a whole number, not {number:g}"
            raise self._error("not-a-count", message, "", line, self._columns["cycle"])
        return int(number)

    def _understand(self) -> tuple[dict[str, _Column], str]:
        """The columns by quantity, and the sign stated in the current's name or nothing."""
        found: dict[str, tuple[int, _Column]] = {}
        stated = ""
        for index, name in enumerate(self._names):
            match = _identify(name)
            if match is None:
                continue
            quantity, rank, factor, sign = match
            known = found.get(quantity)
            if known and known[0] == rank:
                raise self._error(
                    "ambiguous-column",
                    f"both {known[1].name!r} and {name!r} hold the {quantity}",
                    "keep one of them",
                    1,
                    _Column(index, name, factor),
                )
            if known is None or rank < known[0]:
                found[quantity] = (rank, _Column(index, name, factor))
                stated = sign if quantity == "current" else stated
        for quantity in _REQUIRED:
            if quantity not in found:
                names = ", ".join(self._names) or "nothing"
                raise self._error(
                    "missing-column", f"no column for {quantity} among: {names}", _EXAMPLE, 1
                )
        return {quantity: column for quantity, (_, column) in found.items()}, stated

    def _known_sign(self, given: str | None, stated: str) -> str:
        column = self._columns["current"]
        if given not in {"charge", "discharge"}:
            hint = "say with the current sign which direction is positive: charge or discharge"
            if stated:
                hint += f" (the column's name says {stated})"
            message = "the sign of the current is not known"
            raise self._error("unknown-sign", message, hint, 1, column)
        if stated and stated != given:
            message = f"the column's name says {stated} is positive, not {given}"
            hint = f"use {stated}, or rename the column if its name is wrong"
            raise self._error("contradicting-sign", message, hint, 1, column)
        return str(given)

    def _error(
        self, code: str, message: str, hint: str, line: int, column: _Column | None = None
    ) -> BadInput:
        number = column.index + 1 if column else 0
        place = f"{self.path.name}, line {line}"
        if column:
            place += f", column {number} ({column.name.strip()})"
        finding = Finding(
            code=code, message=message, hint=hint, file=str(self.path), line=line, column=number
        )
        arguments = {"line": line, "column": number}
        return BadInput(f"{place}: {message}", hint=hint, args=arguments, findings=[finding])


def replay(
    path: Path,
    current_sign: str | None,
    *,
    definition: CycleDefinition | None = None,
    max_gap_s: float | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Steps and cycles of a recording.

    Args:
        path: The CSV file.
        current_sign: ``charge`` or ``discharge``: the direction in which current is positive.
        definition: Where cycles begin and end if the file does not number them.
        max_gap_s: Longest interval that is bridged; three times the median interval by default.

    Returns:
        ``{"steps": [...], "cycles": [...]}`` with plain JSON values.

    Raises:
        BadInput: The file cannot be believed, or its sign is not known.
    """
    recording = Recording(path, current_sign)
    survey = Survey()
    for row in recording:
        survey.add(row)
    gap_s = max_gap_s if max_gap_s is not None else 3.0 * survey.median_interval_s
    player = Player(
        gap_s,
        _REST_SHARE * survey.largest_a,
        definition,
        has_steps=recording.has_steps,
        has_cycles=recording.has_cycles,
    )
    for row in recording:
        player.add(row)
    return player.finish()


class Survey:
    """First look at a recording: median interval and largest current in bounded memory."""

    def __init__(self) -> None:
        self.largest_a = 0.0
        self._intervals: list[float] = []
        self._every = 1  # one interval in so many is kept once there are many
        self._seen = 0
        self._last_s: float | None = None

    def add(self, row: Row) -> None:
        """Look at one row."""
        self.largest_a = max(self.largest_a, abs(row.current))
        if self._last_s is not None and row.time_s > self._last_s:
            if self._seen % self._every == 0:
                self._intervals.append(row.time_s - self._last_s)
            self._seen += 1
            if len(self._intervals) >= _KEPT_INTERVALS:
                del self._intervals[1::2]
                self._every *= 2
        self._last_s = row.time_s

    @property
    def median_interval_s(self) -> float:
        """Half of the intervals are longer."""
        return self.interval_s(0.5)

    def interval_s(self, share: float) -> float:
        """An interval that this share of all do not exceed."""
        intervals = sorted(self._intervals)
        return intervals[int(len(intervals) * share)] if intervals else 0.0

    @property
    def rest_a(self) -> float:
        """Up to this current the cell rests."""
        return _REST_SHARE * self.largest_a


class Player:
    """Rows in, finished steps and cycles out.

    Args:
        max_gap_s: Longest interval that is bridged.
        rest_a: Up to this mean current a step is a rest.
        definition: Where cycles begin and end if the rows do not number them.
        has_steps: Rows name their step; else steps follow the current.
        has_cycles: Rows number their cycle.
        ended_by: What ended each step, where that is known, by its name.
    """

    def __init__(
        self,
        max_gap_s: float,
        rest_a: float,
        definition: CycleDefinition | None = None,
        *,
        has_steps: bool = True,
        has_cycles: bool = True,
        ended_by: Mapping[str, str] | None = None,
    ) -> None:
        self._has_steps, self._has_cycles = has_steps, has_cycles
        self._ended_by = ended_by or {}
        self._phase = ""
        self._max_gap_s = max_gap_s
        self._rest_a = rest_a
        self._statistics = CycleStatistics(definition)
        self._integrator: Integrator | None = None
        self._last: Row | None = None
        self._labels: list[tuple[str, int | None]] = []  # of steps whose totals are on their way
        self._steps: list[dict[str, Any]] = []
        self._cycles: list[dict[str, Any]] = []

    def add(self, row: Row) -> None:
        """Count one row."""
        last = self._last
        if self._integrator is None or last is None:
            self._integrator = Integrator(
                row.time_s, max_gap_s=self._max_gap_s, scopes=("step",), on_close=self._closed
            )
        elif self._is_new_step(last, row):
            edge_s = last.time_s
            if not (self._has_steps or self._has_cycles):
                edge_s = (last.time_s + row.time_s) / 2.0
            self._integrator.cut(edge_s)
            self._labels.append((last.step, last.cycle))
            self._integrator.close(edge_s, "step")
        elif last.time_s == row.time_s:
            self._integrator.cut(row.time_s)
        integrator = self._integrator
        if row.phase != self._phase:
            self._phase = row.phase
            integrator.phase(row.time_s, row.phase)
        integrator.voltage(row.time_s, row.voltage)
        integrator.current(row.time_s, row.current)
        if row.temp is not None:
            integrator.temperature(row.time_s, row.temp)
        self._last = row

    def finish(self) -> dict[str, list[dict[str, Any]]]:
        """Close the last step and cycle."""
        if self._integrator is not None and self._last is not None:
            end_s = self._last.time_s
            self._labels.append((self._last.step, self._last.cycle))
            self._integrator.close(end_s, "step")
            self._integrator.flush(end_s)
            self._keep(self._statistics.finish())
        return {"steps": self._steps, "cycles": self._cycles}

    def _is_new_step(self, last: Row, row: Row) -> bool:
        if self._has_cycles and row.cycle != last.cycle:
            return True
        if self._has_steps:
            return row.step != last.step
        return self._direction(row) != self._direction(last)

    def _direction(self, row: Row) -> int:
        if abs(row.current) <= self._rest_a:
            return 0
        return 1 if row.current > 0.0 else -1

    def _closed(self, _scope: str, totals: Totals) -> None:
        step, cycle = self._labels.pop(0)
        kind = self._kind(totals)
        words = (
            "charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "duration_s", "gaps",
            "partial", "mid_voltage",
        )  # fmt: skip
        answer: dict[str, Any] = {word: getattr(totals, word) for word in words}
        answer["kind"] = kind
        answer["step"] = step or str(len(self._steps) + 1)
        answer["cycle"] = cycle
        answer["started_s"], answer["ended_s"] = totals.started_s, totals.ended_s
        self._steps.append(answer)
        ended_by = self._ended_by.get(step, "")
        self._keep(self._statistics.add(StepResult(kind, totals, ended_by), number=cycle))

    def _kind(self, totals: Totals) -> StepKind:
        """The direction a step mostly went, from its mean current."""
        mean_a = 0.0
        if totals.duration_s > 0.0:
            mean_a = totals.net_ah * 3600.0 / totals.duration_s
        if abs(mean_a) <= self._rest_a:
            return "rest"
        return "charge" if mean_a > 0.0 else "discharge"

    def _keep(self, cycle: CycleResult | None) -> None:
        if cycle is not None:
            self._cycles.append(cycle.as_dict())


def _identify(name: str) -> tuple[str, int, float, str] | None:
    """Quantity, rank of the name (0 is best), factor to SI and stated sign of a column."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
    sign = ""
    if match := _SIGN_IN_NAME.search(plain):
        sign, plain = match[1], plain[: match.start()]
    for quantity, (stems, units) in _NAMES.items():
        for rank, stem in enumerate(stems):
            if plain != stem and not plain.startswith(f"{stem}_"):
                continue
            factor = units.get(plain[len(stem) :].removeprefix("_"))
            if factor is not None and (not sign or quantity == "current"):
                return quantity, rank, factor, sign
    return None
