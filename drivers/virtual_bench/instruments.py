"""Entities and values of a virtual supply, load and meter, for every driver that has them."""

from typing import Any

from ionpy_auto.devices import RW, Circuit, Enum, Numeric, Role, Safe, Toggle, parts
from ionpy_auto.physics import LoadMode

MAX_V = 60.0
MAX_A = 12.0
LOAD_MAX_A = 30.0
LEVELS = {"cc": "load_level", "cp": "load_power", "cr": "load_ohms", "cv": "load_volts"}


class PsuPart:
    """Entities and values of a supply with a battery terminal."""

    v_set = parts.set_voltage(MAX_V, precision=3, group="Supply")
    i_set = parts.set_current(MAX_A, precision=3, group="Supply")
    output = parts.output_switch(group="Supply")
    ovp = parts.set_ovp(62.0, precision=3, group="Supply")
    ocp = parts.set_ocp(13.0, precision=3, group="Supply")
    watchdog = Numeric(
        name="Watchdog",
        unit="s",
        precision=1,
        min=0.0,
        max=3600.0,
        quantise="up",  # the smallest wish must not become 0, which is off
        access=RW,
        group="Supply",
        role=Role.WATCHDOG,
        safe=Safe("none"),
    )
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
    protection = Enum(
        options={
            "none": "None",
            "ovp": "OVP",
            "ocp": "OCP",
            "otp": "Over-temperature",
            "watchdog": "Watchdog",
        },
        group="Supply",
        role=Role.PROTECTION,
    )


def psu_values(circuit: Circuit) -> dict[str, object]:
    """What a supply shows."""
    r, supply = circuit.readings(), circuit.bench.supply
    return {
        "v_set": supply.v_set,
        "i_set": supply.i_set,
        "output": supply.output,
        "ovp": supply.ovp_v,
        "ocp": supply.ocp_a,
        "watchdog": supply.watchdog_s,
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
    elif entity_id == "watchdog":
        bench.set_supply(now, watchdog_s=value)
    else:
        bench.set_supply(now, output=value)
    circuit.heard()


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
        role=Role.LOAD_POWER,
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
        role=Role.LOAD_RESISTANCE,
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
        role=Role.LOAD_VOLTAGE,
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
