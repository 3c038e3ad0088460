"""A cycler channel: supply, load and meters seen as one source of voltage, current and phase.

An open channel follows the snapshots of its devices in the publisher's turn and publishes
``CH1.voltage/current/power/temp/ah/wh/step/cycle/phase`` itself. Current and power are positive
into the cell. It also watches what no step may ignore: a setting that somebody else changed, a
protection that tripped, a contact that opened. Switching is `switching.py`, limits `limits.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from ionpy_auto.automation.sequences.instruments import LEVEL_ROLES, Contact, Instrument, numeric
from ionpy_auto.automation.sequences.integration import Integrator, live_max_gap_s
from ionpy_auto.automation.sequences.limits import CURRENT, TEMP, VOLTAGE, Trip
from ionpy_auto.automation.sequences.watching import all_watches
from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Scalar, Snapshot
from ionpy_auto.devices import Role
from ionpy_auto.devices.manager import DeviceManager

PHASE_SAMPLES: Final = 2
SILENT_POLLS: Final = 4.0
"""An input older than this many polls (and 2 s) is lost, whoever forgot to say so."""

_AMOUNTS: Final = (
    *(("charge_ah", "Ah"), ("discharge_ah", "Ah")),
    *(("charge_wh", "Wh"), ("discharge_wh", "Wh")),
)


_PHASES: Final = frozenset({"cc", "cv", "cp", "cr"})


class Side(StrEnum):
    """Which output may be on."""

    OFF = "off"
    CHARGE = "charge"
    DISCHARGE = "discharge"


class Observer(Protocol):
    """The run on a channel."""

    def after_sample(self, changed: int, mono: float) -> None:
        """Inputs of the channel have new values; called after they were published."""

    def fault(self, trip: Trip) -> None:
        """The channel is not what it must be; must be acted on at once."""


@dataclass
class Labels:
    """What the run tells the channel to publish beside the measured values."""

    step: str = ""
    cycle: int = 0
    step_count: int = 0
    edge: bool = False


class Input:
    """One measured quantity: its last sample, and the number in it if it may decide anything."""

    __slots__ = ("last", "patience_s", "point", "value")

    def __init__(self, point: str, patience_s: float) -> None:
        self.point = point
        self.patience_s = patience_s
        self.last: Sample | None = None
        self.value: float | None = None

    def take(self, sample: Sample | None) -> None:
        """Remember a sample."""
        self.last = sample
        known = sample.known if sample is not None else None
        if type(known) is float:
            self.value = known
        elif isinstance(known, int) and not isinstance(known, bool):
            self.value = float(known)
        else:
            self.value = None


@dataclass
class Expected:
    """A setting we made: what it must read back. None: not ours, or being written."""

    value: Scalar | None
    same: Callable[[Scalar, Scalar], bool]


@dataclass
class CyclerChannel:
    """See the module's first lines.

    Attributes:
        id: Id of the channel; a source on the bus like a device.
        file: The wiring.
        side: Which output may be on; switching sets it.
        stage: What a step calls its phase instead of the instrument's (``precharge``).
        phase: ``cc``, ``cv``, ``ramp`` or empty.
        switching: How many switch; meanwhile settings are on their way and are not compared.
        integrator: Fed with every sample while a run is counted.
        observer: The run, if any.
        commanded: When the last setting was changed by us.
        comparing: Supply and load are meant to be on together, with the cell's relay open.
        correction: Gain and offset that bring the meter of discharge to that of charge.
        accepted: What a person accepted for this wiring, with name and date.
        on_voltage: Told of each sample of the cell voltage, with the half width of its stamp.
        follows_flag: Whether the supply's own flag says the phase; not while software regulates.
    """

    id: str
    file: ChannelFile
    devices: DeviceManager
    bus: Bus
    clock: Clock
    side: Side = Side.OFF
    phase: str = ""
    stage: str = ""
    switching: int = 0
    integrator: Integrator | None = None
    observer: Observer | None = None
    labels: Labels = field(default_factory=Labels)
    expected: dict[str, Expected] = field(default_factory=dict)
    path_current: float = 0.0
    accepted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    on_voltage: Callable[[Sample, float], None] | None = None
    follows_flag: bool = True
    commanded: float = 0.0
    comparing: bool = False
    correction: tuple[float, float] | None = None
    _mono: float = 0.0
    _seen_phase: str = ""
    _seen_count: int = 0

    def __post_init__(self) -> None:
        file, devices = self.file, self.devices
        source, sink = file.source, file.sink
        output, terminals = file.source_output, file.sink_output
        self.source = Instrument(source, Role.OUTPUT, devices, output) if source else None
        self.sink = Instrument(sink, Role.INPUT, devices, terminals) if sink else None
        self.relay = Contact(file.relay.point, devices) if file.relay else None
        current = file.current
        self.voltage = self._input(file.voltage.source)
        self.signed = self._input(current.source) if current.source else None
        self.charging = self._input(current.charge) if current.charge else None
        self.discharging = self._input(current.discharge) if current.discharge else None
        self.temp = self._input(file.temp.source) if file.temp else None
        self.temps = [self._input(temp.source) for temp in file.temps]
        self.cells = [self._input(point) for point in file.cell_voltages]
        self._handlers: dict[str, Callable[[Sample, float], int]] = {}
        self._leave: Callable[[], None] | None = None
        self._faults: list[Trip] = []
        self._terminals: dict[Side, Input] = {}
        self._has_flag = False
        self.watches = all_watches()
        self._zero = self._zero_band()
        self._unipolar = frozenset(
            place.point
            for place in self.currents
            if (entity := numeric(devices, place.point)) is not None and not entity.signed
        )
        self._points = tuple(
            f"{self.id}.{name}"
            for name in ("voltage", "current", "power", "temp", "ah", "wh", "step", "cycle")
        )
        self._phase_point = f"{self.id}.phase"
        self._amount_points = tuple((f"{self.id}.{name}", name, unit) for name, unit in _AMOUNTS)
        self._count_point, self._edge_point = f"{self.id}.step_count", f"{self.id}.edge"
        self.current: float | None = None
        self.current_quality = Quality.BAD

    def _input(self, point: str) -> Input:
        device = point.rpartition(".")[0]
        stack = self.devices.stacks.get(device)
        poll = stack.interval_s if stack is not None else 1.0
        return Input(point, max(SILENT_POLLS * poll, 2.0))

    def _zero_band(self) -> float:
        """Up to this current [A] nothing flows: three counts and the declared error."""
        bands = [0.003]
        for place in (self.signed, self.charging, self.discharging):
            entity = numeric(self.devices, place.point) if place is not None else None
            if entity is not None:
                bands.append(3.0 * entity.grain + (entity.accuracy or 0.0))
        return max(bands)

    @property
    def points(self) -> tuple[str, ...]:
        """Addresses it publishes."""
        return (*self._points, self._phase_point)

    @property
    def zero_band(self) -> float:
        """Up to this current [A] nothing flows."""
        return self._zero

    @property
    def is_switching(self) -> bool:
        """Whether settings are on their way."""
        return self.switching > 0

    @contextmanager
    def being_switched(self) -> Iterator[None]:
        """While the block runs settings change and are not compared."""
        self.switching += 1
        try:
            yield
        finally:
            self.switching -= 1
            self.commanded = self.clock.monotonic()

    # --- life -------------------------------------------------------------------------------

    def open(self) -> None:
        """Follow the devices.

        Raises:
            Rejected: An instrument cannot take its place.
            NotFound: A device is missing.
        """
        if self._leave is not None:
            return
        handlers = self._handlers
        handlers[self.voltage.point] = self._on_voltage
        for place in self.currents:
            handlers[place.point] = self._on_current
        if self.temp is not None:
            handlers[self.temp.point] = self._on_temp
        for probe in self.temps:
            self._also(probe.point, self._on_probe)
        for cell in self.cells:
            self._also(cell.point, self._on_cell)
        for instrument in (self.source, self.sink):
            if instrument is not None:
                self._follow(instrument)
        if self.relay is not None:
            self.expected[self.relay.point] = Expected(None, self.relay.entity.same)
            handlers[self.relay.point] = self._on_setting
        topics = [f"sample/{device}" for device in self.file.devices]
        self._leave = self.bus.tap(topics, self.take)
        self._catch_up()

    def _follow(self, instrument: Instrument) -> None:
        handlers = self._handlers
        instrument.require(instrument.switch)
        settings = (
            *(Role.OUTPUT, Role.SET_VOLTAGE, Role.SET_CURRENT),
            *(Role.INPUT, Role.LOAD_MODE, *LEVEL_ROLES.values()),
        )
        for role in settings:
            entity = instrument.entity(role)
            if entity is not None:
                point = f"{instrument.device}.{entity.id}"
                self.expected[point] = Expected(None, entity.same)
                handlers[point] = self._on_setting
        protection = instrument.find(Role.PROTECTION)
        if protection is not None:
            handlers[protection] = self._on_protection
        terminal = instrument.find(Role.MEASURED_VOLTAGE)
        if terminal is not None and terminal != self.voltage.point:
            side = Side.CHARGE if instrument is self.source else Side.DISCHARGE
            self._terminals[side] = self._input(terminal)
            handlers[terminal] = self._on_terminal
        regulation = instrument.find(Role.REGULATION)
        if regulation is not None and instrument is self.source:
            self._has_flag = True
            handlers[regulation] = self._on_regulation

    def _also(self, point: str, handler: Callable[[Sample, float], int]) -> None:
        """Follow a point that may have another meaning as well."""
        other = self._handlers.get(point)
        if other is None:
            self._handlers[point] = handler
        else:
            self._handlers[point] = lambda s, h: other(s, h) | handler(s, h)

    def _catch_up(self) -> None:
        """Take over what the devices said before the channel was opened."""
        for place in self.inputs:
            device, _, key = place.point.rpartition(".")
            stack = self.devices.stacks.get(device)
            slot = stack.slots.get(key) if stack is not None else None
            if slot is None:
                msg = f"{self.id}: there is no point {place.point}"
                raise Rejected(msg, code="UNKNOWN_POINT", hint=f"correct channels/{self.id}.yaml")
            place.take(slot.last)
        self._combine()

    def close(self) -> None:
        """Stop following."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    @property
    def currents(self) -> list[Input]:
        """All current meters."""
        return [p for p in (self.signed, self.charging, self.discharging) if p is not None]

    @property
    def inputs(self) -> list[Input]:
        """All meters."""
        found = (self.voltage, *self.currents, self.temp, *self.temps, *self.cells)
        return [place for place in found if place is not None]

    @property
    def instruments(self) -> list[Instrument]:
        """Supply and load, the supply first."""
        return [i for i in (self.source, self.sink) if i is not None]

    def outputs(self) -> list[str]:
        """Addresses a run takes a lease on: all settings of supply and load, and the relay."""
        points = [point for instrument in self.instruments for point in instrument.outputs()]
        return points if self.relay is None else [*points, self.relay.point]

    def renew_patience(self) -> None:
        """Follow the devices' present poll intervals."""
        for place in self.inputs:
            place.patience_s = max(SILENT_POLLS * self.poll_s(place), 2.0)

    def max_gaps(self) -> tuple[float, float]:
        """Longest bridged distance of current and voltage samples."""
        polls = [self.poll_s(place) for place in self.currents]
        return live_max_gap_s(max(polls)), live_max_gap_s(self.poll_s(self.voltage))

    def poll_s(self, place: Input) -> float:
        """How often an input is asked."""
        stack = self.devices.stacks.get(place.point.rpartition(".")[0])
        return stack.promised_s if stack is not None else 1.0

    @property
    def base_poll_s(self) -> float:
        """Longest configured poll interval of its meters."""
        devices = {place.point.rpartition(".")[0] for place in self.inputs}
        stacks = [self.devices.stacks[d] for d in devices if d in self.devices.stacks]
        return max((stack.interval_s for stack in stacks), default=1.0)

    @property
    def longest_poll_s(self) -> float:
        """Longest distance of two samples of a meter that is on time now."""
        return max(self.poll_s(place) for place in self.inputs)

    # --- samples, in the publisher's turn ---------------------------------------------------

    def take(self, snapshot: Snapshot) -> None:
        """Take a snapshot of one of the devices."""
        changed = 0
        handlers = self._handlers
        for sample in snapshot.samples:
            handler = handlers.get(sample.point)
            if handler is not None:
                changed |= handler(sample, snapshot.half_width)
        if self._faults:
            self._report_worst()
        if not changed:
            return
        mono = self._mono = max(self._mono, snapshot.mono)
        if self.side is not Side.OFF and not self.is_switching:
            self._watch(mono)
            if self._faults:
                self._report_worst()
        self.publish(mono)
        if self.observer is not None:
            self.observer.after_sample(changed, mono)

    def _on_voltage(self, sample: Sample, half_width: float) -> int:
        self.voltage.take(sample)
        value = self.voltage.value
        if value is not None and self.integrator is not None:
            unsure = sample.quality is Quality.UNSURE
            self.integrator.voltage(sample.mono, value, half_width_s=half_width, unsure=unsure)
        if self.on_voltage is not None:
            self.on_voltage(sample, half_width)
        return VOLTAGE

    def _on_current(self, sample: Sample, half_width: float) -> int:
        for place in self.currents:
            if place.point == sample.point:
                place.take(sample)
        if not self._counts(sample.point):
            return 0
        self._combine()
        if self.current is not None and self.integrator is not None:
            unsure = sample.quality is Quality.UNSURE or self._is_blind_zero(sample.point)
            self.integrator.current(
                sample.mono, self.current, half_width_s=half_width, unsure=unsure
            )
        return CURRENT

    def _is_blind_zero(self, point: str) -> bool:
        """A meter that cannot show the other direction says 0 although a current is wanted.

        It may be 0 and it may be negative (SEQ-18): it counts as 0 and is not sure.
        """
        is_on = self.side is not Side.OFF and not self.is_switching
        wanted = self.path_current > self._zero
        return bool(is_on and wanted and not self.current and point in self._unipolar)

    def corrected(self, drawn: float) -> float:
        """A reading of the discharge meter, brought to the charge meter where the file asks."""
        if self.correction is None:
            return drawn
        gain, offset = self.correction
        return gain * drawn + offset

    @property
    def is_comparing(self) -> bool:
        """Whether both outputs may be on now: in a comparison, while the relay reads open."""
        return self.comparing and self.relay is not None and self.relay.closed is False

    @property
    def leakage(self) -> Mapping[str, float | None]:
        """What supply and load draw from the cell while they are off [A]; None is unknown.

        What isolates the cell from them is left out.
        """
        isolation = self.file.isolation
        found: dict[str, float | None] = {}
        for instrument in self.instruments:
            hidden = isolation == "relay" or (instrument is self.source and isolation != "none")
            if not hidden:
                found[instrument.device] = instrument.driver.OFF_LEAKAGE_A
        return found

    def _counts(self, point: str) -> bool:
        """Whether a meter speaks for the side that is on; while both are off both do."""
        if self.signed is not None or self.side is Side.OFF:
            return True
        place = self.charging if self.side is Side.CHARGE else self.discharging
        return place is None or place.point == point

    def _combine(self) -> None:
        """The cell's current from the meters, positive into the cell."""
        if self.signed is not None:
            self.current = self.signed.value
        elif self.side is Side.CHARGE:
            self.current = self.charging.value if self.charging else None
        elif self.side is Side.DISCHARGE:
            drawn = self.discharging.value if self.discharging else None
            self.current = None if drawn is None else 0.0 - self.corrected(drawn)
        else:
            given = self.charging.value if self.charging else 0.0
            drawn = self.discharging.value if self.discharging else 0.0
            self.current = None if given is None or drawn is None else given - drawn
            if self.current is not None and self.is_comparing:
                self.current = 0.0  # the cell is disconnected: what differs is the meters
            # Both switches are off: what is left is the meters' zero error, not charge.
            if self.current is not None and abs(self.current) <= self._zero:
                self.current = 0.0

    def _on_temp(self, sample: Sample, half_width: float) -> int:
        del half_width
        if self.temp is None or self.file.temp is None:
            return 0
        low, high = self.file.temp.plausible
        value = sample.value
        if isinstance(value, float) and not low <= value <= high:
            sample = sample._replace(
                value=None, quality=Quality.BAD, reason=f"implausible: {value:g} °C"
            )
        self.temp.take(sample)
        if self.temp.value is not None and self.integrator is not None:
            self.integrator.temperature(sample.mono, self.temp.value)
        return TEMP

    def _on_probe(self, sample: Sample, half_width: float) -> int:
        """A further thermometer: implausible is unknown, and unknown trips."""
        del half_width
        for place, file in zip(self.temps, self.file.temps, strict=True):
            if place.point == sample.point:
                low, high = file.plausible
                value = sample.known
                fits = isinstance(value, float) and low <= value <= high
                place.take(sample if fits else sample._replace(value=None, quality=Quality.BAD))
        return TEMP

    def _on_cell(self, sample: Sample, half_width: float) -> int:
        del half_width
        for place in self.cells:
            if place.point == sample.point:
                place.take(sample)
        return VOLTAGE

    @property
    def hottest(self) -> float | None:
        """The highest of all temperatures of the cell; None while one of them is unknown."""
        return _extreme(max, self.temp, self.temps)

    @property
    def coldest(self) -> float | None:
        """The lowest of them."""
        return _extreme(min, self.temp, self.temps)

    def cell_range(self) -> tuple[float, float] | None:
        """Lowest and highest cell voltage; None without cells or while one is unknown."""
        known = [place.value for place in self.cells if place.value is not None]
        if not known or len(known) < len(self.cells):
            return None
        return min(known), max(known)

    def _on_setting(self, sample: Sample, half_width: float) -> int:
        """Compare what an instrument says of its settings with what we set (SEQ-22)."""
        del half_width
        expected = self.expected[sample.point]
        if expected.value is None or self.is_switching:
            return 0
        value = sample.known
        if value is None:
            self._fault("contact-lost", f"{sample.point} is not known any more")
        elif value != expected.value and not expected.same(expected.value, value):
            text = f"{sample.point} is {value}, set was {expected.value}"
            self._fault("foreign-change", text)
        return 0

    def _on_protection(self, sample: Sample, half_width: float) -> int:
        del half_width
        value = sample.known
        if self.side is not Side.OFF and value not in {"none", "", None}:
            self._fault(f"protection-{value}", f"{sample.point} tripped: {value}")
        return 0

    def _on_terminal(self, sample: Sample, half_width: float) -> int:
        del half_width
        for terminal in self._terminals.values():
            if terminal.point == sample.point:
                terminal.take(sample)
        return 0

    def _on_regulation(self, sample: Sample, half_width: float) -> int:
        del half_width
        if self.side is Side.CHARGE and not self.is_switching and self.follows_flag:
            self.note_phase(str(sample.known or "").lower(), sample.mono)
        return 0

    def note_phase(self, seen: str, mono: float, *, at_once: bool = False) -> None:
        """The supply says how it regulates; twice the same counts."""
        if seen not in _PHASES or seen == self.phase:
            self._seen_count = 0
            return
        if seen != self._seen_phase:
            self._seen_phase, self._seen_count = seen, 0
        self._seen_count += 1
        if at_once or self._seen_count >= PHASE_SAMPLES:
            self.set_phase(seen, mono)

    def set_phase(self, name: str, mono: float) -> None:
        """Enter a phase; while a step names what it does, that is it."""
        if name and self.stage:
            name = self.stage
        if name == self.phase:
            return
        self.phase = name
        if self.integrator is not None:
            self.integrator.phase(mono, name)

    def expect(self, point: str, value: Scalar | None) -> None:
        """Remember what a setting must read back from now on."""
        if point in self.expected:
            self.expected[point].value = value

    def trust_nothing(self) -> None:
        """Forget all settings: they are no longer ours."""
        for expected in self.expected.values():
            expected.value = None

    def _fault(self, trip_id: str, text: str) -> None:
        self._faults.append(Trip(trip_id, text))

    def _report_worst(self) -> None:
        """Of one snapshot the cause, not its consequence: a trip before the switch it opened."""
        faults, self._faults = self._faults, []
        if self.observer is not None:
            faults.sort(key=lambda trip: not trip.id.startswith("protection"))
            self.observer.fault(faults[0])

    def _watch(self, mono: float) -> None:
        """What no step may ignore while an output is on (SEQ-22)."""
        source, current = self.source, self.current
        guessing = self.side is Side.CHARGE and self.follows_flag and not self._has_flag
        if guessing and source is not None and current is not None:
            self._guess_phase(source, current, mono)
        for watch in self.watches:
            trip = watch.look(self, mono)
            if trip is not None:
                self._faults.append(trip)

    def _guess_phase(self, source: Instrument, current: float, mono: float) -> None:
        seen = shown_phase(source, current)
        if seen:
            self.note_phase(seen, mono)

    @property
    def holds_voltage(self) -> bool:
        """Whether the supply regulates its voltage now, by its flag or by what it shows."""
        source = self.source
        if source is None or self.side is not Side.CHARGE or self.current is None:
            return False
        if self._has_flag:
            return str(source.known(Role.REGULATION) or "").lower() == "cv"
        return shown_phase(source, self.current) == "cv"

    @property
    def terminal(self) -> Input | None:
        """The voltage at the instrument that is on, if it can be compared with the cell's."""
        return self._terminals.get(self.side)

    @property
    def ammeter(self) -> Input | None:
        """The current meter that speaks for the side that is on."""
        if self.signed is not None:
            return self.signed
        return self.charging if self.side is Side.CHARGE else self.discharging

    def begin_watch(self) -> None:
        """A new direction: what was counted before says nothing any more."""
        self._seen_phase, self._seen_count = "", 0
        for watch in self.watches:
            watch.begin()

    def silent_input(self, now: float) -> str | None:
        """An input that has not been heard for too long, whatever its last quality was."""
        for place in self.inputs:
            if place.last is None or now - place.last.mono > place.patience_s:
                return place.point
        return None

    # --- what it publishes ------------------------------------------------------------------

    def step_amounts(self) -> tuple[float, float]:
        """Ah and Wh of the step so far, as magnitudes."""
        if self.integrator is None:
            return 0.0, 0.0
        totals = self.integrator.totals["step"]
        return (
            max(totals.charge_ah, totals.discharge_ah),
            max(totals.charge_wh, totals.discharge_wh),
        )

    def publish_edge(self, mono: float) -> None:
        """Publish the first or the last moment of a step: it is recorded however thin the rest."""
        self._mono = mono = max(self._mono, mono)
        self.labels.edge = True
        self.publish(mono)
        self.labels.edge = False

    def _run_amounts(self, timestamp: float, mono: float) -> list[Sample]:
        """What has passed in the run, both ways."""
        totals = self.integrator.totals.get("run") if self.integrator is not None else None
        good, normal = Quality.GOOD, AlarmState.NORMAL
        return [
            Sample(point, getattr(totals, name, 0.0), unit, good, normal, timestamp, mono)
            for point, name, unit in self._amount_points
        ]

    def publish(self, mono: float) -> None:
        """Publish the channel as it is now."""
        timestamp = self.clock.utc_at(mono)
        volts, amps = self.voltage.value, self.current
        watts = None if volts is None or amps is None else volts * amps
        temp = self.temp.value if self.temp is not None else None
        ah, wh = self.step_amounts()
        count, edge = float(self.labels.step_count), float(self.labels.edge)
        good, bad, normal = Quality.GOOD, self._bad_quality(), AlarmState.NORMAL
        p = self._points
        self.bus.publish(
            Snapshot(
                self.id,
                timestamp,
                mono,
                0.0,
                (
                    Sample(
                        p[0], volts, "V", bad if volts is None else good, normal, timestamp, mono
                    ),
                    Sample(p[1], amps, "A", bad if amps is None else good, normal, timestamp, mono),
                    Sample(
                        p[2], watts, "W", bad if watts is None else good, normal, timestamp, mono
                    ),
                    Sample(
                        p[3], temp, "°C", bad if temp is None else good, normal, timestamp, mono
                    ),
                    Sample(p[4], ah, "Ah", good, normal, timestamp, mono),
                    Sample(p[5], wh, "Wh", good, normal, timestamp, mono),
                    Sample(p[6], self.labels.step, "", good, normal, timestamp, mono),
                    Sample(p[7], float(self.labels.cycle), "", good, normal, timestamp, mono),
                    Sample(self._phase_point, self.phase, "", good, normal, timestamp, mono),
                    *self._run_amounts(timestamp, mono),
                    Sample(self._count_point, count, "", good, normal, timestamp, mono),
                    Sample(self._edge_point, edge, "", good, normal, timestamp, mono),
                    *self._extremes(timestamp, mono),
                ),
            )
        )

    def _extremes(self, timestamp: float, mono: float) -> list[Sample]:
        """What there is only with several cells or thermometers."""
        found: list[tuple[str, float | None, str]] = []
        if self.cells:
            low, high = self.cell_range() or (None, None)
            spread = None if low is None or high is None else high - low
            found += [("cell_min", low, "V"), ("cell_max", high, "V"), ("cell_spread", spread, "V")]
        if self.temps:
            found += [("temp_min", self.coldest, "°C"), ("temp_max", self.hottest, "°C")]
        good, bad, normal = Quality.GOOD, Quality.BAD, AlarmState.NORMAL
        return [
            Sample(
                f"{self.id}.{name}",
                value,
                unit,
                bad if value is None else good,
                normal,
                timestamp,
                mono,
            )
            for name, value, unit in found
        ]

    def _bad_quality(self) -> Quality:
        last = self.voltage.last
        return Quality.STALE if last is None or last.quality is Quality.STALE else Quality.BAD


def _extreme(
    pick: Callable[[list[float]], float], first: Input | None, others: list[Input]
) -> float | None:
    places = [first, *others] if first is not None else others
    known = [place.value for place in places if place.value is not None]
    return pick(known) if known and len(known) == len(places) else None


def shown_phase(source: Instrument, current: float) -> str:
    """The phase of a supply without a flag: CV within 2 counts of its set voltage and below I."""
    volts, target = source.number(Role.MEASURED_VOLTAGE), source.number(Role.SET_VOLTAGE)
    limit = source.number(Role.SET_CURRENT)
    if volts is None or target is None or limit is None:
        return ""
    near = abs(volts - target) <= 2.0 * source.grain(Role.MEASURED_VOLTAGE)
    below = current < limit - 2.0 * source.grain(Role.MEASURED_CURRENT)
    return "cv" if near and below else "cc"


@dataclass(frozen=True)
class ExclusiveOutputs:
    """Supply and load of one channel are never on together (`core.safety.Interlock`)."""

    channel: CyclerChannel

    @property
    def id(self) -> str:
        """Named in the refusal."""
        return f"{self.channel.id}: one output at a time"

    def denies(self, device: str, entity: str, value: Scalar) -> str | None:
        """Refuse switching one on unless the other is known to be off."""
        source, sink = self.channel.source, self.channel.sink
        if value is not True or source is None or sink is None:
            return None
        point = f"{device}.{entity}"
        for one, other in ((source, sink), (sink, source)):
            is_one = point == one.find(one.switch)
            if is_one and not other.is_off and not self.channel.is_comparing:
                return f"{other.device} is not known to be off"
        return None
