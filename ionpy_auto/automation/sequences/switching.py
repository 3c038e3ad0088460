"""Switching a channel: the order of SEQ-15, each step proven by read-back before the next.

Charge: load off by read-back and measured current → relay → protections written and read back →
V_set at the cell's voltage, I_set at most 0.05 C → output on, verified → V_set to target → I in
steps. Discharge: supply off by read-back → dead time and one fresh sample of each meter → relay →
mode and level 0 while the input is off → cutoff armed → input on → level in steps. Off: the output
first, then setpoints, then the relay.

Every switching moment is a cut for integration; a sample is taken right behind each, so that no
line is drawn across an edge.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import ceil, inf, isfinite
from typing import Final

from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.sequences.channel import CyclerChannel, Side
from ionpy_auto.automation.sequences.instruments import LEVEL_ROLES, Contact, Instrument
from ionpy_auto.automation.sequences.limits import Limits
from ionpy_auto.automation.sequences.protections import Armed, Protections
from ionpy_auto.automation.sequences.regulation import (
    Law,
    LevelByVoltage,
    Regulator,
    VoltageFloor,
    VoltageTrim,
)
from ionpy_auto.core.commands import Outcome, OutcomeKind
from ionpy_auto.core.errors import Conflict, DeviceError, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices import Numeric, Role

Write = Callable[[str, Scalar], Awaitable[Outcome]]

LOW_RATE: Final = 0.05
"""Share of the capacity per hour at which an output is switched on."""
RAMP_STEPS: Final = 4
RAMP_STEP_S: Final = 0.25
RAMP_MOST_S: Final = 1.5
"""A ramp that slow instruments have drawn out so long goes to its end in one step."""
DEAD_TIME_S: Final = 1.0
COMPARE_ROOM: Final = 1.2
"""Of a comparison: the supply could give so much more than the load draws."""
RELAY_MOST_A: Final = 0.010
ALREADY_THERE_V: Final = 0.010
LEAST_OHM: Final = 0.005
ZERO_PATIENCE_S: Final = 2.0
ZERO_POLL_S: Final = 0.2


class AlreadyThereError(Exception):
    """The cell is at or beyond the voltage it is driven to: nothing was switched on."""

    ended_by = ""


class AlreadyAboveError(AlreadyThereError):
    """A charge has nothing to do."""

    ended_by = "already_above"


class AlreadyBelowError(AlreadyThereError):
    """A discharge has nothing to do."""

    ended_by = "already_below"


def nothing_driven() -> Rejected:
    """The refusal of another level where the outputs are off."""
    return Rejected("nothing is being driven", code="NOT_DRIVEN", hint="drive the cell first")


def cannot(device: str, drive: Drive) -> Rejected:
    """The refusal of a mode an instrument does not have."""
    msg = f"{device} cannot {drive.direction} in {drive.mode}"
    return Rejected(msg, code="NO_SUCH_MODE", hint="use another mode or another instrument")


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
    on_phase: Callable[[str], None] = lambda name: None
    driven: Drive | None = None
    regulator: Regulator | None = None
    keep_connected: bool = False
    latency_s: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _edges: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ordering: bool = False
    _off_since: float = -inf
    _proven: bool = False
    _protect: Protections = field(init=False)

    def __post_init__(self) -> None:
        self._protect = Protections(self.limits, self._set, self.channel.file.path_resistance)

    @property
    def protections(self) -> dict[str, Armed]:
        """Hardware protections, wanted and achieved."""
        return self._protect.armed

    @property
    def dead_time_s(self) -> float:
        """Seconds between off and on, at least."""
        return max(DEAD_TIME_S, self.channel.file.dead_time)

    # --- off ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _in_order(self) -> AsyncIterator[None]:
        """One at a time; a level under way is finished first, what regulates ends."""
        async with self._turn:
            await self._stop_regulator()
            async with self._edges:
                self._ordering = True
                try:
                    yield
                finally:
                    self._ordering = False

    async def off(self) -> None:
        """Both outputs off, proven by read-back and by the measured current; setpoints after.

        Raises:
            DeviceError: It could not be proven.
        """
        if self._proven and self._still_off():
            return
        async with self._in_order():
            await self._off()

    async def _off(self) -> None:
        channel = self.channel
        if self._proven and self._still_off():
            return
        self.driven = None
        with channel.being_switched():
            for instrument in channel.instruments:
                await self._switch(instrument, on=False)
            channel.comparing = False
            await self._prove_zero()
            channel.side = Side.OFF
            self._mark_off()
            self._proven = True
            await self._lower_setpoints()
            if not self.keep_connected:
                await self._contact(closed=False)
        channel.path_current = 0.0

    async def _stop_regulator(self) -> None:
        regulator, self.regulator = self.regulator, None
        self.channel.follows_flag = True
        if regulator is not None:
            await regulator.stop()

    def let_go(self) -> None:
        """The run is broken off: what regulates writes no more."""
        if self.regulator is not None:
            self.regulator.drop()
            self.regulator = None
        self.channel.follows_flag = True

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
        channel.comparing = False
        self.driven = None
        self.let_go()
        self.keep_connected = False
        channel.path_current = 0.0
        self._proven = False
        if proven:
            self._off_since = now

    # --- the relay ----------------------------------------------------------------------------

    async def connect(self) -> None:
        """Close the relay and keep it closed also while the outputs are off."""
        async with self._in_order():
            await self._off()
            self.keep_connected = True
            with self.channel.being_switched():
                await self._contact(closed=True)

    async def disconnect(self) -> None:
        """Open the relay."""
        async with self._in_order():
            await self._off()
            self.keep_connected = False
            with self.channel.being_switched():
                await self._contact(closed=False)

    async def _contact(self, *, closed: bool) -> None:
        """Move the relay, if there is one, while next to nothing flows."""
        relay = self.channel.relay
        if relay is None or relay.closed is closed:
            return
        flowing = [
            f"{place.point} = {place.value} A"
            for place in self.channel.currents
            if place.value is None or abs(place.value) > RELAY_MOST_A
        ]
        if flowing:
            msg = f"{relay.point} is not switched under current: {', '.join(flowing)}"
            raise DeviceError(msg, code="UNDER_CURRENT", hint="check the current meters")
        self.channel.expect(relay.point, None)
        await self._refuse_shadow(relay.point, closed)
        await self._read_contact(relay)
        if relay.closed is not closed:
            word = "closed" if closed else "open"
            msg = f"{relay.point} does not say that it is {word}"
            raise DeviceError(msg, code="READBACK_MISMATCH", hint="look at the relay")
        self.channel.expect(relay.point, closed)

    async def _read_contact(self, relay: Contact) -> None:
        if relay.closed is None:
            await relay.stack.poll_once()

    # --- without the cell -----------------------------------------------------------------------

    async def compare(self, amps: float) -> None:
        """Supply into load, the cell disconnected.

        Raises:
            Rejected: There is no relay, or no meter of its own for each direction.
            DeviceError: A device did not do what it was told.
        """
        channel = self.channel
        source, sink, relay = channel.source, channel.sink, channel.relay
        if source is None or sink is None or relay is None:
            msg = f"{channel.id} cannot disconnect its cell from supply and load"
            raise Rejected(msg, code="NO_RELAY", hint="relay: {point: RLY_01.k1}")
        if channel.charging is None or channel.discharging is None:
            msg = f"{channel.id} has no meter of its own for each direction"
            raise Rejected(msg, code="ONE_METER", hint="current: {charge: …, discharge: …}")
        async with self._in_order():
            self.keep_connected = False
            await self._off()
            with channel.being_switched():
                await self._contact(closed=False)
                await self._settle()
                channel.expect(relay.point, False)  # one that closes now breaks the run off
                self._proven = False
                volts, most = self._cell_voltage(), COMPARE_ROOM * amps
                await self._protect.arm_supply(
                    source, volts, most, isolation=channel.file.isolation
                )
                await self._protect.arm_load(sink, amps)
                await self._set(source, Role.SET_VOLTAGE, volts)
                await self._set(source, Role.SET_CURRENT, most)
                if sink.find(Role.LOAD_MODE) is not None:
                    await self._set(sink, Role.LOAD_MODE, "cc")
                await self._set(sink, Role.LOAD_LEVEL, 0.0)
                channel.comparing = True
                await self._both_on(source, sink, relay)

    async def _both_on(self, source: Instrument, sink: Instrument, relay: Contact) -> None:
        for instrument in (source, sink):
            await relay.stack.poll_once()
            if not self.channel.is_comparing:
                msg = f"{relay.point} does not say that it is open"
                raise DeviceError(msg, code="READBACK_MISMATCH", hint="look at the relay")
            await self._switch(instrument, on=True)

    async def compare_at(self, amps: float) -> None:
        """Another current from the supply into the load.

        Raises:
            Rejected: Nothing is being compared.
        """
        channel, sink = self.channel, self.channel.sink
        async with self._turn:
            if sink is None or not channel.is_comparing:
                raise nothing_driven()
            with channel.being_switched():
                await self._set(sink, Role.LOAD_LEVEL, amps)

    # --- driving ------------------------------------------------------------------------------

    async def drive(self, drive: Drive) -> None:
        """Drive the cell, in the whole order from outputs off.

        Raises:
            AlreadyThereError: The cell is there already; nothing was switched on.
            Rejected: The channel cannot do this, or nothing bounds what was left open.
            DeviceError: A device did not do what it was told; the state must be made safe.
        """
        async with self._in_order():
            if drive.direction == "charge":
                await self._charge(drive)
            else:
                await self._discharge(drive)
            self.driven = drive

    # --- charge -------------------------------------------------------------------------------

    async def _charge(self, drive: Drive) -> None:
        channel, source = self.channel, self.channel.source
        if source is None:
            raise Rejected(f"{channel.id} has no source to charge with", code="NO_SOURCE")
        if drive.mode == "cr":
            raise cannot(source.device, drive)
        await self._off()
        await self._settle()
        cell_v = self._cell_voltage()
        target_v, target_a, law = self._targets(source, drive, cell_v)
        if cell_v > target_v - ALREADY_THERE_V:
            raise AlreadyAboveError
        with channel.being_switched():
            self._begin(Side.CHARGE)
            amps = max(target_a, drive.peak or 0.0)
            isolation = channel.file.isolation
            await self._protect.arm_supply(source, target_v, amps, isolation=isolation)
            await self._contact(closed=True)
            grain = source.grain(Role.SET_VOLTAGE)
            first_a = min(target_a, self._low_current(target_a))
            # Rounded up and one count more: a set voltage below the cell would draw from it.
            first_v = min((ceil(cell_v / grain - 1e-6) + 1) * grain, target_v)
            await self._set(source, Role.SET_VOLTAGE, first_v)
            await self._set(source, Role.SET_CURRENT, first_a)
            await self._switch_on(source)
            await self._edge(source, Role.SET_VOLTAGE, target_v)
            await self._ramp(source, Role.SET_CURRENT, ramp_levels(first_a, target_a))
        channel.path_current = target_a
        self._follow_charge(source, drive, target_v, target_a, law)

    def _targets(
        self, source: Instrument, drive: Drive, cell_v: float
    ) -> tuple[float, float, Law | None]:
        """Voltage and current to go to, with what was left open bounded by the limits."""
        voltage = drive.voltage
        if voltage is None:
            margin = max(source.protection.voltage_margin, ALREADY_THERE_V)
            voltage = self.limits.high("voltage_max") - margin
        most = min(self.limits.high("charge_current"), source.highest(Role.SET_CURRENT))
        current, law = most if drive.current is None else drive.current, None
        if drive.power is not None:
            law = self._level_law(source, Role.SET_CURRENT, drive, min(current, most))
            current = law.level = law.wanted(cell_v)
        if not (isfinite(voltage) and isfinite(current)):
            msg = "a charge without voltage or current needs a limit for it"
            raise Rejected(msg, code="NO_BOUND", hint="give the cell limits: voltage and current")
        return voltage, current, law

    def _follow_charge(
        self, source: Instrument, drive: Drive, volts: float, amps: float, law: Law | None
    ) -> None:
        """The phase right after the ramp, and what regulates from now on."""
        channel = self.channel
        self._phase("cp" if law is not None else "cc")
        if law is not None:
            self._regulate(source, Role.SET_CURRENT, law)
        elif channel.file.regulation == "software":
            margin = source.protection.voltage_margin
            trim = VoltageTrim(
                target=volts,
                level=source.number(Role.SET_VOLTAGE) or volts,
                grain=source.grain(Role.SET_VOLTAGE),
                path_ohm=channel.file.path_resistance,
                ceiling=self._protect.ceiling(margin),
                limit_a=amps,
            )
            self._regulate(source, Role.SET_VOLTAGE, trim)
        else:
            seen = str(source.known(Role.REGULATION) or "").lower()
            channel.note_phase(seen, channel.clock.monotonic(), at_once=True)

    def _cell_voltage(self) -> float:
        volts = self.channel.voltage.value
        if volts is None:
            msg = f"{self.channel.voltage.point} is not known"
            raise DeviceError(msg, code="NO_VOLTAGE", hint="check the meter at the cell")
        return volts

    def _low_current(self, target_a: float) -> float:
        capacity = self.capacity_ah
        return LOW_RATE * (capacity if capacity is not None else target_a)

    # --- discharge ----------------------------------------------------------------------------

    async def _discharge(self, drive: Drive) -> None:
        channel, sink = self.channel, self.channel.sink
        if sink is None:
            raise Rejected(f"{channel.id} has no sink to discharge with", code="NO_SINK")
        await self._off()
        await self._settle()
        cell_v = self._cell_voltage()
        if drive.voltage is not None and cell_v < drive.voltage + ALREADY_THERE_V:
            raise AlreadyBelowError
        mode, level, law = self._load_setting(sink, drive, cell_v)
        amps = current_of(mode, level, cell_v)
        role = LEVEL_ROLES[mode]
        with channel.being_switched():
            self._begin(Side.DISCHARGE)
            await self._contact(closed=True)
            if sink.find(Role.LOAD_MODE) is not None:
                await self._set(sink, Role.LOAD_MODE, mode)
            idle = sink.highest(role) if mode == "cr" else 0.0
            await self._set(sink, role, idle)
            await self._protect.arm_load(sink, max(amps, drive.peak or 0.0))
            await self._switch_on(sink)
            levels = conductances(idle, level) if mode == "cr" else ramp_levels(0.0, level)
            floor_v = drive.voltage if isinstance(law, VoltageFloor) else None
            reached = await self._ramp(sink, role, levels, floor_v=floor_v)
        channel.path_current = amps
        self._phase(drive.mode if drive.mode != "cv" else "cc")
        if law is not None:
            law.level = reached
            self._know_cell(law, cell_v, reached)
            self._regulate(sink, role, law)

    def _load_setting(
        self, sink: Instrument, drive: Drive, cell_v: float
    ) -> tuple[str, float, Law | None]:
        """Mode and level of the load, and the law that follows when it is done by software."""
        most = min(self.limits.high("discharge_current"), sink.highest(Role.LOAD_LEVEL))
        if drive.mode in {"cp", "cr"}:
            if drive.voltage is not None:
                raise cannot(sink.device, drive)
            if sink.has_mode(drive.mode) and drive.level is not None:
                self._check_amps(current_of(drive.mode, drive.level, cell_v))
                return drive.mode, drive.level, None
            law = self._level_law(sink, Role.LOAD_LEVEL, drive, most)
            return "cc", law.wanted(cell_v), law
        current = most if drive.current is None else drive.current
        if not isfinite(current):
            msg = "a discharge to a voltage needs a limit for the current"
            raise Rejected(msg, code="NO_BOUND", hint="give the cell a limit: discharge_current")
        if drive.voltage is None:
            return "cc", current, None
        # The load's own CV would draw whatever the leads let through until its terminals are
        # down at the voltage; the current is led instead.
        grain = sink.grain(Role.LOAD_LEVEL)
        return "cc", current, VoltageFloor(drive.voltage, 0.0, grain, current, LEAST_OHM)

    def _know_cell(self, law: Law, before_v: float, amps: float) -> None:
        volts = self.channel.voltage.value
        if isinstance(law, VoltageFloor) and volts is not None and amps > 0.0:
            law.cell_ohm = max((before_v - volts) / amps, LEAST_OHM)

    # --- what follows the cell ----------------------------------------------------------------

    @staticmethod
    def _level_law(instrument: Instrument, role: Role, drive: Drive, most: float) -> LevelByVoltage:
        return LevelByVoltage(
            level=0.0,
            grain=instrument.grain(role),
            most=most,
            power=drive.power,
            resistance=drive.resistance,
            capped=drive.current is not None,
        )

    def _regulate(self, instrument: Instrument, role: Role, law: Law) -> None:
        channel = self.channel

        async def write(value: float) -> float:
            async with self._edges:
                with channel.being_switched():
                    outcome = await self._cut(instrument, role, value)
            if role is not Role.SET_VOLTAGE:
                channel.path_current = value
            return outcome.confirmed_mono

        channel.follows_flag = False
        self.regulator = Regulator(channel, law, write)
        self.regulator.start()

    # --- other levels -------------------------------------------------------------------------

    async def relevel(self, drive: Drive) -> None:
        """Change the levels of what is driven, each in one edge, the output staying on.

        Raises:
            Rejected: It is another direction or mode, or it would leave the limits.
        """
        async with self._turn:
            await self._relevel_all(drive)

    async def _relevel_all(self, drive: Drive) -> None:
        driven = self.driven
        if driven is None or self.channel.side is Side.OFF:
            raise nothing_driven()
        if (drive.direction, drive.mode) != (driven.direction, driven.mode):
            msg = f"{driven.direction} in {driven.mode} cannot turn into {drive.direction}"
            raise Rejected(f"{msg} in {drive.mode}", code="OTHER_DRIVE", hint="drive it anew")
        for name in ("voltage", "current", "power", "resistance"):
            value = getattr(drive, name)
            if value is None and getattr(driven, name) is not None:
                msg = f"{name} was given and is open now"
                raise Rejected(msg, code="OTHER_DRIVE", hint="drive it anew")
            if value is not None and value != getattr(driven, name):
                await self._relevel(drive, name, value)
        self.driven = drive

    async def _relevel(self, drive: Drive, name: str, value: float) -> None:
        instrument = self.channel.source if drive.direction == "charge" else self.channel.sink
        if instrument is None:
            raise nothing_driven()
        law = self.regulator.law if self.regulator is not None else None
        if isinstance(law, LevelByVoltage) and name in {"power", "resistance"}:
            setattr(law, name, value)
            role = Role.SET_CURRENT if drive.direction == "charge" else Role.LOAD_LEVEL
            value = law.wanted(self._cell_voltage())
        elif isinstance(law, VoltageFloor) and name == "voltage":
            law.target = value
            return
        else:
            role = _charge_role(name) if drive.direction == "charge" else _LOAD_ROLES[name]
        if drive.direction == "charge" and role is Role.SET_CURRENT:
            self._check_room(instrument, value)
        await self.adjust(instrument.point(role), value, self.write)

    def _check_room(self, source: Instrument, amps: float) -> None:
        """The over-current protection was set for less."""
        armed = self.protections.get("ocp")
        top = armed.achieved if armed is not None else None
        if top is not None and amps + source.protection.current_margin > top + 1e-6:
            msg = f"{amps:g} A is too near the over-current protection of {top:g} A"
            raise Rejected(msg, code="ABOVE_PROTECTION", hint="drive it with a higher peak")

    # --- common -------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Dead time after the last output went off, then a fresh sample of each meter."""
        clock = self.channel.clock
        await clock.sleep(self._off_since + self.dead_time_s - clock.monotonic())
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
        self.on_phase(self.channel.phase)

    async def _set(
        self, instrument: Instrument, role: Role, value: Scalar, write: Write | None = None
    ) -> Outcome:
        """Write one setting and remember what it must read back."""
        point = instrument.point(role)
        self.channel.expect(point, None)
        outcome = await self._refuse_shadow(point, value, write)
        self.channel.expect(point, outcome.sent)
        return outcome

    async def _refuse_shadow(
        self, point: str, value: Scalar, write: Write | None = None
    ) -> Outcome:
        began = self.channel.clock.monotonic()
        outcome = await (write or self.write)(point, value)
        self.latency_s = max(self.latency_s, self.channel.clock.monotonic() - began)
        if outcome.kind is OutcomeKind.SHADOWED:
            msg = f"{point} was not written: the project is in shadow"
            raise Conflict(msg, code="NOT_ARMED", hint="an engineer arms the project first")
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
        burn_in = self.channel.file.wiring == "burn_in"
        for other in () if burn_in else self.channel.instruments:
            if other is not instrument and not other.is_off:
                msg = f"{other.device} is not known to be off"
                raise Conflict(msg, code="INTERLOCK", hint="switch it off first")
        integrator = self.channel.integrator
        if integrator is not None:
            integrator.outputs_off(self.channel.clock.monotonic(), proven=False)
        await self._switch(instrument, on=True)
        await self._look()

    async def _ramp(
        self,
        instrument: Instrument,
        role: Role,
        levels: Sequence[float],
        *,
        floor_v: float | None = None,
    ) -> float:
        """Through some levels within two seconds; a cell that falls to ``floor_v`` ends it."""
        clock, reached = self.channel.clock, 0.0
        began = clock.monotonic()
        for position, level in enumerate(levels):
            is_late = clock.monotonic() - began > RAMP_MOST_S
            if is_late and level is not levels[-1] and floor_v is None:
                continue
            await self._edge(instrument, role, level)
            reached = level
            volts = self.channel.voltage.value
            if floor_v is not None and volts is not None and volts <= floor_v:
                break
            if position < len(levels) - 1 and not is_late:
                await clock.sleep(RAMP_STEP_S)
        return reached

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
        burn_in = self.channel.file.wiring == "burn_in"
        if role is instrument.switch and value is not False and not burn_in:
            msg = f"{point} is switched on by charge and discharge steps alone"
            raise Rejected(msg, code="SWITCHING_ORDER", hint="use a charge or discharge step")
        self._check_bound(role, point, value)
        if self._ordering:
            msg = f"{self.channel.id} is being switched"
            raise Conflict(msg, code="SWITCHING", hint="try again in a moment")
        async with self._edges:
            with self.channel.being_switched():
                outcome = await self._cut(instrument, role, value, write)
                await self._look()
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._adjusted(role, float(value))
        return outcome

    def _adjusted(self, role: Role, value: float) -> None:
        """What depends on a setting follows it."""
        channel, law = self.channel, self.regulator.law if self.regulator is not None else None
        if isinstance(law, VoltageTrim) and role is Role.SET_VOLTAGE:
            law.target = law.level = value
        elif isinstance(law, VoltageTrim) and role is Role.SET_CURRENT:
            law.limit_a = value
        elif isinstance(law, VoltageFloor) and role is Role.LOAD_LEVEL:
            law.most = law.level = value
        elif isinstance(law, LevelByVoltage) and role in {Role.SET_CURRENT, Role.LOAD_LEVEL}:
            law.level = value
        modes = {Role.SET_CURRENT: "cc", **{r: mode for mode, r in LEVEL_ROLES.items()}}
        if role in modes and channel.voltage.value is not None:
            channel.path_current = current_of(modes[role], value, channel.voltage.value)

    def _check_amps(self, amps: float) -> None:
        row = self.limits.rows.get("discharge_current")
        if row is not None and amps > row.value:
            msg = f"{amps:.3g} A would flow, above {row.value:g} A ({row.origin})"
            raise Rejected(msg, code="ABOVE_LIMIT", hint="limits can only be tightened")

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
        if role in {Role.LOAD_POWER, Role.LOAD_RESISTANCE} and not isinstance(value, str):
            mode = "cp" if role is Role.LOAD_POWER else "cr"
            self._check_amps(current_of(mode, float(value), self._cell_voltage()))
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


_SETTINGS: Final = (
    *(Role.SET_VOLTAGE, Role.SET_CURRENT, Role.LOAD_MODE),
    *LEVEL_ROLES.values(),
)
_LOAD_ROLES: Final = {
    "current": Role.LOAD_LEVEL,
    "voltage": Role.LOAD_VOLTAGE,
    "power": Role.LOAD_POWER,
    "resistance": Role.LOAD_RESISTANCE,
}


def _charge_role(name: str) -> Role:
    return Role.SET_VOLTAGE if name == "voltage" else Role.SET_CURRENT


def current_of(mode: str, level: float, volts: float) -> float:
    """The current a mode comes to at a voltage.

    Example:
        >>> current_of("cp", 10.0, 4.0)
        2.5
    """
    if mode == "cp":
        return level / max(volts, 1e-3)
    if mode == "cr":
        return volts / max(level, 1e-3)
    return level


def ramp_levels(first: float, last: float) -> list[float]:
    """A few even steps up to a level; none when it is there already.

    Example:
        >>> ramp_levels(0.0, 2.0)
        [0.5, 1.0, 1.5, 2.0]
    """
    if last <= first:
        return []
    inner = [first + (last - first) * step / RAMP_STEPS for step in range(1, RAMP_STEPS)]
    return [*inner, last]


def conductances(idle: float, last: float) -> list[float]:
    """The same for a resistance, whose current goes with its inverse."""
    inner = [1.0 / siemens for siemens in ramp_levels(1.0 / idle, 1.0 / last)[:-1]]
    return [*inner, last]
