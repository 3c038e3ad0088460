"""Virtual instruments wired to one physical cell model; devices with one bench name share it.

`VirtualPsu`, `VirtualLoad` and `VirtualMeter` are instruments, `VirtualBench` is the table with
relay, chamber temperature and faults, and `V01Battery` is all instruments in one device.
"""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.devices import (
    RW,
    BenchParams,
    Blueprint,
    Circuit,
    DeviceError,
    Driver,
    Enum,
    Missing,
    Numeric,
    Protection,
    ProtectionKind,
    Role,
    Safe,
    Scalar,
    Toggle,
    VirtualLink,
    parts,
)
from ionpy_auto.physics import LoadMode

MAX_V = 60.0
MAX_A = 12.0
LOAD_MAX_A = 30.0
LEVELS = {"cc": "load_level", "cp": "load_power", "cr": "load_ohms", "cv": "load_volts"}
FAULTS = (
    "open_contact",
    "stuck_output",
    "stuck_load",
    "sensor_frozen",
    "missing_probe",
    "reversed_cell",
    "ignored_write",
)


class OnBench(Driver):
    """What all virtual instruments share: a circuit on the project's clock."""

    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    CATEGORY = "virtual"
    OFF_LEAKAGE_A = 0.0

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

    async def read_back(self, entity_id: str) -> object:
        """Asked anew from the circuit."""
        return (await self.poll()).get(entity_id)

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Hand a checked value to the circuit.

        Raises:
            DeviceError: The circuit takes no such setting.
        """
        try:
            self.apply(entity_id, value)
        except ValueError as error:
            raise DeviceError(str(error), hint="see the driver's README") from error

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the circuit."""
        raise NotImplementedError


class PsuPart:
    """Entities and values of a supply with a battery terminal."""

    v_set = parts.set_voltage(MAX_V, precision=3, group="Supply")
    i_set = parts.set_current(MAX_A, precision=3, group="Supply")
    output = parts.output_switch(group="Supply")
    ovp = parts.set_ovp(62.0, precision=3, group="Supply")
    ocp = parts.set_ocp(13.0, precision=3, group="Supply")
    v_out = parts.measured_voltage(3, plausible=(-1.0, 70.0), accuracy=0.005, group="Supply")
    i_out = parts.measured_current(3, plausible=(-1.0, 20.0), accuracy=0.005, group="Supply")
    p_out = parts.measured_power(3, group="Supply")
    v_battery = Numeric(
        name="Battery terminal",
        unit="V",
        precision=3,
        accuracy=0.005,
        plausible=(-60.0, 70.0),
        group="Supply",
        role=Role.BATTERY_VOLTAGE,
    )
    regulation = parts.regulation(group="Supply")
    protection = parts.protection(group="Supply")


def psu_values(circuit: Circuit) -> dict[str, object]:
    """What a supply shows."""
    r, supply = circuit.readings(), circuit.bench.supply
    return {
        "v_set": supply.v_set,
        "i_set": supply.i_set,
        "output": supply.output,
        "ovp": supply.ovp_v,
        "ocp": supply.ocp_a,
        "v_out": r.psu_voltage,
        "i_out": r.psu_current,
        "p_out": r.psu_voltage * r.psu_current,
        "v_battery": r.psu_battery_voltage,
        "regulation": r.psu_regulation.value.lower(),
        "protection": supply.trip or "none",
    }


def set_supply(circuit: Circuit, entity_id: str, value: Any) -> None:  # noqa: ANN401 - checked
    """Change a setting of the supply."""
    bench, now = circuit.advanced()
    if entity_id == "v_set":
        bench.set_supply(now, v_set=value)
    elif entity_id == "i_set":
        bench.set_supply(now, i_set=value)
    elif entity_id == "ovp":
        bench.set_supply(now, ovp_v=value)
    elif entity_id == "ocp":
        bench.set_supply(now, ocp_a=value)
    else:
        bench.set_supply(now, output=value)


class VirtualPsu(PsuPart, OnBench):
    """A virtual supply 60 V / 12 A with a battery terminal, wired to the bench's cell."""

    NAME = "virtual_psu"
    CATEGORY = "psu"
    ICON = "lightning-bolt"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.05, 0.05, latched=True)

    async def poll(self) -> Mapping[str, object]:
        """What the supply shows."""
        return psu_values(self.circuit)

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the supply."""
        set_supply(self.circuit, entity_id, value)


class LoadPart:
    """Entities and values of an electronic load."""

    load_mode = Enum(
        name="Mode",
        options={
            "cc": "Constant current",
            "cp": "Constant power",
            "cr": "Constant resistance",
            "cv": "Constant voltage",
        },
        access=RW,
        channel="Ch2",
        group="Load",
        role=Role.LOAD_MODE,
        safe=Safe("none"),
    )
    load_level = Numeric(
        name="Current",
        unit="A",
        precision=3,
        min=0.0,
        max=LOAD_MAX_A,
        access=RW,
        channel="Ch2",
        group="Load",
        role=Role.LOAD_LEVEL,
        safe=Safe("none"),
    )
    load_power = Numeric(
        name="Power",
        unit="W",
        precision=2,
        min=0.0,
        max=300.0,
        access=RW,
        channel="Ch2",
        group="Load",
        safe=Safe("none"),
    )
    load_ohms = Numeric(
        name="Resistance",
        unit="Ω",
        precision=3,
        min=0.05,
        max=10_000.0,
        quantise="up",
        access=RW,
        channel="Ch2",
        group="Load",
        safe=Safe("none"),
    )
    load_volts = Numeric(
        name="Held voltage",
        unit="V",
        precision=3,
        min=0.0,
        max=MAX_V,
        quantise="up",
        access=RW,
        channel="Ch2",
        group="Load",
        safe=Safe("none"),
    )
    load_on = Toggle(
        name="Input",
        access=RW,
        channel="Ch2",
        group="Load",
        role=Role.INPUT,
        safe=Safe("write", value=False, order=20),
        danger=True,
    )
    cutoff = Numeric(
        name="Battery cutoff",
        unit="V",
        precision=3,
        min=0.0,
        max=MAX_V,
        quantise="up",
        access=RW,
        persist=True,
        channel="Ch2",
        group="Load",
        role=Role.CUTOFF_VOLTAGE,
        safe=Safe("none"),
    )
    load_v = Numeric(
        name="Load voltage",
        unit="V",
        precision=3,
        accuracy=0.005,
        plausible=(-60.0, 70.0),
        channel="Ch2",
        group="Load",
        role=Role.MEASURED_VOLTAGE,
    )
    load_i = Numeric(
        name="Load current",
        unit="A",
        precision=4,
        accuracy=0.003,
        signed=False,
        plausible=(-1.0, 40.0),
        channel="Ch2",
        group="Load",
        role=Role.MEASURED_CURRENT,
    )
    load_p = Numeric(
        name="Load power",
        unit="W",
        precision=3,
        channel="Ch2",
        group="Load",
        role=Role.MEASURED_POWER,
    )
    load_protection = Enum(
        name="Load protection",
        options={"none": "None", "cutoff": "Battery cutoff"},
        channel="Ch2",
        group="Load",
        role=Role.PROTECTION,
    )


class LoadPanel:
    """The settings a load keeps per mode; the bench knows only the one in force."""

    def __init__(self) -> None:
        self.levels = {"cc": 0.0, "cp": 0.0, "cr": 10_000.0, "cv": MAX_V}

    def values(self, circuit: Circuit) -> dict[str, object]:
        """What a load shows."""
        r, load = circuit.readings(), circuit.bench.load
        mode = load.mode.value.lower()
        shown = {**self.levels, mode: load.level}
        return {
            "load_mode": mode,
            **{entity: shown[key] for key, entity in LEVELS.items()},
            "load_on": load.enabled,
            "cutoff": load.cutoff_v,
            "load_v": r.load_voltage,
            "load_i": r.load_current,
            "load_p": r.load_voltage * r.load_current,
            "load_protection": load.trip or "none",
        }

    def apply(self, circuit: Circuit, entity_id: str, value: Any) -> None:  # noqa: ANN401 - checked
        """Change a setting of the load; a level takes effect when its mode is in force."""
        bench, now = circuit.advanced()
        if entity_id == "load_on":
            bench.set_load(now, enabled=value)
        elif entity_id == "cutoff":
            bench.set_load(now, cutoff_v=value)
        elif entity_id == "load_mode":
            bench.set_load(now, mode=LoadMode(value.upper()), level=self.levels[value])
        else:
            mode = next(key for key, entity in LEVELS.items() if entity == entity_id)
            self.levels[mode] = value
            if bench.load.mode.value.lower() == mode:
                bench.set_load(now, level=value)


class VirtualLoad(LoadPart, OnBench):
    """A virtual electronic load 30 A with a latching battery cutoff, wired to the bench's cell."""

    NAME = "virtual_load"
    CATEGORY = "load"
    ICON = "resistor"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, latched=True)
    CAPABILITIES = ("latched_cutoff",)

    def declare(self) -> None:
        """Remember the settings of the modes that are not in force."""
        super().declare()
        self._panel = LoadPanel()

    async def poll(self) -> Mapping[str, object]:
        """What the load shows."""
        return self._panel.values(self.circuit)

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the load."""
        self._panel.apply(self.circuit, entity_id, value)


class MeterPart:
    """Entities and values of a four-wire meter with a thermometer on the cell."""

    cell_v = Numeric(
        name="Cell voltage",
        unit="V",
        precision=4,
        accuracy=0.001,
        plausible=(-60.0, 60.0),
        group="Meter",
        role=Role.SENSE_VOLTAGE,
    )
    cell_temp = Numeric(
        name="Cell temperature",
        unit="°C",
        precision=1,
        accuracy=0.5,
        plausible=(-40.0, 125.0),
        group="Meter",
        role=Role.BATTERY_TEMPERATURE,
    )


def meter_values(circuit: Circuit) -> dict[str, object]:
    """What a meter shows."""
    readings = circuit.readings()
    return {"cell_v": readings.cell_voltage, "cell_temp": readings.cell_temp}


class VirtualMeter(MeterPart, OnBench):
    """A virtual four-wire multimeter with a thermometer, at the bench's cell."""

    NAME = "virtual_meter"
    CATEGORY = "meter"
    ICON = "gauge"

    async def poll(self) -> Mapping[str, object]:
        """What the meter shows."""
        return meter_values(self.circuit)


class V01Battery(PsuPart, LoadPart, MeterPart, OnBench):
    """A virtual cell with supply, load and meter in one device."""

    NAME = "virtual_battery"
    ALIASES = ("V01_Battery", "virtual_cell")
    ICON = "battery"
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.05, 0.05, latched=True)
    CAPABILITIES = ("latched_cutoff",)

    class Params(BenchParams):
        """The cell; its bench is its own unless another device names it too."""

        bench: str = "V01"

    def declare(self) -> None:
        """Remember the settings of the load's modes that are not in force."""
        super().declare()
        self._panel = LoadPanel()

    async def poll(self) -> Mapping[str, object]:
        """What all instruments show."""
        circuit = self.circuit
        return {**psu_values(circuit), **self._panel.values(circuit), **meter_values(circuit)}

    def apply(self, entity_id: str, value: Scalar) -> None:
        """Change a setting of the instrument that has it."""
        if entity_id in LoadPart.__dict__:
            self._panel.apply(self.circuit, entity_id, value)
        else:
            set_supply(self.circuit, entity_id, value)


class VirtualBench(OnBench):
    """The table: chamber temperature, relay, faults to switch on, and the truth about the cell."""

    NAME = "virtual_bench"
    ICON = "table-furniture"

    ambient = Numeric(
        name="Ambient temperature",
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
        """One switch per fault."""
        super().declare()
        for fault in FAULTS:
            self.entities[fault] = Toggle(
                id=fault,
                name=fault.replace("_", " ").capitalize(),
                access=RW,
                group="Faults",
                safe=Safe("hold"),
            )

    async def poll(self) -> Mapping[str, object]:
        """The truth, which no instrument knows."""
        bench, _ = self.circuit.advanced()
        cell = bench.cell
        relay: object = bench.relay_closed
        if bench.wiring.isolation != "relay":
            relay = Missing("this bench has no relay")
        return {
            "ambient": cell.ambient_c,
            "relay": relay,
            "true_soc": cell.soc * 100.0,
            "true_voltage": cell.ocv,
            "true_temp": cell.temperature_c,
            "charged": cell.charged_ah,
            "discharged": cell.discharged_ah,
            **{fault: getattr(bench.faults, fault) for fault in FAULTS},
        }

    def apply(self, entity_id: str, value: Any) -> None:  # noqa: ANN401 - checked by the entity
        """Turn a knob of the table."""
        bench, now = self.circuit.advanced()
        if entity_id == "ambient":
            bench.set_ambient(now, value)
        elif entity_id == "relay":
            bench.set_relay(now, closed=value)
        else:
            setattr(bench.faults, entity_id, value)
