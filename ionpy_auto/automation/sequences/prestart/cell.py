"""The cell: its voltage within limits and at rest, its temperature plausible."""

from typing import Final

from ionpy_auto.automation.sequences.prestart.condition import Check, Start
from ionpy_auto.language import format_quantity

REVERSED_V: Final = -0.1
DEAD_V: Final = 0.5
BELOW_MIN_V: Final = 0.1
STABLE_V: Final = 0.010
STABLE_S: Final = 10.0
AMBIENT_K: Final = 5.0


def check_cell(start: Start) -> list[Check]:
    """Voltage, its steadiness, temperature."""
    return [voltage(start), steadiness(start), *temperature(start)]


def voltage(start: Start) -> Check:
    """Neither reversed nor missing, and where it may be."""
    volts = start.channel.voltage.value
    if volts is None:
        text = "the cell voltage is not known"
        return Check("voltage", False, None, text, "VOLTAGE_UNKNOWN", "check the meter at the cell")
    shown = format_quantity(volts, "V")
    if volts <= REVERSED_V:
        text = f"the cell is reversed: {shown}"
        return Check("voltage", False, volts, text, "CELL_REVERSED", "turn the cell round")
    if volts < DEAD_V:
        text = f"the cell is missing or dead: {shown}"
        hint = "put a cell in; check holder and sense leads"
        return Check("voltage", False, volts, text, "CELL_MISSING", hint)
    low = start.limits.low("voltage_min") - BELOW_MIN_V
    high = start.limits.high("voltage_max")
    ok = low <= volts <= high
    text = f"{shown} within limits" if ok else f"{shown} is outside {low:g} … {high:g} V"
    hint = "check that this is the cell the flow is for"
    return Check("voltage", ok, volts, text, "VOLTAGE_OUT_OF_RANGE", hint)


def is_watched(start: Start) -> bool:
    """Whether the voltage has been watched long enough to tell that it is steady."""
    return isinstance(start.window("max", start.channel.voltage.point, STABLE_S), float)


def steadiness(start: Start) -> Check:
    """A cell that still moves is not at rest, or its contact is loose."""
    point = start.channel.voltage.point
    high = start.window("max", point, STABLE_S)
    low = start.window("min", point, STABLE_S)
    hint = "let the cell rest; check contacts and sense leads"
    if not isinstance(high, float) or not isinstance(low, float):
        text = f"{point} was not known for {STABLE_S:g} s on end"
        return Check("stable", False, None, text, "VOLTAGE_UNSTABLE", hint)
    moved = high - low
    text = f"the cell voltage moved {format_quantity(moved, 'V')} in {STABLE_S:g} s"
    return Check("stable", moved <= STABLE_V, moved, text, "VOLTAGE_UNSTABLE", hint)


def temperature(start: Start) -> list[Check]:
    """Where there is a probe: known, within what is plausible, and that of its surroundings."""
    channel = start.channel
    if channel.temp is None or channel.file.temp is None:
        text = "no thermometer at the cell"
        return [Check("temperature", None, None, text, "NO_THERMOMETER", "temp: {from: …}")]
    warm = channel.temp.value
    if warm is None:
        reason = channel.temp.last.reason if channel.temp.last is not None else ""
        text = f"the temperature is not known {reason}".strip()
        return [Check("temperature", False, None, text, "TEMP_IMPLAUSIBLE", "check the probe")]
    low, high = channel.file.temp.plausible
    text = f"{warm:.1f} °C"
    found = [Check("temperature", low <= warm <= high, warm, text, "TEMP_IMPLAUSIBLE")]
    if channel.file.temp.ambient is not None:
        found.append(_near_ambient(start, warm, channel.file.temp.ambient))
    return found


def _near_ambient(start: Start, warm: float, point: str) -> Check:
    """A cell that has rested is as warm as what is around it; a loose probe is not."""
    sample = start.last(point)
    around = sample.known if sample is not None else None
    if not isinstance(around, float):
        text = f"{point} is not known"
        return Check("ambient", False, None, text, "AMBIENT_UNKNOWN", "see that it is online")
    apart = abs(warm - around)
    text = f"the cell is {apart:.1f} K from its surroundings ({around:.1f} °C)"
    hint = "let the cell come to temperature; check that the probe sits on it"
    return Check("ambient", apart <= AMBIENT_K, apart, text, "TEMP_NOT_AMBIENT", hint)
