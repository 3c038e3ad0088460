"""Limits in layers (cell, channel, flow, step): the strictest counts, unknown counts as tripped.

What a file of a cell or a channel says is compared directly on every sample; what a flow says as
an expression is followed by its `ConditionState`. Both are shown with their origin before a start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, NamedTuple

from ionpy_auto.automation.flow import Limit
from ionpy_auto.automation.wiring import CellFile, ChannelFile
from ionpy_auto.language import ConditionState, Environment

VOLTAGE, CURRENT, TEMP, OTHER, TIME = 1, 2, 4, 8, 16
"""What a sample brought: conditions are asked only when something of theirs is new."""
EVERYTHING: Final = VOLTAGE | CURRENT | TEMP | OTHER | TIME

_MASKS: Final[Mapping[str, int]] = {
    "voltage": VOLTAGE,
    "current": CURRENT,
    "power": VOLTAGE | CURRENT,
    "cell_min": VOLTAGE,
    "cell_max": VOLTAGE,
    "cell_spread": VOLTAGE,
    "temp_min": TEMP,
    "temp_max": TEMP,
    "temp": TEMP,
    "ah": CURRENT,
    "wh": CURRENT | VOLTAGE,
    "phase": CURRENT,
}
_OF_STEP: Final[Mapping[str, int]] = {
    "ah": CURRENT,
    "wh": CURRENT,
    "di": CURRENT,
    "dv": VOLTAGE,
    "minus_dv": VOLTAGE,
}
_UPPER: Final = {">", ">="}
_LOWER: Final = {"<", "<="}


class Bounded(NamedTuple):
    """One limit in force, and whose it is."""

    quantity: str
    value: float
    unit: str
    origin: str

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return self._asdict()


class Trip(NamedTuple):
    """A limit that was violated.

    Attributes:
        id: Short name, stored as ``ended_by``.
        text: One sentence for people.
        value: What was seen; None when it was unknown.
    """

    id: str
    text: str
    value: float | None = None


@dataclass
class Limits:
    """The strictest limit of each quantity, in coherent units; a missing one is infinite.

    Attributes:
        rows: All limits in force by quantity, with their origin.
        hard: Those of cell and channel alone, compared directly; expressions are followed with
            their own debouncing.
        expressions: Limits of flow and steps, as written.
    """

    rows: dict[str, Bounded] = field(default_factory=dict)
    hard: dict[str, Bounded] = field(default_factory=dict)
    expressions: list[Limit] = field(default_factory=list)

    def low(self, quantity: str) -> float:
        """A lower bound, minus infinity without one."""
        row = self.rows.get(quantity)
        return -inf if row is None else row.value

    def high(self, quantity: str) -> float:
        """An upper bound, infinity without one."""
        row = self.rows.get(quantity)
        return inf if row is None else row.value

    def tighten(self, quantity: str, value: float | None, unit: str, origin: str) -> None:
        """Add a bound of a cell or a channel; a looser one changes nothing."""
        if value is not None:
            for rows in (self.hard, self.rows):
                _strictest(rows, Bounded(quantity, value, unit, origin))

    def note(self, bound: Bounded) -> None:
        """Add a bound that an expression stands for: it is shown, and hardware is set by it."""
        _strictest(self.rows, bound)

    def as_list(self) -> list[dict[str, Any]]:
        """All limits with their origin, for people and the record."""
        found: list[dict[str, Any]] = [row.as_dict() for row in self.rows.values()]
        found.extend(
            {"quantity": limit.id, "value": limit.text, "unit": "", "origin": limit.origin}
            for limit in self.expressions
        )
        return found


def _strictest(rows: dict[str, Bounded], bound: Bounded) -> None:
    """Keep the stricter; names that end in ``_min`` are lower bounds."""
    row = rows.get(bound.quantity)
    is_lower = bound.quantity.endswith("_min")
    if row is None or (bound.value > row.value if is_lower else bound.value < row.value):
        rows[bound.quantity] = bound


def effective_limits(
    cell: CellFile | None,
    channel: ChannelFile | None,
    channel_id: str,
    flow_limits: Iterable[Limit] = (),
) -> Limits:
    """Lay the limits of all layers over each other.

    Args:
        cell: Per cell; multiplied by the cells in series.
        channel: The wiring.
        channel_id: To recognise bounds in expressions.
        flow_limits: Those of the flow, or of a step.
    """
    limits = Limits()
    if cell is not None:
        _of_cell(limits, cell)
        if channel is not None and channel.cell_voltages:
            _pair(limits, "cell_voltage", cell.limits.voltage, "V", "cell")
    if channel is not None:
        own = channel.limits
        _pair(limits, "voltage", own.voltage, "V", "channel")
        limits.tighten("charge_current", own.charge_current, "A", "channel")
        limits.tighten("discharge_current", own.discharge_current, "A", "channel")
        _pair(limits, "charge_temp", own.temp, "°C", "channel")
        _pair(limits, "discharge_temp", own.temp, "°C", "channel")
    add_expressions(limits, flow_limits, channel_id)
    return limits


def _of_cell(limits: Limits, cell: CellFile) -> None:
    own, series = cell.limits, cell.series
    if own.voltage is not None:
        low, high = own.voltage
        _pair(limits, "voltage", (low * series, high * series), "V", "cell")
    limits.tighten("charge_current", own.charge_current, "A", "cell")
    limits.tighten("discharge_current", own.discharge_current, "A", "cell")
    _pair(limits, "charge_temp", own.charge_temp, "°C", "cell")
    _pair(limits, "discharge_temp", own.discharge_temp, "°C", "cell")


def _pair(
    limits: Limits, quantity: str, pair: tuple[float, float] | None, unit: str, origin: str
) -> None:
    if pair is not None:
        limits.tighten(f"{quantity}_min", pair[0], unit, origin)
        limits.tighten(f"{quantity}_max", pair[1], unit, origin)


def add_expressions(limits: Limits, found: Iterable[Limit], channel_id: str) -> None:
    """Add limits of a flow or a step.

    They are always followed as expressions, with their own ``for`` and ``samples``; a simple
    bound on voltage or current also tightens what the hardware protection is set to.
    """
    for limit in found:
        limits.expressions.append(limit)
        for bound in limit.trip.bounds():
            for quantity in _quantities(bound.point, bound.op, channel_id):
                is_current = quantity.endswith("_current")
                unit = "A" if is_current else "V"
                origin = f"{limit.origin}: {limit.id}"
                limits.note(Bounded(quantity, abs(bound.limit), unit, origin))


def _quantities(point: str, op: str, channel_id: str) -> tuple[str, ...]:
    if point == f"{channel_id}.voltage":
        return ("voltage_max",) if op in _UPPER else ("voltage_min",) if op in _LOWER else ()
    if point == f"{channel_id}.current":
        if op in _UPPER:
            return ("charge_current",)
        return ("discharge_current",) if op in _LOWER else ()
    if point == f"abs({channel_id}.current)" and op in _UPPER:
        return ("charge_current", "discharge_current")
    return ()


def mask_of(points: Iterable[str], channel_id: str) -> int:
    """Which kinds of samples a condition on these points waits for."""
    mask = 0
    for point in points:
        head, _, rest = point.partition(".")
        if head == channel_id:
            mask |= _MASKS.get(rest, VOLTAGE | CURRENT | TEMP)
        elif head == "step" and rest in _OF_STEP:
            mask |= _OF_STEP[rest]
        elif head in {"step", "cycle", "run", "cell", "session", "loop", "repeat", "prompt"}:
            mask |= CURRENT if rest.endswith(("_ah", "_wh", "soc")) else 0
        else:
            mask |= OTHER
    # Nothing measured in it (``step.time > 4 h``): every sample and every tick may decide it.
    return mask or EVERYTHING


class Measured(NamedTuple):
    """What the built-in limits look at.

    Attributes:
        temp: The hottest place; ``coldest`` is the coldest where there are several.
        cells: Lowest and highest voltage of the cells, where they are measured.
    """

    voltage: float | None
    current: float | None
    temp: float | None
    has_temp: bool
    direction: str
    coldest: float | None = None
    has_cells: bool = False
    cells: tuple[float, float] | None = None


class LimitWatch:
    """Follows all limits of a run; asked on every sample, in the publisher's turn.

    Args:
        limits: In force.
        env: Values for expressions.
        channel_id: Its points.
    """

    def __init__(self, limits: Limits, env: Environment, channel_id: str) -> None:
        self.limits = limits
        self._env = env
        self._channel_id = channel_id
        self._voltage = self._hard("voltage_min", -inf), self._hard("voltage_max", inf)
        self._current = -self._hard("discharge_current", inf), self._hard("charge_current", inf)
        self._cells = self._hard("cell_voltage_min", -inf), self._hard("cell_voltage_max", inf)
        self._temps = {
            direction: (
                self._hard(f"{direction}_temp_min", -inf),
                self._hard(f"{direction}_temp_max", inf),
            )
            for direction in ("charge", "discharge")
        }
        # A resting cell may be as warm as it may be in either direction.
        self._temps[""] = (
            min(low for low, _ in self._temps.values()),
            max(high for _, high in self._temps.values()),
        )
        self._states = self._follow(limits.expressions)
        self._step: list[tuple[int, Limit, ConditionState]] = []
        self._around: list[tuple[int, Limit, ConditionState]] = []

    def _hard(self, quantity: str, default: float) -> float:
        row = self.limits.hard.get(quantity)
        return default if row is None else row.value

    def _follow(self, found: Sequence[Limit]) -> list[tuple[int, Limit, ConditionState]]:
        return [
            (mask_of(limit.trip.points, self._channel_id), limit, ConditionState(limit.trip))
            for limit in found
        ]

    def enter_step(self, found: Sequence[Limit], around: Sequence[Limit] = ()) -> None:
        """Limits of the step that begins, in place of those of the last one.

        Args:
            found: Its own.
            around: Those of the steps it is inside; what is counted of them goes on.
        """
        known = {id(entry[1]): entry for entry in self._around}
        self._around = [known.get(id(one)) or self._follow((one,))[0] for one in around]
        self._step = [*self._around, *self._follow(found)]

    @property
    def followed(self) -> list[ConditionState]:
        """All expressions that may trip now."""
        return [state for states in (self._states, self._step) for _, _, state in states]

    def corridor(self, quantity: str, direction: str) -> tuple[float, float]:
        """Between which values voltage, current or temperature may be in a direction."""
        if quantity == "temp":
            return self._temps.get(direction, self._temps[""])
        return self._voltage if quantity == "voltage" else self._current

    def look(self, measured: Measured, changed: int, mono: float) -> Trip | None:
        """The limit that is violated now, or None."""
        trip = self._look_at_values(measured)
        if trip is not None:
            return trip
        env = self._env
        for states in (self._states, self._step):
            for mask, limit, state in states:
                if mask & changed and state.update(env, mono):
                    return self._tripped(limit)
        return None

    def _look_at_values(self, measured: Measured) -> Trip | None:
        voltage, current = measured.voltage, measured.current
        if voltage is None or current is None:
            missing = "voltage" if voltage is None else "current"
            return Trip(f"{missing}-unknown", f"the {missing} is not known")
        low, high = self._voltage
        if not low <= voltage <= high:
            return self._outside("voltage", voltage, low, "V")
        low, high = self._current
        if not low <= current <= high:
            quantity = "charge_current" if current > 0 else "discharge_current"
            return _violated(self.limits.hard[quantity], abs(current))
        trip = self._look_at_cells(measured.cells) if measured.has_cells else None
        if trip is None and measured.has_temp:
            trip = self._look_at_temp(measured, measured.temp)
            if trip is None and measured.coldest is not None:
                trip = self._look_at_temp(measured, measured.coldest)
        return trip

    def _look_at_cells(self, cells: tuple[float, float] | None) -> Trip | None:
        if cells is None:
            return Trip("cell-voltage-unknown", "the voltage of a cell is not known")
        low, high = self._cells
        for value in cells:
            if not low <= value <= high:
                return self._outside("cell_voltage", value, low, "V")
        return None

    def _look_at_temp(self, measured: Measured, temp: float | None) -> Trip | None:
        if temp is None:
            return Trip("temp-unknown", "the temperature is not known")
        low, high = self._temps[measured.direction]
        if not low <= temp <= high:
            direction = measured.direction or "discharge"
            return self._outside(f"{direction}_temp", temp, low, "°C")
        return None

    def _outside(self, quantity: str, value: float, low: float, unit: str) -> Trip:
        name = f"{quantity}_min" if value < low else f"{quantity}_max"
        row = self.limits.hard.get(name)
        return _violated(row or Bounded(name, low, unit, "cell"), value)

    def _tripped(self, limit: Limit) -> Trip:
        leaves = limit.trip.explain(self._env)
        value = next((p.value for p in leaves if isinstance(p.value, float)), None)
        seen = ", ".join(f"{p.text} = {p.value}" for p in leaves[:1])
        return Trip(limit.id, f"limit {limit.id}: {limit.text} ({seen})", value)

    def unknown_inputs(self) -> list[str]:
        """Points of the expressions that have no known value now (LNG-3)."""
        points = {p for limit in self.limits.expressions for p in limit.trip.points}
        return sorted(p for p in points if self._env.value(p) is None)


def _violated(row: Bounded, value: float) -> Trip:
    side = "below" if row.quantity.endswith("_min") else "above"
    name = row.quantity.removesuffix("_min").removesuffix("_max").replace("_", " ")
    text = f"{name} {value:g} {row.unit} is {side} {row.value:g} {row.unit} ({row.origin})"
    return Trip(row.quantity, text, value)
