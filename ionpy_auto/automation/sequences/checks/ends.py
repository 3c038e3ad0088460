"""Ends of steps: that each comes, that none comes at random, that their signs can be meant."""

from collections.abc import Iterator
from typing import Any, Final

from ionpy_auto.automation.blocks import Step
from ionpy_auto.automation.fields import finite
from ionpy_auto.automation.flow import End, Limit, StepNode
from ionpy_auto.automation.sequences.comparisons import comparisons
from ionpy_auto.automation.sequences.review import SIGNS, Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import Bound, Condition, format_quantity

THROUGHPUT: Final = frozenset(
    {
        *("step.time", "step.ah", "step.wh", "step.charge_ah", "step.discharge_ah", "cycle.time"),
        *("cycle.charge_ah", "cycle.discharge_ah", "run.time", "run.charge_ah", "run.discharge_ah"),
    }
)
"""What bounds a step however the cell behaves."""


def check(review: Review) -> Iterator[Finding]:
    """The ends and limits of each step that drives the cell."""
    for node in review.driving():
        yield from _bounded(review, node)
        for end in node.until:
            yield from _end(review, node, end, node.direction)
        for limit in node.limits:
            yield from _sign(review, limit, limit.trip, node.direction)


def _bounded(review: Review, node: StepNode) -> Iterator[Finding]:
    """Every charge and discharge needs an end by time or charge (SEQ-17)."""
    if isinstance(node.block, Step) and not node.block.needs_end:
        return  # it ends by itself
    conditions = [end.when for end in node.until]
    conditions += [limit.trip for limit in (*review.around[node.id], *review.flow.limits)]
    points = {point for condition in conditions for point in condition.points}
    if not points & THROUGHPUT:
        hint = "add to until: {name: time, when: step.time > 4 h, verdict: fail}"
        message = f"step {node.id!r} has no end by time or charge"
        yield review.finding(node, "no-time-end", message, hint, step=node.id)


def _end(review: Review, node: StepNode, end: End, direction: str) -> Iterator[Finding]:
    yield from _sign(review, end, end.when, direction)
    holds = any(drive.voltage is not None for drive in node.drives)
    if end.phase == "cv" and not holds:
        message = f"end {end.name!r} waits for phase cv, which this step never enters"
        yield review.finding(end, "never-ends", message, "give the step a voltage", end=end.name)
    for bound in end.when.bounds():
        yield from _never(review, node, end, bound)
    if _may_be_taper(review, end) and holds:
        message = f"{end.text} may hold before the voltage is held"
        hint = "phase: cv, or phase: cc if that is meant"
        yield review.finding(end, "taper-phase", message, hint, text=end.text)


def _may_be_taper(review: Review, end: End) -> bool:
    """A falling current inside an expression that is not simple enough to be known as a taper."""
    if end.phase or end.when.bounds():
        return False
    return any(
        one.slot.address == f"{review.channel_id}.current"
        and one.slot.function == "value"
        and one.op in {"<", "<="}
        for one in comparisons(end.when.expression)
    )


def _never(review: Review, node: StepNode, end: End, bound: Bound) -> Iterator[Finding]:
    """An end that lies behind what the supply holds, or behind a limit that trips first."""
    if bound.point != f"{review.channel_id}.voltage":
        return
    for drive in node.drives:
        if drive.voltage is not None and _is_beyond(bound, drive.voltage, drive.direction):
            held = format_quantity(drive.voltage, "V")
            message = f"the step holds {held}: {end.text} never comes"
            hint = "end by current in phase cv"
            args: dict[str, Any] = {"held": drive.voltage, "text": end.text}
            yield review.finding(end, "never-ends", message, hint, **args)
    low, high = review.limits.low("voltage_min"), review.limits.high("voltage_max")
    if not low <= bound.limit <= high:
        message = f"a limit trips before {end.text}"
        hint = f"limits: {low:g} … {high:g} V"
        args = {"text": end.text, "low": finite(low), "high": finite(high)}
        yield review.finding(end, "behind-limit", message, hint, Severity.WARNING, **args)


def _is_beyond(bound: Bound, voltage: float, direction: str) -> bool:
    if direction == "charge":
        return bound.op in {">", ">="} and bound.limit > voltage
    return bound.op in {"<", "<="} and bound.limit < voltage


def _sign(
    review: Review, where: End | Limit, condition: Condition, direction: str
) -> Iterator[Finding]:
    """Current is positive into the cell: such a bound is met at once, or never (SEQ-14)."""
    for bound in condition.bounds():
        if bound.point != f"{review.channel_id}.current":
            continue
        wrong = bound.limit > 0 if direction == "discharge" else bound.limit < 0
        if wrong and direction:
            message = f"current is {SIGNS[direction]} in a {direction} step"
            hint = "write abs(current)"
            args: dict[str, Any] = {"sign": SIGNS[direction], "direction": direction}
            yield review.finding(where, "current-sign", message, hint, **args)
