"""A probe on real wires: what can be wrong is told apart, and each hint solves it."""

import asyncio
import os
import sys
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.dps50xx.simulator import DpsSimulator, model_named
from drivers.generic_scpi.instruments import MODELS
from drivers.generic_scpi.simulator import conversation
from drivers.riden_rd60xx.simulator import RidenSimulator
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices import ports
from ionpy_auto.devices.aside import Aside
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.owners import holders
from ionpy_auto.devices.probe import STEPS, Limits, Prober, Surroundings, parse_probe, plans_of
from ionpy_auto.devices.simulated import PtyPort, TcpServer, serve_tcp
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.devices.trouble import group_of
from ionpy_auto.testing.lab import device
from ionpy_auto.testing.wires import CutWire

QUICK = {"timeout_s": 0.1, "retries": 0}
SHORT = Limits(work_s=1.2, explain_s=0.5, close_s=0.5, answer_s=6.0)


def prober(folder: Path | None = None, limits: Limits | None = None, trusted=True) -> Prober:
    clock = SystemClock()
    folders = () if folder is None else (folder,)
    return Prober(Catalogue(folders, lambda *_: trusted), clock, Aside(clock), limits)


def riden_at(transport: str, framing: str = "modbus_rtu", **params) -> dict:
    return {
        "driver": "rd6012",
        "transport_type": transport,
        "transport_params": params,
        "framing_type": framing,
        "framing_params": QUICK,
    }


async def probe(body: dict, around: Surroundings | None = None, **how) -> dict:
    return await prober(**how).probe(parse_probe(body), around)


def failed(answer: dict, step: str) -> str:
    """The hint of the one step that failed, everything before it good, nothing after it reached."""
    at = STEPS.index(step)
    steps = answer["steps"]
    assert [s["id"] for s in steps] == list(STEPS)
    assert [s["ok"] for s in steps[:-1]] == [True] * at + [False] + [None] * (len(steps) - at - 2)
    assert steps[-1]["ok"] is True, steps[-1]
    assert answer["success"] is False
    assert answer["error"]["hint"] == steps[at]["hint"]
    assert answer["error"]["code"]
    return steps[at]["hint"]


async def test_an_adapter_under_a_new_name_is_found_and_said(riden, monkeypatch):
    port = riden.pty(riden.simulator("RD6012"))
    found = SimpleNamespace(
        device=port, vid=0x1A86, pid=0x7523, serial_number="A1", description="n/a"
    )
    monkeypatch.setattr(ports.list_ports, "comports", lambda: (found,))
    hint = {"vid": "1A86", "pid": "7523", "serial_number": "A1"}
    answer = await probe(riden_at("serial", port="/dev/ttyNOTHING7", port_hint=hint))
    assert answer["success"], answer["error"]
    assert f"using {port}" in answer["steps"][2]["detail"]
    hint["serial_number"] = "B2"
    answer = await probe(riden_at("serial", port="/dev/ttyNOTHING7", port_hint=hint))
    assert port in failed(answer, "port")


@contextmanager
def serving(make):
    """A pseudo terminal with any peer behind it."""
    port = PtyPort(make)
    try:
        yield port.name
    finally:
        port.close()


class Garbage:
    """What a wrong baud rate looks like: bytes, but no frame."""

    def feed(self, data):
        return b"\x8f\x00\xf8\x80\xfe" if data else b""

    def idle(self):
        return b""


class Silence:
    def feed(self, data):
        return b""

    def idle(self):
        return b""


class Sentence:
    """An instrument of lines that is not the wanted one."""

    def feed(self, data):
        return b"ACME,TOASTER \x1b[31m9000,1,0.1\n" if b"*IDN?" in data else b""

    def idle(self):
        return b""


# --- what works -------------------------------------------------------------------------------


class Counting(RidenSimulator):
    writes = 0

    def write(self, address, value):
        self.writes += 1
        super().write(address, value)


@pytest.mark.parametrize("way", ["rtu over tcp", "modbus tcp", "rtu on a pty"])
async def test_a_supply_is_recognised_and_read_and_nothing_is_written(riden, way):
    simulator = riden.simulator("RD6012")
    simulator.__class__ = Counting
    bench, now = riden.circuit.advanced()
    bench.set_supply(now, v_set=3.3, output=True)
    if way == "rtu on a pty":
        body = riden_at("serial", port=riden.pty(simulator))
    elif way == "modbus tcp":
        port = await riden.tcp(simulator, TcpServer)
        body = riden_at("tcp", "modbus_tcp", host="127.0.0.1", port=port)
    else:
        body = riden_at("tcp", host="127.0.0.1", port=await riden.tcp(simulator))
    answer = await probe(body)
    assert answer["success"], answer["error"]
    assert [s["ok"] for s in answer["steps"]] == [True] * len(STEPS)
    assert answer["first_values"]["v_set"] | {"reason": ""} == {
        "value": 3.3,
        "unit": "V",
        "quality": "good",
        "reason": "",
    }
    assert answer["identity"]["model"] == "RD6012"
    assert answer["identity"]["serial"] == "00001234"
    assert simulator.writes == 0
    assert riden.circuit.bench.supply.output is True  # somebody else's output stays on


async def test_only_reading_functions_are_on_the_wire(riden):
    async with CutWire(await riden.tcp(riden.simulator("RD6006"))) as wire:
        answer = await probe(riden_at("tcp", host="127.0.0.1", port=wire.port))
    assert answer["success"], answer["error"]
    frames = [bytes(wire.sent[at : at + 8]) for at in range(0, len(wire.sent), 8)]
    assert {frame[1] for frame in frames} == {3}


@pytest.mark.parametrize(
    ("driver", "model"),
    [
        ("rigol_dp832", "DP832"),
        ("siglent_spd3303x", "SPD3303X"),
        ("rigol_dl3000", "DL3021"),
        ("siglent_sdl1000x", "SDL1030X"),
        ("generic_scpi", "DMM"),
    ],
)
async def test_a_scpi_instrument_says_who_it_is_and_only_questions_are_on_the_wire(
    riden, driver, model
):
    server = await serve_tcp(lambda: conversation(MODELS[model](riden.circuit)), "127.0.0.1", 0)
    async with CutWire(server.sockets[0].getsockname()[1]) as wire:
        where = {"host": "127.0.0.1", "port": wire.port}
        answer = await probe({"driver": driver, "transport_type": "tcp", "transport_params": where})
    server.close()
    assert answer["success"], answer["error"]
    assert answer["identity"]["manufacturer"]
    assert answer["identity"]["idn"].count(",") >= 3
    asked = bytes(wire.sent).decode().splitlines()
    setup = set(Catalogue().get(driver).PROTOCOL.setup)
    assert [line for line in asked if "?" not in line and line not in setup] == []


async def test_another_scpi_instrument_is_not_taken_for_the_wanted_one(riden):
    server = await serve_tcp(lambda: conversation(MODELS["DL3021"](riden.circuit)), "127.0.0.1", 0)
    where = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
    body = {"driver": "rigol_dp832", "transport_type": "tcp", "transport_params": where}
    answer = await probe(body)
    server.close()
    assert "check the address and the driver" in failed(answer, "device")
    assert answer["error"]["code"] == "WRONG_DEVICE"
    assert "DL3021" in answer["error"]["message"]


async def test_the_riden_driver_does_not_take_a_dps_module(wires, riden):
    port = await wires.tcp(DpsSimulator(model_named("DPS5005"), riden.circuit))
    answer = await probe(riden_at("tcp", host="127.0.0.1", port=port))
    assert failed(answer, "device")
    assert answer["error"]["code"] in {"UNKNOWN_MODEL", "MODBUS_EXCEPTION"}


async def test_a_missing_framing_comes_from_the_blueprint(riden):
    port = riden.pty(riden.simulator("RD6018"))
    body = {"driver": "rd6018", "transport_type": "serial", "transport_params": {"port": port}}
    answer = await probe(body)
    assert answer["success"], answer["error"]
    assert "blueprint" in answer["steps"][1]["detail"]


async def test_the_port_is_free_again_afterwards(riden):
    body = riden_at("serial", port=riden.pty(riden.simulator("RD6012")))
    one = prober()
    for _ in range(3):
        answer = await one.probe(parse_probe(body))
        assert answer["success"], answer["error"]


async def test_in_a_simulated_project_the_simulator_is_probed_and_no_port_opened():
    body = riden_at("serial", port="/dev/ttyNOTHING7")
    answer = await probe(body, Surroundings(simulate=True))
    assert answer["success"], answer["error"]
    assert answer["simulated"] is True
    assert "simulated" in answer["steps"][0]["detail"]
    assert answer["steps"][2]["message"] == "no port is needed"


async def test_the_circuit_of_the_project_is_not_touched(lab):
    bench = {"params": {"bench": "A", "soc": 0.8}}
    await lab.manager.start([device("PSU", "virtual_psu", **bench)])
    before = lab.manager.benches.get("A")
    around = Surroundings(holders(lab.manager), plans_of(lab.manager), simulate=True)
    body = {"driver": "virtual_load", "transport_type": "virtual", "params": {"bench": "A"}}
    answer = await probe(body, around)
    assert answer["success"], answer["error"]
    assert lab.manager.benches.get("A") is before
    assert set(lab.manager.stacks) == {"PSU"}
    other = {**body, "params": {"bench": "A", "soc": 0.2}}
    assert "soc is 0.8 in another device" in (await probe(other, around))["error"]["message"]


async def test_nothing_is_published(real_lab, riden):
    port = await riden.tcp(riden.simulator("RD6012"))
    answer = await probe(
        riden_at("tcp", host="127.0.0.1", port=port), Surroundings(holders(real_lab.manager))
    )
    assert answer["success"]
    assert (real_lab.snapshots, real_lab.events) == ([], [])


# --- ports ------------------------------------------------------------------------------------


async def test_a_missing_port_is_answered_with_the_ports_there_are():
    answer = await probe(riden_at("serial", port="/dev/ttyNOTHING7"))
    hint = failed(answer, "port")
    assert answer["error"]["code"] == "TRANSPORT_SERIAL"
    assert "ports on this machine" in hint or "no serial port" in hint


def forbid(path: Path) -> None:
    path.chmod(0)


@contextmanager
def nobody():
    """Without the rights of root, who may open everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_a_port_of_another_group_names_the_group_to_join(riden):
    port = riden.pty(riden.simulator("RD6012"))
    forbid(Path(port))
    probing = prober()
    await probing.probe(parse_probe({"driver": "rd6012", "transport_type": "virtual"}))
    with nobody():
        answer = await probing.probe(parse_probe(riden_at("serial", port=port)))
    hint = failed(answer, "port")
    assert group_of(port) in hint
    assert "usermod" in hint or "udev" in hint


async def test_a_port_another_program_holds_names_the_program(riden):
    port = riden.pty(riden.simulator("RD6012"))
    code = (
        "import serial, sys\n"
        "held = serial.Serial(sys.argv[1], exclusive=True)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, port, stdin=pipe, stdout=pipe
    )
    assert await other.stdout.readline() == b"held\n"
    hint = failed(await probe(riden_at("serial", port=port)), "port")
    other.stdin.close()
    await other.wait()
    assert f"process {other.pid}" in hint
    assert "close it there" in hint


async def test_a_port_of_our_own_device_names_the_device(real_lab, riden, tmp_path):
    port = riden.pty(riden.simulator("RD6012"))
    config = device(
        "PSU_02", "rd6012", transport={"type": "serial", "port": port}, polling_interval_ms=50
    )
    await real_lab.manager.start([config])
    stack = real_lab.manager.stack("PSU_02")
    await real_lab.until(lambda: stack.state is DeviceState.ONLINE)
    link = tmp_path / "by-id"
    link.symlink_to(port)  # /dev/serial/by-id/… is the same port
    for name in (port, str(link)):
        answer = await probe(riden_at("serial", port=name), Surroundings(holders(real_lab.manager)))
        assert "disconnect PSU_02" in failed(answer, "port")
        assert answer["error"]["code"] == "PORT_HELD"
    polls = stack.counters["polls"]
    await real_lab.until(lambda: stack.counters["polls"] > polls + 1)
    assert stack.state is DeviceState.ONLINE
    await real_lab.manager.disconnect("PSU_02")
    around = Surroundings(holders(real_lab.manager))
    assert (await probe(riden_at("serial", port=port), around))["success"]


async def test_a_modbus_tcp_server_may_have_a_second_client(real_lab, riden):
    port = await riden.tcp(riden.simulator("RD6012"), TcpServer)
    way = {"type": "tcp", "host": "localhost", "port": port}
    config = device("PSU_02", "rd6012", transport=way, framing={"type": "modbus_tcp"})
    await real_lab.manager.start([config])
    around = Surroundings(holders(real_lab.manager))
    answer = await probe(riden_at("tcp", "modbus_tcp", host="127.0.0.1", port=port), around)
    assert answer["success"], answer["error"]
    assert "PSU_02" in answer["steps"][2]["detail"]
    raw = await probe(riden_at("tcp", "modbus_rtu", host="127.0.0.1", port=port), around)
    assert "PSU_02" in failed(raw, "port")


async def test_a_refused_connection_speaks_of_port_and_interface():
    answer = await probe(riden_at("tcp", host="127.0.0.1", port=9))
    assert "takes no connection on this port" in failed(answer, "port")
    assert answer["error"]["code"] == "TRANSPORT_TCP"


@pytest.mark.parametrize("host", ["x" * 70 + ".example", "two..dots", "no-such-host.invalid"])
async def test_an_unknown_name_asks_for_the_address(host):
    hint = failed(await probe(riden_at("tcp", host=host, port=502)), "port")
    assert "IP address" in hint


# --- devices ----------------------------------------------------------------------------------


async def test_unreadable_bytes_suggest_other_baud_rates():
    with serving(Garbage()) as port:
        hint = failed(await probe(riden_at("serial", port=port, baudrate=9600)), "device")
    assert "unreadable" in hint
    assert "9600 now" in hint
    assert "115200" in hint


async def test_silence_suggests_address_cable_power_and_baud_rate():
    with serving(Silence()) as port:
        hint = failed(await probe(riden_at("serial", port=port)), "device")
    assert "nothing was heard" in hint
    for word in ("Modbus address (1 was asked)", "power", "cable", "baud rate (115200 now)"):
        assert word in hint


@pytest.mark.parametrize("way", ["serial", "tcp"])
async def test_a_wrong_modbus_address_names_the_one_that_was_asked(riden, way):
    simulator = riden.simulator("RD6012")
    if way == "serial":
        body = riden_at("serial", port=riden.pty(simulator, unit=5))
    else:
        body = riden_at("tcp", host="127.0.0.1", port=await riden.tcp(simulator, unit=5))
    hint = failed(await probe({**body, "params": {"modbus_address": 4}}), "device")
    assert "Modbus address (4 was asked)" in hint
    assert (await probe({**body, "params": {"modbus_address": 5}}))["success"]


async def test_modbus_rtu_asked_of_a_modbus_tcp_server_suggests_the_other_framing(riden):
    port = await riden.tcp(riden.simulator("RD6012"), TcpServer)
    hint = failed(await probe(riden_at("tcp", "modbus_rtu", host="127.0.0.1", port=port)), "device")
    assert "modbus_tcp" in hint


async def test_an_unknown_model_names_the_known_ones():
    data = SimData(0, values=[12345] * 120, datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(id=1, simdata=[data]), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    try:
        answer = await probe(riden_at("tcp", "modbus_tcp", host="127.0.0.1", port=port))
    finally:
        await server.shutdown()
    assert "RD6012" in failed(answer, "device")
    assert answer["error"]["code"] == "UNKNOWN_MODEL"


async def test_a_web_server_is_recognised():
    class Web(Silence):
        def feed(self, data):
            return b"HTTP/1.1 400 Bad Request\r\n\r\n"

    server = await serve_tcp(Web, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hint = failed(await probe(riden_at("tcp", host="127.0.0.1", port=port)), "device")
    server.close()
    assert "web server" in hint


async def test_a_peer_that_hangs_up_when_asked_is_told_from_silence():
    async def hang_up(reader, writer):
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hint = failed(await probe(riden_at("tcp", host="127.0.0.1", port=port)), "device")
    server.close()
    assert "hung up" in hint


# --- drivers ----------------------------------------------------------------------------------


def write_driver(folder: Path, name: str, body: str, framing: str = "delimiter") -> Path:
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    head = f"""\
        import asyncio, time
        from ionpy_auto.devices import Blueprint, DeviceError, Driver, Numeric

        class Mine(Driver):
            '''For a test.'''

            NAME = "{name}"
            STACK_BLUEPRINTS = (
                Blueprint("serial", "{framing}"),
                Blueprint("tcp", "{framing}"),
                Blueprint("virtual"),
            )
            u = Numeric(unit="V")

            async def poll(self):
                return {{"u": 1.5}}
    """
    text = dedent(head) + "\n" + "\n".join(f"    {line}" for line in dedent(body).splitlines())
    (place / "driver.py").write_text(text, encoding="utf-8")
    return folder


IDENTIFIES = """
async def connect(self):
    said = (await self.link.query(b"*IDN?", 0.1)).decode("latin-1")
    if not said.startswith("RIGOL"):
        raise DeviceError(f"{said} answers", code="WRONG_DEVICE", hint="choose another driver")
"""


async def test_another_instrument_says_its_name_without_control_characters(tmp_path):
    write_driver(tmp_path, "rigol", IDENTIFIES)
    with serving(Sentence()) as port:
        body = {
            "driver": "rigol",
            "transport_type": "serial",
            "transport_params": {"port": port, "baudrate": 9600},
        }
        answer = await probe(body, folder=tmp_path)
    assert failed(answer, "device") == "choose another driver"
    assert answer["error"]["message"] == "ACME,TOASTER [31m9000,1,0.1 answers"


async def test_a_line_driver_on_garbage_suggests_baud_rates(tmp_path):
    write_driver(tmp_path, "rigol", IDENTIFIES)
    with serving(Garbage()) as port:
        body = {
            "driver": "rigol",
            "transport_type": "serial",
            "transport_params": {"port": port, "baudrate": 9600},
        }
        assert "baud rate" in failed(await probe(body, folder=tmp_path), "device")


async def test_a_driver_that_writes_when_greeting_is_stopped_before_the_wire(riden, tmp_path):
    body = "async def connect(self):\n    await self.link.write_register(18, 1)"
    write_driver(tmp_path, "eager", body, "modbus_rtu")
    simulator = riden.simulator("RD6012")
    simulator.__class__ = Counting
    where = {"host": "127.0.0.1", "port": await riden.tcp(simulator)}
    answer = await probe(
        {"driver": "eager", "transport_type": "tcp", "transport_params": where}, folder=tmp_path
    )
    failed(answer, "device")
    assert answer["error"]["code"] == "PROBE_READ_ONLY"
    assert simulator.writes == 0


@pytest.mark.parametrize(
    ("body", "step", "code"),
    [
        ("async def connect(self):\n    await asyncio.sleep(3600)", "device", "PROBE_TIMEOUT"),
        ("async def poll(self):\n    await asyncio.sleep(3600)", "reading", "PROBE_TIMEOUT"),
        ("async def connect(self):\n    raise SystemExit(3)", "device", "DRIVER_FAILED"),
        ("async def poll(self):\n    return 1 / 0", "reading", "DRIVER_FAILED"),
        ("async def poll(self):\n    return {}", "reading", "NO_ANSWER"),
        ("async def poll(self):\n    return {'u': 'soup'}", "reading", "NO_ANSWER"),
    ],
)
async def test_a_driver_that_hangs_or_breaks_is_closed_and_reported(tmp_path, body, step, code):
    write_driver(tmp_path, "bad", body)
    answer = await probe(
        {"driver": "bad", "transport_type": "virtual"}, folder=tmp_path, limits=SHORT
    )
    assert failed(answer, step)
    assert answer["error"]["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        "async def connect(self):\n    time.sleep(1.5)",
        "async def close(self):\n    time.sleep(1.5)",
        "def declare(self):\n    time.sleep(1.5)",
        (
            "async def connect(self):\n    for _ in range(15):\n        try:\n"
            "            await asyncio.sleep(0.1)\n        except asyncio.CancelledError:\n"
            "            pass"
        ),
    ],
    ids=["connect blocks", "close blocks", "declare blocks", "never lets itself be cancelled"],
)
async def test_a_driver_that_blocks_is_left_behind_and_the_loop_lives_on(tmp_path, body):
    write_driver(tmp_path, "stubborn", body)
    clock = SystemClock()
    aside = Aside(clock)
    limits = Limits(work_s=0.2, explain_s=0.1, close_s=0.1, answer_s=0.6)
    probing = Prober(Catalogue((tmp_path,), lambda *_: True), clock, aside, limits)
    turns = 0

    async def live():
        nonlocal turns
        while True:
            await clock.sleep(0.01)
            turns += 1

    living = asyncio.create_task(live())
    answer = await probing.probe(parse_probe({"driver": "stubborn", "transport_type": "virtual"}))
    assert answer["success"] is False
    assert answer["error"]["code"] in {"PROBE_HANGS", "PROBE_TIMEOUT"}
    assert turns > 2
    assert len(answer["steps"]) == len(STEPS)
    while aside.alive:
        await clock.sleep(0.05)
    living.cancel()


def test_all_limits_together_are_below_ten_seconds():
    limits = Limits()
    inside = limits.work_s + limits.explain_s + 2 * limits.close_s
    assert inside < limits.answer_s < 10
    assert len(fields(limits)) == 4


@pytest.mark.parametrize(
    ("driver", "text", "code", "hint"),
    [
        ("nothing", "", "SPAWN_DRIVER", "riden_rd60xx"),
        ("bad", "class Bad(:\n", "SPAWN_DRIVER", "correct the file"),
        (
            "bad",
            "import nothing_like_it\n\nclass B:\n    NAME = 'bad'\n",
            "SPAWN_DRIVER",
            "correct",
        ),
    ],
)
async def test_an_unknown_or_broken_driver_is_the_first_step(tmp_path, driver, text, code, hint):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "driver.py").write_text(text)
    answer = await probe({"driver": driver, "transport_type": "virtual"}, folder=tmp_path)
    assert hint in failed(answer, "driver")
    assert answer["error"]["code"] == code


async def test_an_untrusted_driver_asks_for_an_administrator(tmp_path):
    write_driver(tmp_path, "mine", "")
    body = {"driver": "mine", "transport_type": "virtual"}
    answer = await probe(body, folder=tmp_path, trusted=False)
    assert "administrator" in failed(answer, "driver")
    assert answer["error"]["code"] == "DRIVER_UNTRUSTED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"params": {"modbus_address": 300}}, "modbus_address"),
        ({"params": {"slave": 1}}, "slave"),
        ({"transport_params": {"port": "/dev/x", "baudrate": "fast"}}, "baudrate"),
        ({"transport_params": {}}, "port"),
        ({"transport_params": {"port": "spy:///dev/x?file=/tmp/y"}}, "port"),
        ({"transport_params": {"port": "alt://x?class=any.thing"}}, "port"),
        ({"transport_type": "pigeon"}, "pigeon"),
        ({"framing_type": "envelope"}, "envelope"),
        ({"framing_params": {"retries": 99}}, "retries"),
    ],
)
async def test_an_invalid_parameter_is_named(change, field):
    answer = await probe({**riden_at("serial", port="/dev/ttyNOTHING7"), **change})
    failed(answer, "parameters")
    assert field in answer["error"]["message"]
