"""Ends against the resolution of their meter: a bound of a few counts ends at random (SEQ-17).

A bound on voltage or current is held against the meter's counts itself. A temperature has no
natural zero, so there the difference counts that an end asks for: what ``rate`` times its span, or
``stable`` and ``spread``, make of it. The same holds for rates of voltage and current.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ionpy_auto.automation.flow import End, StepNode
from ionpy_auto.automation.sequences.comparisons import Compared, comparisons
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import find_unit, format_quantity

FEW_COUNTS: Final = 10.0
NO_COUNTS: Final = 2.0
ACCURACIES: Final = 3.0
MINUS_DV_COUNTS: Final = 3.0

_DIFFERENCES: Final = {"rate", "spread"}
_UNITS: Final = {"voltage": "V", "current": "A", "temp": "K"}


class Grain(NamedTuple):
    """Resolution and accuracy of a meter, in coherent units."""

    point: str
    step: float
    accuracy: float


def check(review: Review) -> Iterator[Finding]:
    """All ends of steps, also those of rests."""
    for node in review.flow.steps():
        for end in node.until:
            for one in comparisons(end.when.expression):
                yield from _compared(review, node, end, one)


def _compared(review: Review, node: StepNode, end: End, one: Compared) -> Iterator[Finding]:
    if one.slot.address == "step.minus_dv":
        yield from _minus_dv(review, node, end, one.limit)
        return
    quantity = one.slot.address.removeprefix(f"{review.channel_id}.")
    grain = _grain(review, node, quantity)
    if grain is None:
        return
    size = _size(one, quantity)
    if size is None:
        return
    is_difference = one.slot.function in _DIFFERENCES
    yield from _judge(review, end, grain, size, _UNITS[quantity], is_difference=is_difference)


def _size(one: Compared, quantity: str) -> float | None:
    """What the meter must tell apart."""
    if one.slot.function == "rate":
        return abs(one.limit) * one.slot.seconds
    if one.slot.function == "spread":
        return abs(one.limit)
    return abs(one.limit) if one.slot.function == "value" and quantity != "temp" else None


def _judge(
    review: Review, end: End, grain: Grain, size: float, unit: str, *, is_difference: bool
) -> Iterator[Finding]:
    shown = format_quantity(size, unit)
    # The offset of a meter cancels in a difference; its accuracy says nothing there.
    accuracy = 0.0 if is_difference else grain.accuracy
    count = format_quantity(grain.step, unit)
    if size < NO_COUNTS * grain.step - 1e-12:
        message = f"{shown} is less than two counts of {grain.point} ({count})"
        hint = "a longer span, a larger bound, or a finer meter"
        args: dict[str, Any] = {"size": shown, "point": grain.point, "count": count}
        yield review.finding(end, "below-resolution", message, hint, counts=2, **args)
    elif size < max(FEW_COUNTS * grain.step, ACCURACIES * accuracy) - 1e-12:
        error = max(accuracy, grain.step) / size
        message = f"{shown} is near the resolution of {grain.point}: ± {error:.0%}"
        hint = "a larger bound, or a finer meter"
        args = {"size": shown, "point": grain.point, "percent": round(error * 100)}
        yield review.finding(end, "near-resolution", message, hint, Severity.WARNING, **args)


def _minus_dv(review: Review, node: StepNode, end: End, limit: float) -> Iterator[Finding]:
    """Needs three counts, and something else that ends the step when no peak comes."""
    grain = _grain(review, node, "voltage")
    if grain is not None and abs(limit) < MINUS_DV_COUNTS * grain.step - 1e-12:
        shown, count = format_quantity(abs(limit), "V"), format_quantity(grain.step, "V")
        message = f"{shown} is less than three counts of {grain.point} ({count})"
        hint = "a larger drop, or a finer meter"
        args: dict[str, Any] = {"size": shown, "point": grain.point}
        yield review.finding(end, "below-resolution", message, hint, count=count, counts=3, **args)
    if node.direction != "charge":
        message = "a peak of the voltage comes in a charge alone"
        yield review.finding(end, "minus-dv", message, "use it in a charge step")
    elif not any(_is_backup(review, one) for e in node.until for one in _all_of(review, e)):
        message = f"step {node.id!r} charges on if the peak is missed"
        hint = "add an end: rate(temp, 1 min) > 1 K/min, or step.ah > 1.2 * cell.capacity"
        yield review.finding(end, "minus-dv-backup", message, hint, step=node.id)


def _all_of(review: Review, end: End) -> Iterator[Compared]:
    cell = review.flow.names.cell
    known = {} if cell is None else {"cell.capacity": cell.capacity}
    return comparisons(end.when.expression, known)


def _is_backup(review: Review, one: Compared) -> bool:
    """A rising temperature, or at most 1.2 times the capacity."""
    if one.op not in {">", ">="}:
        return False
    if one.slot.function == "rate":
        return one.slot.address == f"{review.channel_id}.temp"
    cell = review.flow.names.cell
    most = 1.2 * cell.capacity if cell is not None else 0.0
    return one.slot.address in {"step.ah", "step.charge_ah"} and one.limit <= most + 1e-9


def _grain(review: Review, node: StepNode, quantity: str) -> Grain | None:
    """The meter of a quantity of the channel, in the direction of the step."""
    if review.channel is None:
        return None
    point: str | None = None
    if quantity == "voltage":
        point = review.channel.voltage.source
    elif quantity == "temp" and review.channel.temp is not None:
        point = review.channel.temp.source
    elif quantity == "current":
        current = review.channel.current
        is_charge = node.direction != "discharge"
        point = current.source or (current.charge if is_charge else current.discharge)
    entity = review.meter(point)
    if entity is None or point is None:
        return None
    factor = find_unit(entity.unit).factor
    return Grain(point, entity.grain * factor, (entity.accuracy or 0.0) * factor)
