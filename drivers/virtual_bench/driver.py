"""Virtual instruments wired to one physical cell model; devices with one bench name share it.

`VirtualPsu`, `VirtualLoad`, `VirtualMeter`, `VirtualRelay` and `VirtualChamber` are instruments,
`VirtualBench` is the table with the room's temperature, faults and meter errors, and `V01Battery`
is supply, load and meter in one device.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from ionpy_auto.devices import (
    RW,
    BenchParams,
    Blueprint,
    Circuit,
    DeviceError,
    Driver,
    Enum,
    LinkLost,
    MinimumInput,
    Missing,
    Numeric,
    Protection,
    ProtectionKind,
    Role,
    Safe,
    Scalar,
    Toggle,
    VirtualLink,
)
from ionpy_auto.physics import COLDEST_C, HOTTEST_C, NOBODY, Chamber

from .instruments import (
    LoadPanel,
    LoadPart,
    MeterPart,
    PsuPart,
    meter_values,
    psu_values,
    set_supply,
)
from .troubles import FAULTS, fault_entities, meter_error, meter_error_entities, meter_errors

HUNG_LOOK_S = 0.1
SECOND = "_2"


class OnBench(Driver):
    """What all virtual instruments share: a circuit on the project's clock."""

    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    CATEGORY = "virtual"
    OFF_LEAKAGE_A = 0.0
    PARTS: ClassVar[tuple[str, ...]] = ()
    """Which of the bench's `INSTRUMENTS` it is: whose faults strike it."""

    class Params(BenchParams):
        """Which bench, and what is on it."""

    link: VirtualLink
    params: Params

    def declare(self) -> None:
        """Tell the bench what this device knows of it, before the first look makes it."""
        self.link.benches.plan(self.params)
        self._circuit: Circuit | None = None

    @property
    def circuit(self) -> Circuit:
        """The shared circuit."""
        if self._circuit is None:
            self._circuit = self.link.benches.get(self.params.bench)
        return self._circuit

    def is_struck(self, fault: str) -> bool:
        """Whether a fault of one instrument (``hung_poll``, ``link_lost``) concerns this one."""
        whom = getattr(self.circuit.bench.faults, fault)
        return whom != NOBODY and (whom in self.PARTS or (whom == "all" and bool(self.PARTS)))

    def reach(self) -> None:
        """What every message does first; the supply hears that somebody is there.

        Raises:
            LinkLost: The bench's fault ``link_lost`` says so.
        """
        if self.is_struck("link_lost"):
            raise LinkLost(
                f"bench {self.params.bench}: the link is lost",
                hint="switch the fault link_lost of the bench off",
            )
        if "supply" in self.PARTS:
            self.circuit.heard()

    async def connect(self) -> None:
        """See whether it is there."""
        self.reach()

    async def poll(self) -> Mapping[str, object]:
        """What the instrument shows; with the fault ``hung_poll`` nothing, for ever."""
        while self.is_struck("hung_poll"):
            await self.clock.sleep(HUNG_LOOK_S)
        self.reach()
        return self.look()

    def look(self) -> Mapping[str, object]:
        """What the instrument shows now."""
        raise NotImplementedError

    async def read_back(self, entity_id: str) -> object:
        """Asked anew from the circuit."""
        self.reach()
        return self.look().get(entity_id)

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Hand a checked value to the circuit.

        Raises:
            DeviceError: The circuit takes no such setting.
        """
        self.reach()
        try:
            self.apply(entity_id, value)
        except ValueError as error:
            raise DeviceError(str(error), hint="see the driver's README") from error

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the circuit."""
        raise NotImplementedError


class VirtualPsu(PsuPart, OnBench):
    """A virtual supply 60 V / 12 A with a battery terminal, wired to the bench's cell."""

    NAME = "virtual_psu"
    CATEGORY = "psu"
    PARTS = ("supply",)
    ICON = "lightning-bolt"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.05, 0.05, latched=True)

    def look(self) -> Mapping[str, object]:
        """What the supply shows."""
        return psu_values(self.circuit)

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the supply."""
        set_supply(self.circuit, entity_id, value)


class VirtualTwinPsu(PsuPart, OnBench):
    """Two virtual supplies in one device: outputs `Ch1` and `Ch2`, each wired to its own bench."""

    NAME = "virtual_twin_psu"
    CATEGORY = "psu"
    PARTS = ("supply",)
    ICON = "lightning-bolt"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.05, 0.05, latched=True)

    class Params(OnBench.Params):
        """The bench of `Ch1`, and what is on it."""

        bench_2: str = Field(
            default="B", min_length=1, max_length=64, description="Name of the circuit of Ch2."
        )

    params: Params

    def declare(self) -> None:
        """The entities of the second output, called like those of the first and `_2`."""
        super().declare()
        for entity in tuple(self.entities.values()):
            key = f"{entity.id}{SECOND}"
            name = f"{entity.name} 2"
            self.entities[key] = replace(entity, id=key, name=name, group="Supply 2", channel="Ch2")

    @property
    def second(self) -> Circuit:
        """The circuit of `Ch2`."""
        return self.link.benches.get(self.params.bench_2)

    def reach(self) -> None:
        """Both supplies hear that somebody is there."""
        super().reach()
        self.second.heard()

    def look(self) -> Mapping[str, object]:
        """What both outputs show."""
        second = psu_values(self.second)
        return {
            **psu_values(self.circuit),
            **{f"{key}{SECOND}": value for key, value in second.items()},
        }

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of one output."""
        circuit = self.second if entity_id.endswith(SECOND) else self.circuit
        set_supply(circuit, entity_id.removesuffix(SECOND), value)


class VirtualLoad(LoadPart, OnBench):
    """A virtual electronic load 30 A with a latching battery cutoff, wired to the bench's cell."""

    NAME = "virtual_load"
    CATEGORY = "load"
    PARTS = ("load",)
    ICON = "resistor"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, latched=True)
    CAPABILITIES = ("latched_cutoff",)
    MINIMUM_INPUT = MinimumInput(0.3, 30.0)

    def declare(self) -> None:
        """Remember the settings of the modes that are not in force."""
        super().declare()
        self._panel = LoadPanel()

    def look(self) -> Mapping[str, object]:
        """What the load shows."""
        return self._panel.values(self.circuit)

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the load."""
        self._panel.apply(self.circuit, entity_id, value)


class VirtualMeter(MeterPart, OnBench):
    """A virtual four-wire multimeter with a thermometer, at the bench's cell."""

    NAME = "virtual_meter"
    ALIASES = ("virtual_multimeter",)
    CATEGORY = "meter"
    PARTS = ("meter",)
    ICON = "gauge"

    def look(self) -> Mapping[str, object]:
        """What the meter shows."""
        return meter_values(self.circuit)


class V01Battery(PsuPart, LoadPart, MeterPart, OnBench):
    """A virtual cell with supply, load and meter in one device."""

    NAME = "virtual_battery"
    ALIASES = ("V01_Battery", "virtual_cell")
    PARTS = ("supply", "load", "meter")
    ICON = "battery"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.05, 0.05, latched=True)
    CAPABILITIES = ("latched_cutoff",)
    MINIMUM_INPUT = MinimumInput(0.3, 30.0)

    class Params(BenchParams):
        """The cell; its bench is its own unless another device names it too."""

        bench: str = "V01"

    def declare(self) -> None:
        """Remember the settings of the load's modes that are not in force."""
        super().declare()
        self._panel = LoadPanel()

    def look(self) -> Mapping[str, object]:
        """What all instruments show."""
        circuit = self.circuit
        return {**psu_values(circuit), **self._panel.values(circuit), **meter_values(circuit)}

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the instrument that has it."""
        if entity_id in LoadPart.__dict__:
            self._panel.apply(self.circuit, entity_id, value)
        else:
            set_supply(self.circuit, entity_id, value)


class VirtualRelay(OnBench):
    """A virtual relay in the cell's branch; it goes into a bench without isolation, open."""

    NAME = "virtual_relay"
    CATEGORY = "relay"
    ICON = "electric-switch"
    PARTS = ("relay",)

    # Opens after sources (10) and loads (20): a contact that opens under current burns.
    closed = Toggle(
        name="Relay",
        access=RW,
        on_label="Closed",
        off_label="Open",
        role=Role.RELAY,
        safe=Safe("write", value=False, order=30),
    )

    async def connect(self) -> None:
        """Wire the relay in, unless the bench has one.

        Raises:
            DeviceError: The bench's isolation is a diode.
        """
        self.reach()
        bench, now = self.circuit.advanced()
        try:
            bench.add_relay(now)
        except ValueError as error:
            raise DeviceError(str(error), hint="give the bench no other isolation") from error

    def look(self) -> Mapping[str, object]:
        """Where the contact is."""
        return {"closed": self.circuit.bench.relay_closed}

    def apply(self, entity_id: str, value: Any) -> None:  # noqa: ANN401 - checked by the entity
        """Close or open the contact."""
        del entity_id
        bench, now = self.circuit.advanced()
        if not bench.faults.ignored_write:
            bench.set_relay(now, closed=value)


class VirtualChamber(OnBench):
    """A virtual temperature chamber around the bench's cell, with limited rates, without overshoot.

    Its safe state is standby. Once outputs are off, the heater is the last thing in the laboratory
    that still brings energy to a cell, and whoever cannot see the cell must not go on warming it;
    a cell that drifts to the temperature of the room is lost time, not harm.
    """

    NAME = "virtual_chamber"
    CATEGORY = "chamber"
    ICON = "thermometer"
    PARTS = ("chamber",)

    class Params(OnBench.Params):
        """The bench, and how fast the chamber is."""

        heat_k_per_min: float = Field(default=3.0, gt=0, le=60, description="Fastest warming.")
        cool_k_per_min: float = Field(default=2.0, gt=0, le=60, description="Fastest cooling.")

    params: Params

    set_temperature = Numeric(
        unit="°C",
        precision=1,
        min=COLDEST_C,
        max=HOTTEST_C,
        quantise="nearest",
        access=RW,
        persist=True,
        group="Chamber",
        safe=Safe("none"),
    )
    run = Toggle(
        access=RW,
        on_label="Run",
        off_label="Standby",
        group="Chamber",
        safe=Safe("write", value=False, order=40),
        danger=True,
    )
    temperature = Numeric(
        name="Air temperature",
        unit="°C",
        precision=2,
        accuracy=0.3,
        plausible=(-80.0, 200.0),
        group="Chamber",
        role=Role.TEMPERATURE,
    )
    activity = Enum(
        options={
            "standby": "Standby",
            "heating": "Heating",
            "cooling": "Cooling",
            "holding": "Holding",
        },
        group="Chamber",
    )

    async def connect(self) -> None:
        """Put the cell into the chamber, unless it is in one."""
        self.reach()
        bench, now = self.circuit.advanced()
        if bench.chamber is None:
            rates = self.params
            chamber = Chamber(
                heat_k_per_s=rates.heat_k_per_min / 60.0, cool_k_per_s=rates.cool_k_per_min / 60.0
            )
            bench.add_chamber(now, chamber)

    def look(self) -> Mapping[str, object]:
        """Where the air is and where it goes."""
        bench, _ = self.circuit.advanced()
        chamber = bench.chamber
        if chamber is None:
            return {}
        return {
            "set_temperature": chamber.set_c,
            "run": chamber.running,
            "temperature": chamber.air_c,
            "activity": activity(chamber),
        }

    def apply(self, entity_id: str, value: Any) -> None:  # noqa: ANN401 - checked by the entity
        """Change a setting of the chamber."""
        bench, now = self.circuit.advanced()
        if entity_id == "run":
            bench.set_chamber(now, running=value)
        else:
            bench.set_chamber(now, set_c=value)


def activity(chamber: Chamber) -> str:
    """What a chamber does, in a word."""
    if not chamber.running:
        return "standby"
    left = chamber.set_c - chamber.air_c
    if abs(left) < 0.1:
        return "holding"
    return "heating" if left > 0.0 else "cooling"


class VirtualBench(OnBench):
    """The table: room, relay, faults and meter errors to switch on, and the truth of the cell."""

    NAME = "virtual_bench"
    ICON = "table-furniture"

    ambient = Numeric(
        name="Room temperature",
        unit="°C",
        precision=1,
        min=-40.0,
        max=85.0,
        access=RW,
        role=Role.TEMPERATURE,
        safe=Safe("hold"),
    )
    relay = Toggle(
        access=RW,
        on_label="Closed",
        off_label="Open",
        role=Role.RELAY,
        safe=Safe("hold"),
    )
    true_soc = Numeric(name="True state of charge", unit="%", precision=2)
    true_voltage = Numeric(name="True open-circuit voltage", unit="V", precision=4)
    true_temp = Numeric(name="True cell temperature", unit="°C", precision=2)
    charged = Numeric(name="True charge put in", unit="Ah", precision=4, role=Role.AH_COUNTER)
    discharged = Numeric(name="True charge taken out", unit="Ah", precision=4)

    def declare(self) -> None:
        """One entity per fault and per meter error."""
        super().declare()
        for entity in (*fault_entities(), *meter_error_entities()):
            self.entities[entity.id] = entity

    def look(self) -> Mapping[str, object]:
        """The truth, which no instrument knows."""
        bench, _ = self.circuit.advanced()
        cell = bench.cell
        relay: object = bench.relay_closed
        if bench.wiring.isolation != "relay":
            relay = Missing("this bench has no relay")
        return {
            "ambient": bench.room_c,
            "relay": relay,
            "true_soc": cell.soc * 100.0,
            "true_voltage": cell.ocv,
            "true_temp": cell.temperature_c,
            "charged": cell.charged_ah,
            "discharged": cell.discharged_ah,
            **{fault: getattr(bench.faults, fault) for fault in FAULTS},
            **meter_errors(bench.meters),
        }

    def apply(self, entity_id: str, value: Any) -> None:  # noqa: ANN401 - checked by the entity
        """Turn a knob of the table."""
        bench, now = self.circuit.advanced()
        if entity_id == "ambient":
            bench.set_ambient(now, value)
        elif entity_id == "relay":
            bench.set_relay(now, closed=value)
        elif entity_id in FAULTS:
            bench.set_fault(now, entity_id, value)
        else:
            meter, _, kind = entity_id.rpartition("_")
            bench.set_meter_error(now, meter, **meter_error(kind, value))
