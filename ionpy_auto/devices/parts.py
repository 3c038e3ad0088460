"""Entities every bench supply has, so that a driver states only what is its own: range and grain.

    class MySupply(Driver):
        v_set = parts.set_voltage(60.0, precision=2)
        i_set = parts.set_current(5.0, precision=3)
        output = parts.output_switch()

Each function takes further fields of its entity and overrides the ones given here. The safe states
are the ones all supplies share: the switch goes off, a setpoint behind it has no say over energy.
"""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.core.safety import Safe
from ionpy_auto.devices.entities import RW, Enum, Numeric, Toggle, ValidWhen
from ionpy_auto.devices.roles import Role

REGULATIONS = {"off": "Off", "cv": "CV", "cc": "CC"}
PROTECTIONS = {"none": "None", "ovp": "OVP", "ocp": "OCP", "opp": "OPP", "otp": "OTP"}


def set_voltage(top: float, precision: int, **more: object) -> Numeric:
    """The voltage a supply is told to hold, 0 to ``top`` volts."""
    fields = _setting("Set voltage", unit="V", role=Role.SET_VOLTAGE, group="Output")
    return Numeric(**{**fields, "max": top, "precision": precision, **more})


def set_current(top: float, precision: int, **more: object) -> Numeric:
    """The current a supply is told to hold, 0 to ``top`` amperes."""
    fields = _setting("Set current", unit="A", role=Role.SET_CURRENT, group="Output")
    return Numeric(**{**fields, "max": top, "precision": precision, **more})


def set_ovp(top: float, precision: int, **more: object) -> Numeric:
    """The voltage at which the supply protects, 0 to ``top`` volts."""
    fields = _setting("Over-voltage protection", unit="V", role=Role.SET_OVP, group="Protection")
    return Numeric(**{**fields, "max": top, "precision": precision, **more})


def set_ocp(top: float, precision: int, **more: object) -> Numeric:
    """The current at which the supply protects, 0 to ``top`` amperes."""
    fields = _setting("Over-current protection", unit="A", role=Role.SET_OCP, group="Protection")
    return Numeric(**{**fields, "max": top, "precision": precision, **more})


def _setting(name: str, **fields: object) -> dict[str, Any]:
    return {"name": name, "min": 0.0, "access": RW, "persist": True, "safe": Safe("none"), **fields}


def output_switch(**more: object) -> Toggle:
    """The output of a supply: off is its safe state, on needs a confirmation."""
    off = Safe("write", value=False, order=10)
    fields: dict[str, Any] = {"access": RW, "group": "Output", "role": Role.OUTPUT, "safe": off}
    return Toggle(**{**fields, "danger": True, **more})


def keypad_lock(**more: object) -> Toggle:
    """Whether the keys of the front panel are locked."""
    fields: dict[str, Any] = {"access": RW, "group": "Device", "role": Role.KEYPAD_LOCK}
    fields |= {"on_label": "Locked", "off_label": "Unlocked", "safe": Safe("hold")}
    return Toggle(**(fields | more))


def measured_voltage(precision: int, **more: object) -> Numeric:
    """Voltage at the output terminals: behind a blocking diode it is the cell's only while on."""
    fields = _measured("Output voltage", unit="V", role=Role.MEASURED_VOLTAGE)
    fields["valid_when"] = ValidWhen.OUTPUT_ON
    return Numeric(**{**fields, "precision": precision, **more})


def measured_current(precision: int, **more: object) -> Numeric:
    """Current out of the output; a supply cannot show a negative one."""
    fields = _measured("Output current", unit="A", role=Role.MEASURED_CURRENT)
    return Numeric(**{**fields, "signed": False, "precision": precision, **more})


def measured_power(precision: int, **more: object) -> Numeric:
    """Power out of the output."""
    fields = _measured("Output power", unit="W", role=Role.MEASURED_POWER)
    return Numeric(**{**fields, "precision": precision, **more})


def _measured(name: str, **fields: object) -> dict[str, Any]:
    return {"name": name, "group": "Output", **fields}


def regulation(codes: Mapping[int, str] | None = None, **more: object) -> Enum:
    """Whether voltage or current is held: the words of ``codes``, or off, CV and CC."""
    words = codes.values() if codes else ("off", "cv", "cc")
    fields: dict[str, Any] = {"group": "Output", "role": Role.REGULATION, **more}
    return Enum(options={word: REGULATIONS[word] for word in words}, codes=codes or {}, **fields)


def protection(codes: Mapping[int, str] | None = None, **more: object) -> Enum:
    """Which protection has tripped: the words of ``codes``, or none, OVP and OCP."""
    words = codes.values() if codes else ("none", "ovp", "ocp")
    fields: dict[str, Any] = {"group": "Protection", "role": Role.PROTECTION, **more}
    return Enum(options={word: PROTECTIONS[word] for word in words}, codes=codes or {}, **fields)
