"""Currents and voltages of steps against limits, the cell and the ranges of the instruments."""

from collections.abc import Iterator
from math import inf
from typing import Any

from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, IonpyError, Severity
from ionpy_auto.devices import Role
from ionpy_auto.language import format_quantity


def check(review: Review) -> Iterator[Finding]:
    """What each step wants to put the cell to."""
    for node in review.driving():
        for drive in node.drives:
            yield from _amounts(review, node, drive)


def _amounts(review: Review, node: StepNode, drive: Drive) -> Iterator[Finding]:
    """Current and voltage against limits and ranges."""
    direction, current, voltage = drive.direction, drive.current, drive.voltage
    if current is not None:
        yield from _above(review, node, current, f"{direction}_current", "A")
        role = Role.SET_CURRENT if direction == "charge" else Role.LOAD_LEVEL
        yield from _out_of_range(review, node, direction, role, current, "A")
    if voltage is not None:
        yield from _above(review, node, voltage, "voltage_max", "V")
        if direction == "charge":
            yield from _out_of_range(review, node, direction, Role.SET_VOLTAGE, voltage, "V")
        yield from _above_charge_voltage(review, node, voltage)
    elif direction == "charge" and review.limits.high("voltage_max") == inf:
        hint = "give a voltage, or a cell with limits"
        args: dict[str, Any] = {"quantity": "voltage"}
        yield review.finding(node, "no-bound", "nothing bounds the voltage", hint, **args)
    if direction == "charge" and current is None and drive.power is None:
        yield from _open_current(review, node)


def _open_current(review: Review, node: StepNode) -> Iterator[Finding]:
    if review.limits.high("charge_current") == inf:
        hint = "give a current, or a cell with limits"
        args: dict[str, Any] = {"quantity": "current"}
        yield review.finding(node, "no-bound", "nothing bounds the current", hint, **args)


def _above(
    review: Review, node: StepNode, value: float, quantity: str, unit: str
) -> Iterator[Finding]:
    row = review.limits.rows.get(quantity)
    if row is not None and value > row.value:
        shown, limit = format_quantity(value, unit), format_quantity(row.value, unit)
        message = f"{shown} is above the limit {limit} ({row.origin})"
        hint = "limits can only be tightened"
        args: dict[str, Any] = {"value": value, "limit": row.value}
        args |= {"unit": unit, "origin": row.origin}
        yield review.finding(node, "above-limit", message, hint, **args)


def _above_charge_voltage(review: Review, node: StepNode, voltage: float) -> Iterator[Finding]:
    cell = review.flow.names.cell
    top = cell.charge_voltage * cell.series if cell is not None else inf
    if voltage > top + 1e-9:
        message = f"the cell is charged to {format_quantity(top, 'V')}"
        hint = f"{format_quantity(voltage, 'V')} ages it faster"
        args: dict[str, Any] = {"value": voltage, "limit": top, "unit": "V"}
        yield review.finding(node, "above-charge-voltage", message, hint, Severity.WARNING, **args)


def _out_of_range(
    review: Review, node: StepNode, direction: str, role: Role, value: float, unit: str
) -> Iterator[Finding]:
    instrument = review.instrument(direction)
    if instrument is None:
        return
    try:
        highest = instrument.highest(role)
    except IonpyError:
        return  # not loaded: the start will say so
    if value > highest:
        message = f"{instrument.device} reaches only {format_quantity(highest, unit)}"
        hint = "use another instrument"
        args: dict[str, Any] = {"device": instrument.device, "value": value}
        args |= {"limit": highest, "unit": unit}
        yield review.finding(node, "out-of-range", message, hint, **args)
