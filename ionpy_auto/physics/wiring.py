"""The bench: a supply, an electronic load and meters wired to one cell through real leads.

One node joins the three branches; the cell's branch holds its leads and the relay::

    supply ──isolation── R_supply ──┬── R_load ── load
                                    │
                            relay, R_cell
                                    │
                              cell (4-wire meter, temperature)

`Bench.advance` moves the cell from the last time to a new one with the settings in force in
between, in steps of at most ``max_step_s``. Within a step the mean current of a supply in CV
follows from the cell's mean source, so the taper is second order in time and cannot swing however
small the path resistance is; readings are solved for the exact moment. A protection that trips is
located to ``TRIP_RESOLUTION_S``. What really passed the cell's terminals stands in the counters of
`Cell`, whatever the meters say.

Simplifications: leads have no inductance, the supply no output capacitance, and an output that is
off is an open switch behind which only a constant leakage flows.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil, floor, inf, isfinite, nan, sqrt
from random import Random
from typing import Final, Literal, NamedTuple, TypedDict, Unpack

from .cell import Cell
from .chamber import Chamber

TRIP_RESOLUTION_S: Final = 0.01
MISSING_PROBE_C: Final = -191.0  # what a thermometer with an open input shows

WARMING_STEP_S: Final = 10.0  # longest time the air of a chamber on its way is held constant
_INSTANT_S: Final = 1e-9  # nearer than this a moment has come
Isolation = Literal["none", "diode", "ideal_diode", "relay"]
_DIODE_DROP_V: Final = 0.35  # Schottky; an ideal diode (a switched FET) drops next to nothing


OVER_TEMPERATURE: Final = "otp"
WATCHDOG: Final = "watchdog"
NOBODY: Final = "none"
INSTRUMENTS: Final = ("supply", "load", "meter", "relay", "chamber")
"""Who can be struck by a fault that concerns one instrument; `NOBODY` and ``all`` besides."""


class Regulation(StrEnum):
    """What the supply holds at this moment."""

    OFF = "OFF"
    CC = "CC"
    CV = "CV"


class LoadMode(StrEnum):
    """What the load holds: amperes, watts, ohms or volts."""

    CC = "CC"
    CP = "CP"
    CR = "CR"
    CV = "CV"


class SupplySettings(TypedDict, total=False):
    """What `Bench.set_supply` changes."""

    v_set: float
    i_set: float
    output: bool
    ovp_v: float
    ocp_a: float
    watchdog_s: float


class LoadSettings(TypedDict, total=False):
    """What `Bench.set_load` changes."""

    mode: LoadMode
    level: float
    enabled: bool
    cutoff_v: float


@dataclass(slots=True, kw_only=True)
class Supply:
    """Settings of the supply as its registers show them; written through `Bench.set_supply`.

    Attributes:
        v_set: Voltage limit, V.
        i_set: Current limit, A.
        output: Output switch.
        ovp_v: Over-voltage protection at the supply's own terminals, V.
        ocp_a: Over-current protection, A.
        watchdog_s: Seconds without a message until the output goes off by itself; 0 is never.
        heard_s: When the last message came; see `Bench.hear_supply`.
        trip: Cause of the last protection trip (``ovp``, ``ocp``, ``otp``, ``watchdog``) or
            empty; switching the output on again clears it.
        leak_off_a: Drawn from the cell while the output is off and nothing isolates it.
    """

    v_set: float = 0.0
    i_set: float = 0.0
    output: bool = False
    ovp_v: float = inf
    ocp_a: float = inf
    watchdog_s: float = 0.0
    heard_s: float = 0.0
    trip: str = ""
    leak_off_a: float = 0.0

    @property
    def starves_at_s(self) -> float:
        """When the watchdog switches the output off; infinite when it does not."""
        return self.heard_s + self.watchdog_s if self.output and self.watchdog_s > 0.0 else inf


@dataclass(slots=True, kw_only=True)
class Load:
    """Settings of the electronic load; written through `Bench.set_load`.

    Attributes:
        mode: What ``level`` means.
        level: A, W, Ω or V, after the mode.
        enabled: Input switch.
        cutoff_v: Battery cutoff at the load's own terminals; 0 switches it off.
        trip: ``cutoff`` after the cutoff opened the input; enabling again clears it.
        max_a: Largest current of the instrument.
        min_voltage_v: Terminal voltage below which it cannot draw ``max_a`` any more; the limit
            falls in proportion, as the on-resistance of its transistors wants it.
        leak_off_a: Drawn from the cell while the input is off.
    """

    mode: LoadMode = LoadMode.CC
    level: float = 0.0
    enabled: bool = False
    cutoff_v: float = 0.0
    trip: str = ""
    max_a: float = 30.0
    min_voltage_v: float = 0.3
    leak_off_a: float = 0.0

    def draw(self, volts: float, ohms: float) -> float:
        """Current in amperes drawn from a source of ``volts`` behind ``ohms``."""
        if not self.enabled or volts <= 0.0:
            return 0.0
        wanted = self.level if self.mode is LoadMode.CC else self._wanted(volts, ohms)
        wanted = min(wanted, self.max_a)
        reach = volts / (ohms + self.min_voltage_v / self.max_a)
        return min(wanted, reach)

    def _wanted(self, volts: float, ohms: float) -> float:
        if self.mode is LoadMode.CR:
            return volts / (ohms + max(self.level, 1e-6))
        if self.mode is LoadMode.CV:
            return max(volts - self.level, 0.0) / max(ohms, 1e-6)
        # CP: P = (volts − ohms·I)·I; without a solution the source gives its maximum power.
        root = volts * volts - 4.0 * ohms * self.level
        if root <= 0.0:
            return volts / (2.0 * ohms)
        return 2.0 * self.level / (volts + sqrt(root))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Leads and switches of the bench.

    Attributes:
        supply_ohm: Both leads from the supply to the node.
        load_ohm: Both leads from the load to the node.
        cell_ohm: From the node to the cell's terminals: holder, contacts and relay.
        isolation: What keeps the cell from feeding into a supply that is off. ``relay`` is a
            contact in the cell's branch, the only kind that also cuts off the load.
        max_step_s: Longest time a current is held constant.
    """

    supply_ohm: float = 0.030
    load_ohm: float = 0.030
    cell_ohm: float = 0.010
    isolation: Isolation = "none"
    max_step_s: float = 1.0


@dataclass(slots=True, kw_only=True)
class Faults:
    """What can be broken on purpose; every switch may be turned while the bench runs.

    Attributes:
        open_contact: The cell's force contact is open; the sense wires still see the cell.
        stuck_output: The supply's switch is welded: it ignores off, and its own protections.
        stuck_load: The same for the load's input.
        sensor_frozen: The meter at the cell repeats its last voltage.
        missing_probe: The thermometer reads −191 °C.
        reversed_cell: The cell sits the wrong way round in its holder.
        ignored_write: Supply and load accept settings and do nothing.
        supply_trips: The supply's over-temperature protection trips as soon as its output is on.
        extra_ohm: A contact gone bad: added to the cell's branch.
        leak_a: Drawn from the cell through dirt or damp, whatever is switched off.
        nan_reading: Whose measurements are no number.
        hung_poll: Who does not return when asked.
        link_lost: Who cannot be reached; it does not hear its messages either.
    """

    open_contact: bool = False
    stuck_output: bool = False
    stuck_load: bool = False
    sensor_frozen: bool = False
    missing_probe: bool = False
    reversed_cell: bool = False
    ignored_write: bool = False
    supply_trips: bool = False
    extra_ohm: float = 0.0
    leak_a: float = 0.0
    nan_reading: str = NOBODY
    hung_poll: str = NOBODY
    link_lost: str = NOBODY


@dataclass(frozen=True, slots=True)
class MeterError:
    """How a meter departs from the truth.

    Attributes:
        gain: Relative error, 0.001 reads 0.1 % too much.
        offset: Added after the gain.
        noise_rms: Standard deviation of each reading.
        resolution: Smallest step; 0 shows every digit.
    """

    gain: float = 0.0
    offset: float = 0.0
    noise_rms: float = 0.0
    resolution: float = 0.0

    def read(self, true: float, random: Random) -> float:
        """What the meter shows."""
        value = true * (1.0 + self.gain) + self.offset
        if self.noise_rms:
            value += random.gauss(0.0, self.noise_rms)
        if self.resolution:
            # Dividing by a whole number of counts per unit gives the nearest decimal, 4.2 and
            # not 4.2000000000000002 times a thousandth.
            counts = floor(value / self.resolution + 0.5)
            per_unit = 1.0 / self.resolution
            whole = round(per_unit)
            near = abs(per_unit - whole) < 1e-6 * per_unit
            return counts / whole if near else counts * self.resolution
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """The errors of every reading; by default only the resolution of ordinary instruments."""

    psu_voltage: MeterError = MeterError(resolution=0.001)
    psu_current: MeterError = MeterError(resolution=0.001)
    load_voltage: MeterError = MeterError(resolution=0.001)
    load_current: MeterError = MeterError(resolution=0.0001)
    cell_voltage: MeterError = MeterError(resolution=0.0001)
    cell_temp: MeterError = MeterError(resolution=0.1)
    seed: int = 1


class Readings(NamedTuple):
    """What the instruments show at one moment.

    Attributes:
        psu_voltage: At the supply's terminals, before the isolation; 0 with the output off.
        psu_current: Out of the supply, A, never negative.
        psu_regulation: See `Regulation`.
        psu_battery_voltage: Behind the supply's switch and isolation, also with the output off.
        load_voltage: At the load's terminals, also with the input off.
        load_current: Into the load, A, never negative.
        cell_voltage: Four-wire, at the cell.
        cell_temp: °C.
    """

    psu_voltage: float
    psu_current: float
    psu_regulation: Regulation
    psu_battery_voltage: float
    load_voltage: float
    load_current: float
    cell_voltage: float
    cell_temp: float


class _Point(NamedTuple):
    """One solution of the circuit; currents in A, the node's voltage in V."""

    supply_a: float
    load_a: float
    cell_a: float  # into the bench's plus contact; the cell's own sign when it is not reversed
    node_v: float
    regulation: Regulation


@dataclass(slots=True)
class Bench:
    """Everything on the table, at the time it was last advanced to.

    Attributes:
        cell: The cell and its counters.
        wiring: Leads and isolation.
        meters: Errors of the readings.
        faults: What is broken at the moment.
        supply: The supply's registers; read freely, write through `set_supply`.
        load: The load's registers; read freely, write through `set_load`.
        relay_closed: The contact of ``isolation: relay``.
        chamber: The box around the cell; None leaves it in the room.
        mono_s: Time of the state.
    """

    cell: Cell = field(default_factory=Cell)
    wiring: Wiring = field(default_factory=Wiring)
    meters: Meters = field(default_factory=Meters)
    faults: Faults = field(default_factory=Faults)
    supply: Supply = field(default_factory=Supply)
    load: Load = field(default_factory=Load)
    relay_closed: bool = True
    chamber: Chamber | None = None
    mono_s: float = 0.0
    _random: Random = field(init=False, repr=False)
    _frozen_v: float | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self._random = Random(self.meters.seed)  # noqa: S311 - meter noise must repeat

    @property
    def connected(self) -> bool:
        """Whether current can reach the cell."""
        if self.faults.open_contact:
            return False
        return self.relay_closed or self.wiring.isolation != "relay"

    def set_supply(self, mono_s: float, **changes: Unpack[SupplySettings]) -> None:
        """Write settings of the supply at a time; protections look at the result at once.

        Raises:
            ValueError: A value is not finite or negative, or the time is in the past.
        """
        self.advance(mono_s)
        _refuse_nonsense(changes.get("v_set"), changes.get("i_set"), changes.get("watchdog_s"))
        self.supply.heard_s = mono_s
        if self.faults.ignored_write:
            return
        supply = self.supply
        supply.v_set = changes.get("v_set", supply.v_set)
        supply.i_set = changes.get("i_set", supply.i_set)
        supply.ovp_v = changes.get("ovp_v", supply.ovp_v)
        supply.ocp_a = changes.get("ocp_a", supply.ocp_a)
        supply.watchdog_s = changes.get("watchdog_s", supply.watchdog_s)
        output = changes.get("output", supply.output)
        if output:
            if not supply.output:
                supply.trip = ""
            supply.output = True
        elif not self.faults.stuck_output:
            supply.output = False
        self._trip(self._violation())

    def set_load(self, mono_s: float, **changes: Unpack[LoadSettings]) -> None:
        """Write settings of the load at a time; its cutoff looks at the result at once.

        Raises:
            ValueError: A value is not finite or negative, or the time is in the past.
        """
        self.advance(mono_s)
        _refuse_nonsense(changes.get("level"), changes.get("cutoff_v"))
        if self.faults.ignored_write:
            return
        load = self.load
        load.mode = changes.get("mode", load.mode)
        load.level = changes.get("level", load.level)
        load.cutoff_v = changes.get("cutoff_v", load.cutoff_v)
        enabled = changes.get("enabled", load.enabled)
        if enabled:
            if not load.enabled:
                load.trip = ""
            load.enabled = True
        elif not self.faults.stuck_load:
            load.enabled = False
        self._trip(self._violation())

    def set_relay(self, mono_s: float, *, closed: bool) -> None:
        """Open or close the relay at a time; without ``isolation: relay`` it does nothing."""
        self.advance(mono_s)
        self.relay_closed = closed

    def add_relay(self, mono_s: float) -> None:
        """Put an open relay into the cell's branch; one that is there stays as it is.

        Raises:
            ValueError: The bench is isolated in another way.
        """
        self.advance(mono_s)
        if self.wiring.isolation == "relay":
            return
        if self.wiring.isolation != "none":
            msg = f"the bench is isolated by: {self.wiring.isolation}"
            raise ValueError(msg)
        self.wiring = replace(self.wiring, isolation="relay")
        self.relay_closed = False

    def set_ambient(self, mono_s: float, ambient_c: float) -> None:
        """Change the temperature of the room at a time; a cell without a chamber stands in it."""
        self.advance(mono_s)
        if self.chamber is None:
            self.cell.ambient_c = ambient_c
        else:
            self.chamber.room_c = ambient_c

    @property
    def room_c(self) -> float:
        """Temperature of the room in °C."""
        return self.cell.ambient_c if self.chamber is None else self.chamber.room_c

    def add_chamber(self, mono_s: float, chamber: Chamber) -> None:
        """Put the cell into a chamber, whose air is as warm as the room at that time."""
        self.advance(mono_s)
        self.chamber = replace(chamber, room_c=self.room_c, air_c=self.cell.ambient_c)

    def set_chamber(
        self, mono_s: float, *, set_c: float | None = None, running: bool | None = None
    ) -> None:
        """Write settings of the chamber at a time; without one it does nothing.

        Raises:
            ValueError: The set point is not a finite number, or the time is in the past.
        """
        self.advance(mono_s)
        chamber = self.chamber
        if chamber is None or self.faults.ignored_write:
            return
        if set_c is not None:
            if not isfinite(set_c):
                msg = f"a set point must be a finite number, not {set_c}"
                raise ValueError(msg)
            chamber.set_c = set_c
        if running is not None:
            chamber.running = running

    def set_fault(self, mono_s: float, name: str, value: bool | float | str) -> None:
        """Break or mend something at a time; protections look at the result at once."""
        self.advance(mono_s)
        setattr(self.faults, name, value)
        self._trip(self._violation())

    def set_meter_error(self, mono_s: float, meter: str, **changes: float) -> None:
        """Change gain, offset or noise of one of `Meters` at a time."""
        self.advance(mono_s)
        error = replace(getattr(self.meters, meter), **changes)
        self.meters = replace(self.meters, **{meter: error})

    def hear_supply(self, mono_s: float) -> None:
        """A message reached the supply at a time: its watchdog begins to wait anew."""
        self.advance(mono_s)
        self.supply.heard_s = mono_s

    def advance(self, to_mono_s: float) -> None:
        """Let the time pass until ``to_mono_s`` with the present settings.

        Raises:
            ValueError: That time is in the past.
        """
        if to_mono_s < self.mono_s:
            msg = f"the bench is already at {self.mono_s} s, cannot go back to {to_mono_s} s"
            raise ValueError(msg)
        starves = self.supply.starves_at_s
        if starves <= to_mono_s:
            self._pass(max(starves, self.mono_s))
            # Unless a protection was faster; a welded switch is told once, and stays on.
            if self.supply.output and self.supply.trip != WATCHDOG:
                self._trip(WATCHDOG)
        self._pass(to_mono_s)

    def _pass(self, to_mono_s: float) -> None:
        """Let the time pass; what is switched by a message or its absence does not change."""
        left = to_mono_s - self.mono_s
        if left <= 0.0:
            return
        idle = self._is_idle()
        still_air = self.chamber is None or self.chamber.is_settled
        if idle and still_air:
            self.cell.step(0.0, left)
        elif not (still_air and left > self.wiring.max_step_s and self._stride(left)):
            longest = WARMING_STEP_S if idle else self.wiring.max_step_s
            even = left / ceil(left / longest)
            while left > _INSTANT_S:
                left -= self._with_air(min(left, even))
        self.mono_s = to_mono_s

    def _stride(self, dt_s: float) -> bool:
        """Let the time pass in one step if the current holds throughout: then that is exact.

        With a constant current voltages move one way, so what has not happened at the end has not
        happened before.
        """
        before = self._now()
        if not self._is_current_held(before):
            return False
        cell = self.cell
        memory = cell.snapshot()
        cell.step(-before.cell_a if self.faults.reversed_cell else before.cell_a, dt_s)
        after = self._now()
        held = self._is_current_held(after) and after.cell_a == before.cell_a
        if held and not self._violation():
            return True
        cell.restore(memory)
        return False

    def _is_current_held(self, point: _Point) -> bool:
        """Whether supply and load give what they are set to, whatever the cell's voltage does."""
        supply, load = self.supply, self.load
        if supply.output and (point.regulation is not Regulation.CC or not self.connected):
            return False
        return not load.enabled or (load.mode is LoadMode.CC and point.load_a == load.level)

    def _with_air(self, dt_s: float) -> float:
        """One piece with the air as it is in its middle; returns the time really used."""
        chamber = self.chamber
        if chamber is None:
            return self._piece(dt_s)
        self.cell.ambient_c = chamber.after(dt_s / 2.0)
        used = self._piece(dt_s)
        chamber.advance(used)
        self.cell.ambient_c = chamber.air_c
        return used

    def measure(self, mono_s: float | None = None) -> Readings:
        """What the instruments show, now or after advancing to ``mono_s``."""
        if mono_s is not None:
            self.advance(mono_s)
        supply_a, load_a, cell_a, node_v, regulation = self._now()
        meters, random, wiring = self.meters, self._random, self.wiring
        behind_v = node_v + supply_a * wiring.supply_ohm
        psu_v = 0.0
        if regulation is Regulation.CV:
            psu_v = self.supply.v_set
        elif regulation is Regulation.CC:
            psu_v = behind_v + self._drop_v()
        shown = Readings(
            meters.psu_voltage.read(psu_v, random),
            max(meters.psu_current.read(supply_a, random), 0.0),
            regulation,
            meters.psu_voltage.read(behind_v, random),
            meters.load_voltage.read(node_v - load_a * wiring.load_ohm, random),
            max(meters.load_current.read(load_a, random), 0.0),
            self._cell_voltage(cell_a),
            self._cell_temp(),
        )
        return shown if self.faults.nan_reading == NOBODY else self._spoilt(shown)

    def _spoilt(self, shown: Readings) -> Readings:
        """Readings of the instrument with the fault ``nan_reading`` are no numbers."""
        whose = self.faults.nan_reading
        if whose in {"supply", "all"}:
            shown = shown._replace(psu_voltage=nan, psu_current=nan, psu_battery_voltage=nan)
        if whose in {"load", "all"}:
            shown = shown._replace(load_voltage=nan, load_current=nan)
        if whose in {"meter", "all"}:
            shown = shown._replace(cell_voltage=nan, cell_temp=nan)
        return shown

    def _cell_voltage(self, cell_a: float) -> float:
        if self.faults.sensor_frozen and self._frozen_v is not None:
            return self._frozen_v
        if self.faults.reversed_cell:
            true = -self.cell.voltage(-cell_a)
        else:
            true = self.cell.voltage(cell_a)
        self._frozen_v = self.meters.cell_voltage.read(true, self._random)
        return self._frozen_v

    def _cell_temp(self) -> float:
        if self.faults.missing_probe:
            return MISSING_PROBE_C
        return self.meters.cell_temp.read(self.cell.temperature_c, self._random)

    def _is_idle(self) -> bool:
        """Whether nothing can move the cell, so that one long step is exact."""
        return not (self.supply.output or self.load.enabled or self._leak_a())

    def _leak_a(self) -> float:
        leak = self.faults.leak_a
        if not self.supply.output and self.wiring.isolation == "none":
            leak += self.supply.leak_off_a
        if not self.load.enabled:
            leak += self.load.leak_off_a
        return leak

    def _drop_v(self) -> float:
        return _DIODE_DROP_V if self.wiring.isolation == "diode" else 0.0

    def _piece(self, dt_s: float) -> float:
        """Move by at most ``dt_s``; returns the time really used.

        A protection that trips at the end of the piece is looked for in its first half, and so on
        until the moment is known well enough.
        """
        cell = self.cell
        before = cell.snapshot()
        reversed_cell = self.faults.reversed_cell
        while True:
            volts, ohms = cell.mean_source(dt_s)
            current = self._solve(-volts if reversed_cell else volts, ohms).cell_a
            cell.step(-current if reversed_cell else current, dt_s)
            cause = self._violation()
            if not cause or dt_s <= TRIP_RESOLUTION_S:
                break
            cell.restore(before)
            dt_s /= 2.0
        if cause:
            self._trip(cause)
        return dt_s

    def _violation(self) -> str:
        """The protection that must trip at this moment, or nothing."""
        supply, load = self.supply, self.load
        if supply.output and self.faults.supply_trips and not supply.trip:
            return OVER_TEMPERATURE
        if supply.output and not supply.trip and (supply.ovp_v < inf or supply.ocp_a < inf):
            point = self._now()
            if point.supply_a > supply.ocp_a:
                return "ocp"
            if point.regulation is Regulation.CV:
                terminal_v = supply.v_set
            else:
                terminal_v = point.node_v + point.supply_a * self.wiring.supply_ohm + self._drop_v()
            if terminal_v > supply.ovp_v:
                return "ovp"
        if load.enabled and load.cutoff_v > 0.0 and not load.trip:
            point = self._now()
            if point.node_v - point.load_a * self.wiring.load_ohm < load.cutoff_v:
                return "cutoff"
        return ""

    def _trip(self, cause: str) -> None:
        """Latch a cause and open the switch, unless that switch is welded."""
        if cause == "cutoff":
            self.load.trip = cause
            self.load.enabled = self.faults.stuck_load
        elif cause:
            self.supply.trip = cause
            self.supply.output = self.faults.stuck_output
        else:
            return
        self._trip(self._violation())  # the other instrument may trip on what this one caused

    def _now(self) -> _Point:
        """The circuit at this very moment."""
        cell = self.cell
        emf = -cell.emf if self.faults.reversed_cell else cell.emf
        return self._solve(emf, cell.r0_ohm)

    def _solve(self, emf_v: float, inner_ohm: float) -> _Point:
        """Currents and node voltage with the cell as a source of ``emf_v`` behind its resistance.

        The supply is tried as a voltage source, then as a current source when that is more than
        it may give, and as nothing when it would have to take current.
        """
        if not self.connected:
            return self._solve_without_cell()
        supply, wiring = self.supply, self.wiring
        branch = inner_ohm + wiring.cell_ohm + self.faults.extra_ohm
        leak = self._leak_a() if emf_v > 0.0 else 0.0
        emf = emf_v - leak * branch
        regulation = Regulation.OFF
        given = drawn = 0.0
        if supply.output:
            target = supply.v_set - self._drop_v()
            path = wiring.supply_ohm + branch
            regulation = Regulation.CV
            volts = (emf * wiring.supply_ohm + target * branch) / path
            if self.load.enabled:
                drawn = self.load.draw(volts, wiring.supply_ohm * branch / path + wiring.load_ohm)
            given = (target - emf + drawn * branch) / path
            if given > supply.i_set:
                regulation, given = Regulation.CC, supply.i_set
            elif given < 0.0:
                given = 0.0
        if self.load.enabled and (given == 0.0 or regulation is not Regulation.CV):
            drawn = self.load.draw(emf + given * branch, branch + wiring.load_ohm)
        into = given - drawn - leak
        return _Point(given, drawn, into, emf_v + into * branch, regulation)

    def _solve_without_cell(self) -> _Point:
        """The supply into the load; the cell's branch is open."""
        supply, wiring = self.supply, self.wiring
        if not supply.output:
            return _Point(0.0, 0.0, 0.0, 0.0, Regulation.OFF)
        target = supply.v_set - self._drop_v()
        drawn = self.load.draw(target, wiring.supply_ohm + wiring.load_ohm)
        if drawn <= supply.i_set:
            return _Point(drawn, drawn, 0.0, target - drawn * wiring.supply_ohm, Regulation.CV)
        given = supply.i_set  # the load wants more than there is: the voltage falls to what is left
        load = self.load
        volts = given * (wiring.load_ohm + load.min_voltage_v / load.max_a)
        if load.mode is LoadMode.CR:
            volts = given * (wiring.load_ohm + load.level)
        elif load.mode is LoadMode.CV:
            volts = given * wiring.load_ohm + load.level
        return _Point(given, given, 0.0, volts, Regulation.CC)


def _refuse_nonsense(*values: float | None) -> None:
    for value in values:
        if value is not None and not (isfinite(value) and value >= 0.0):
            msg = f"a setting must be a finite number from 0 up, not {value}"
            raise ValueError(msg)
