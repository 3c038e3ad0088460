"""Before a run starts: every condition must hold, and each is shown with its value (SEQ-20).

Nothing is switched here. What cannot be known (no history yet, no such sensor) is said as such;
what must be known and is not refuses the start.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.limits import LimitWatch
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices import Numeric, ProtectionKind, Role
from ionpy_auto.devices.entities import ValidWhen
from ionpy_auto.language import format_quantity

FRESH_PATIENCE_S: Final = 10.0
FRESH_POLL_S: Final = 0.25
REVERSED_V: Final = -0.1
DEAD_V: Final = 0.5
BELOW_MIN_V: Final = 0.1
STABLE_V: Final = 0.010
STABLE_S: Final = 10.0
AGREE_V: Final = 0.050
SENSE_POLL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Check:
    """One condition with what was found. ``ok`` None: could not be told, and need not be."""

    name: str
    ok: bool | None
    value: Scalar | None
    text: str

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"name": self.name, "ok": self.ok, "value": self.value, "text": self.text}


async def wait_fresh(
    channel: CyclerChannel, watch: LimitWatch, names: Iterable[str], clock: Clock
) -> None:
    """Wait until all inputs of the limits are fresh.

    Args:
        channel: Its inputs.
        watch: Its expressions.
        names: Names that mean nothing before the first step and are not asked.
        clock: Bounds the wait.

    Raises:
        Rejected: Names what did not become fresh.
    """
    deadline = clock.monotonic() + FRESH_PATIENCE_S
    later = frozenset(names)
    while True:
        missing = [place.point for place in channel.inputs if not _is_fresh(channel, place.point)]
        missing += [i.device for i in channel.instruments if i.known(i.switch) is None]
        missing += [p for p in watch.unknown_inputs() if p not in later]
        if not missing:
            return
        if clock.monotonic() >= deadline:
            msg = f"not started: no fresh value of {', '.join(dict.fromkeys(missing))}"
            raise Rejected(
                msg,
                code="NOT_FRESH",
                hint="see that the devices are online",
                args={"inputs": list(dict.fromkeys(missing))},
            )
        await clock.sleep(FRESH_POLL_S)


def _is_fresh(channel: CyclerChannel, point: str) -> bool:
    place = next(p for p in channel.inputs if p.point == point)
    if place.value is None or place.last is None:
        return False
    return channel.clock.monotonic() - place.last.mono <= place.patience_s


def check_before_start(
    channel: CyclerChannel,
    flow: Flow,
    watch: LimitWatch,
    window: Callable[[str, str, float], Scalar | None],
) -> list[Check]:
    """All conditions with their values.

    Args:
        channel: Wired and fresh.
        flow: What is to be run.
        watch: Limits in force.
        window: Recent history of a point.
    """
    return [
        *_voltage(channel, watch),
        _stable(channel, window),
        *_meters_agree(channel),
        _zero_current(channel),
        *_outputs(channel),
        *_hardware(channel, flow),
        _sense_poll(channel),
    ]


def _sense_poll(channel: CyclerChannel) -> Check:
    """How long a voltage limit may stay unseen; slower than 500 ms is said, not refused."""
    stack = channel.devices.stacks.get(channel.voltage.point.rpartition(".")[0])
    seconds = stack.interval_s if stack is not None else None
    is_fast = seconds is not None and seconds <= SENSE_POLL_S
    text = "not polled" if seconds is None else f"cell voltage every {seconds:g} s"
    return Check("sense poll", True if is_fast else None, seconds, text)


def _voltage(channel: CyclerChannel, watch: LimitWatch) -> list[Check]:
    volts = channel.voltage.value
    if volts is None:
        return [Check("voltage", False, None, "the cell voltage is not known")]
    shown = format_quantity(volts, "V")
    if volts <= REVERSED_V:
        return [Check("voltage", False, volts, f"the cell is reversed: {shown}")]
    if volts < DEAD_V:
        return [Check("voltage", False, volts, f"the cell is missing or dead: {shown}")]
    low, high = watch.limits.low("voltage_min") - BELOW_MIN_V, watch.limits.high("voltage_max")
    ok = low <= volts <= high
    text = f"{shown} within limits" if ok else f"{shown} is outside {low:g} … {high:g} V"
    return [Check("voltage", ok, volts, text)]


def _stable(channel: CyclerChannel, window: Callable[[str, str, float], Scalar | None]) -> Check:
    high = window("max", channel.voltage.point, STABLE_S)
    low = window("min", channel.voltage.point, STABLE_S)
    if not isinstance(high, float) or not isinstance(low, float):
        return Check("stable", None, None, "not watched for 10 s yet")
    moved = high - low
    text = f"moved {format_quantity(moved, 'V')} in 10 s"
    return Check("stable", moved <= STABLE_V, moved, text)


def _meters_agree(channel: CyclerChannel) -> list[Check]:
    """At no current every terminal of the channel shows the cell."""
    cell = channel.voltage.value
    allowed = channel.file.voltage.back_check or AGREE_V
    found = []
    for instrument in channel.instruments:
        role = Role.BATTERY_VOLTAGE if instrument is channel.source else Role.MEASURED_VOLTAGE
        entity, seen = instrument.entity(role), instrument.number(role)
        valid = isinstance(entity, Numeric) and entity.valid_when is not ValidWhen.OUTPUT_ON
        isolated = instrument is channel.source and channel.file.isolation != "none"
        if seen is None or cell is None or not valid or isolated:
            continue
        apart = abs(seen - cell)
        text = f"{instrument.device} shows {seen:g} V, the cell {cell:g} V"
        found.append(Check(f"agree {instrument.device}", apart <= allowed, apart, text))
    return found


def _zero_current(channel: CyclerChannel) -> Check:
    flowing = max((abs(p.value) for p in channel.currents if p.value is not None), default=0.0)
    text = f"{format_quantity(flowing, 'A')} with the outputs off"
    return Check("zero current", flowing <= channel.zero_band, flowing, text)


def _outputs(channel: CyclerChannel) -> list[Check]:
    found = []
    for instrument in channel.instruments:
        state = "off" if instrument.is_off else "on or unknown"
        found.append(
            Check(f"output {instrument.device}", instrument.is_off, state, f"output is {state}")
        )
        power_up = instrument.known(Role.POWER_UP_OUTPUT)
        if power_up is not None:
            text = f"{instrument.device} switches on by itself" if power_up else "stays off"
            found.append(Check(f"power-up {instrument.device}", not power_up, power_up, text))
    return found


def _hardware(channel: CyclerChannel, flow: Flow) -> list[Check]:
    """A crowbar needs a diode; a discharge needs a cutoff that does not live in this program."""
    found, accepted = [], channel.file.accept
    directions = {direction for step in flow.steps() for direction in step.directions}
    source, sink = channel.source, channel.sink
    if source is not None and source.protection.kind is ProtectionKind.CROWBAR:
        ok = channel.file.isolation != "none"
        found.append(Check("crowbar", ok, channel.file.isolation, "a crowbar needs a diode"))
    if sink is not None and "discharge" in directions:
        has_cutoff = sink.protection.latched and sink.find(Role.CUTOFF_VOLTAGE) is not None
        ok = has_cutoff or "no_hardware_cutoff" in accepted
        word = "latched in the load" if has_cutoff else "none"
        found.append(Check("hardware cutoff", ok, word, f"hardware cutoff: {word}"))
    cell = flow.names.cell
    if cell is not None and cell.series > 1:
        ok = "no_cell_voltages" in accepted
        text = f"{cell.series} cells in series without cell voltages"
        found.append(Check("cell voltages", ok, cell.series, text))
    if cell is None and directions:
        found.append(Check("cell", None, "", "no cell file: limits come from the flow alone"))
        bounded = watch_bounds(flow)
        found.append(Check("limits", bounded, bounded, "voltage bounds without a cell file"))
    return found


def watch_bounds(flow: Flow) -> bool:
    """Whether the flow itself bounds the voltage on both sides."""
    ops = {
        bound.op[0]
        for limit in flow.limits
        for bound in limit.trip.bounds()
        if bound.point.endswith(".voltage") and abs(bound.limit) < inf
    }
    return {"<", ">"} <= ops


def refuse(checks: Iterable[Check]) -> None:
    """Raise when one of them does not hold.

    Raises:
        Rejected: With all of them.
    """
    found = list(checks)
    failed = [check for check in found if check.ok is False]
    if failed:
        msg = f"not started: {'; '.join(check.text for check in failed)}"
        raise Rejected(
            msg,
            code="START_REFUSED",
            hint="see the checks",
            args={"checks": [check.as_dict() for check in found]},
        )
