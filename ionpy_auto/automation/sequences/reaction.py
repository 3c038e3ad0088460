"""How long each limit takes, at worst, from being exceeded to outputs proven off (SEQ-22).

Poll of the meter + ``for`` and ``samples`` of the limit + bus (a message under way must end first)
+ device (what its driver declares for the write of its safe state and the proof by read-back).
"""

from collections.abc import Iterable
from typing import Any, Final

from ionpy_auto.automation.flow import Flow, Limit
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.limits import Limits
from ionpy_auto.automation.sequences.prestart.meters import SENSE_POLL_S
from ionpy_auto.core.errors import IonpyError

TICK_S: Final = 1.0
"""What no sample brings (``step.time``) is looked at so often."""


def limits_with_reaction(
    limits: Limits, flow: Flow, channel: CyclerChannel | None
) -> list[dict[str, Any]]:
    """All limits in force, those of steps too, each with its origin and its reaction in seconds."""
    rows = limits.as_list()
    if channel is None:
        return rows
    expressions = [*limits.expressions, *(x for node in flow.steps() for x in node.limits)]
    steps = [
        {"quantity": limit.id, "value": limit.text, "unit": "", "origin": limit.origin}
        for node in flow.steps()
        for limit in node.limits
    ]
    first = len(rows) - len(limits.expressions)
    off = _off(channel)
    for number, row in enumerate([*rows, *steps]):
        limit = expressions[number - first] if number >= first else None
        poll = _poll(channel, _points(channel, row["quantity"]) if limit is None else _of(limit))
        row["reaction_s"] = round(poll + _held(limit, poll) + off, 3)
        row["reaction"] = {"poll": poll, "held": _held(limit, poll), "off": off}
    return [*rows, *steps]


def _of(limit: Limit) -> Iterable[str]:
    return limit.trip.points


def _held(limit: Limit | None, poll: float) -> float:
    if limit is None:
        return 0.0
    return max(limit.trip.hold, (limit.trip.samples - 1) * poll)


def _points(channel: CyclerChannel, quantity: str) -> tuple[str, ...]:
    """The point of the channel that a limit of cell or channel looks at."""
    name = "voltage" if quantity.startswith("voltage") else "current"
    return (f"{channel.id}.{'temp' if '_temp_' in quantity else name}",)


def _poll(channel: CyclerChannel, points: Iterable[str]) -> float:
    """The slowest of the devices behind some points."""
    meters = {
        "voltage": [channel.voltage],
        "current": channel.currents,
        "power": [channel.voltage, *channel.currents],
        "temp": [channel.temp] if channel.temp is not None else [],
    }
    found = [0.0]
    for point in points:
        head, _, rest = point.partition(".")
        if head == channel.id:
            places = meters.get(rest, channel.currents)
            found += [_poll_of(channel, place.point) for place in places]
        elif head in {"step", "cycle", "run"}:
            found.append(TICK_S)
        elif head in channel.devices.stacks:
            found.append(_poll_of(channel, point))
    return max(found) or TICK_S


def _poll_of(channel: CyclerChannel, point: str) -> float:
    device = point.rpartition(".")[0]
    stack = channel.devices.stacks.get(device)
    if stack is None:
        return TICK_S
    is_sense = device == channel.voltage.point.rpartition(".")[0]
    asked = min(stack.interval_s, SENSE_POLL_S) if is_sense else stack.interval_s
    return max(asked, stack.poll_took_s)


def _off(channel: CyclerChannel) -> float:
    """From the trip to outputs proven off, of the slower instrument."""
    found = [0.0]
    for instrument in channel.instruments:
        try:
            entity = instrument.entity(instrument.switch)
        except IonpyError:
            continue  # not loaded: the start will say so
        if entity is not None and entity.safe is not None:
            found.append(instrument.stack.poll_took_s + entity.safe.timeout_s)
    return round(max(found), 3)
