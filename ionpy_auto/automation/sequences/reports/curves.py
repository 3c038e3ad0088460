"""The curves of a report, downsampled where they are read: no peak lost, never all rows."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from ionpy_auto.automation.sequences.reports.model import Series
from ionpy_auto.core.errors import NotFound
from ionpy_auto.storage.history import Curve, Query
from ionpy_auto.storage.playback import Recording

POINTS: Final = 1200
LOOP_POINTS: Final = 120
LOOPS: Final = 12
"""Cycles whose voltage is drawn over the charge."""
CONTACTS: Final = 40
"""Steps whose contact is looked at."""
CONTACT_POINTS: Final = 60
_LEAST_A: Final = 0.02
_STEADY_V: Final = 0.05
"""A bucket in which a voltage moves farther says nothing about a contact."""
_DRIVEN: Final = frozenset({"charge", "discharge"})
T = TypeVar("T")
_QUANTITIES: Final = ("voltage", "current", "temp")


class Curves:
    """Reads the recorded table of a channel and of its instruments.

    Attributes:
        left_out: Cycles that are not drawn.
    """

    def __init__(self, recording: Recording, channel: str) -> None:
        self._recording = recording
        self._channel = channel
        self.left_out = 0

    def _read(
        self, device: str, entities: Sequence[str], span: tuple[float, float], points: int
    ) -> Curve | None:
        """What was recorded of a device, None when nothing was."""
        table = self._recording.tables.get(device)
        known = [] if table is None else [e for e in entities if e in table.by_entity]
        if not known:
            return None
        try:
            return self._recording.curve(Query(device, known, *span, points=points))
        except NotFound:
            return None

    def series(self, begin: float, end: float) -> dict[str, Series]:
        """Voltage, current and temperature over the run; a quantity never measured is left out."""
        curve = self._read(self._channel, _QUANTITIES, (begin, end), POINTS)
        if curve is None:
            return {}
        found = {}
        for name, columns in curve.columns.items():
            low, high = _bounds(columns)
            if any(value is not None for value in low):
                times = [round(t - begin, 3) for t in curve.t]
                found[name] = Series(times, low, high)
        return found

    def loops(self, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Voltage over Ah in some cycles, the first and the last among them."""
        driven = [s for s in steps if s["kind"] in _DRIVEN and (s.get("ah") or 0.0) > 0.0]
        in_cycles = [step for step in driven if step["cycle"] > 0] or driven
        cycles = sorted({step["cycle"] for step in in_cycles})
        chosen = set(spread(cycles, LOOPS))
        self.left_out = len(cycles) - len(chosen)
        picked = [step for step in in_cycles if step["cycle"] in chosen]
        return [loop for step in spread(picked, 4 * LOOPS) if (loop := self._loop(step))]

    def _loop(self, step: Mapping[str, Any]) -> dict[str, Any] | None:
        span = _span(step)
        curve = self._read(self._channel, ("voltage", "ah"), span, LOOP_POINTS)
        if curve is None or {"voltage", "ah"} - curve.columns.keys():
            return None
        volts, amounts = _middle(curve.columns["voltage"]), _middle(curve.columns["ah"])
        pairs = [
            (round(ah, 6), round(v, 5))
            for ah, v in zip(amounts, volts, strict=True)
            if ah is not None and v is not None
        ]
        # At both edges a bucket may hold a row of the neighbouring step, which counts anew.
        most = float(step["ah"]) * 1.001 + 1e-6
        pairs = [p for k, p in enumerate(pairs) if p[0] <= most and not _falls(pairs, k)]
        if len(pairs) < 2:
            return None
        return {
            "cycle": step["cycle"],
            "step_id": step["step_id"],
            "kind": step["kind"],
            "ah": [ah for ah, _ in pairs],
            "voltage": [v for _, v in pairs],
        }

    # --- the contact --------------------------------------------------------------------------

    def contact(
        self, steps: Sequence[Mapping[str, Any]], terminals: Mapping[str, str]
    ) -> dict[str, Any]:
        """Voltage between the instrument's terminals and the cell, over the current.

        Returns:
            ``points`` of signed current, voltage and cycle, and the resistance per step; empty
            where the instrument's own voltage was not recorded.
        """
        driven = [s for s in steps if s["kind"] in terminals and s["ended"] is not None]
        points: list[tuple[float, float, int]] = []
        rows = []
        for step in spread(driven, CONTACTS):
            found = self._contact(step, terminals[step["kind"]])
            if not found:
                continue
            points += [(amps, volts, step["cycle"]) for amps, volts in found]
            ohm = sum(i * v for i, v in found) / sum(i * i for i, _ in found)
            rows.append(
                {
                    "index": step["index"],
                    "step_id": step["step_id"],
                    "cycle": step["cycle"],
                    "kind": step["kind"],
                    "ohm": ohm,
                }
            )
        return {"points": points, "steps": rows, "terminals": dict(terminals)} if points else {}

    def _contact(self, step: Mapping[str, Any], point: str) -> list[tuple[float, float]]:
        device, _, entity = point.rpartition(".")
        other = self._read(device, (entity,), _span(step), CONTACT_POINTS)
        if other is None or not other.t:
            return []
        cell = self._read(self._channel, ("voltage", "current"), _span(step), CONTACT_POINTS)
        if cell is None or len(cell.columns) < 2:
            return []
        there = _steady(other.columns[entity])
        pairs = zip(
            cell.t,
            _steady(cell.columns["voltage"]),
            _steady(cell.columns["current"]),
            strict=True,
        )
        found = []
        for time, volts, amps in pairs:
            terminal = _at(other.t, there, time)
            if volts is None or amps is None or terminal is None or abs(amps) < _LEAST_A:
                continue
            found.append((round(amps, 5), round(terminal - volts, 6)))
        return found


def spread(things: Sequence[T], most: int) -> list[T]:
    """Some of many, evenly, the first and the last among them.

    >>> spread(list(range(10)), 4)
    [0, 3, 6, 9]
    """
    if len(things) <= most:
        return list(things)
    return [things[round(k * (len(things) - 1) / (most - 1))] for k in range(most)]


def _falls(pairs: Sequence[tuple[float, float]], place: int) -> bool:
    """Whether a counter is lower than just before."""
    return place > 0 and pairs[place][0] < pairs[place - 1][0]


def _span(step: Mapping[str, Any]) -> tuple[float, float]:
    begin = float(step["started"])
    return begin, float(step["ended"] or begin + (step.get("duration_s") or 0.0))


def _bounds(
    columns: Mapping[str, Sequence[Any]],
) -> tuple[Sequence[float | None], Sequence[float | None]]:
    if "value" in columns:
        return columns["value"], columns["value"]
    return columns["min"], columns["max"]


def _middle(columns: Mapping[str, Sequence[Any]]) -> Sequence[float | None]:
    return columns["value"] if "value" in columns else columns["avg"]


def _steady(columns: Mapping[str, Sequence[Any]]) -> list[float | None]:
    """Means of the buckets in which hardly anything moved."""
    low, high = _bounds(columns)
    return [
        None if v is None or b is None or a is None or b - a > _STEADY_V else v
        for v, a, b in zip(_middle(columns), low, high, strict=True)
    ]


def _at(times: Sequence[float], values: Sequence[float | None], time: float) -> float | None:
    """Value between two neighbours; None outside and beside a hole."""
    place = bisect_left(times, time)
    if place in {0, len(times)}:
        return None
    before, after = values[place - 1], values[place]
    if before is None or after is None:
        return None
    share = (time - times[place - 1]) / (times[place] - times[place - 1])
    return before + (after - before) * share
