"""What the tests of the language share: a scope of a cell bench and an environment of values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Scope

UNITS = {
    "voltage": "V",
    "current": "A",
    "power": "W",
    "temp": "°C",
    "ambient": "°C",
    "step.time": "s",
    "step.ah": "Ah",
    "step.wh": "Wh",
    "step.cv_share": "",
    "step.ended_by": "",
    "cell.capacity": "Ah",
    "PSU_01.u_out": "V",
    "PSU-01.u_out": "V",
    "PSU_01.u_mv": "mV",
    "PSU_01.i_ma": "mA",
    "PSU_01.output": "",
    "LOAD.time_min": "min",
    "soc": "%",
    "fan.speed": "rpm",
    "n": "",
}
KINDS = {"PSU_01.output": "bool", "step.ended_by": "text"}

BENCH = Scope(
    units_of=UNITS.get,
    kind_of=lambda address: KINDS.get(address, ""),
    capacity=2.5,
    parameters={"vmax": "4.2 V", "cycles": 3, "who": "Ada", "rate": "C/5", "armed": True},
    file="flow.yaml",
)


@dataclass
class Values:
    """An environment of fixed values; what is missing is unknown."""

    values: Mapping[str, Scalar | None] = field(default_factory=dict)
    windows: Mapping[tuple[str, str, float], Scalar | None] = field(default_factory=dict)
    ages: Mapping[str, float] = field(default_factory=dict)

    def value(self, address: str) -> Scalar | None:
        return self.values.get(address)

    def window(self, function: str, address: str, seconds: float) -> Scalar | None:
        return self.windows.get((function, address, seconds))

    def age(self, address: str) -> float | None:
        return self.ages.get(address)
