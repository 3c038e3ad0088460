"""Any Modbus device described by a map, in software: its registers, and nothing behind them.

    python drivers/generic_modbus/simulator.py --map drivers/example_meter/device.yaml --pty
    python drivers/generic_modbus/simulator.py --map my/device.yaml --tcp 5520 --modbus-tcp 5021

What can be read shows what the map says under ``simulate`` (else a value inside its range); what
can be written remembers. Registers between those of the map read as 0, others do not exist.
"""

if __package__ in {None, ""}:  # started as a plain script: make the package importable
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    __package__ = "drivers.generic_modbus"

import argparse
from pathlib import Path
from typing import Any

from ionpy_auto.devices import Benches, Clock, Entity
from ionpy_auto.devices.maps import read_map
from ionpy_auto.devices.simulated import (
    ILLEGAL_ADDRESS,
    MODBUS_WAYS,
    InProcessModbus,
    ModbusFault,
    RegisterBank,
    run_simulator,
)

from .driver import GenericModbus
from .points import ModbusPoint


class MapBank(RegisterBank):
    """Registers derived from a map.

    Args:
        driver: The described device.
        holes: Registers between those of the map do not exist either.

    Attributes:
        tables: Table → register → what it holds.
    """

    def __init__(self, driver: type[GenericModbus], *, holes: bool = False) -> None:
        self.tables: dict[str, dict[int, int]] = {
            name: {} for name in ("holding", "input", "coil", "discrete")
        }
        self._writable: set[tuple[str, int]] = set()
        for key, point in driver.POINTS.items():
            self._place(driver.ENTITIES[key], point, driver.PROTOCOL)
        if driver.PROTOCOL.identity is not None:
            identity = driver.PROTOCOL.identity
            self.tables[identity.table][identity.address] = identity.values[0]
        for table in self.tables.values() if not holes else ():
            for address in range(min(table, default=0), max(table, default=-1) + 1):
                table.setdefault(address, 0)

    def _place(self, entity: Entity, point: ModbusPoint, protocol: Any) -> None:  # noqa: ANN401 - ModbusProtocol
        table = self.tables[point.table]
        places = range(point.address, point.address + point.count)
        words = point.first_words(entity, protocol, [table.get(a, 0) for a in places])
        table.update(zip(places, words, strict=True))
        if entity.is_writable:
            self._writable |= {(point.table, address) for address in places}

    def _read(self, name: str, address: int, count: int) -> list[int]:
        table = self.tables[name]
        if any(a not in table for a in range(address, address + count)):
            raise ModbusFault(ILLEGAL_ADDRESS)
        return [table[a] for a in range(address, address + count)]

    def _write(self, name: str, address: int, value: int) -> None:
        if (name, address) not in self._writable:
            raise ModbusFault(ILLEGAL_ADDRESS)
        self.tables[name][address] = value

    def read(self, address: int, count: int) -> list[int]:
        """Holding registers."""
        return self._read("holding", address, count)

    def read_input(self, address: int, count: int) -> list[int]:
        """Input registers."""
        return self._read("input", address, count)

    def read_coils(self, address: int, count: int) -> list[int]:
        """Coils."""
        return self._read("coil", address, count)

    def read_discrete(self, address: int, count: int) -> list[int]:
        """Discrete inputs."""
        return self._read("discrete", address, count)

    def write(self, address: int, value: int) -> None:
        """Write one holding register."""
        self._write("holding", address, value)

    def write_coil(self, address: int, value: int) -> None:
        """Write one coil."""
        self._write("coil", address, value)


class SimulatedUnit(InProcessModbus):
    """A described device without a wire; the driver tells it which one."""

    def __init__(self, unit: int) -> None:
        super().__init__(lambda: MapBank(self._driver), unit)
        self._driver: type[GenericModbus] = GenericModbus

    def play(self, driver: type[GenericModbus]) -> None:
        """Be a device of this kind."""
        self._driver = driver


def make_link(params: Any, clock: Clock, benches: Benches) -> SimulatedUnit:  # noqa: ANN401 - Params
    """The link used in mode simulate; see `Driver.SIMULATOR`."""
    del clock, benches
    return SimulatedUnit(params.modbus_address)


def described(path: Path) -> type[GenericModbus]:
    """The driver class of a map; ends the program with its findings."""
    found, findings = read_map(path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.name}")
    if found is None:
        raise SystemExit("\n".join(map(str, findings)))
    return GenericModbus.from_map(found)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--map", type=Path, required=True, help="the device.yaml")
    parser.add_argument("--unit", type=int, default=1, help="Modbus address")


if __name__ == "__main__":
    run_simulator(__doc__, lambda given, _: MapBank(described(given.map)), MODBUS_WAYS, _options)
