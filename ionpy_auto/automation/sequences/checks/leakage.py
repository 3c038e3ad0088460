"""Long rests: what instruments draw from the cell while they are off (SEQ-18)."""

from collections.abc import Iterator
from typing import Final

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import format_duration, format_quantity

LONG_S: Final = 3600.0


def check(review: Review) -> Iterator[Finding]:
    """Rests above an hour, and pulse trains whose rests add up to it."""
    channel, devices = review.channel, review.devices
    if channel is None or devices is None or channel.isolation in {"relay", "ideal_diode"}:
        return
    drawing: dict[str, float | None] = {}
    for device in (channel.source, channel.sink):
        stack = devices.stacks.get(device or "")
        hidden = device == channel.source and channel.isolation != "none"
        if stack is None or stack.driver is None or hidden:
            continue
        drawing[stack.id] = stack.driver.OFF_LEAKAGE_A
    if all(value == 0.0 for value in drawing.values()):
        return
    for node in review.flow.steps():
        seconds = rest_of(node)
        if seconds > LONG_S:
            yield _finding(review, node, seconds, drawing)


def rest_of(node: StepNode) -> float:
    """How long a step leaves the cell alone, as far as it says so."""
    block = node.block
    if node.verb == "rest":
        seconds = getattr(block, "duration", None)
        return LONG_S * 2 if seconds is None else float(seconds)
    if node.verb == "pulse":
        return float(getattr(block, "rest", 0.0)) * int(getattr(block, "repeat", 1))
    return 0.0


def _finding(
    review: Review, node: StepNode, seconds: float, drawing: dict[str, float | None]
) -> Finding:
    unknown = sorted(device for device, value in drawing.items() if value is None)
    known = sum(value for value in drawing.values() if value is not None)
    length = format_duration(seconds)
    args: dict[str, object] = {"length": length}
    if unknown:
        message = f"nobody knows what {' and '.join(unknown)} draw in a rest of {length}"
        args["devices"] = unknown
    else:
        lost = format_quantity(known * seconds / 3600.0, "Ah")
        message = f"the instruments draw {lost} in a rest of {length}"
        args["lost"] = lost
    hint = "isolate the cell: isolation: relay, or ideal_diode"
    return review.finding(node, "leakage", message, hint, Severity.WARNING, **args)
