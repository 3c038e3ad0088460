"""Register map and models of the Riden RD60xx family: a table to compare with the manual.

Holding registers, 0-based, 16 bit, big-endian words. ``scale`` says how a raw number becomes a
value: a number of decimals, or ``v``, ``i``, ``p`` for the model's own decimals.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Scale = Literal["v", "i", "p"] | int


class Register(NamedTuple):
    """One number in the map."""

    name: str
    address: int
    scale: Scale = 0
    words: int = 1


REGISTERS = (
    Register("model_id", 0),
    Register("serial", 1, words=2),
    Register("firmware", 3, 2),
    Register("temp_sign", 4),  # 0 plus, 1 minus
    Register("temp", 5),  # °C
    Register("v_set", 8, "v"),
    Register("i_set", 9, "i"),
    Register("v_out", 10, "v"),
    Register("i_out", 11, "i"),
    # Older documents call 12 "Ah" and use 13 alone; both agree below 655.35 W.
    Register("p_out", 12, "p", words=2),
    Register("v_in", 14, 2),  # two decimals on P models too
    Register("keypad_lock", 15),
    Register("protection", 16),  # 0 none, 1 OVP, 2 OCP
    Register("regulation", 17),  # 0 CV, 1 CC
    Register("output", 18),
    Register("preset", 19),
    Register("current_range", 20),  # RD6012P: 0 is 6 A, 1 is 12 A
    Register("battery_mode", 32),
    Register("v_battery", 33, "v"),
    Register("probe_sign", 34),
    Register("probe", 35),  # °C
    Register("ah", 38, 3, words=2),
    Register("wh", 40, 3, words=2),
    Register("take_ok", 66),
    Register("take_out", 67),  # recalling a preset switches the output on
    Register("boot_power", 68),  # the output goes on when the device is switched on
    Register("ovp", 82, "v"),
    Register("ocp", 83, "i"),
)
BY_NAME = {register.name: register for register in REGISTERS}

FAST_BLOCK = (0, 42)
SLOW_BLOCK = (66, 18)

# Everything else is never written: presets, calibration (55..62), clock, and above all 256, where
# 5633 reboots into the bootloader.
WRITABLE = ("v_set", "i_set", "output", "keypad_lock", "ovp", "ocp")
SYSTEM_REGISTER = 256
CALIBRATION = range(55, 63)

PROTECTIONS = {0: "none", 1: "ovp", 2: "ocp"}
REGULATIONS = {0: "cv", 1: "cc"}


@dataclass(frozen=True, slots=True)
class Model:
    """One model: decimals of voltage, current and power, and what it can do.

    Attributes:
        name: As printed on it.
        ids: Values of register 0.
        v: Decimals of voltages.
        i: Decimals of currents.
        p: Decimals of powers.
        max_a: Largest current.
        low_range_i: Decimals while register 20 is 0 (6 A range); None without ranges.
    """

    name: str
    ids: range
    v: int
    i: int
    p: int
    max_a: float
    low_range_i: int | None = None

    @property
    def max_v(self) -> float:
        """Largest voltage."""
        return 60.0

    def decimals(self, scale: Scale, current_range: int = 1) -> int:
        """Decimals of a register of this model."""
        if scale == "i" and self.low_range_i is not None and current_range == 0:
            return self.low_range_i
        return {"v": self.v, "i": self.i, "p": self.p}[scale] if isinstance(scale, str) else scale

    def amperes(self, current_range: int = 1) -> float:
        """Largest current in a range."""
        return 6.0 if self.low_range_i is not None and current_range == 0 else self.max_a


MODELS = (
    Model("RD6006", range(60060, 60065), 2, 3, 2, 6.0),
    Model("RD6006P", range(60065, 60066), 3, 4, 3, 6.0),
    Model("RD6012", range(60120, 60125), 2, 2, 2, 12.0),
    Model("RD6012P", range(60125, 60130), 3, 3, 3, 12.0, low_range_i=4),
    Model("RD6018", range(60180, 60190), 2, 2, 2, 18.0),
    Model("RD6024", range(60241, 60250), 2, 2, 2, 24.0),
    Model("RD6030", range(60301, 60302), 2, 2, 2, 30.0),
)


def model_of(model_id: int) -> Model | None:
    """The model that answers register 0 with this number."""
    return next((model for model in MODELS if model_id in model.ids), None)
