"""Serial, USB, HID and VISA: what is shown of what there is."""

import errno
import json
import os
import pty
import socket
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.inventory import INVENTORIES, Site
from ionpy_auto.devices.inventory import hid as hid_kind
from ionpy_auto.devices.inventory import serial as serial_kind
from ionpy_auto.devices.inventory import usb as usb_kind
from ionpy_auto.devices.inventory import visa as visa_kind
from ionpy_auto.devices.inventory.visa import parse_idn
from ionpy_auto.devices.known import load_known
from ionpy_auto.devices.owners import Holder, place_of
from ionpy_auto.devices.trouble import clean, network_trouble, no_permission, serial_trouble

SITE = Site(load_known(), (), frozenset({"riden_rd60xx"}))


def test_every_kind_is_found_by_its_file():
    assert {"serial", "usb", "hid", "tcp", "visa"} <= set(INVENTORIES)
    assert all(INVENTORIES.get(name).limit_s <= 20 for name in INVENTORIES)


# --- serial -----------------------------------------------------------------------------------


def comport(device="/dev/ttyUSB7", vid=0x1A86, pid=0x7523, **more):
    texts = {"description": "USB Serial", "manufacturer": "1a86", "serial_number": None}
    return SimpleNamespace(device=device, vid=vid, pid=pid, **(texts | more))


def test_a_port_says_what_it_is_and_which_drivers_fit():
    item = serial_kind.described(comport(), SITE)
    assert (item["vid"], item["pid"], item["known"]) == ("1A86", "7523", "CH340")
    assert item["drivers"] == ["riden_rd60xx"]  # dps50xx only where that driver is installed
    assert item["in_use"] is None
    assert serial_kind.identifiers(item) == {
        "vid": "1A86",
        "pid": "7523",
        "description": "USB Serial",
    }


def test_a_port_names_the_device_that_holds_it():
    held = Site(SITE.known, (Holder("PSU_02", place_of("serial", {"port": "COM7"}), False),))
    item = serial_kind.described(comport("com7"), held)
    assert item["in_use"] == "PSU_02"
    assert "PSU_02" in item["hint"]
    tried = serial_kind.try_port("COM7", 9600, held)
    assert (tried["ok"], tried["in_use"]) == (False, "PSU_02")


def test_texts_of_adapters_are_shown_without_control_characters():
    item = serial_kind.described(comport(description="a\x1b[2J\nb", manufacturer="x" * 999), SITE)
    assert item["description"] == "a [2J b"
    assert len(item["manufacturer"]) <= 200


def test_listing_this_machine_has_help():
    answer = serial_kind.look(SITE)
    assert answer["total"] == len(answer["items"])
    assert answer["help"]


@contextmanager
def pseudo_terminal():
    master, slave = pty.openpty()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


def test_a_free_port_opens_and_is_free_again():
    with pseudo_terminal() as port:
        for _ in range(2):
            assert serial_kind.try_port(port, 115200, SITE)["ok"] is True


def test_a_port_another_program_holds_says_so():
    with pseudo_terminal() as port, serial.Serial(port, exclusive=True):
        tried = serial_kind.try_port(port, 115200, SITE)
    assert tried["ok"] is False
    assert "another program" in tried["hint"]


def test_a_missing_port_names_those_there_are():
    tried = serial_kind.try_port("/dev/ttyNOTHING7", 115200, SITE)
    assert tried["message"] == "there is no port /dev/ttyNOTHING7"
    assert tried["hint"]


def test_a_file_that_is_no_port_is_refused_unharmed(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    tried = serial_kind.try_port(str(path), 115200, SITE)
    assert tried["ok"] is False
    assert "no working serial port" in tried["hint"]
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "port", ["spy:///dev/null?file=/tmp/x", "alt://x?class=y", "socket://h:1", "hwgrep://."]
)
def test_urls_are_no_ports_to_test(port):
    with pytest.raises(BadInput):
        serial_kind.try_port(port, 9600, SITE)


# --- what helps -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "number", "words"),
    [
        ("linux", errno.ENOENT, "port"),
        ("linux", errno.EBUSY, "another program holds"),
        ("linux", errno.EAGAIN, "another program holds"),
        ("linux", errno.EACCES, "udev"),
        ("win32", errno.EACCES, "Windows refuses access"),
        ("darwin", errno.EACCES, "may not open"),
    ],
)
def test_each_error_of_a_port_has_its_own_help(platform, number, words):
    outer = serial.SerialException("could not open port")
    outer.__cause__ = OSError(number, os.strerror(number))
    assert words in serial_trouble("/dev/ttyNOTHING7", outer, platform)


@pytest.mark.parametrize("group", ["dialout", "tty"])
def test_the_group_that_owns_the_port_is_the_one_to_join(group, monkeypatch):
    monkeypatch.setattr("ionpy_auto.devices.trouble.group_of", lambda _: group)
    assert f"usermod -aG {group}" in no_permission("/dev/ttyUSB0", "linux")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "takes no connection on this port"),
        (OSError(errno.EHOSTUNREACH, "x"), "cannot be reached"),
        (OSError(errno.ENETUNREACH, "x"), "cannot be reached"),
        (TimeoutError(), "nothing answers"),
        (PermissionError(errno.EPERM, "x"), "firewall"),
        (socket.gaierror(-2, "x"), "name is not known"),
    ],
)
def test_each_error_of_a_network_has_its_own_help(error, words):
    assert words in network_trouble(error)


@given(text=st.text())
def test_what_instruments_send_becomes_one_bounded_line(text):
    line = clean(text)
    assert len(line) <= 200
    assert line.isprintable()
    assert line == clean(line)


# --- usb and hid ------------------------------------------------------------------------------


class Usb:
    """A device as the library shows it; its strings may be unreadable."""

    bus, address = 1, 4

    def __init__(self, vid, pid, code=0, sub=0, interfaces=(), text="ACME"):
        self.idVendor, self.idProduct = vid, pid
        self.bDeviceClass, self.bDeviceSubClass = code, sub
        self._interfaces, self._text = interfaces, text

    def __iter__(self):
        if self._interfaces is None:
            raise OSError("descriptors cannot be read")
        parts = [
            SimpleNamespace(bInterfaceClass=c, bInterfaceSubClass=s) for c, s in self._interfaces
        ]
        return iter([parts])

    def _say(self):
        if isinstance(self._text, Exception):
            raise self._text
        return self._text

    manufacturer = product = serial_number = property(_say)


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (Usb(1, 2, 0x02), "communication (serial)"),
        (Usb(1, 2, 0x00, interfaces=[(0x03, 0)]), "human interface"),
        (Usb(1, 2, 0x00, interfaces=[(0xFE, 3)]), "test and measurement (USBTMC)"),
        (Usb(1, 2, 0xEF, interfaces=[(0x0E, 1)]), "video"),
        (Usb(1, 2, 0x00, interfaces=None), "several"),
        (Usb(1, 2, 0x00, interfaces=[]), "several"),
        (Usb(1, 2, 0x77), "class 0x77"),
    ],
)
def test_classes_of_usb_devices_are_words(device, words):
    assert usb_kind.class_of(device) == words


@pytest.mark.parametrize(
    "error", [ValueError("no langid"), UnicodeDecodeError("utf-16", b"x", 0, 1, "bad"), OSError()]
)
def test_a_usb_device_with_unreadable_strings_is_still_shown(error):
    item = usb_kind.described(Usb(0x1A86, 0x7523, 0xFF, text=error), SITE)
    assert item["product"] is None
    assert item["known"] == "CH340"
    assert "not allowed" in item["hint"]


def test_hubs_are_left_out_and_strings_cleaned(monkeypatch):
    devices = [Usb(0x1D6B, 2, 0x09), Usb(0x1D50, 0x614E, 0x02, text="a\x00\x07b")]
    core = SimpleNamespace(find=lambda **_: iter(devices))
    monkeypatch.setitem(sys.modules, "usb.core", core)
    answer = usb_kind.look(SITE)
    assert [item["vid"] for item in answer["items"]] == ["1D50"]
    assert answer["items"][0]["product"] == "a b"


def test_hid_paths_and_texts_survive_odd_bytes():
    entry = {"path": b"/dev/hidraw\xff", "vendor_id": 0x1A86, "product_id": 0xE008}
    item = hid_kind.described({**entry, "product_string": None}, SITE)
    assert (item["vid"], item["pid"], item["product"]) == ("1A86", "E008", "")
    assert item["path"].startswith("/dev/hidraw")


def test_a_missing_library_is_an_answer_with_what_to_install():
    code = (
        "import sys, json\n"
        "sys.modules.update({'usb': None, 'usb.core': None, 'hid': None, 'pyvisa': None})\n"
        "from ionpy_auto.devices.inventory import INVENTORIES, Site\n"
        "from ionpy_auto.devices.known import Known\n"
        "kinds = ('usb', 'hid', 'visa')\n"
        "print(json.dumps([INVENTORIES.get(kind).look(Site(Known())) for kind in kinds]))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for answer in json.loads(said.stdout):
        assert (answer["items"], answer["available"]) == ([], False)
        assert "pip install" in answer["hint"]


# --- visa -------------------------------------------------------------------------------------

BENCH = """
spec: "1.1"
devices:
  supply:
    eom: {"TCPIP INSTR": {q: "\\n", r: "\\n"}}
    dialogues:
      - {q: "*IDN?", r: "RIGOL TECHNOLOGIES,DP832,DP8A0001,00.01.14"}
  silent:
    eom: {"GPIB INSTR": {q: "\\n", r: "\\n"}}
    dialogues:
      - {q: "HELLO?", r: "nothing"}
  odd:
    eom: {"USB INSTR": {q: "\\n", r: "\\n"}}
    dialogues:
      - {q: "*IDN?", r: "*IDN \\"LECROY\\",WR,1,a,b"}
resources:
  "TCPIP::10.0.0.5::INSTR": {device: supply}
  "TCPIP::10.0.0.6::INSTR": {device: supply}
  "GPIB::8::INSTR": {device: silent}
  "USB::0x1111::0x2222::0x3::INSTR": {device: odd}
  "ASRL1::INSTR": {device: silent}
"""


@pytest.fixture
def bench(tmp_path):
    path = tmp_path / "bench.yaml"
    path.write_text(BENCH)
    return f"{path}@sim"


def test_instruments_say_who_they_are_and_silent_ones_stay_on_the_list(bench):
    held = Holder("DMM_01", place_of("visa", {"resource": "TCPIP::10.0.0.6"}), False)
    site = Site(SITE.known, (held,), options={"backend": bench})
    answer = visa_kind.look(site)
    assert answer["available"], answer
    items = {item["resource"]: item for item in answer["items"]}
    assert len(items) == 5
    supply = items["TCPIP0::10.0.0.5::inst0::INSTR"]
    assert (supply["manufacturer"], supply["model"]) == ("RIGOL TECHNOLOGIES", "DP832")
    assert (supply["serial"], supply["firmware"]) == ("DP8A0001", "00.01.14")
    assert items["TCPIP0::10.0.0.6::inst0::INSTR"]["in_use"] == "DMM_01"
    assert "*IDN?" in items["GPIB0::8::INSTR"]["hint"]
    assert "not asked" in items["ASRL1::INSTR"]["hint"]
    (odd,) = [item for name, item in items.items() if name.startswith("USB")]
    assert (odd["manufacturer"], odd["firmware"]) == ("LECROY", "a,b")


def test_a_backend_that_does_not_start_is_an_answer():
    answer = visa_kind.look(Site(SITE.known, options={"backend": "/nowhere/x.yaml@sim"}))
    assert (answer["items"], answer["available"]) == ([], False)
    assert answer["hint"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("RIGOL,DP832,DP8A1,00.01.14\n", ("RIGOL", "DP832", "DP8A1", "00.01.14")),
        ("Siglent,SPD3303X,S1,1.01.07R2\r\n", ("Siglent", "SPD3303X", "S1", "1.01.07R2")),
        ("TENMA 72-2535 V2.1", ("TENMA 72-2535 V2.1", "", "", "")),
        ('*IDN "ACME","X 1",0,"1,2"', ("ACME", "X 1", "0", "1,2")),
        (" A , B ,, ", ("A", "B", "", "")),
        ("", ("", "", "", "")),
    ],
)
def test_an_identity_has_four_parts(text, parts):
    found = parse_idn(text)
    assert tuple(found[k] for k in ("manufacturer", "model", "serial", "firmware")) == parts


@given(text=st.text())
def test_any_answer_becomes_short_clean_text(text):
    found = parse_idn(text)
    assert set(found) == {"manufacturer", "model", "serial", "firmware", "idn"}
    assert all(len(part) <= 200 and part.isprintable() for part in found.values())


WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@given(parts=st.tuples(WORD, WORD, WORD, WORD))
def test_four_plain_words_come_back(parts):
    found = parse_idn(",".join(parts))
    assert tuple(found[k] for k in ("manufacturer", "model", "serial", "firmware")) == parts
