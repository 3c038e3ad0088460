"""Two ways of naming one port are one place; different ports are different places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.devices.owners import Holder, holder_of, place_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("serial", {"port": "com3"}), ("serial", {"port": "COM3"})),
        (("serial", {"port": "socket://10.0.0.5:23"}), ("tcp", {"host": "10.0.0.5", "port": 23})),
        (("tcp", {"host": "LAB.local.", "port": 1}), ("tcp", {"host": "lab.local", "port": 1})),
        (("tcp", {"host": "localhost", "port": 1}), ("TCP", {"host": "127.0.0.1", "port": 1})),
        (
            ("visa", {"resource": "TCPIP::10.0.0.5::INSTR"}),
            ("visa", {"resource": "tcpip0::10.0.0.5::inst0::instr"}),
        ),
        (("visa", {"resource": "GPIB::8"}), ("visa", {"resource": "GPIB0::8::INSTR"})),
        (
            ("visa", {"resource": "USB0::0x1AB1::0x0E11::DP8::0::INSTR"}),
            ("visa", {"resource": "USB::0x1AB1::0x0E11::DP8::INSTR"}),
        ),
        (
            ("visa", {"resource": "TCPIP::10.0.0.5::5025::SOCKET"}),
            ("tcp", {"host": "10.0.0.5", "port": 5025}),
        ),
        (
            ("visa", {"resource": "ASRL/dev/ttyNOTHING7::INSTR"}),
            ("serial", {"port": "/dev/ttyNOTHING7"}),
        ),
        (("visa", {"resource": "ASRL3::INSTR"}), ("serial", {"port": "COM3"})),
    ],
)
def test_names_of_one_thing_are_one_place(one, other):
    assert place_of(*one) == place_of(*other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("tcp", {"host": "10.0.0.5", "port": 1}), ("tcp", {"host": "10.0.0.5", "port": 2})),
        (("tcp", {"host": "10.0.0.5", "port": 1}), ("udp", {"host": "10.0.0.5", "port": 1})),
        (("serial", {"port": "COM3"}), ("serial", {"port": "COM33"})),
        (("visa", {"resource": "GPIB0::8"}), ("visa", {"resource": "GPIB1::8"})),
        (
            ("hid", {"vid": 1, "pid": 2, "serial_number": "a"}),
            ("hid", {"vid": 1, "pid": 2, "serial_number": "b"}),
        ),
    ],
)
def test_different_things_are_different_places(one, other):
    assert place_of(*one) != place_of(*other)


def test_virtual_devices_hold_nothing_and_nothing_is_never_held():
    assert place_of("virtual", {"port": "x"}) == ""
    assert holder_of("", [Holder("A", "", shares=False)]) is None


def test_a_shared_place_stops_only_those_who_do_not_share():
    holders = [Holder("A", "tcp:h:502", shares=True)]
    assert holder_of("tcp:h:502", holders, shares=True) is None
    assert holder_of("tcp:h:502", holders).device == "A"


@given(
    kind=st.sampled_from(["serial", "tcp", "udp", "visa", "hid", "pigeon"]),
    params=st.dictionaries(
        st.sampled_from(["port", "host", "resource", "path", "vid"]),
        st.one_of(st.text(), st.text().map("/{}".format), st.integers(), st.none()),
    ),
)
def test_no_parameters_break_it(kind, params):
    assert isinstance(place_of(kind, params), str)
