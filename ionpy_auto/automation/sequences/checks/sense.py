"""Where the cell voltage comes from: valid with the outputs off, at the cell, the best there is."""

from collections.abc import Iterator
from typing import Any, Final

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.devices import Numeric, Role
from ionpy_auto.devices.entities import ValidWhen
from ionpy_auto.language import format_quantity

METER, LOAD_SENSE, BATTERY_TERMINAL, SUPPLY_OUTPUT = range(4)
WORDS: Final = ("a 4-wire meter", "the load", "the battery terminal", "the supply's output")


def check(review: Review) -> Iterator[Finding]:
    """The voltage source of the channel, told at the first step that drives."""
    channel = review.channel
    node = next(review.driving(), None)
    if channel is None or node is None:
        return
    point = channel.voltage.source
    entity = review.meter(point)
    if entity is None:
        return
    if entity.valid_when is ValidWhen.OUTPUT_ON:
        message = f"{point} shows nothing while the output is off"
        hint = "an output goes on at the cell's own voltage: take it from a meter, or the load"
        yield review.finding(node, "blind-start", message, hint, point=point)
    yield from _sign(review, node)
    device = point.rpartition(".")[0]
    if channel.isolation == "relay" and device in {channel.source, channel.sink}:
        message = f"{point} does not see the cell while the relay is open"
        hint = "take the voltage from a meter at the cell"
        yield review.finding(node, "relay-hides-voltage", message, hint, point=point)
    rank = rank_of(review, point, entity)
    if rank > METER and channel.voltage.wires < 4:
        yield from _two_wires(review, node, point)
    yield from _better(review, node, rank)


def _sign(review: Review, node: StepNode) -> Iterator[Finding]:
    """One meter for both directions must tell them apart (SEQ-14)."""
    point = review.channel.current.source if review.channel is not None else None
    entity = review.meter(point)
    if entity is not None and not entity.signed and len(_directions(review)) > 1:
        message = f"{point} cannot show a negative current"
        hint = "give a meter for each direction: current: {charge: …, discharge: …}"
        yield review.finding(node, "unsigned-current", message, hint, point=str(point))


def _directions(review: Review) -> frozenset[str]:
    return frozenset(way for node in review.driving() for way in node.directions)


def rank_of(review: Review, point: str, entity: Numeric) -> int:
    """How good a source of the cell voltage a point is; 0 is best (SEQ-13)."""
    channel = review.channel
    device = point.rpartition(".")[0]
    if channel is None or entity.role is Role.SENSE_VOLTAGE:
        return METER
    if device not in {channel.source, channel.sink}:
        return METER
    if entity.role is Role.BATTERY_VOLTAGE:
        return BATTERY_TERMINAL
    return LOAD_SENSE if device == channel.sink else SUPPLY_OUTPUT


def _two_wires(review: Review, node: StepNode, point: str) -> Iterator[Finding]:
    """What leads lose under current is missing in a voltage taken at an instrument."""
    ohms = review.channel.path_resistance if review.channel is not None else 0.0
    currents = [drive.current for n in review.driving() for drive in n.drives if drive.current]
    lost = ""
    if ohms and currents:
        lost = f": {format_quantity(max(currents) * ohms, 'V')} at {max(currents):g} A"
    message = f"{point} is at the instrument's terminals, the leads lose I · R{lost}"
    hint = "measure at the cell with four wires, or wires: 4 where sense leads are connected"
    yield review.finding(node, "two-wires", message, hint, Severity.WARNING, point=point)


def _better(review: Review, node: StepNode, rank: int) -> Iterator[Finding]:
    """A better source that is part of the channel already."""
    channel, devices = review.channel, review.devices
    if channel is None or devices is None:
        return
    for device in channel.devices:
        stack = devices.stacks.get(device)
        for key, slot in stack.slots.items() if stack is not None else ():
            entity, point = slot.entity, f"{device}.{key}"
            if not isinstance(entity, Numeric) or entity.role not in _VOLTAGES:
                continue
            found = rank_of(review, point, entity)
            if found < rank and entity.valid_when is ValidWhen.ALWAYS:
                message = f"{point} ({WORDS[found]}) is nearer to the cell than {WORDS[rank]}"
                hint = f"voltage: {{from: {point}}}"
                args: dict[str, Any] = {"point": point, "present": channel.voltage.source}
                yield review.finding(
                    node, "better-voltage", message, hint, Severity.WARNING, **args
                )
                return


_VOLTAGES: Final = frozenset({Role.SENSE_VOLTAGE, Role.MEASURED_VOLTAGE, Role.BATTERY_VOLTAGE})
