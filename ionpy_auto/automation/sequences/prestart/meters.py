"""The meters: they agree while nothing flows, show no current, are fast enough and calibrated."""

from datetime import UTC, date, datetime
from typing import Final

from ionpy_auto.automation.sequences.instruments import Instrument
from ionpy_auto.automation.sequences.prestart.condition import Check, Start
from ionpy_auto.devices import Numeric, Role
from ionpy_auto.devices.entities import ValidWhen
from ionpy_auto.language import format_quantity

AGREE_V: Final = 0.050
FROZEN_S: Final = 60.0
FROZEN_COUNTS: Final = 3.0
SENSE_POLL_S: Final = 0.5


def check_meters(start: Start) -> list[Check]:
    """All meters of the channel."""
    return [
        *(*agreement(start), zero_current(start), sense_poll(start)),
        *(*correction(start), *calibration(start)),
    ]


def correction(start: Start) -> list[Check]:
    """A meter that is to be corrected was compared before."""
    channel = start.channel
    if not channel.file.current.corrected:
        return []
    name, hint = "cross check", "run a flow with cross_check on this channel first"
    if channel.correction is None:
        compares = any(node.verb == "cross_check" for node in start.flow.steps())
        text = f"the meters of {channel.id} were never compared"
        return [Check(name, None if compares else False, None, text, "NO_CROSS_CHECK", hint)]
    gain, offset = channel.correction
    text = f"discharge is corrected by {gain:.5g}, {format_quantity(offset, 'A')}"
    return [Check(name, True, gain, text, "NO_CROSS_CHECK", hint)]


def agreement(start: Start) -> list[Check]:
    """At no current every terminal of the channel shows the cell."""
    channel = start.channel
    cell = channel.voltage.value
    allowed = channel.file.voltage.back_check or AGREE_V
    found = []
    for instrument in channel.instruments:
        role = terminal_role(start, instrument)
        entity, seen = instrument.entity(role), instrument.number(role)
        isolation = channel.file.isolation
        isolated = isolation == "relay" or (instrument is channel.source and isolation != "none")
        if not isinstance(entity, Numeric) or entity.valid_when is ValidWhen.OUTPUT_ON or isolated:
            continue
        if seen is None or cell is None:
            continue
        apart = abs(seen - cell)
        name, point = f"agree {instrument.device}", instrument.point(role)
        if apart > allowed and _is_frozen(start, point, entity.grain):
            text = f"{channel.voltage.point} stands still at {cell:g} V while {point} moves"
            hint = "restart the meter at the cell"
            found.append(Check(name, False, apart, text, "SENSOR_FROZEN", hint))
            continue
        text = f"{instrument.device} shows {seen:g} V, the cell {cell:g} V"
        hint = "check sense leads, polarity and calibration"
        found.append(Check(name, apart <= allowed, apart, text, "METERS_DISAGREE", hint))
    return found


def terminal_role(start: Start, instrument: Instrument) -> Role:
    """Where an instrument shows the cell while it is off."""
    is_source = instrument is start.channel.source
    return Role.BATTERY_VOLTAGE if is_source else Role.MEASURED_VOLTAGE


def _is_frozen(start: Start, terminal: str, grain: float) -> bool:
    """The meter at the cell repeats itself while another terminal moves."""
    if start.window("changed", start.channel.voltage.point, FROZEN_S) is not False:
        return False
    high = start.window("max", terminal, FROZEN_S)
    low = start.window("min", terminal, FROZEN_S)
    return isinstance(high, float) and isinstance(low, float) and high - low > FROZEN_COUNTS * grain


def zero_current(start: Start) -> Check:
    """With the outputs off nothing flows."""
    channel = start.channel
    flowing = max((abs(p.value) for p in channel.currents if p.value is not None), default=0.0)
    text = f"{format_quantity(flowing, 'A')} with the outputs off"
    hint = "see what draws it; zero the current meter"
    ok = flowing <= channel.zero_band
    return Check("zero current", ok, flowing, text, "CURRENT_NOT_ZERO", hint)


def sense_poll(start: Start) -> Check:
    """How long a voltage limit may stay unseen; the sense device is polled faster for a run."""
    stack = start.channel.devices.stacks.get(start.channel.voltage.point.rpartition(".")[0])
    if stack is None:
        return Check("sense poll", False, None, "the cell voltage is not polled", "SENSE_SLOW")
    seconds = max(min(stack.interval_s, SENSE_POLL_S), stack.poll_took_s)
    text = f"cell voltage every {seconds:g} s"
    hint = "make the meter faster: a shorter integration time, a faster link"
    return Check("sense poll", seconds <= SENSE_POLL_S, seconds, text, "SENSE_SLOW", hint)


def calibration(start: Start) -> list[Check]:
    """An overdue calibration is said, not refused."""
    today = datetime.fromtimestamp(start.channel.clock.now(), UTC).date()
    found = []
    for device in start.channel.file.devices:
        stack = start.channel.devices.stacks.get(device)
        due = stack.config.calibration.due if stack is not None else None
        if due is not None:
            found.append(_due(device, due, today))
    return found


def _due(device: str, due: date, today: date) -> Check:
    overdue = today > due
    text = f"{device} was due for calibration on {due}" if overdue else f"{device}: until {due}"
    ok = None if overdue else True
    return Check(f"calibration {device}", ok, str(due), text, "CALIBRATION_OVERDUE", "calibrate it")
