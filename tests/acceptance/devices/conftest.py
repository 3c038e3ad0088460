import asyncio

import pytest

from drivers.riden_rd60xx.simulator import RidenSimulator, model_named
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.devices import Benches
from ionpy_auto.devices.simulated import PtyPort, RtuServer, serve_tcp
from ionpy_auto.testing.lab import Lab
from ionpy_auto.testing.wires import tool_path


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


@pytest.fixture
async def riden():
    """Serves Riden simulators on wires; ``await riden("RD6012", tcp=True)`` gives a port."""
    servers, ports = [], []
    benches = Benches(SystemClock())

    class Riden:
        circuit = benches.get("A")

        def simulator(self, model: str) -> RidenSimulator:
            return RidenSimulator(model_named(model), self.circuit)

        async def tcp(self, simulator: RidenSimulator, kind=RtuServer, unit: int = 1) -> int:
            server = await serve_tcp(lambda: kind(simulator, unit), "127.0.0.1", 0)
            servers.append(server)
            return server.sockets[0].getsockname()[1]

        def pty(self, simulator: RidenSimulator, unit: int = 1) -> str:
            port = PtyPort(RtuServer(simulator, unit))
            ports.append(port)
            return port.name

    yield Riden()
    for server in servers:
        server.close()
    for port in ports:
        port.close()
    await asyncio.sleep(0.05)
