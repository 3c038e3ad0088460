"""Foreign clients against our simulator: what they read and write is what the cell sees."""

import asyncio
import sys

import pytest

from ionpy_auto.core.files import shipped_path
from ionpy_auto.devices.simulated import RtuServer, TcpServer
from ionpy_auto.devices.simulated.modbus import crc16

# Values that rd6006 0.2 does not truncate: it writes int(4.1 * 100) = 409.
RD6006_CLIENT = """
import sys
from rd6006 import RD6006
psu = RD6006(sys.argv[1])
psu.voltage = 4.20
psu.current = 1.50
psu.enable = 1
print(psu.type, psu.voltage, psu.current, psu.measvoltage, psu.meascurrent, psu.input_voltage)
psu.enable = 0
"""


async def test_pypi_rd6006_reads_and_writes_over_a_serial_line(riden, run):
    pytest.importorskip("rd6006")
    simulator = riden.simulator("RD6006")
    code, text = await run(sys.executable, "-c", RD6006_CLIENT, riden.pty(simulator))
    assert code == 0, text
    kind, v_set, i_set, volts, amps, v_in = text.splitlines()[-1].split()
    assert kind == "6006"
    assert (float(v_set), float(i_set)) == (4.2, 1.5)
    assert 3.0 < float(volts) <= 4.2
    assert float(amps) == pytest.approx(1.5, abs=0.002)
    assert float(v_in) == 65.12
    bench = riden.circuit.bench
    assert (bench.supply.v_set, bench.supply.i_set) == (4.2, 1.5)
    assert not bench.supply.output


@pytest.mark.parametrize("way", ["tcp", "rtu"])
async def test_mbpoll_reads_writes_and_gets_exception_texts(riden, mbpoll, way):
    simulator = riden.simulator("RD6012")
    place = await riden.tcp(simulator, TcpServer) if way == "tcp" else riden.pty(simulator)
    supply = riden.circuit.bench.supply
    code, text = await mbpoll(way, place, "-r", "8", "--", "420", "150")  # function 16
    assert code == 0, text
    assert (supply.v_set, supply.i_set) == (4.2, 1.5)
    code, text = await mbpoll(way, place, "-r", "18", "--", "1")  # function 6
    assert code == 0, text
    assert supply.output

    code, text = await mbpoll(way, place, "-r", "8", "-c", "2")
    assert code == 0, text
    assert "420" in text
    assert "150" in text

    _, text = await mbpoll(way, place, "-r", "900", "-c", "1")
    assert "Illegal data address" in text
    _, text = await mbpoll(way, place, "-r", "256", "--", "5633")  # reboots a real device
    assert "Illegal data value" in text
    _, text = await mbpoll(way, place, "-r", "8", unit=9)
    assert "timed out" in text.lower()  # silence for another's address


def test_rtu_server_survives_garbage_and_split_frames(riden_rtu):
    good = bytes.fromhex("010300080002") + riden_rtu.crc(bytes.fromhex("010300080002"))
    server = riden_rtu.server
    assert server.feed(b"\xff\x00garbage") == b""
    server.idle()
    assert server.feed(good[:3]) == b""
    answer = server.feed(good[3:])
    assert answer[:3] == bytes.fromhex("010304")
    assert server.feed(b"\x55" + good) == answer
    assert server.feed(good[:-1] + bytes((good[-1] ^ 1,))) == b""


@pytest.fixture
def riden_rtu(riden):
    class Wire:
        crc = staticmethod(crc16)
        server = RtuServer(riden.simulator("RD6006"))

    return Wire()


async def test_the_simulator_runs_as_a_plain_script_and_says_where(mbpoll):
    script = shipped_path("drivers", "riden_rd60xx", "simulator.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), "--model", "RD6018", "--modbus-tcp", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(15):
            said = (await process.stdout.readline()).decode()
        port = said.split()[-1]
        code, text = await mbpoll("tcp", port, "-r", "0", "-c", "1")
        assert code == 0, text
        assert "60180" in text.replace("(-5356)", "")
    finally:
        process.terminate()
        await process.wait()
