"""Serial ports: another name after re-plugging, ports that hang, addresses instead of ports."""

import asyncio
import os
import socket
import threading
from dataclasses import dataclass

import pytest
import serial
from serial import rfc2217

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices import ports
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.links import LinkLost, note_of
from ionpy_auto.devices.ports import PortHint, find_port, hint_for
from ionpy_auto.devices.simulated.modbus import RegisterBank, RtuServer
from ionpy_auto.devices.simulated.wires import PtyPort
from ionpy_auto.devices.transports import serial as serial_transport
from ionpy_auto.devices.transports.serial import SerialTransport

pty, tty = pytest.importorskip("pty"), pytest.importorskip("tty")


@dataclass
class Listed:
    """A port as the operating system lists it."""

    device: str
    vid: int | None = 0x0403
    pid: int | None = 0xFA00
    serial_number: str | None = None


@pytest.fixture
def listed(monkeypatch):
    """The ports of this machine, to be changed by a test."""
    found = []
    monkeypatch.setattr(serial_transport, "_claims", {})
    monkeypatch.setattr(ports.list_ports, "comports", lambda: tuple(found))
    return found


class Echo:
    """A pty with an echo at its other end."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.name = os.ttyname(self.slave)
        tty.setraw(self.slave)
        asyncio.get_running_loop().add_reader(self.master, self.answer)

    def answer(self):
        os.write(self.master, os.read(self.master, 4096))

    def unplug(self):
        if self.master >= 0:
            asyncio.get_running_loop().remove_reader(self.master)
            os.close(self.master)
            os.close(self.slave)
            self.master = -1


@pytest.fixture
async def echo():
    made = []

    def make():
        made.append(Echo())
        return made[-1]

    yield make
    for one in made:
        one.unplug()


def transport_to(port, **hint):
    params = SerialTransport.Params(port=port, port_hint=PortHint(**hint))
    return SerialTransport(params, SystemClock())


async def talks(transport):
    await transport.write(b"hello")
    heard = b""
    while len(heard) < 5:
        heard += await transport.read()
    return heard == b"hello"


@pytest.mark.parametrize(
    ("vid", "pid"), [(0x0403, 0xFA00), ("0403", "FA00"), ("0x403", "fa00"), (1027, "0xFA00")]
)
async def test_a_missing_port_is_found_by_its_adapter_and_said(listed, echo, vid, pid):
    peer = echo()
    listed += [Listed(peer.name, serial_number="A1"), Listed("/dev/ttyACM0", 0x1A86, 0x7523)]
    transport = transport_to("COM3", vid=vid, pid=pid, serial_number="A1")
    link = FRAMINGS.get("none").link(transport, FRAMINGS.get("none").Params(), SystemClock())
    assert note_of(link) == ""
    await link.open()
    assert await talks(transport)
    assert note_of(link) == f"COM3 is not here; using {peer.name} (0403:FA00, serial A1)"
    assert transport.place == peer.name
    await transport.close()


async def test_a_port_that_exists_is_used_whatever_the_hint_says(listed, echo):
    peer = echo()
    listed += [Listed(peer.name, 0x1A86, 0x7523), Listed("/dev/ttyUSB9")]
    transport = transport_to(peer.name, vid="0403", pid="FA00")
    await transport.open()
    assert transport.place == peer.name
    assert transport.note == ""
    await transport.close()


async def test_two_fitting_ports_are_an_error_that_names_both(listed):
    listed += [Listed("/dev/ttyUSB7", serial_number="A1"), Listed("/dev/ttyUSB8")]
    with pytest.raises(LinkLost) as caught:
        await transport_to("COM3", vid="0403", pid="FA00").open()
    assert "/dev/ttyUSB7 (0403:FA00, serial A1) and /dev/ttyUSB8 (0403:FA00)" in str(caught.value)
    assert "serial_number" in caught.value.hint
    assert caught.value.error_code == "TRANSPORT_SERIAL"


@pytest.mark.parametrize(
    ("hint", "there"),
    [
        ({"vid": "0403", "pid": "FA00", "serial_number": "A1"}, Listed("X", serial_number="B2")),
        ({"vid": "0403", "pid": "FA00", "serial_number": "A1"}, Listed("X")),
        ({"vid": "0403"}, Listed("X")),
        ({"serial_number": "A1"}, Listed("X", serial_number="A1")),
        ({}, Listed("X", None, None)),
        ({"vid": "0403", "pid": "FA00"}, Listed("X", None, None)),
    ],
    ids=["other serial", "no serial", "vendor only", "serial only", "no hint", "no usb"],
)
def test_another_adapter_is_never_guessed(listed, hint, there):
    listed.append(there)
    assert find_port("COM3", PortHint(**hint)).port == "COM3"


def test_an_address_is_never_searched(listed):
    listed.append(Listed("X"))
    assert find_port("socket://h:1", PortHint(vid="0403", pid="FA00")).port == "socket://h:1"


async def test_the_adapter_of_another_device_is_left_alone_also_while_that_one_is_closed(
    listed, echo, monkeypatch
):
    peer = echo()
    listed.append(Listed(peer.name))
    other = transport_to(peer.name)
    await other.open()
    await other.close()
    lost = transport_to("COM3", vid="0403", pid="FA00")
    with pytest.raises(LinkLost, match="is another device's"):
        await lost.open()
    monkeypatch.setattr(serial_transport, "CLAIM_S", -1.0)
    await other.open()
    await other.close()  # removed long ago
    await lost.open()
    assert lost.place == peer.name
    await lost.close()


@pytest.mark.parametrize("bad", [{"vid": "xyz"}, {"pid": 70000}, {"vid": "-1"}])
def test_a_hint_that_is_no_usb_number_is_refused(bad):
    with pytest.raises(ValueError, match=r"vid|pid"):
        PortHint(**bad)


async def test_after_replugging_the_adapter_is_found_under_its_new_name(listed, echo):
    first = echo()
    listed.append(Listed(first.name, serial_number="A1"))
    transport = transport_to(first.name, vid="0403", pid="FA00", serial_number="A1")
    await transport.open()
    assert await talks(transport)
    first.unplug()
    listed.clear()
    with pytest.raises(LinkLost):
        await transport.read()
    await transport.close()
    with pytest.raises(LinkLost, match=first.name):
        await transport.open()
    second = Echo()
    # The system may give the freed number to the new pty: then it is the old name that exists.
    listed.append(Listed(second.name, serial_number="A1"))
    await transport.open()
    assert await talks(transport)
    assert transport.place == second.name
    await transport.close()
    second.unplug()


async def test_a_modbus_link_finds_the_adapter_too(listed):
    class Bank(RegisterBank):
        def read(self, address, count):
            return list(range(address, address + count))

    wire = PtyPort(RtuServer(Bank(), 1))
    listed.append(Listed(wire.name, serial_number="A1"))
    framing = FRAMINGS.get("modbus_rtu")
    transport = transport_to("COM3", vid="0403", pid="FA00")
    link = framing.link(transport, framing.Params(timeout_s=2), SystemClock())
    await link.open()
    assert await link.read_holding(4, 3) == [4, 5, 6]
    assert note_of(link) == f"COM3 is not here; using {wire.name} (0403:FA00, serial A1)"
    await link.close()
    wire.close()


async def test_a_port_that_hangs_in_open_is_given_up_and_not_tried_again_until_it_comes_back(
    monkeypatch,
):
    release, closed = threading.Event(), threading.Event()

    class Port:
        def close(self):
            closed.set()

    def hang(*_, **__):
        release.wait(10)
        return Port()

    monkeypatch.setattr(serial_transport, "OPEN_S", 0.05)
    monkeypatch.setattr(serial_transport.serial, "serial_for_url", hang)
    transport = transport_to("/dev/ttyHANG")
    others = asyncio.ensure_future(asyncio.sleep(0))
    for words in ("did not open within 0.05 s", "an earlier call still does not come back"):
        with pytest.raises(LinkLost, match=words) as caught:
            await transport.open()
        assert "plug" in caught.value.hint
    assert others.done()  # the loop went on
    assert threading.active_count() < 20
    release.set()
    await asyncio.to_thread(closed.wait, 5)
    assert closed.is_set()


async def test_loop_and_threaded_addresses_work():
    transport = transport_to("loop://")
    await transport.open()
    assert await talks(transport)
    reading = asyncio.ensure_future(transport.read())
    await asyncio.sleep(0.02)
    reading.cancel()
    await transport.write(b"x")
    assert await transport.read() == b"x"
    await transport.close()
    await transport.close()
    with pytest.raises(LinkLost):
        await transport.read()
    with pytest.raises(LinkLost):
        await transport.write(b"x")


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
async def test_a_port_of_an_rfc2217_server_works():
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with serial.serial_for_url("loop://", timeout=0.02) as port, connection:
            connection.settimeout(0.02)
            manager = rfc2217.PortManager(port, _Telnet(connection))
            while not done.is_set():
                try:
                    data = connection.recv(1024)
                except TimeoutError:
                    data = None
                if data == b"":
                    return
                if data:
                    port.write(b"".join(manager.filter(data)))
                back = port.read(100)
                if back:
                    connection.sendall(b"".join(manager.escape(back)))

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    transport = transport_to(f"rfc2217://127.0.0.1:{listener.getsockname()[1]}")
    await transport.open()
    assert await talks(transport)
    await transport.close()
    done.set()
    await asyncio.to_thread(server.join, 5)
    listener.close()


class _Telnet:
    def __init__(self, connection):
        self.connection = connection

    def write(self, data):
        self.connection.sendall(data)


@pytest.mark.parametrize(
    "port", ["nonsense://x", "spy:///dev/x?file=/tmp/y", "alt://x?class=any.thing", "hwgrep://."]
)
def test_addresses_that_write_files_or_call_classes_are_no_ports(port):
    with pytest.raises(ValueError, match="socket://"):
        transport_to(port)


@pytest.mark.parametrize("port", ["socket://127.0.0.1:1", "rfc2217://127.0.0.1:1"])
async def test_an_address_that_does_not_work_is_a_clear_error(port):
    with pytest.raises(LinkLost) as caught:
        await transport_to(port).open()
    assert caught.value.hint
    assert port in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "dialout"),
        (PermissionError(13, "Access is denied."), "held by another"),
        (OSError("Could not exclusively lock port"), "held by another"),
        (TimeoutError("did not open"), "plug it in again"),
        (FileNotFoundError("no such file"), "ports on this machine: /dev/ttyUSB7"),
    ],
)
def test_the_hint_says_what_to_do(listed, error, words):
    listed.append(Listed("/dev/ttyUSB7"))
    assert words in hint_for("COM3", error)
