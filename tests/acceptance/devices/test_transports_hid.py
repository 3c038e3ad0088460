"""HID devices, with a stand-in that behaves as hidapi documents it."""

import asyncio
import queue
import sys
import threading
import types

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices.links import LinkLost
from ionpy_auto.devices.transports import _blocking
from ionpy_auto.devices.transports import hid as hid_transport
from ionpy_auto.devices.transports.hid import HidTransport
from ionpy_auto.testing.conformance import check_transport


class Bus:
    """The HID devices of a machine, as module ``hid`` shows them.

    Attributes:
        plugged: Entries of ``enumerate``.
        sent: Reports that were written.
        gone: Reading and writing fail, as after unplugging.
    """

    def __init__(self):
        self.plugged = [entry(b"/dev/hidraw3", 0x1A86, 0xE429)]
        self.sent = []
        self.reports = queue.SimpleQueue()
        self.gone = False
        self.closed = 0
        self.numbered = False

    def module(self):
        module = types.ModuleType("hid")
        module.enumerate = lambda vid=0, pid=0: [
            e for e in self.plugged if (e["vendor_id"], e["product_id"]) == (vid, pid)
        ]
        module.device = lambda: Device(self)
        return module


def entry(path, vid, pid, serial="", interface=0):
    return {
        "path": path,
        "vendor_id": vid,
        "product_id": pid,
        "serial_number": serial,
        "interface_number": interface,
    }


class Device:
    """``hid.device()``: echoes what is written."""

    def __init__(self, bus):
        self.bus = bus
        self.is_open = False

    def open_path(self, path):
        if self.bus.gone or path not in [e["path"] for e in self.bus.plugged]:
            raise OSError("open failed")
        self.is_open = True

    def read(self, max_length, timeout_ms=0):
        self.check()
        try:
            return list(self.bus.reports.get(timeout=timeout_ms / 1000))[:max_length]
        except queue.Empty:
            self.check()
            return []

    def write(self, buff):
        if not self.is_open:
            raise ValueError("not open")
        if self.bus.gone:
            return -1
        self.bus.sent.append(bytes(buff))
        self.bus.reports.put(buff if self.bus.numbered else buff[1:])
        return len(buff)

    def check(self):
        if not self.is_open:
            raise ValueError("not open")
        if self.bus.gone:
            raise OSError("read error")

    def error(self):
        return "No such device"

    def close(self):
        self.is_open = False
        self.bus.closed += 1


@pytest.fixture
def bus(monkeypatch):
    bus = Bus()
    monkeypatch.setitem(sys.modules, "hid", bus.module())
    return bus


def transport(**params):
    return HidTransport(
        HidTransport.Params(**{"vid": "1A86", "pid": "E429", **params}), SystemClock()
    )


async def test_hid_conforms(bus):
    async def unplug():
        bus.gone = True

    await check_transport(lambda: transport(report_size=5), unplug)
    assert bus.closed == 1


async def test_what_is_written_goes_out_as_padded_reports_with_their_id(bus):
    one = transport(report_size=4)
    await one.open()
    await one.write(b"abcdef")
    assert bus.sent == [b"\0abcd", b"\0ef\0\0"]
    assert [await one.read(), await one.read()] == [b"abcd", b"ef\0\0"]
    await one.close()


async def test_numbered_reports_carry_their_number_on_the_wire_alone(bus):
    bus.numbered = True
    one = transport(report_size=3, report_id=7)
    await one.open()
    await one.write(b"abc")
    assert bus.sent == [b"\x07abc"]
    assert await one.read() == b"abc"
    await one.close()


async def test_a_report_that_comes_after_a_cancelled_read_is_not_lost(bus):
    one = transport(report_size=4)
    await one.open()
    reading = asyncio.ensure_future(one.read())
    await asyncio.sleep(0.02)
    reading.cancel()
    bus.reports.put(b"abcd")
    assert await one.read() == b"abcd"
    await one.close()


async def test_two_fitting_devices_are_an_error_that_names_both(bus):
    bus.plugged.append(entry(b"/dev/hidraw4", 0x1A86, 0xE429, "S2", 1))
    with pytest.raises(LinkLost) as caught:
        await transport().open()
    text = str(caught.value)
    assert "/dev/hidraw3 (interface 0) and /dev/hidraw4 (interface 1, serial S2)" in text
    for which in ({"serial_number": "S2"}, {"interface": 1}, {"path": "/dev/hidraw4"}):
        one = transport(**which)
        await one.open()
        await one.close()


async def test_a_device_that_is_not_plugged_in_is_said(bus):
    bus.plugged.clear()
    with pytest.raises(LinkLost, match="HID 1A86:E429: is not plugged in") as caught:
        await transport().open()
    assert caught.value.error_code == "TRANSPORT_HID"
    assert "inventory" in caught.value.hint


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", 'ATTRS{idVendor}=="1a86", ATTRS{idProduct}=="e429"'),
        ("darwin", "Input Monitoring"),
        ("win32", "close other programs"),
    ],
)
async def test_a_device_that_may_not_be_opened_says_what_to_do_on_this_system(
    bus, monkeypatch, platform, words
):
    bus.gone = True
    monkeypatch.setattr(hid_transport.sys, "platform", platform)
    with pytest.raises(LinkLost, match="open failed") as caught:
        await transport().open()
    assert words in caught.value.hint


async def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hid", None)
    with pytest.raises(LinkLost) as caught:
        await transport().open()
    assert caught.value.hint == 'pip install "ionpy-auto[hid]"'


@pytest.mark.parametrize(
    "bad", [{"pid": None}, {"vid": "xyz"}, {"vid": 70000}, {"vid": None, "pid": None, "path": None}]
)
def test_a_device_that_is_not_named_is_refused(bad):
    with pytest.raises(ValueError, match=r"vid|USB|base 16"):
        transport(**bad)


async def test_a_device_that_hangs_is_left_behind_and_not_opened_again_meanwhile(bus, monkeypatch):
    release, hangs = threading.Event(), threading.Event()

    def hang(*_, **__):
        hangs.set()
        release.wait(10)
        return []

    monkeypatch.setattr(_blocking, "CLOSE_S", 0.02)
    monkeypatch.setattr(Device, "read", hang)
    one = transport()
    await one.open()
    reading = asyncio.ensure_future(one.read())
    await asyncio.to_thread(hangs.wait, 5)
    await one.close()
    with pytest.raises(LinkLost, match="closed"):
        await reading
    with pytest.raises(LinkLost, match="an earlier call still does not come back"):
        await one.open()
    assert bus.closed == 0
    release.set()
    await asyncio.to_thread(join_threads)
    assert bus.closed == 1
    await one.open()
    await one.close()


def join_threads():
    for thread in threading.enumerate():
        if thread.name.startswith("hid"):
            thread.join(5)
