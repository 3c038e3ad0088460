"""A Riden supply in software: the real Modbus protocol in front of the bench's cell physics.

    python drivers/riden_rd60xx/simulator.py --model RD6012 --pty
    python drivers/riden_rd60xx/simulator.py --model RD6018 --tcp 5520 --modbus-tcp 5021

In-process (mode simulate) the driver talks to the same registers without any wire, on the project's
clock.
"""

if __package__ in {None, ""}:  # started as a plain script: make the package importable
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    __package__ = "drivers.riden_rd60xx"

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

from .registers import BY_NAME, CALIBRATION, MODELS, SYSTEM_REGISTER, Model

LAST_REGISTER = 119


class RidenSimulator(RegisterBank):
    """Registers of one supply, wired to a circuit.

    Args:
        model: Which model it plays.
        circuit: What it is wired to.
        serial: Serial number.

    Attributes:
        plain: Registers that only remember: lock, presets, clock, settings.
        current_range: Register 20 of an RD6012P.
        battery_connected: Whether the battery terminal sees the cell.
    """

    def __init__(self, model: Model, circuit: Circuit, serial: int = 1234) -> None:
        self.model = model
        self.circuit = circuit
        self.serial = serial
        self.plain: dict[int, int] = {19: 0, 72: 3}
        self.current_range = 1
        self.battery_connected = True
        self._ah_start = self._wh_start = 0.0

    def read(self, address: int, count: int) -> list[int]:
        """Registers as the device would answer.

        Raises:
            ModbusFault: No such registers.
        """
        if address + count - 1 > LAST_REGISTER:
            raise ModbusFault(ILLEGAL_ADDRESS)
        image = self._image()
        return [image.get(a, self.plain.get(a, 0)) for a in range(address, address + count)]

    def _image(self) -> dict[int, int]:
        readings, bench = self.circuit.readings(), self.circuit.bench
        supply, cell = bench.supply, bench.cell
        on = supply.output
        volts, amps = readings.psu_voltage, readings.psu_current
        values: dict[str, float] = {
            "model_id": self.model.ids.start,
            "serial": self.serial,
            "firmware": 1.36,
            "temp": 27,
            "v_set": supply.v_set,
            "i_set": supply.i_set,
            "v_out": volts,
            "i_out": amps,
            "p_out": volts * amps,
            "v_in": 65.12,
            "protection": {"": 0, "ovp": 1, "ocp": 2}[supply.trip],
            "regulation": int(on and readings.psu_regulation.value == "CC"),
            "output": int(on),
            "current_range": self.current_range if self.model.low_range_i is not None else 0,
            "battery_mode": int(self.battery_connected),
            "v_battery": readings.psu_battery_voltage if self.battery_connected else 0.0,
            "probe_sign": int(readings.cell_temp < 0),
            "probe": abs(readings.cell_temp),
            "ah": cell.charged_ah - self._ah_start,
            "wh": cell.charged_wh - self._wh_start,
            "ovp": supply.ovp_v,
            "ocp": supply.ocp_a,
        }
        image: dict[int, int] = {}
        for name, value in values.items():
            register = BY_NAME[name]
            raw = max(0, raw_of(value, self.model.decimals(register.scale, self.current_range)))
            raw = min(raw, (1 << 16 * register.words) - 1)
            for word in range(register.words):
                shift = 16 * (register.words - 1 - word)
                image[register.address + word] = raw >> shift & 0xFFFF
        image[4], image[6], image[7] = 0, 0, round(27 * 1.8 + 32)
        image[80], image[81] = image[8], image[9]
        return image

    def write(self, address: int, value: int) -> None:
        """Write one register as the device would.

        Raises:
            ModbusFault: No such register, or a value it refuses.
        """
        if address in {BY_NAME[n].address for n in ("v_set", "i_set", "ovp", "ocp", "output")}:
            self._write_supply(address, value)
        elif address == 15 or 19 <= address <= 19 or 48 <= address <= 53 or 66 <= address <= 119:
            self.plain[address] = value
        elif address in CALIBRATION or address == SYSTEM_REGISTER:
            # The real device would lose its calibration or reboot: here it must never come to it.
            raise ModbusFault(ILLEGAL_VALUE)
        else:
            raise ModbusFault(ILLEGAL_ADDRESS)

    def _write_supply(self, address: int, raw: int) -> None:
        bench, now = self.circuit.advanced()
        model, span = self.model, self.current_range
        volts = value_of(raw, model.v)
        amps = value_of(raw, model.decimals("i", span))
        if address == 18:
            self._switch(raw)
        elif address == 8 and volts <= model.max_v:
            bench.set_supply(now, v_set=volts)
        elif address == 9 and amps <= model.amperes(span):
            bench.set_supply(now, i_set=amps)
        elif address == 82 and volts <= 62.0:
            bench.set_supply(now, ovp_v=volts)
        elif address == 83 and amps <= model.amperes(span) + 0.2:
            bench.set_supply(now, ocp_a=amps)
        else:
            raise ModbusFault(ILLEGAL_VALUE)

    def _switch(self, raw: int) -> None:
        if raw not in {0, 1}:
            raise ModbusFault(ILLEGAL_VALUE)
        bench, now = self.circuit.advanced()
        if raw and not bench.supply.output:  # the device counts anew with every switching on
            self._ah_start, self._wh_start = bench.cell.charged_ah, bench.cell.charged_wh
        bench.set_supply(now, output=bool(raw))


def make_link(params: Any, clock: Clock, benches: Benches) -> InProcessModbus:  # noqa: ANN401 - Params
    """The link used in mode simulate; see `Driver.SIMULATOR`.

    Raises:
        LinkLost: The parameters name no known model.
    """
    del clock
    benches.plan(params.simulation)
    model = model_named(params.simulated_model)

    def make() -> RidenSimulator:
        return RidenSimulator(model, benches.get(params.simulation.bench))

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
        lambda model, benches: RidenSimulator(model_named(model), benches.get("A")),
        [model.name for model in MODELS],
    )
