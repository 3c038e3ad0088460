"""DPS50xx supply modules over Modbus: RTU on the serial port, RTU over TCP, Modbus TCP."""

from collections.abc import Mapping
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
    model_of,
)

SLOW_EVERY = 10
"""Settings that seldom change are read at every tenth poll."""

SWITCHES = ("output", "keypad_lock", "boot_power", "regulation", "protection")
NUMBERS = ("v_set", "i_set", "v_out", "i_out", "v_in", "ovp", "ocp")


class Dps50xx(Driver):
    """DPS3005, DPS5005, DPH5005, DPS5015, DPS5020 and DPS8005 supply modules.

    The model is recognised by register 11. Data groups and what happens at power-up are never
    written. They have no battery terminal: with the output off nothing is known of the cell.
    """

    NAME = "dps50xx"
    ALIASES = (
        "dps",
        "dps3005",
        "dps5005",
        "dph5005",
        "dps5015",
        "dps5020",
        "dps8005",
        "rdtech_dps",
        "rdtech_dps5005",
    )
    CATEGORY = "psu"
    ICON = "lightning-bolt"
    VERSION = "1.0"
    STACK_BLUEPRINTS = (
        Blueprint("serial", "modbus_rtu", {"baudrate": 9600}),
        Blueprint("tcp", "modbus_rtu"),
        Blueprint("tcp", "modbus_tcp", {"port": 502}),
    )
    PROTECTION = Protection(ProtectionKind.SHUTDOWN, 0.1, 0.1, latched=True)
    SIMULATOR = "simulator:make_link"

    class Params(DriverParams):
        """How the device is addressed."""

        modbus_address: int = Field(1, ge=1, le=247)
        simulated_model: Literal[
            "DPS3005", "DPS5005", "DPH5005", "DPS5015", "DPS5020", "DPS8005"
        ] = "DPS5005"
        simulation: BenchParams = Field(
            BenchParams(), description="The cell it is wired to in mode simulate."
        )

    # Ranges and decimals are the least of all models; `connect` takes those of the model.
    v_set = parts.set_voltage(30.0, precision=2)
    i_set = parts.set_current(5.0, precision=2)
    output = parts.output_switch()
    ovp = parts.set_ovp(31.0, precision=2)
    ocp = parts.set_ocp(5.1, precision=2)
    keypad_lock = parts.keypad_lock()
    v_out = parts.measured_voltage(2, plausible=(0.0, 90.0))
    i_out = parts.measured_current(2, plausible=(0.0, 25.0))
    p_out = parts.measured_power(2, plausible=(0.0, 2000.0))
    regulation = parts.regulation(REGULATIONS)
    protection = parts.protection(PROTECTIONS)
    v_in = Numeric(name="Input voltage", unit="V", precision=2, group="Device")
    boot_power = Toggle(name="Output on at power-up", group="Device", role=Role.POWER_UP_OUTPUT)
    model = Text(group="Device")
    firmware = Text(name="Firmware (raw)", group="Device")

    link: ModbusLink
    params: Params

    def declare(self) -> None:
        """Nothing is known of the device yet."""
        self._model: Model | None = None
        self._polls = 0

    async def connect(self) -> None:
        """Recognise the model and take its ranges and decimals.

        Raises:
            DeviceError: Something else answers.
        """
        self.link.unit = self.params.modbus_address
        self._polls = 0
        (model_id,) = await self.link.read_holding(BY_NAME["model_id"].address, 1)
        self._model = model_of(model_id)
        if self._model is None:
            known = ", ".join(m.name for m in MODELS)
            raise DeviceError(
                f"register 11 says {model_id}, which is no known DPS model",
                code="UNKNOWN_MODEL",
                hint=f"known: {known}; check the address and the driver",
                args={"stage": "connect", "model_id": model_id},
            )
        self._adapt(self._model)

    def _adapt(self, model: Model) -> None:
        """Entities as fine and as large as this model."""
        for name, decimals, top in (
            ("v_set", model.v, model.max_v),
            ("i_set", model.i, model.max_a),
            ("ovp", model.v, model.max_ovp),
            ("ocp", model.i, model.max_ocp),
            ("v_out", model.v, None),
            ("i_out", model.i, None),
        ):
            entity = cast("Numeric", self.entities[name])
            self.entities[name] = replace(entity, precision=decimals, max=top)
        self.entities_changed = True

    @property
    def _known_model(self) -> Model:
        if self._model is None:
            raise LinkLost("the model is not known yet", hint="wait for the connection")
        return self._model

    async def poll(self) -> Mapping[str, object]:
        """Everything that changes, and now and then the settings that seldom do.

        Raises:
            LinkLost: Another device answers now.
        """
        start, count = FAST_BLOCK
        raw = unpack(await self.link.read_holding(start, count), start, REGISTERS)
        if raw["model_id"] != self._known_model.model_id:
            raise LinkLost(
                "another device answers than the one that was greeted",
                hint="two devices may have the same address",
            )
        if self._polls % SLOW_EVERY == 0:
            start, count = SLOW_BLOCK
            raw |= unpack(await self.link.read_holding(start, count), start, REGISTERS)
        self._polls += 1
        return self._values(raw)

    def _values(self, raw: Mapping[str, int]) -> dict[str, object]:
        model = self._known_model
        numbers = {name: self._value(name, raw[name]) for name in NUMBERS if name in raw}
        # The device's own power register has a scale that differs between sources.
        power = round(numbers["v_out"] * numbers["i_out"], model.v + model.i)
        return {
            **numbers,
            **{name: raw[name] for name in SWITCHES if name in raw},
            "p_out": power,
            "model": model.name,
            "firmware": str(raw["firmware"]),
        }

    def _value(self, name: str, raw: int) -> float:
        return value_of(raw, self._known_model.decimals(BY_NAME[name].scale))

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Write one register with function 6; only the few registers of the table.

        Raises:
            DeviceError: Not a register this driver writes, or the device refused.
        """
        if entity_id not in WRITABLE:
            raise DeviceError(f"{entity_id} is never written", code="READ_ONLY")
        register = BY_NAME[entity_id]
        if isinstance(value, bool | str):
            raw = int(value)
        else:
            raw = raw_of(value, self._known_model.decimals(register.scale))
        await self.link.write_register(register.address, raw)

    async def read_back(self, entity_id: str) -> object:
        """The register the device holds now."""
        (raw,) = await self.link.read_holding(BY_NAME[entity_id].address, 1)
        return self._value(entity_id, raw) if entity_id in NUMBERS else raw
