"""Supply and load: off and staying off, locked, and protecting the cell by themselves."""

from math import inf, isfinite
from typing import Final

from ionpy_auto.automation.flow import Flow, StepNode
from ionpy_auto.automation.sequences.instruments import Instrument
from ionpy_auto.automation.sequences.prestart.condition import Check, Start
from ionpy_auto.devices import ProtectionKind, Role
from ionpy_auto.language import format_quantity

LOAD_MARGIN_V: Final = 0.1


def check_instruments(start: Start) -> list[Check]:
    """All instruments that can move the cell."""
    found = []
    for instrument in start.channel.instruments:
        found += _outputs(instrument)
        found += _protection(instrument)
        found += _keypad(start, instrument)
    return [*found, *hardware(start), *load_minimum(start)]


def _outputs(instrument: Instrument) -> list[Check]:
    device, off = instrument.device, instrument.is_off
    state = "off" if off else "on or unknown"
    name, text = f"output {device}", f"the output of {device} is {state}"
    found = [Check(name, off, state, text, "OUTPUT_ON", "switch it off first")]
    power_up = instrument.known(Role.POWER_UP_OUTPUT)
    if power_up is not None:
        text = f"{device} switches on by itself" if power_up else f"{device} stays off at power-up"
        hint = f"switch this setting off at the panel of {device}"
        found.append(Check(f"power-up {device}", not power_up, power_up, text, "POWER_UP_ON", hint))
    return found


def _protection(instrument: Instrument) -> list[Check]:
    tripped = instrument.known(Role.PROTECTION)
    if tripped is None:
        return []
    ok = tripped in {"none", ""}
    device = instrument.device
    text = f"no protection of {device} has tripped" if ok else f"{device} has tripped: {tripped}"
    hint = "find the cause, then clear it at the device"
    # Switching on clears a trip of most devices, so an old one is told and does not refuse.
    return [Check(f"protection {device}", True if ok else None, tripped, text, "TRIPPED", hint)]


def _keypad(start: Start, instrument: Instrument) -> list[Check]:
    locked = instrument.known(Role.KEYPAD_LOCK)
    if locked is None:
        return []
    device, accepted = instrument.device, "unlocked_keypad" in start.channel.file.accept
    text = f"the keys of {device} are {'locked' if locked else 'not locked'}"
    ok = True if locked else None if accepted else False
    point = instrument.find(Role.KEYPAD_LOCK)
    hint = f"set {point} to true, or accept: [unlocked_keypad] in the channel file"
    return [Check(f"keypad {device}", ok, locked, text, "KEYPAD_UNLOCKED", hint)]


def hardware(start: Start) -> list[Check]:
    """A crowbar needs a diode; a discharge needs a cutoff that does not live in this program."""
    channel, flow = start.channel, start.flow
    found, accepted = [], channel.accepted
    source, sink = channel.source, channel.sink
    if source is not None and source.protection.kind is ProtectionKind.CROWBAR:
        ok = channel.file.isolation in {"diode", "ideal_diode"}
        text, hint = "a crowbar needs a diode", "isolation: diode"
        found.append(Check("crowbar", ok, channel.file.isolation, text, "CROWBAR", hint))
    if sink is not None and "discharge" in start.directions:
        has_cutoff = sink.protection.latched and sink.find(Role.CUTOFF_VOLTAGE) is not None
        ok = has_cutoff or "no_hardware_cutoff" in accepted
        word = "latched in the load" if has_cutoff else "none"
        if not has_cutoff and ok:
            word = f"none, accepted by {accepted['no_hardware_cutoff'].get('by', '')}"
        hint = "use such a load, or let a person accept no_hardware_cutoff for the channel"
        found.append(
            Check("hardware cutoff", ok, word, f"hardware cutoff: {word}", "NO_CUTOFF", hint)
        )
    return [*found, *_cell_file(start, flow)]


def _cell_file(start: Start, flow: Flow) -> list[Check]:
    cell, found = flow.names.cell, []
    if cell is not None and cell.series > 1:
        file = start.channel.file
        ok = bool(file.cell_voltages) or "no_cell_voltages" in start.channel.accepted
        text = f"{cell.series} cells in series without cell voltages"
        if file.cell_voltages:
            text = f"{len(file.cell_voltages)} voltages of {cell.series} cells"
            ok = len(file.cell_voltages) == cell.series
        hint = "cell_voltages: […], or let a person accept no_cell_voltages for the channel"
        found.append(Check("cell voltages", ok, cell.series, text, "NO_CELL_VOLTAGES", hint))
    if cell is None and start.directions:
        text = "no cell file: limits come from the flow alone"
        found.append(Check("cell", None, "", text, "NO_CELL", "cell: cells/…"))
        bounded = flow_bounds_voltage(flow)
        text = "the flow bounds the voltage" if bounded else "nothing bounds the voltage"
        hint = "add limits with voltage > … and voltage < …"
        found.append(Check("limits", bounded, bounded, text, "NO_LIMITS", hint))
    return found


def flow_bounds_voltage(flow: Flow) -> bool:
    """Whether the flow itself bounds the voltage on both sides."""
    ops = {
        bound.op[0]
        for limit in flow.limits
        for bound in limit.trip.bounds()
        if bound.point.endswith(".voltage") and abs(bound.limit) < inf
    }
    return {"<", ">"} <= ops


def load_minimum(start: Start) -> list[Check]:
    """A load cannot draw its current from too low a voltage: the step would never end."""
    sink = start.channel.sink
    if sink is None or "discharge" not in start.directions:
        return []
    minimum = sink.driver.MINIMUM_INPUT
    if minimum is None:
        text = f"the driver of {sink.device} does not say from what voltage it can draw"
        return [Check("load minimum", None, None, text, "LOAD_MINIMUM_UNKNOWN")]
    worst: Check | None = None
    for step in start.flow.steps():
        current = getattr(step.block, "current", None)
        if "discharge" not in step.directions or not isinstance(current, float):
            continue
        cutoff = cutoff_of(start, step)
        needed = minimum.at(current)
        margin = cutoff - current * start.channel.file.path_resistance - needed
        if worst is None or (isinstance(worst.value, float) and margin < worst.value):
            text = (
                f"{sink.device} needs {format_quantity(needed, 'V')} at"
                f" {format_quantity(current, 'A')}, step {step.id!r} goes down to {cutoff:g} V"
            )
            hint = "a lower current, or a load for lower voltages"
            ok = margin >= LOAD_MARGIN_V
            worst = Check("load minimum", ok, margin, text, "LOAD_MINIMUM", hint)
    return [worst] if worst is not None and isinstance(worst.value, float) else []


def cutoff_of(start: Start, step: StepNode) -> float:
    """The lowest voltage a discharge goes to."""
    low = start.limits.low("voltage_min")
    point = f"{start.channel.id}.voltage"
    ends = [
        bound.limit
        for end in step.until
        for bound in end.when.bounds()
        if bound.point == point and bound.op in {"<", "<="}
    ]
    found = max([low, *ends])
    return found if isfinite(found) else inf
