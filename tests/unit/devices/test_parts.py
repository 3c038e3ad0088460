"""Parts of a supply: complete declarations that differ only in what a driver gives."""

import pytest

from ionpy_auto.devices import Driver, Role, ValidWhen, parts
from ionpy_auto.testing.conformance import check_entity


class Supply(Driver):
    """All parts with the least a driver can give."""

    v_set = parts.set_voltage(30.0, precision=2)
    i_set = parts.set_current(5.0, precision=3, group="Limits")
    output = parts.output_switch()
    ovp = parts.set_ovp(31.0, precision=2)
    ocp = parts.set_ocp(5.1, precision=3)
    lock = parts.keypad_lock(name="Keys")
    v_out = parts.measured_voltage(2, plausible=(0.0, 40.0))
    i_out = parts.measured_current(3, signed=True)
    p_out = parts.measured_power(1)
    regulation = parts.regulation({0: "cv", 1: "cc"})
    protection = parts.protection()


@pytest.mark.parametrize("entity", Supply.ENTITIES.values(), ids=lambda e: e.id)
def test_every_part_is_a_complete_declaration(entity):
    check_entity(entity)
    assert entity.role is not None


def test_what_a_driver_gives_is_what_it_gets():
    found = Supply.ENTITIES
    assert (found["v_set"].max, found["v_set"].precision) == (30.0, 2)
    assert (found["i_set"].group, found["v_set"].group) == ("Limits", "Output")
    assert found["lock"].name == "Keys"
    assert found["i_out"].signed is True
    assert found["v_out"].valid_when is ValidWhen.OUTPUT_ON
    assert found["regulation"].options == {"cv": "CV", "cc": "CC"}
    assert [*found["protection"].options] == ["none", "ovp", "ocp"]


def test_an_output_goes_off_first_and_setpoints_stay():
    found = Supply.ENTITIES
    assert (found["output"].safe.action, found["output"].safe.value) == ("write", False)
    assert found["output"].danger
    assert not found["output"].persist
    settings = (Role.SET_VOLTAGE, Role.SET_CURRENT, Role.SET_OVP, Role.SET_OCP)
    assert all(e.safe.action == "none" for e in found.values() if e.role in settings)
