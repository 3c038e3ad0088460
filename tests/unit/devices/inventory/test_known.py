"""Rows of known devices and ports: shipped ones are whole, foreign ones cannot break the list."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.known import DEVICES_FILE, PORTS_FILE, KnownUsb, load_known, rows_of

SHIPPED = load_known()


@pytest.mark.parametrize(
    ("usb", "name", "often"),
    [
        ("1A86:7523", "CH340", "DPS5005"),
        ("0403:FA00", "FTDI", "Riden"),
        ("10C4:EA60", "CP2102", ""),
        ("067B:2303", "PL2303", ""),
        ("0483:5740", "STM32 VCP", ""),
        ("2341:0043", "Arduino Uno", ""),
    ],
)
def test_adapters_people_have_are_known_by_name(usb, name, often):
    row = SHIPPED.usb_device(int(usb[:4], 16), int(usb[5:], 16))
    assert row.name == name
    assert often in row.often


@pytest.mark.parametrize(
    ("port", "service"),
    [
        (5025, "SCPI"),
        (502, "Modbus TCP"),
        (23, "Telnet SCPI"),
        (1883, "MQTT"),
        (7125, "Moonraker"),
        (48898, "ADS"),
        (1000, "custom TCP"),
        (3000, "custom TCP"),
        (9, ""),
    ],
)
def test_ports_of_instruments_are_known_by_service(port, service):
    assert SHIPPED.service(port) == service


def test_shipped_rows_have_no_problem_and_suggest_riden_where_it_fits():
    assert SHIPPED.problems == []
    assert "riden_rd60xx" in SHIPPED.usb["1A86:7523"].drivers


def test_every_driver_that_shipped_rows_suggest_is_there():
    rows = [*SHIPPED.usb.values(), *SHIPPED.ports.values()]
    suggested = {name for row in rows for name in row.drivers}
    assert suggested - {file.name for file in Catalogue().files()} == set()


def test_a_file_beside_a_driver_adds_and_replaces_rows(tmp_path):
    (tmp_path / DEVICES_FILE).write_text(
        '- {usb: "1a86:7523", name: Our adapter, drivers: [ours]}\n'
        '- {usb: "FFFF:0001", name: Own board}\n'
    )
    (tmp_path / PORTS_FILE).write_text("- {port: 4711, service: Ours}\n")
    known = load_known([tmp_path])
    assert known.usb["1A86:7523"].name == "Our adapter"
    assert known.usb_device(0xFFFF, 1).name == "Own board"
    assert known.service(4711) == "Ours"
    assert known.service(502) == "Modbus TCP"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("- {usb: 1A867523, name: X}", "row 1: usb"),
        ('- {usb: "1A86:7523"}', "row 1: name"),
        ('- {usb: "1A86:7523", name: X, color: red}', "row 1: color"),
        ("a: 1", "a list of rows"),
        ("- {usb: ", DEVICES_FILE),
        ("- just words", "row 1"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_count(tmp_path, text, word):
    path = tmp_path / DEVICES_FILE
    path.write_text(text)
    known = load_known([tmp_path])
    assert word in known.problems[0]
    assert known.usb["10C4:EA60"].name == "CP2102"


def test_a_file_that_is_no_text_is_a_problem_and_no_crash(tmp_path):
    (tmp_path / DEVICES_FILE).write_bytes(b"\xff\xfe\x00")
    assert len(load_known([tmp_path]).problems) == 1


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_no_text_breaks_the_reader(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("known") / DEVICES_FILE
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    problems = []
    rows_of(path, KnownUsb, problems)
    assert all(isinstance(problem, str) for problem in problems)


@pytest.mark.parametrize(("vid", "pid"), [(None, None), (1, None), (None, 1), (0xFFFFFF, 1)])
def test_ports_without_identifiers_are_not_known(vid, pid):
    assert SHIPPED.usb_device(vid, pid) is None
