"""What several runs share: the time of a bus, the mains, a chamber, a common minus (SEQ-25)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import isfinite
from typing import Final

from ionpy_auto.automation.sequences.prestart.condition import Check, Neighbour, Start
from ionpy_auto.automation.sequences.sharing import minus_between
from ionpy_auto.automation.steps.soak import Soak
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.devices import Role
from ionpy_auto.devices.owners import place_of, way_of
from ionpy_auto.devices.stack import Stack
from ionpy_auto.language import format_quantity

SUPPLY_EFFICIENCY: Final = 0.85
"""Of what a supply takes from the mains, so much leaves its output."""


def check_together(start: Start) -> list[Check]:
    """All that this run and those under way may not overdraw."""
    return [*bus_time(start), *mains(start), *chamber(start), *minus(start)]


# --- the bus ----------------------------------------------------------------------------------


def bus_time(start: Start) -> list[Check]:
    """Devices behind one port are asked one after the other: their polls must fit into the time."""
    found = []
    for place, stacks in _places(start).items():
        if len(stacks) < 2:
            continue
        used = sum(stack.poll_took_s / stack.grid_s for stack in stacks)
        names = ", ".join(stack.id for stack in stacks)
        text = f"{names} need {used:.0%} of the time of {place}"
        hint = "raise their polling_interval_ms, or give one of them a port of its own"
        name = f"bus {place}"
        found.append(Check(name, used <= 1.0, round(100.0 * used, 1), text, "BUS_OVERLOADED", hint))
    return found


def _places(start: Start) -> dict[str, list[Stack]]:
    """Ports the channel's devices are behind, each with all devices that are asked there."""
    all_stacks = start.channel.devices.stacks
    own = {_place(all_stacks[d]) for d in start.channel.file.devices if d in all_stacks} - {""}
    found: dict[str, list[Stack]] = {place: [] for place in sorted(own)}
    for stack in all_stacks.values():
        place = _place(stack)
        if place in found and stack.is_running:
            found[place].append(stack)
    return found


def _place(stack: Stack) -> str:
    if stack.driver is None:
        return ""
    with suppress(IonpyError):
        params, _ = way_of(type(stack.driver), stack.config)
        return place_of(stack.config.transport.type, params)
    return ""


# --- the mains --------------------------------------------------------------------------------


def mains(start: Start) -> list[Check]:
    """What all supplies may take from the mains together, against what it gives."""
    most = start.mains_w
    if most is None:
        return []
    runs = [("this run", most_power(start)), *((n.owner, most_power(n)) for n in start.others)]
    unknown = [owner for owner, watts in runs if watts is None]
    name, hint = "mains", "wait for a run to end, or give the channels limits: mains_power"
    if unknown:
        text = f"nobody knows what {', '.join(unknown)} may take from the mains"
        return [Check(name, False, None, text, "MAINS_UNKNOWN", hint)]
    total = sum(watts for _, watts in runs if watts is not None)
    parts = ", ".join(f"{owner} {format_quantity(watts or 0.0, 'W')}" for owner, watts in runs)
    text = f"{format_quantity(total, 'W')} of {format_quantity(most, 'W')} may be taken ({parts})"
    return [Check(name, total <= most, round(total, 1), text, "MAINS_OVERLOADED", hint)]


def most_power(one: Start | Neighbour) -> float | None:
    """The most a run takes from the mains [W]; None when nothing bounds it."""
    written = one.channel.file.limits.mains_power
    if written is not None:
        return written
    source = one.channel.source
    if source is None or "charge" not in one.directions:
        return 0.0
    volts = min(one.limits.high("voltage_max"), source.highest(Role.SET_VOLTAGE))
    amps = min(one.limits.high("charge_current"), source.highest(Role.SET_CURRENT))
    watts = volts * amps / SUPPLY_EFFICIENCY
    return watts if isfinite(watts) else None


# --- the chamber ------------------------------------------------------------------------------


def chamber(start: Start) -> list[Check]:
    """A chamber has one temperature at a time, whoever asks for it."""
    found = []
    for point, temps in sorted(_wishes(start).items()):
        shown = " and ".join(format_quantity(temp, "°C") for temp in sorted(temps))
        text, ok = f"{point} is wanted at {shown}", True
        for other in start.others:
            theirs = _wishes(other).get(point, set())
            if theirs and len(theirs | temps) > 1:
                ok = False
                other_shown = " and ".join(format_quantity(temp, "°C") for temp in sorted(theirs))
                text += f"; {other.owner} wants {other_shown}"
        hint = "wait for that run to end, or let both soak at the same temperature"
        found.append(Check(f"chamber {point}", ok, max(temps), text, "CHAMBER_BUSY", hint))
    return found


def _wishes(one: Start | Neighbour) -> Mapping[str, set[float]]:
    found: dict[str, set[float]] = {}
    for block in _blocks(one):
        found.setdefault(block.chamber, set()).add(block.temp)
    return found


def _blocks(one: Start | Neighbour) -> Iterator[Soak]:
    flows = [one.flow, *(called for _, called in one.flow.calls())]
    for flow in flows:
        for node in flow.all_steps():
            if isinstance(node.block, Soak) and node.enabled:
                yield node.block


# --- the common minus -------------------------------------------------------------------------


def minus(start: Start) -> list[Check]:
    """Outputs with a common minus may not work on cells whose minus poles are not one."""
    channel, found = start.channel, []
    for other in start.others:
        shared = minus_between(channel.file, other.channel.file, channel.devices)
        if shared:
            text = f"{channel.id} and {other.channel.id} ({other.owner}) are joined by {shared}"
            text += ": a lifted cell would be shorted"
            hint = "wait for that run to end, or use supplies that float"
            name = f"minus {other.channel.id}"
            found.append(Check(name, False, shared, text, "SHARED_MINUS", hint))
    return found
