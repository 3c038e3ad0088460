"""Riden RD60xx supplies over Modbus: RTU on the serial port, RTU over TCP, Modbus TCP."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

from pydantic import Field

from ionpy_auto.devices import (
    BenchParams,
    Blueprint,
    DeviceError,
    Driver,
    DriverParams,
    LinkLost,
    Missing,
    ModbusLink,
    Numeric,
    Protection,
    ProtectionKind,
    Role,
    Scalar,
    Text,
    Toggle,
    parts,
    raw_of,
    unpack,
    value_of,
)

from .registers import (
    BY_NAME,
    FAST_BLOCK,
    MODELS,
    PROTECTIONS,
    REGISTERS,
    REGULATIONS,
    SLOW_BLOCK,
    WRITABLE,
    Model,
    Register,
    model_of,
)

SLOW_EVERY = 10
"""Settings that seldom change are read at every tenth poll."""

SWITCHES = ("output", "keypad_lock", "battery_mode", "boot_power", "take_out")
NUMBERS = ("v_set", "i_set", "v_out", "i_out", "p_out", "v_in", "ah", "wh", "ovp", "ocp")


class RidenRd60xx(Driver):
    """Riden RD6006, RD6006P, RD6012, RD6012P, RD6018, RD6024 and RD6030 bench supplies.

    The model is recognised by register 0. Presets, calibration and system registers are never
    written. Measures the battery terminal also while the output is off.
    """

    NAME = "riden_rd60xx"
    ALIASES = (
        "rd60xx",
        "rd6006",
        "rd6006p",
        "rd6012",
        "rd6012p",
        "rd6018",
        "rd6024",
        "rd6030",
        "riden_rd6006",
        "riden_rd6012",
        "riden_rd6018",
    )
    CATEGORY = "psu"
    ICON = "lightning-bolt"
    VERSION = "1.0"
    STACK_BLUEPRINTS = (
        Blueprint("serial", "modbus_rtu", {"baudrate": 115200}),
        Blueprint("tcp", "modbus_rtu"),
        Blueprint("tcp", "modbus_tcp", {"port": 502}),
    )
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.1, 0.1, latched=True)
    CAPABILITIES = ("battery_terminal",)
    SIMULATOR = "simulator:make_link"

    class Params(DriverParams):
        """How the device is addressed."""

        modbus_address: int = Field(1, ge=1, le=247)
        simulated_model: Literal[
            "RD6006", "RD6006P", "RD6012", "RD6012P", "RD6018", "RD6024", "RD6030"
        ] = "RD6012"
        simulation: BenchParams = Field(
            BenchParams(), description="The cell it is wired to in mode simulate."
        )

    # Ranges and decimals are the least of all models; `connect` takes those of the model.
    v_set = parts.set_voltage(60.0, precision=2)
    i_set = parts.set_current(6.0, precision=2)
    output = parts.output_switch()
    ovp = parts.set_ovp(62.0, precision=2)
    ocp = parts.set_ocp(6.2, precision=2)
    keypad_lock = parts.keypad_lock()
    v_out = parts.measured_voltage(2, plausible=(0.0, 70.0))
    i_out = parts.measured_current(2, plausible=(0.0, 40.0))
    p_out = parts.measured_power(2, plausible=(0.0, 2500.0))
    regulation = parts.regulation(REGULATIONS)
    protection = parts.protection(PROTECTIONS)
    battery_mode = Toggle(name="Battery connected", group="Battery")
    v_battery = Numeric(
        name="Battery voltage",
        unit="V",
        precision=2,
        plausible=(0.0, 70.0),
        group="Battery",
        role=Role.BATTERY_VOLTAGE,
    )
    ah = Numeric(name="Charge", unit="Ah", precision=3, group="Battery", role=Role.AH_COUNTER)
    wh = Numeric(name="Energy", unit="Wh", precision=3, group="Battery", role=Role.WH_COUNTER)
    probe = Numeric(
        name="Battery temperature",
        unit="°C",
        precision=0,
        plausible=(-40.0, 125.0),
        group="Battery",
        role=Role.BATTERY_TEMPERATURE,
    )
    v_in = Numeric(name="Input voltage", unit="V", precision=2, group="Device")
    temp = Numeric(
        name="Device temperature",
        unit="°C",
        precision=0,
        plausible=(-40.0, 125.0),
        group="Device",
        role=Role.TEMPERATURE,
    )
    boot_power = Toggle(name="Output on at power-up", group="Device", role=Role.POWER_UP_OUTPUT)
    take_out = Toggle(name="Preset switches output on", group="Device")
    model = Text(group="Device")
    serial = Text(group="Device")
    firmware = Text(group="Device")

    link: ModbusLink
    params: Params

    def declare(self) -> None:
        """Nothing is known of the device yet."""
        self._model: Model | None = None
        self._identity: Sequence[int] = ()
        self._range = 1
        self._polls = 0

    async def connect(self) -> None:
        """Recognise the model and take its ranges and decimals.

        Raises:
            DeviceError: Something else answers.
        """
        self.link.unit = self.params.modbus_address
        self._polls = 0
        self._identity = await self.link.read_holding(0, 4)
        self._model = model_of(self._identity[0])
        if self._model is None:
            known = ", ".join(m.name for m in MODELS)
            raise DeviceError(
                f"register 0 says {self._identity[0]}, which is no known Riden model",
                code="UNKNOWN_MODEL",
                hint=f"known: {known}; check the address and the driver",
                args={"stage": "connect", "model_id": self._identity[0]},
            )
        if self._model.low_range_i is not None:
            (self._range,) = await self.link.read_holding(BY_NAME["current_range"].address, 1)
        self._adapt()

    def _adapt(self) -> None:
        """Entities as fine and as large as this model, in its present current range."""
        model = self._known_model
        volts = model.v
        amps, most = model.decimals("i", self._range), model.amperes(self._range)
        for name, decimals, top in (
            ("v_set", volts, model.max_v),
            ("i_set", amps, most),
            ("ovp", volts, 62.0),
            ("ocp", amps, most + 0.2),
            ("v_out", volts, None),
            ("i_out", amps, None),
            ("p_out", model.p, None),
            ("v_battery", volts, None),
        ):
            entity = cast("Numeric", self.ENTITIES[name])
            self.entities[name] = replace(entity, precision=decimals, max=top)
        self.entities_changed = True

    @property
    def _known_model(self) -> Model:
        if self._model is None:
            raise LinkLost("the model is not known yet", hint="wait for the connection")
        return self._model

    def _decimals(self, register: Register) -> int:
        return self._known_model.decimals(register.scale, self._range)

    async def poll(self) -> Mapping[str, object]:
        """Everything that changes, and now and then the settings that seldom do.

        Raises:
            LinkLost: Another device answers now.
        """
        start, count = FAST_BLOCK
        block = await self.link.read_holding(start, count)
        if tuple(block[:3]) != tuple(self._identity[:3]):
            raise LinkLost(
                "another device answers than the one that was greeted",
                hint="two devices may have the same address",
            )
        raw = unpack(block, start, REGISTERS)
        self._follow_range(raw["current_range"])
        if self._polls % SLOW_EVERY == 0:
            slow = await self.link.read_holding(*SLOW_BLOCK)
            raw |= unpack(slow, SLOW_BLOCK[0], REGISTERS)
        self._polls += 1
        return self._values(raw)

    def _follow_range(self, current_range: int) -> None:
        if self._known_model.low_range_i is not None and current_range != self._range:
            self._range = current_range
            self._adapt()

    def _values(self, raw: Mapping[str, int]) -> dict[str, object]:
        values: dict[str, object] = {
            name: value_of(raw[name], self._decimals(BY_NAME[name]))
            for name in NUMBERS
            if name in raw
        }
        values |= {name: raw[name] for name in SWITCHES if name in raw}
        values |= {
            "regulation": raw["regulation"],
            "protection": raw["protection"],
            "temp": -float(raw["temp"]) if raw["temp_sign"] else float(raw["temp"]),
            "model": self._known_model.name,
            "serial": f"{raw['serial']:08d}",
            "firmware": f"{raw['firmware'] / 100:.2f}",
        }
        if raw["battery_mode"]:
            values["v_battery"] = value_of(raw["v_battery"], self._known_model.v)
            values["probe"] = -float(raw["probe"]) if raw["probe_sign"] else float(raw["probe"])
        else:
            values["v_battery"] = values["probe"] = Missing("no battery at the battery terminal")
        return values

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Write one register with function 6; only the few registers of the table.

        Raises:
            DeviceError: Not a register this driver writes, or the device refused.
        """
        if entity_id not in WRITABLE:
            raise DeviceError(f"{entity_id} is never written", code="READ_ONLY")
        register = BY_NAME[entity_id]
        if register.scale == "i" and self._known_model.low_range_i is not None:
            (current_range,) = await self.link.read_holding(BY_NAME["current_range"].address, 1)
            self._follow_range(current_range)
            value = self.entities[entity_id].check(value)  # the range may have become smaller
        if isinstance(value, bool | str):
            raw = int(value)
        else:
            raw = raw_of(value, self._decimals(register))
        await self.link.write_register(register.address, raw)

    async def read_back(self, entity_id: str) -> object:
        """The register the device holds now."""
        register = BY_NAME[entity_id]
        (raw,) = await self.link.read_holding(register.address, 1)
        return value_of(raw, self._decimals(register)) if entity_id in NUMBERS else raw
