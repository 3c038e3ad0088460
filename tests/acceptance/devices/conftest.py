import asyncio

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimData, SimDevice

from drivers.dps50xx.simulator import DpsSimulator
from drivers.dps50xx.simulator import model_named as dps_named
from drivers.riden_rd60xx.simulator import RidenSimulator, model_named
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.devices import Benches
from ionpy_auto.devices.simulated import PtyPort, RegisterBank, RtuServer, serve_tcp
from ionpy_auto.devices.transports import serial
from ionpy_auto.testing.lab import Lab
from ionpy_auto.testing.wires import tool_path


@pytest.fixture(autouse=True)
def no_port_claimed_before():
    """The system gives the name of a pseudo terminal to the next test at once."""
    serial._claims.clear()


@pytest.fixture
async def lab():
    lab = Lab(VirtualClock(), simulate=True)
    yield lab
    await lab.manager.stop()


@pytest.fixture
async def real_lab():
    lab = Lab(SystemClock())
    yield lab
    await lab.manager.stop()


@pytest.fixture
def require_tool():
    """Path of a third-party program; skipped where it is missing, except in CI."""

    def path_of(name: str) -> str:
        path = tool_path(name)
        if not path:
            pytest.skip(f"{name} is not installed")
        return path

    return path_of


class Wires:
    """Puts simulated Modbus devices on TCP ports and pseudo terminals."""

    def __init__(self):
        self.ends = []

    async def tcp(self, bank: RegisterBank, kind=RtuServer, unit: int = 1) -> int:
        server = await serve_tcp(lambda: kind(bank, unit), "127.0.0.1", 0)
        self.ends.append(server)
        return server.sockets[0].getsockname()[1]

    def pty(self, bank: RegisterBank, unit: int = 1) -> str:
        self.ends.append(PtyPort(RtuServer(bank, unit)))
        return self.ends[-1].name


@pytest.fixture
async def wires():
    made = Wires()
    yield made
    for end in made.ends:
        end.close()
    await asyncio.sleep(0.05)


@pytest.fixture
async def riden(wires):
    """Serves Riden simulators on wires; ``await riden.tcp(riden.simulator("RD6012"))``."""
    benches = Benches(SystemClock())

    class Riden:
        circuit = benches.get("A")
        tcp, pty = staticmethod(wires.tcp), staticmethod(wires.pty)

        def simulator(self, model: str) -> RidenSimulator:
            return RidenSimulator(model_named(model), self.circuit)

    return Riden()


@pytest.fixture
async def dps(wires):
    """Serves DPS simulators on wires."""
    benches = Benches(SystemClock())

    class Dps:
        circuit = benches.get("A")
        tcp, pty = staticmethod(wires.tcp), staticmethod(wires.pty)

        def simulator(self, model: str) -> DpsSimulator:
            return DpsSimulator(dps_named(model), self.circuit)

    return Dps()


@pytest.fixture
async def foreign_server():
    """A Modbus TCP server that is not ours: pymodbus in front of a register image."""
    servers = []

    class Foreign:
        async def serve(self, *data: SimData, unit: int = 1) -> int:
            device = SimDevice(id=unit, simdata=list(data))
            server = ModbusTcpServer(device, address=("127.0.0.1", 0))
            await server.serve_forever(background=True)
            servers.append(server)
            return server.transport.sockets[0].getsockname()[1]

        async def words(self, unit: int, address: int, count: int = 1, function: int = 3):
            return await servers[-1].async_getValues(unit, function, address, count)

    yield Foreign()
    for server in servers:
        await server.shutdown()


async def _run(*command: str, timeout_s: float = 15.0) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode or 0, output.decode()


@pytest.fixture
def run():
    """Runs a program: ``code, text = await run("tool", "--option")``."""
    return _run


@pytest.fixture
def mbpoll(require_tool):
    """Runs Debian's mbpoll on a device: ``await mbpoll("tcp", port, "-r", "8")``."""
    program = require_tool("mbpoll")

    async def poll(way: str, place: object, *what: str, unit: int = 1, kind: str = "4"):
        if way == "tcp":
            line, end = ["-m", "tcp", "-p", str(place)], "127.0.0.1"
        else:
            line, end = ["-m", "rtu", "-b", "115200", "-P", "none"], str(place)
        options = ["-a", str(unit), "-0", "-1", "-t", kind, "-o", "0.3"]
        at = next((n for n, word in enumerate(what) if word == "--"), len(what))
        return await _run(program, *line, *options, *what[:at], end, *what[at + 1 :])

    return poll
