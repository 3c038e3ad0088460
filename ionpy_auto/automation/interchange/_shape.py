"""From a protocol as it was written to the steps a careful person would have made of it.

A charge at constant current and the held voltage behind it become one step, a held voltage gets
its direction, every step that drives gets an end by time, and rates become currents where there
is no cell to count them from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ionpy_auto.automation.interchange._plan import (
    Amount,
    Drive,
    Ends,
    Guard,
    Loop,
    Loss,
    Plan,
    PlanStep,
    duration,
    guard_time,
)
from ionpy_auto.core.errors import BadInput

SAME_V: Final = 0.001
BEYOND_V: Final = 0.05
BEYOND_A: Final = 1.1


@dataclass(slots=True)
class Shaped:
    """The result: a plan, and what was done to it."""

    plan: Plan
    losses: list[Loss] = field(default_factory=list)


def shape(plan: Plan, *, has_cell: bool) -> Shaped:
    """Make the steps of a plan fit to be run.

    Args:
        plan: As it was read; changed in place.
        has_cell: Whether the flow will name a cell, so that ``C`` means something.

    Raises:
        BadInput: There are rates, and nothing they could count from.
    """
    shaped = Shaped(plan)
    _give_directions(shaped)
    plan.steps = _merged(shaped, plan.steps)
    _rates(shaped, has_cell)
    for drive in _drives(plan):
        _bound(shaped, drive)
    if not has_cell:
        _guard(shaped)
    return shaped


def _drives(plan: Plan) -> Iterator[Drive]:
    return (step for step in plan.walk() if isinstance(step, Drive))


# -- direction -----------------------------------------------------------------------------------


def _give_directions(shaped: Shaped) -> None:
    """A held voltage charges or discharges; the step before it tells which."""
    before: Drive | None = None
    for drive in _drives(shaped.plan):
        if not drive.direction:
            drive.direction = _direction(drive, before)
            if before is None or before.ends.voltage is None:
                message = f"taken as a {drive.direction}: the protocol names no direction"
                shaped.losses.append(Loss("changed", drive.place, message))
        before = drive


def _direction(drive: Drive, before: Drive | None) -> Literal["charge", "discharge"]:
    if before is None or drive.hold is None:
        return "charge"
    reached = before.hold if before.ends.voltage is None else before.ends.voltage
    if reached is None or abs(reached - drive.hold) <= SAME_V:
        return before.direction or "charge"
    return "charge" if reached < drive.hold else "discharge"


# -- CC, then CV ----------------------------------------------------------------------------------


def _merged(shaped: Shaped, steps: list[PlanStep]) -> list[PlanStep]:
    """Pairs of CC and CV as one step each, also inside loops."""
    result: list[PlanStep] = []
    for step in steps:
        last = result[-1] if result else None
        if isinstance(step, Loop):
            step.steps = _merged(shaped, step.steps)
        if isinstance(step, Drive) and isinstance(last, Drive) and _belong(last, step):
            result[-1] = _pair(shaped, last, step)
        else:
            result.append(step)
    return result


def _belong(first: Drive, second: Drive) -> bool:
    """Whether the second holds the voltage at which the first ends."""
    return (
        first.hold is None
        and first.level is not None
        and first.level.unit not in {"W", "mW"}
        and first.ends.voltage is not None
        and second.level is None
        and second.hold is not None
        and first.direction == second.direction
        and abs(first.ends.voltage - second.hold) <= SAME_V
    )


def _pair(shaped: Shaped, first: Drive, second: Drive) -> Drive:
    times = (first.ends.time_s, second.ends.time_s)
    place = f"{first.place} and {second.place.removeprefix('step ')}"
    ends = Ends(current=second.ends.current)
    if times[0] is not None and times[1] is not None:
        ends.time_s = times[0] + times[1]
        message = (
            f"one step with one time: {duration(ends.time_s)} for both phases, "
            f"was {duration(times[0])} and {duration(times[1])}"
        )
        shaped.losses.append(Loss("changed", place, message))
    elif any(times):
        known = duration(times[0] or times[1] or 0.0)
        message = f"the time of one of the two phases ({known}); they are one step"
        shaped.losses.append(Loss("lost", place, message))
    if second.id:
        message = f"the name {second.id!r} of the second phase; they are one step"
        shaped.losses.append(Loss("lost", place, message))
    return replace(first, hold=second.hold, ends=ends, place=place)


# -- rates ----------------------------------------------------------------------------------------


def _rates(shaped: Shaped, has_cell: bool) -> None:
    capacity = shaped.plan.capacity_ah
    rated = [drive for drive in _drives(shaped.plan) if _is_rated(drive)]
    if not rated:
        if capacity is not None:
            message = f"the sample's capacity of {capacity:g} Ah; the cell file says it"
            shaped.losses.append(Loss("lost", "sample", message))
        return
    if has_cell:
        if capacity is not None:
            message = f"rates count from the capacity of the cell file, not from {capacity:g} Ah"
            shaped.losses.append(Loss("changed", "sample", message))
        return
    if capacity is None:
        msg = f"{rated[0].place}: a C-rate, and no capacity to count it from"
        raise BadInput(msg, hint="name a cell: --cell cells/inr18650-25r, or cell in the request")
    for drive in rated:
        drive.level = _amps(drive.level, capacity)
        drive.ends.current = _amps(drive.ends.current, capacity)
    message = f"rates became currents, counted from {capacity:g} Ah; name a cell to keep them"
    shaped.losses.append(Loss("changed", "sample", message))


def _is_rated(drive: Drive) -> bool:
    return any(amount is not None and amount.unit == "C" for amount in _amounts(drive))


def _amounts(drive: Drive) -> tuple[Amount | None, Amount | None]:
    return drive.level, drive.ends.current


def _amps(amount: Amount | None, capacity_ah: float) -> Amount | None:
    if amount is None or amount.unit != "C":
        return amount
    return Amount(round(amount.value * capacity_ah * 1000.0, 6), "mA")


# -- ends -----------------------------------------------------------------------------------------


def _bound(shaped: Shaped, drive: Drive) -> None:
    """An end by time, where the protocol has none (SEQ-17)."""
    if drive.ends.time_s is not None:
        return
    seconds = guard_time(drive.level, shaped.plan.capacity_ah)
    if drive.hold is not None and drive.level is not None:
        seconds += 7200.0
    drive.ends.added_s = seconds
    message = f"an end after {duration(seconds)}, verdict fail: a step that drives needs one"
    shaped.losses.append(Loss("added", drive.place, message))


# -- limits without a cell ------------------------------------------------------------------------


def _guard(shaped: Shaped) -> None:
    """Limits just outside of what the protocol does; with a cell its file has better ones."""
    drives = list(_drives(shaped.plan))
    up = [v for drive in drives if drive.direction == "charge" for v in _volts(drive)]
    down = [v for drive in drives if drive.direction == "discharge" for v in _volts(drive)]
    amps = [_in_amps(drive.level) for drive in drives if drive.level is not None]
    if up:
        _add(shaped, "v-max", "voltage >", Amount(round(max(up) + BEYOND_V, 6), "V"))
    if down:
        _add(shaped, "v-min", "voltage <", Amount(round(min(down) - BEYOND_V, 6), "V"))
    if amps and any(drive.level is None for drive in drives):
        most = round(max(amps) * BEYOND_A, 9)
        _add(shaped, "i-max", "current >", Amount(most, "A"))
        _add(shaped, "i-min", "current <", Amount(-most, "A"))


def _volts(drive: Drive) -> list[float]:
    return [volts for volts in (drive.hold, drive.ends.voltage) if volts is not None]


def _in_amps(level: Amount) -> float:
    return (
        level.value / (1000.0 if level.unit == "mA" else 1.0) if level.unit in {"A", "mA"} else 0.0
    )


def _add(shaped: Shaped, name: str, words: str, amount: Amount) -> None:
    if any(guard.id == name for guard in shaped.plan.guards) or amount.value == 0.0:
        return
    shaped.plan.guards.append(Guard(name, f"{words} {amount}"))
    message = f"the limit {name}: {words} {amount}; a cell file has better ones"
    shaped.losses.append(Loss("added", "limits", message))
