"""Register map and models of the DPS50xx family: a table to compare with the manual.

Holding registers, 0-based, 16 bit. ``scale`` says how a raw number becomes a value: a number of
decimals, or ``v``, ``i`` for the model's own decimals.
"""

from typing import Literal, NamedTuple

Scale = Literal["v", "i"] | int


class Register(NamedTuple):
    """One number in the map."""

    name: str
    address: int
    scale: Scale = 0
    words: int = 1


REGISTERS = (
    Register("v_set", 0x00, "v"),  # mirror of 0x50
    Register("i_set", 0x01, "i"),  # mirror of 0x51
    Register("v_out", 0x02, "v"),
    Register("i_out", 0x03, "i"),
    # 0x04 is the power; sources disagree about its scale, so it is not used.
    Register("v_in", 0x05, 2),
    Register("keypad_lock", 0x06),
    Register("protection", 0x07),  # 0 none, 1 OVP, 2 OCP, 3 OPP
    Register("regulation", 0x08),  # 0 CV, 1 CC
    Register("output", 0x09),
    Register("model_id", 0x0B),
    Register("firmware", 0x0C),  # scale not known
    # Data group 0, the one in force. 0x54 is the over-power protection, with a doubtful scale.
    Register("ovp", 0x52, "v"),
    Register("ocp", 0x53, "i"),
    Register("boot_power", 0x57),  # S-INI: 1 switches the output on when the device gets power
)
BY_NAME = {register.name: register for register in REGISTERS}

FAST_BLOCK = (0x00, 13)
SLOW_BLOCK = (0x52, 6)

# Everything else is never written: data groups 1..9, the recall of one (0x23), backlight,
# over-power protection (one source for its scale) and what happens at power-up.
WRITABLE = ("v_set", "i_set", "output", "keypad_lock", "ovp", "ocp")

PROTECTIONS = {0: "none", 1: "ovp", 2: "ocp", 3: "opp"}
REGULATIONS = {0: "cv", 1: "cc"}


class Model(NamedTuple):
    """One model: what register 0x0B says, its ranges, and the decimals of its currents.

    Voltages have two decimals on all of them.
    """

    name: str
    model_id: int
    max_v: float
    max_a: float
    i: int
    v: int = 2

    @property
    def max_ovp(self) -> float:
        """Highest over-voltage protection: a little above what can be set."""
        return self.max_v + 1.0

    @property
    def max_ocp(self) -> float:
        """Highest over-current protection."""
        return self.max_a + 0.1

    def decimals(self, scale: Scale) -> int:
        """Decimals of a register of this model."""
        return {"v": self.v, "i": self.i}[scale] if isinstance(scale, str) else scale


MODELS = (
    Model("DPS3005", 3005, 30.0, 5.0, i=3),
    Model("DPS5005", 5005, 50.0, 5.0, i=3),
    Model("DPH5005", 5205, 50.0, 5.0, i=3),
    Model("DPS5015", 5015, 50.0, 15.0, i=2),
    Model("DPS5020", 5020, 50.0, 20.0, i=2),
    Model("DPS8005", 8005, 80.0, 5.0, i=3),
)


def model_of(model_id: int) -> Model | None:
    """The model that answers register 0x0B with this number."""
    return next((model for model in MODELS if model.model_id == model_id), None)
