"""Hardware protections of supply and load, set from the limits and proven before any "on" (SEQ-19).

Over-voltage = strictest voltage limit + I · R of the path, over-current = 1.1 × highest current,
load cutoff = lowest voltage - 50 mV - I · R. Each is rounded to the safe side of the device's
resolution, never closer than the device allows, written, and read back within one count.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil, floor, inf, isfinite
from typing import Any, Final

from ionpy_auto.automation.sequences.instruments import Instrument
from ionpy_auto.automation.sequences.limits import Limits
from ionpy_auto.core.commands import Outcome
from ionpy_auto.core.errors import DeviceError, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices import ProtectionKind, Role

Setter = Callable[[Instrument, Role, Scalar], Awaitable[Outcome]]

CUTOFF_MARGIN_V: Final = 0.050
OCP_FACTOR: Final = 1.1
LOOSE_V: Final = 0.1
"""Over the set voltage where no limit says more."""
_SLACK: Final = 1e-6

_SWITCHES: Final = {Role.SET_OVP: Role.OVP_ENABLED, Role.SET_OCP: Role.OCP_ENABLED}
"""Instruments whose protections have a level and a switch; a level alone would protect nobody."""


@dataclass
class Armed:
    """One hardware protection: what was wanted and what the device took."""

    name: str
    point: str
    wanted: float
    achieved: float | None
    note: str = ""
    kind: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form for the report."""
        return {
            "name": self.name,
            "point": self.point,
            "wanted": self.wanted if isfinite(self.wanted) else None,
            "achieved": self.achieved,
            "note": self.note,
            "kind": self.kind,
        }


def over_voltage(limit_v: float, target_v: float, drop_v: float) -> float:
    """Where a supply must stop: the strictest limit at the cell, seen from its terminals."""
    return (limit_v if isfinite(limit_v) else target_v + LOOSE_V) + drop_v


def over_current(limit_a: float, target_a: float) -> float:
    """Where a supply must stop: a tenth above what may flow."""
    return OCP_FACTOR * (limit_a if isfinite(limit_a) else target_a)


def under_voltage(limit_v: float, drop_v: float) -> float:
    """Where a load must stop: below the limit at the cell, seen from its terminals."""
    return max(limit_v - CUTOFF_MARGIN_V - drop_v, 0.0)


def rounded(wanted: float, lowest: float, grain: float) -> float:
    """An upper protection on the device's grid: rounded down, but never below what it allows."""
    down = floor(wanted / grain + _SLACK)
    least = ceil(lowest / grain - _SLACK)
    return float(f"{max(down, least) * grain:.12g}")


@dataclass
class Protections:
    """Arms the protections of one channel's instruments for one run.

    Args:
        limits: In force.
        write: Writes one setting through the gate.
        path_ohm: Of the leads between instruments and cell.
    """

    limits: Limits
    write: Setter
    path_ohm: float
    armed: dict[str, Armed] = field(default_factory=dict)

    async def arm_supply(
        self, source: Instrument, volts: float, amps: float, *, isolation: str
    ) -> None:
        """Over-voltage and over-current of a supply that is about to give ``volts`` and ``amps``.

        Raises:
            Rejected: This protection cannot be used with this wiring, or not at these values.
            DeviceError: The device did not take it.
        """
        protection = source.protection
        if protection.kind is ProtectionKind.CROWBAR and isolation not in {"diode", "ideal_diode"}:
            msg = f"{source.device} shorts its output when it protects"
            raise Rejected(msg, code="CROWBAR", hint="put a diode between it and the cell")
        ovp = over_voltage(self.limits.high("voltage_max"), volts, amps * self.path_ohm)
        await self._arm(source, Role.SET_OVP, "ovp", ovp, volts + protection.voltage_margin)
        if protection.kind is ProtectionKind.TRIPS_ON_CC:
            await self._leave_off(source)
            return
        ocp = over_current(self.limits.high("charge_current"), amps)
        await self._arm(source, Role.SET_OCP, "ocp", ocp, amps + protection.current_margin)

    async def arm_load(self, sink: Instrument, amps: float) -> None:
        """The load switches itself off below the lower limit at the cell.

        Raises:
            DeviceError: The device did not take it.
        """
        low = self.limits.low("voltage_min")
        kind = "latched" if sink.protection.latched else sink.protection.kind.value
        if not isfinite(low):
            self.armed["cutoff"] = Armed("cutoff", "", low, None, "no lower voltage limit", kind)
            return
        wanted = under_voltage(low, amps * self.path_ohm)
        point = sink.find(Role.CUTOFF_VOLTAGE)
        if point is None:
            self.armed["cutoff"] = Armed("cutoff", "", wanted, None, "the device has none", kind)
            return
        grain = sink.grain(Role.CUTOFF_VOLTAGE)
        value = float(f"{ceil(wanted / grain - _SLACK) * grain:.12g}")
        await self._write(sink, Role.CUTOFF_VOLTAGE, Armed("cutoff", point, wanted, None), value)

    async def _arm(
        self, instrument: Instrument, role: Role, name: str, wanted: float, lowest: float
    ) -> None:
        point, kind = instrument.find(role), instrument.protection.kind.value
        if point is None:
            self.armed[name] = Armed(name, "", wanted, None, "the device has none", kind)
            return
        value = rounded(min(wanted, instrument.highest(role)), lowest, instrument.grain(role))
        if value > instrument.highest(role) + _SLACK:
            msg = f"{point} reaches {instrument.highest(role):g}, needed is {value:g}"
            raise Rejected(msg, code="PROTECTION_RANGE", hint="use another instrument")
        note = "moved to what the device allows" if value > wanted + _SLACK else ""
        await self._write(instrument, role, Armed(name, point, wanted, None, note), value)

    async def _write(self, instrument: Instrument, role: Role, armed: Armed, value: float) -> None:
        outcome = await self.write(instrument, role, value)
        switch = _SWITCHES.get(role)
        if switch is not None and instrument.find(switch) is not None:
            await self.write(instrument, switch, True)
        read = outcome.read_back
        armed.kind = instrument.protection.kind.value
        if isinstance(read, int | float):
            armed.achieved = float(read)
            if abs(armed.achieved - value) > instrument.grain(role) * (1.0 + _SLACK):
                msg = f"{armed.point} is {armed.achieved:g}, wanted was {value:g}"
                raise DeviceError(msg, code="NOT_ARMED_HARDWARE", hint="look at the device")
        else:
            armed.note = armed.note or "cannot be read back"
        self.armed[armed.name] = armed

    async def _leave_off(self, source: Instrument) -> None:
        """An over-current protection that trips on current limiting must not act at all."""
        point = source.find(Role.OCP_ENABLED)
        if point is None:
            msg = f"{source.device} trips as soon as it limits its current"
            raise Rejected(msg, code="TRIPS_ON_CC", hint="use another supply for charging")
        await self.write(source, Role.OCP_ENABLED, False)
        note = "off: it would trip on constant current"
        self.armed["ocp"] = Armed("ocp", point, inf, None, note, source.protection.kind.value)

    def ceiling(self, margin: float) -> float:
        """The highest set voltage the armed over-voltage protection leaves room for."""
        armed = self.armed.get("ovp")
        return inf if armed is None or armed.achieved is None else armed.achieved - margin
