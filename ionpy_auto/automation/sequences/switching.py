"""Switching a channel: the order of SEQ-15, each step proven by read-back before the next.

Charge: load off by read-back and measured current → protections written and read back → V_set at
the cell's voltage, I_set at most 0.05 C → output on, verified → V_set to target → I in steps.
Discharge: supply off by read-back → dead time and one fresh sample of each meter → mode and level
0 while the input is off → cutoff armed → input on → level in steps. Off: the output first.

Every switching moment is a cut for integration; a sample is taken right behind each, so that no
line is drawn across an edge.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from math import ceil, inf, isfinite
from typing import Any, Final

from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.sequences.channel import CyclerChannel, Side
from ionpy_auto.automation.sequences.instruments import Instrument
from ionpy_auto.automation.sequences.limits import Limits
from ionpy_auto.core.commands import Outcome, OutcomeKind
from ionpy_auto.core.errors import Conflict, DeviceError, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices import Numeric, ProtectionKind, Role

Write = Callable[[str, Scalar], Awaitable[Outcome]]

LOW_RATE: Final = 0.05
"""Share of the capacity per hour at which an output is switched on."""
RAMP_STEPS: Final = 4
RAMP_STEP_S: Final = 0.25
DEAD_TIME_S: Final = 1.0
CUTOFF_MARGIN_V: Final = 0.050
OCP_FACTOR: Final = 1.1
ALREADY_ABOVE_V: Final = 0.010
ZERO_PATIENCE_S: Final = 2.0
ZERO_POLL_S: Final = 0.2


class AlreadyAboveError(Exception):
    """The cell is at or above the voltage it is to be charged to: nothing was switched on."""


def nothing_driven() -> Rejected:
    """The refusal of another level where the outputs are off."""
    return Rejected("nothing is being driven", code="NOT_DRIVEN", hint="drive the cell first")


def cannot(device: str, drive: Drive) -> Rejected:
    """The refusal of a mode an instrument does not have."""
    msg = f"{device} cannot {drive.direction} in {drive.mode}"
    return Rejected(msg, code="NO_SUCH_MODE", hint="use another mode or another instrument")


@dataclass
class Armed:
    """One hardware protection: what was wanted and what the device took."""

    name: str
    point: str
    wanted: float
    achieved: float | None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form for the report."""
        return {
            "name": self.name,
            "point": self.point,
            "wanted": self.wanted,
            "achieved": self.achieved,
            "note": self.note,
        }


@dataclass
class Switching:
    """Turns the outputs of one channel on and off for one run.

    Args:
        channel: The channel.
        write: Through the gate, in the run's name.
        limits: In force, for protections and for what a step leaves open.
        capacity_ah: Of the cell, if known.
    """

    channel: CyclerChannel
    write: Write
    limits: Limits
    capacity_ah: float | None = None
    protections: dict[str, Armed] = field(default_factory=dict)
    on_phase: Callable[[str], None] = lambda name: None
    driven: Drive | None = None
    _off_since: float = -inf
    _proven: bool = False

    # --- off ----------------------------------------------------------------------------------

    async def off(self) -> None:
        """Both outputs off, proven by read-back and by the measured current; setpoints after.

        Raises:
            DeviceError: It could not be proven.
        """
        channel = self.channel
        if self._proven and self._still_off():
            return
        self.driven = None
        with channel.being_switched():
            for instrument in channel.instruments:
                await self._switch(instrument, on=False)
            await self._prove_zero()
            channel.side = Side.OFF
            self._mark_off()
            self._proven = True
            await self._lower_setpoints()
        channel.path_current = 0.0

    def _still_off(self) -> bool:
        channel = self.channel
        return channel.side is Side.OFF and all(i.is_off for i in channel.instruments)

    def _mark_off(self) -> None:
        now = self.channel.clock.monotonic()
        self._off_since = now
        self._phase("")
        if self.channel.integrator is not None:
            self.channel.integrator.outputs_off(now, proven=True)

    async def _prove_zero(self) -> None:
        """The meters must agree that nothing flows."""
        channel, clock = self.channel, self.channel.clock
        deadline = clock.monotonic() + ZERO_PATIENCE_S
        while True:
            meters = (*channel.currents, channel.voltage)
            await self.refresh(place.point for place in meters)
            flowing = [
                f"{place.point} = {place.value:g} A" if place.value is not None else place.point
                for place in channel.currents
                if place.value is None or abs(place.value) > channel.zero_band
            ]
            if not flowing:
                return
            if clock.monotonic() >= deadline:
                msg = f"{channel.id}: the outputs are off, but {', '.join(flowing)}"
                raise DeviceError(msg, code="NOT_ZERO", hint="check wiring and instruments")
            await clock.sleep(ZERO_POLL_S)

    async def _lower_setpoints(self) -> None:
        """A setpoint left high is what the next person switches on."""
        source, sink = self.channel.source, self.channel.sink
        for instrument, role in ((source, Role.SET_CURRENT), (sink, Role.LOAD_LEVEL)):
            entity = instrument.entity(role) if instrument is not None else None
            if instrument is None or not isinstance(entity, Numeric):
                continue
            low = max(entity.min or 0.0, 0.0)
            known = instrument.number(role)
            if known is None or known > low + entity.grain / 2:
                await self._set(instrument, role, low)

    def note_safe(self, *, proven: bool) -> None:
        """The outputs were driven to their safe state by somebody else than a step."""
        channel, now = self.channel, self.channel.clock.monotonic()
        if channel.integrator is not None:
            channel.integrator.cut(now)
            channel.integrator.outputs_off(now, proven=proven)
        channel.set_phase("", now)
        channel.side = Side.OFF
        self.driven = None
        channel.path_current = 0.0
        self._proven = False
        if proven:
            self._off_since = now

    # --- driving ------------------------------------------------------------------------------

    async def drive(self, drive: Drive) -> None:
        """Drive the cell, in the whole order from outputs off.

        Raises:
            AlreadyAboveError: The cell is there already; nothing was switched on.
            Rejected: The channel cannot do this, or nothing bounds what was left open.
            DeviceError: A device did not do what it was told; the state must be made safe.
        """
        self.driven = None
        if drive.direction == "charge":
            await self._charge(drive)
        else:
            await self._discharge(drive)
        self.driven = drive

    async def relevel(self, drive: Drive) -> None:
        """Change the levels of what is driven, each in one edge, the output staying on.

        Raises:
            Rejected: It is another direction or mode, or it would leave the limits.
        """
        driven = self.driven
        if driven is None or self.channel.side is Side.OFF:
            raise nothing_driven()
        if (drive.direction, drive.mode) != (driven.direction, driven.mode):
            msg = f"{driven.direction} in {driven.mode} cannot turn into {drive.direction}"
            raise Rejected(f"{msg} in {drive.mode}", code="OTHER_DRIVE", hint="drive it anew")
        for name, role in _LEVELS[drive.direction]:
            value = getattr(drive, name)
            if value is not None and value != getattr(driven, name):
                await self._relevel(role, value)
        self.driven = drive

    async def _relevel(self, role: Role, value: float) -> None:
        channel = self.channel
        instrument = channel.source if channel.side is Side.CHARGE else channel.sink
        if instrument is not None:
            await self.adjust(instrument.point(role), value, self.write)

    # --- charge -------------------------------------------------------------------------------

    async def _charge(self, drive: Drive) -> None:
        channel, source = self.channel, self.channel.source
        if source is None:
            raise Rejected(f"{channel.id} has no source to charge with", code="NO_SOURCE")
        if drive.mode not in {"cc", "cv"}:
            raise cannot(source.device, drive)
        await self.off()
        await self._settle()
        target_v, target_a = self._targets(source, drive.current, drive.voltage)
        cell_v = self._cell_voltage()
        if cell_v > target_v - ALREADY_ABOVE_V:
            raise AlreadyAboveError
        with channel.being_switched():
            self._begin(Side.CHARGE)
            await self._arm_supply(source, target_v, max(target_a, drive.peak or 0.0))
            grain = source.grain(Role.SET_VOLTAGE)
            first_a = min(target_a, self._low_current(target_a))
            # Rounded up and one count more: a set voltage below the cell would draw from it.
            first_v = min((ceil(cell_v / grain - 1e-6) + 1) * grain, target_v)
            await self._set(source, Role.SET_VOLTAGE, first_v)
            await self._set(source, Role.SET_CURRENT, first_a)
            await self._switch_on(source)
            await self._edge(source, Role.SET_VOLTAGE, target_v)
            await self._ramp(source, Role.SET_CURRENT, first_a, target_a)
        self._regulate(source)
        channel.path_current = target_a

    def _targets(
        self, source: Instrument, current: float | None, voltage: float | None
    ) -> tuple[float, float]:
        """Voltage and current to go to, with what was left open bounded by the limits."""
        if voltage is None:
            margin = max(source.protection.voltage_margin, ALREADY_ABOVE_V)
            voltage = self.limits.high("voltage_max") - margin
        if current is None:
            current = min(self.limits.high("charge_current"), source.highest(Role.SET_CURRENT))
        if not (isfinite(voltage) and isfinite(current)):
            msg = "a charge without voltage or current needs a limit for it"
            raise Rejected(msg, code="NO_BOUND", hint="give the cell limits: voltage and current")
        return voltage, current

    def _cell_voltage(self) -> float:
        volts = self.channel.voltage.value
        if volts is None:
            msg = f"{self.channel.voltage.point} is not known"
            raise DeviceError(msg, code="NO_VOLTAGE", hint="check the meter at the cell")
        return volts

    def _low_current(self, target_a: float) -> float:
        capacity = self.capacity_ah
        return LOW_RATE * (capacity if capacity is not None else target_a)

    def _regulate(self, source: Instrument) -> None:
        """The phase right after the ramp; without a flag the channel finds it out."""
        self._phase("cc")
        seen = str(source.known(Role.REGULATION) or "").lower()
        self.channel.note_phase(seen, self.channel.clock.monotonic(), at_once=True)

    # --- discharge ----------------------------------------------------------------------------

    async def _discharge(self, drive: Drive) -> None:
        channel, sink, current = self.channel, self.channel.sink, drive.current
        if sink is None:
            raise Rejected(f"{channel.id} has no sink to discharge with", code="NO_SINK")
        if drive.mode != "cc" or drive.voltage is not None or current is None:
            raise cannot(sink.device, drive)
        await self.off()
        await self._settle()
        with channel.being_switched():
            self._begin(Side.DISCHARGE)
            if sink.find(Role.LOAD_MODE) is not None:
                await self._set(sink, Role.LOAD_MODE, "cc")
            await self._set(sink, Role.LOAD_LEVEL, 0.0)
            await self._arm_cutoff(sink, max(current, drive.peak or 0.0))
            await self._switch_on(sink)
            await self._ramp(sink, Role.LOAD_LEVEL, 0.0, current)
        self._phase("cc")
        channel.path_current = current

    # --- common -------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Dead time after the last output went off, then a fresh sample of each meter."""
        clock = self.channel.clock
        dead = max(DEAD_TIME_S, self.channel.file.dead_time)
        await clock.sleep(self._off_since + dead - clock.monotonic())
        since = clock.monotonic()
        await self.refresh(place.point for place in self.channel.inputs)
        for place in self.channel.inputs:
            if place.last is None or place.last.mono < since or place.value is None:
                msg = f"{place.point} gave no fresh value"
                raise DeviceError(msg, code="NOT_FRESH", hint="check the meter")

    async def refresh(self, points: Iterable[str]) -> None:
        """Ask the devices behind some points now."""
        devices = self.channel.devices
        for device in dict.fromkeys(point.rpartition(".")[0] for point in points):
            await devices.stack(device).poll_once()

    def _begin(self, side: Side) -> None:
        channel = self.channel
        channel.begin_watch()
        channel.side = side
        self._proven = False
        self._phase("ramp")

    def _phase(self, name: str) -> None:
        self.channel.set_phase(name, self.channel.clock.monotonic())
        self.on_phase(name)

    async def _set(
        self, instrument: Instrument, role: Role, value: Scalar, write: Write | None = None
    ) -> Outcome:
        """Write one setting and remember what it must read back."""
        point = instrument.point(role)
        self.channel.expect(point, None)
        outcome = await (write or self.write)(point, value)
        if outcome.kind is OutcomeKind.SHADOWED:
            msg = f"{point} was not written: the project is in shadow"
            raise Conflict(msg, code="NOT_ARMED", hint="an engineer arms the project first")
        self.channel.expect(point, outcome.sent)
        return outcome

    async def _cut(
        self, instrument: Instrument, role: Role, value: Scalar, write: Write | None = None
    ) -> Outcome:
        """Write a setting that makes an edge of the current."""
        channel, integrator = self.channel, self.channel.integrator
        began = channel.clock.monotonic()
        if integrator is not None:
            integrator.hold(began)
        try:
            outcome = await self._set(instrument, role, value, write)
        except BaseException:
            if integrator is not None:
                integrator.cut(channel.clock.monotonic())
                integrator.outputs_off(channel.clock.monotonic(), proven=False)
            raise
        else:
            if integrator is not None:
                half = (outcome.confirmed_mono - began) / 2.0
                integrator.cut(outcome.confirmed_mono, half)
            return outcome
        finally:
            if integrator is not None:
                integrator.release()

    async def _edge(self, instrument: Instrument, role: Role, value: Scalar) -> None:
        """An edge, and a sample right behind it."""
        await self._cut(instrument, role, value)
        await self._look()

    async def _look(self) -> None:
        """A sample of the current and of the voltage, now."""
        channel = self.channel
        place = channel.signed
        if place is None:
            place = channel.charging if channel.side is Side.CHARGE else channel.discharging
        points = [channel.voltage.point] if place is None else [place.point, channel.voltage.point]
        await self.refresh(points)

    async def _switch(self, instrument: Instrument, *, on: bool) -> None:
        """Write a switch and make sure that it reads back."""
        role = instrument.switch
        outcome = await self._cut(instrument, role, on)
        if outcome.kind is OutcomeKind.UNCONFIRMED:
            await instrument.stack.poll_once()
        if instrument.known(role) is not on:
            word = "on" if on else "off"
            msg = f"{instrument.device} does not say that it is {word}"
            raise DeviceError(msg, code="READBACK_MISMATCH", hint="look at the device")

    async def _switch_on(self, instrument: Instrument) -> None:
        """On, verified, with a sample right behind; never while the other output may be on."""
        for other in self.channel.instruments:
            if other is not instrument and not other.is_off:
                msg = f"{other.device} is not known to be off"
                raise Conflict(msg, code="INTERLOCK", hint="switch it off first")
        integrator = self.channel.integrator
        if integrator is not None:
            integrator.outputs_off(self.channel.clock.monotonic(), proven=False)
        await self._switch(instrument, on=True)
        await self._look()

    async def _ramp(self, instrument: Instrument, role: Role, first: float, last: float) -> None:
        """From one level to another in a few steps of at most two seconds in all."""
        if last <= first:
            return
        for step in range(1, RAMP_STEPS + 1):
            level = last if step == RAMP_STEPS else first + (last - first) * step / RAMP_STEPS
            await self._edge(instrument, role, level)
            if step < RAMP_STEPS:
                await self.channel.clock.sleep(RAMP_STEP_S)

    # --- protections --------------------------------------------------------------------------

    async def _arm_supply(self, source: Instrument, volts: float, amps: float) -> None:
        """OVP and OCP from the limits, never closer than the device allows (SEQ-19)."""
        limits, protection = self.limits, source.protection
        drop = amps * self.channel.file.path_resistance
        limit_v = limits.high("voltage_max")
        ovp = (limit_v if isfinite(limit_v) else volts + 0.1) + drop
        await self._arm(source, Role.SET_OVP, "ovp", ovp, volts + protection.voltage_margin)
        limit_a = limits.high("charge_current")
        ocp = OCP_FACTOR * (limit_a if isfinite(limit_a) else amps)
        if protection.kind is ProtectionKind.TRIPS_ON_CC:
            top = source.highest(Role.SET_OCP)
            if isfinite(top) and source.find(Role.SET_OCP) is not None:
                await self._arm(source, Role.SET_OCP, "ocp", top, top)
            self._note("ocp", "off: it would trip on constant current")
            return
        await self._arm(source, Role.SET_OCP, "ocp", ocp, amps + protection.current_margin)

    async def _arm(
        self, instrument: Instrument, role: Role, name: str, wanted: float, lowest: float
    ) -> None:
        point = instrument.find(role)
        if point is None:
            self.protections[name] = Armed(name, "", wanted, None, "the device has none")
            return
        value = min(max(wanted, lowest), instrument.highest(role))
        outcome = await self._set(instrument, role, value)
        switch = _PROTECTION_SWITCHES.get(role)
        if switch is not None and instrument.find(switch) is not None:
            await self._set(instrument, switch, value=True)
        achieved = outcome.read_back
        number = float(achieved) if isinstance(achieved, int | float) else None
        note = "" if value == wanted else "moved to what the device allows"
        self.protections[name] = Armed(name, point, wanted, number, note)

    def _note(self, name: str, note: str) -> None:
        armed = self.protections.setdefault(name, Armed(name, "", inf, None))
        armed.note = note

    async def _arm_cutoff(self, sink: Instrument, amps: float) -> None:
        """The load switches itself off below v_min − 50 mV at the cell."""
        low = self.limits.low("voltage_min")
        if not isfinite(low):
            self.protections["cutoff"] = Armed("cutoff", "", low, None, "no lower voltage limit")
            return
        drop = amps * self.channel.file.path_resistance
        wanted = max(low - CUTOFF_MARGIN_V - drop, 0.0)
        await self._arm(sink, Role.CUTOFF_VOLTAGE, "cutoff", wanted, 0.0)

    # --- settings a rule of the run changes -----------------------------------------------------

    def knows(self, point: str) -> bool:
        """Whether a point is a setting of this channel's supply or load."""
        return point in self.channel.expected

    async def adjust(self, point: str, value: Scalar, write: Write) -> Outcome:
        """Change a setting while a step runs; it counts as the run's own until the step ends.

        Raises:
            Rejected: It would leave the limits, or switch past the switching order.
        """
        instrument, role = self._setting(point)
        if role is instrument.switch and value is not False:
            msg = f"{point} is switched on by charge and discharge steps alone"
            raise Rejected(msg, code="SWITCHING_ORDER", hint="use a charge or discharge step")
        self._check_bound(role, point, value)
        channel = self.channel
        if channel.is_switching:
            msg = f"{channel.id} is being switched"
            raise Conflict(msg, code="SWITCHING", hint="try again in a moment")
        with channel.being_switched():
            outcome = await self._cut(instrument, role, value, write)
            await self._look()
        if role in {Role.SET_CURRENT, Role.LOAD_LEVEL} and isinstance(value, int | float):
            channel.path_current = float(value)
        return outcome

    def _setting(self, point: str) -> tuple[Instrument, Role]:
        for instrument in self.channel.instruments:
            for role in (*_SETTINGS, instrument.switch):
                if instrument.find(role) == point:
                    return instrument, role
        msg = f"{point} is not a setting of {self.channel.id}"
        raise Rejected(msg, code="UNKNOWN_SETTING")

    def _check_bound(self, role: Role, point: str, value: Scalar) -> None:
        bounds = {
            Role.SET_VOLTAGE: "voltage_max",
            Role.SET_CURRENT: "charge_current",
            Role.LOAD_LEVEL: "discharge_current",
        }
        if role not in bounds or isinstance(value, str):
            return
        row = self.limits.rows.get(bounds[role])
        if row is not None and not value <= row.value:
            msg = f"{point}: {value:g} is above {row.value:g} {row.unit} ({row.origin})"
            raise Rejected(msg, code="ABOVE_LIMIT", hint="limits can only be tightened")
        cell_v = self.channel.voltage.value
        below = role is Role.SET_VOLTAGE and (cell_v is None or value < cell_v)
        if below and self.channel.side is Side.CHARGE:
            msg = f"{point}: {value:g} V is below the cell's voltage with the output on"
            raise Rejected(msg, code="BELOW_CELL", hint="end the step instead")


_PROTECTION_SWITCHES: Final = {Role.SET_OVP: Role.OVP_ENABLED, Role.SET_OCP: Role.OCP_ENABLED}
"""Instruments whose protections have a level and a switch; a level alone would protect nobody."""

_SETTINGS: Final = (Role.SET_VOLTAGE, Role.SET_CURRENT, Role.LOAD_MODE, Role.LOAD_LEVEL)

_LEVELS: Final = {
    "charge": (("voltage", Role.SET_VOLTAGE), ("current", Role.SET_CURRENT)),
    "discharge": (("current", Role.LOAD_LEVEL),),
}
"""What of a drive is which setting, in the order in which they are changed."""
