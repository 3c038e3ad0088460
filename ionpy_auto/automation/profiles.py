"""Profiles: a table of time against current, power or voltage, as text (CSV).

    time [s], current [A]
    0, -1.5
    10, 2.0
    12, 0
    20, 0

One line of names with units, then rows. A value holds until the time of the next row; the last row
says where the profile ends. Positive charges the cell, negative discharges it, 0 rests. Lines that
begin with ``#`` are remarks. Columns are separated by ``,``, ``;`` or a tab.
"""

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from ionpy_auto.core.errors import BadInput, Finding
from ionpy_auto.language import parse_quantity

Quantity = Literal["current", "power", "voltage"]

MOST_ROWS: Final = 200_000
MOST_FINDINGS: Final = 20
UNITS: Final = {"current": "A", "power": "W", "voltage": "V"}
_HEAD: Final = re.compile(r"\s*([A-Za-z]+)\s*(?:[\[(/_]\s*([^\])\s]+)\s*[\])]?)?\s*")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NAMES: Final = {
    "time": "time", "t": "time",
    "current": "current", "i": "current",
    "power": "power", "p": "power",
    "voltage": "voltage", "v": "voltage", "u": "voltage",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a profile with one value.

    Attributes:
        start: Seconds from the beginning of the profile.
        seconds: How long it holds.
        value: In the profile's unit; positive charges.
        line: In the file.
    """

    start: float
    seconds: float
    value: float
    line: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as it is run.

    Attributes:
        name: File name.
        quantity: What is commanded.
        segments: In order, without gaps; neighbours with one value are joined.
        digest: SHA-256 of the file's text.
    """

    name: str
    quantity: Quantity
    segments: tuple[Segment, ...]
    digest: str

    @property
    def seconds(self) -> float:
        """Its length."""
        last = self.segments[-1]
        return last.start + last.seconds

    @property
    def highest(self) -> float:
        """The strongest charge, 0 without one."""
        return max(0.0, *(segment.value for segment in self.segments))

    @property
    def lowest(self) -> float:
        """The strongest discharge, as a negative number, 0 without one."""
        return min(0.0, *(segment.value for segment in self.segments))

    def scaled(self, factor: float) -> "Profile":
        """Every value multiplied."""
        made = (replace(segment, value=segment.value * factor) for segment in self.segments)
        return replace(self, segments=joined(made))

    def without(self, direction: str) -> "Profile":
        """Where it would charge (or discharge) it rests."""
        sign = 1.0 if direction == "charge" else -1.0
        made = (
            replace(segment, value=0.0) if segment.value * sign > 0.0 else segment
            for segment in self.segments
        )
        return replace(self, segments=joined(made))

    def turns(self) -> Iterator[Segment]:
        """Segments that drive in another direction than the last one that drove."""
        before = 0.0
        for segment in self.segments:
            if segment.value == 0.0:
                continue
            if before * segment.value < 0.0:
                yield segment
            before = segment.value


def joined(segments: Iterator[Segment]) -> tuple[Segment, ...]:
    """Neighbours with one value as one segment."""
    found: list[Segment] = []
    for segment in segments:
        if found and found[-1].value == segment.value:
            found[-1] = replace(found[-1], seconds=found[-1].seconds + segment.seconds)
        else:
            found.append(segment)
    return tuple(found)


def read_profile(text: str, file: str) -> tuple[Profile | None, list[Finding]]:
    """Type a profile; None and findings with line and column when it is none."""
    reader = _Reader(file)
    profile = reader.read(text)
    return (None, reader.findings) if reader.findings else (profile, [])


@dataclass(frozen=True, slots=True)
class _Column:
    place: int
    name: str
    scale: float


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    column: int


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def note(self, line: int, column: int, code: str, message: str, hint: str = "") -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(
                Finding(
                    code=code,
                    message=message,
                    hint=hint,
                    file=self.file,
                    line=line,
                    column=column,
                )
            )

    def read(self, text: str) -> Profile | None:
        lines = [
            (number, line)
            for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
        if not lines:
            self.note(1, 1, "empty-profile", "the profile is empty", "time [s], current [A]")
            return None
        if len(lines) > MOST_ROWS:
            self.note(lines[MOST_ROWS][0], 1, "too-long", f"more than {MOST_ROWS} rows")
            return None
        separator = _separator(lines[0][1])
        columns = self._head(*lines[0], separator)
        if columns is None:
            return None
        rows = [self._row(number, line, separator, columns) for number, line in lines[1:]]
        known = [row for row in rows if row is not None]
        if self.findings:
            return None
        return self._profile(text, columns[1].name, known, lines[-1][0])

    def _head(self, number: int, line: str, separator: str) -> tuple[_Column, _Column] | None:
        found: dict[str, _Column] = {}
        for place, cell in enumerate(_cells(line, separator)):
            column = self._named(number, place, cell)
            if column is None:
                continue
            kind = "time" if column.name == "time" else "value"
            if kind in found:
                what = "time" if kind == "time" else "commanded value"
                self.note(number, cell.column, "two-columns", f"a second {what}")
            found[kind] = column
        if self.findings:
            return None
        if "time" not in found or "value" not in found:
            hint = "time [s], current [A]"
            self.note(number, 1, "no-head", "time and current, power or voltage are needed", hint)
            return None
        return found["time"], found["value"]

    def _named(self, number: int, place: int, cell: _Cell) -> _Column | None:
        match = _HEAD.fullmatch(cell.text)
        name = _NAMES.get(match[1].lower(), "") if match else ""
        if match is None or not name:
            hint = "time [s], current [A], power [W] or voltage [V]"
            self.note(number, cell.column, "unknown-column", f"unknown column {cell.text!r}", hint)
            return None
        unit = "s" if name == "time" else UNITS[name]
        if match[2] is None:
            hint = f"{name} [{unit}]"
            self.note(number, cell.column, "no-unit", f"column {name!r} has no unit", hint)
            return None
        try:
            scale = parse_quantity(f"1 {match[2]}").to(unit)
        except BadInput as error:
            self.note(number, cell.column, "unit", error.message, f"{name} [{unit}]")
            return None
        return _Column(place, name, scale)

    def _row(
        self, number: int, line: str, separator: str, columns: tuple[_Column, _Column]
    ) -> tuple[float, float, int] | None:
        cells = _cells(line, separator)
        values = []
        for column in columns:
            if column.place >= len(cells):
                self.note(number, len(line) + 1, "missing-value", f"no {column.name} in this row")
                return None
            cell = cells[column.place]
            value = float(cell.text) if _NUMBER.fullmatch(cell.text) else math.nan
            if not math.isfinite(value * column.scale):
                hint = "decimals with a point, no units in the rows"
                text = f"{cell.text[:40]!r} is no number"
                self.note(number, cell.column, "no-number", text, hint)
                return None
            values.append(value * column.scale)
        return values[0], values[1], number

    def _profile(
        self, text: str, name: str, rows: list[tuple[float, float, int]], last: int
    ) -> Profile | None:
        if len(rows) < 2:
            self.note(last, 1, "too-short", "a profile needs two rows", "the last says its end")
            return None
        if rows[0][0] != 0.0:
            self.note(rows[0][2], 1, "first-time", "the first row stands at time 0")
        for (begin, _, _), (end, _, line) in pairwise(rows):
            if end <= begin:
                self.note(line, 1, "time-order", f"{end:g} s does not come after {begin:g} s")
        if self.findings:
            return None
        pairs = pairwise(rows)
        segments = joined(Segment(a[0], b[0] - a[0], a[1], a[2]) for a, b in pairs)
        digest = hashlib.sha256(text.encode()).hexdigest()
        quantity: Quantity = (
            "current" if name == "current" else "power" if name == "power" else "voltage"
        )
        return Profile(self.file, quantity, segments, digest)


def _separator(line: str) -> str:
    return next((mark for mark in ("\t", ";") if mark in line), ",")


def _cells(line: str, separator: str) -> list[_Cell]:
    """The parts of a line with the column (from 1) where each begins."""
    cells, begin = [], 0
    for part in line.split(separator):
        lead = len(part) - len(part.lstrip())
        cells.append(_Cell(part.strip(), begin + lead + 1))
        begin += len(part) + len(separator)
    return cells
