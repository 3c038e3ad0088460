"""A DPS module in software: the real Modbus protocol in front of the bench's cell physics.

    python drivers/dps50xx/simulator.py --model DPS5005 --pty
    python drivers/dps50xx/simulator.py --model DPS5020 --tcp 5520 --modbus-tcp 5021

In-process (mode simulate) the driver talks to the same registers without any wire, on the project's
clock.
"""

if __package__ in {None, ""}:  # started as a plain script: make the package importable
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    __package__ = "drivers.dps50xx"

from typing import Any

from ionpy_auto.devices import Benches, Circuit, Clock, raw_of, value_of
from ionpy_auto.devices.simulated import (
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    InProcessModbus,
    ModbusFault,
    RegisterBank,
    named,
    run_modbus_simulator,
)

from .registers import BY_NAME, MODELS, Model

GROUPS, GROUP, GROUP_SIZE = 0x50, 0x10, 8
FIRST, RECALL, LAST_GROUP = range(0x10), 0x23, 9
LOCK, ON_OFF, BACKLIGHT = 0x06, 0x09, 0x0A
READ_ONLY = {0x02, 0x03, 0x04, 0x05, 0x07, 0x08, 0x0B, 0x0C}
MIRRORS = {GROUPS: 0x00, GROUPS + 1: 0x01, GROUPS + 5: BACKLIGHT}
"""Registers of data group 0 that are those of the front page."""


class DpsSimulator(RegisterBank):
    """Registers of one module, wired to a circuit.

    Args:
        model: Which model it plays.
        circuit: What it is wired to.

    Attributes:
        plain: Registers that only remember: lock, backlight, data groups.
    """

    def __init__(self, model: Model, circuit: Circuit) -> None:
        self.model = model
        self.circuit = circuit
        self.plain: dict[int, int] = {BACKLIGHT: 4}
        bench, now = circuit.advanced()
        bench.set_supply(now, ovp_v=model.max_ovp, ocp_a=model.max_ocp)

    def read(self, address: int, count: int) -> list[int]:
        """Registers as the device would answer.

        Raises:
            ModbusFault: No such registers.
        """
        wanted = range(address, address + count)
        if not all(exists(a) for a in wanted):
            raise ModbusFault(ILLEGAL_ADDRESS)
        image = self._image()
        return [image.get(MIRRORS.get(a, a), 0) for a in wanted]

    def _image(self) -> dict[int, int]:
        readings, supply = self.circuit.readings(), self.circuit.bench.supply
        values: dict[str, float] = {
            "v_set": supply.v_set,
            "i_set": supply.i_set,
            "v_out": readings.psu_voltage,
            "i_out": readings.psu_current,
            "v_in": 60.0,
            "protection": {"": 0, "ovp": 1, "ocp": 2}[supply.trip],
            "regulation": int(supply.output and readings.psu_regulation.value == "CC"),
            "output": int(supply.output),
            "model_id": self.model.model_id,
            "firmware": 14,
            "ovp": supply.ovp_v,
            "ocp": supply.ocp_a,
        }
        image = dict(self.plain)
        for name, value in values.items():
            register = BY_NAME[name]
            raw = raw_of(value, self.model.decimals(register.scale))
            image[register.address] = min(max(0, raw), 0xFFFF)
        power = raw_of(max(0.0, readings.psu_voltage * readings.psu_current), 2)
        image[0x04] = min(power, 0xFFFF)
        return image

    def write(self, address: int, value: int) -> None:
        """Write one register as the device would.

        Raises:
            ModbusFault: No such register, or a value it refuses.
        """
        address = MIRRORS.get(address, address)
        if address in READ_ONLY or not exists(address):
            raise ModbusFault(ILLEGAL_ADDRESS)
        if address == RECALL:
            self._recall(value)
        elif address in {BY_NAME[n].address for n in ("v_set", "i_set", "ovp", "ocp")}:
            self._write_supply(address, value)
        elif address == ON_OFF:
            self._switch(value)
        elif value > {LOCK: 1, BACKLIGHT: 5}.get(address, 0xFFFF):
            raise ModbusFault(ILLEGAL_VALUE)
        else:
            self.plain[address] = value

    def _write_supply(self, address: int, raw: int) -> None:
        bench, now = self.circuit.advanced()
        model = self.model
        volts, amps = value_of(raw, model.v), value_of(raw, model.i)
        if address == BY_NAME["v_set"].address and volts <= model.max_v:
            bench.set_supply(now, v_set=volts)
        elif address == BY_NAME["i_set"].address and amps <= model.max_a:
            bench.set_supply(now, i_set=amps)
        elif address == BY_NAME["ovp"].address and volts <= model.max_ovp:
            bench.set_supply(now, ovp_v=volts)
        elif address == BY_NAME["ocp"].address and amps <= model.max_ocp:
            bench.set_supply(now, ocp_a=amps)
        else:
            raise ModbusFault(ILLEGAL_VALUE)

    def _switch(self, raw: int) -> None:
        if raw not in {0, 1}:
            raise ModbusFault(ILLEGAL_VALUE)
        bench, now = self.circuit.advanced()
        bench.set_supply(now, output=bool(raw))

    def _recall(self, group: int) -> None:
        """Data group 1 to 9 becomes the one in force."""
        if group > LAST_GROUP:
            raise ModbusFault(ILLEGAL_VALUE)
        start = GROUPS + group * GROUP
        for offset in range(GROUP_SIZE if group else 0):
            self.write(GROUPS + offset, self.plain.get(start + offset, 0))
        self.plain[RECALL] = group


def exists(address: int) -> bool:
    """Whether the device has this register."""
    group, offset = divmod(address - GROUPS, GROUP)
    in_group = 0 <= group <= LAST_GROUP and offset < GROUP_SIZE
    return address in FIRST or address == RECALL or in_group


def make_link(params: Any, clock: Clock, benches: Benches) -> InProcessModbus:  # noqa: ANN401 - Params
    """The link used in mode simulate; see `Driver.SIMULATOR`.

    Raises:
        LinkLost: The parameters name no known model.
    """
    del clock
    benches.plan(params.simulation)
    model = model_named(params.simulated_model)

    def make() -> DpsSimulator:
        return DpsSimulator(model, benches.get(params.simulation.bench))

    return InProcessModbus(make, params.modbus_address)


def model_named(name: str) -> Model:
    """A model by its name.

    Raises:
        LinkLost: There is none.
    """
    return named(MODELS, name)


if __name__ == "__main__":
    run_modbus_simulator(
        __doc__,
        lambda model, benches: DpsSimulator(model_named(model), benches.get("A")),
        [model.name for model in MODELS],
    )
