"""How warm a body gets: one heat capacity that leaks through one resistance to its surroundings.

The lumped model ``C·dT/dt = P(t) − (T − T_ambient)/R`` is solved in closed form for the two kinds
of heat a cell makes: a constant one, and one that fades as ``exp(−t/τ)`` while an RC pair settles.
The result therefore does not depend on how a span of time is cut into steps. A lumped body is fair
for a small cell because its Biot number is well below one; heat of entropy (the reversible part)
is neglected.

>>> body = ThermalBody(heat_capacity_j_per_k=40.0, resistance_k_per_w=10.0)
>>> round(body.after(25.0, 25.0, power_w=1.0, dt_s=400.0), 3)
31.321
"""

from dataclasses import dataclass
from math import exp

_NEARLY_EQUAL = 1e-7  # rates whose product with time differs less than this count as one rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalBody:
    """A lumped heat capacity with one path to its surroundings.

    Attributes:
        heat_capacity_j_per_k: Mass times specific heat, J/K.
        resistance_k_per_w: From the body to the surroundings, K/W.
    """

    heat_capacity_j_per_k: float
    resistance_k_per_w: float

    def __post_init__(self) -> None:
        if not (self.heat_capacity_j_per_k > 0 and self.resistance_k_per_w > 0):
            msg = "heat capacity and thermal resistance must be positive"
            raise ValueError(msg)

    @property
    def tau_s(self) -> float:
        """Time constant in seconds."""
        return self.heat_capacity_j_per_k * self.resistance_k_per_w

    def decay(self, dt_s: float) -> float:
        """What is left of a temperature difference after a time, 0 to 1."""
        return exp(-dt_s / self.tau_s)

    def rise(self, dt_s: float) -> float:
        """Kelvin gained per watt of constant heat."""
        return self.resistance_k_per_w * (1.0 - self.decay(dt_s))

    def rise_from_fading(self, dt_s: float, tau_s: float) -> float:
        """Kelvin left at the end per watt of heat that fades as ``exp(−t/tau_s)``."""
        own, other = 1.0 / self.tau_s, 1.0 / tau_s
        if abs(own - other) * dt_s < _NEARLY_EQUAL:  # both decay alike: the limit of the quotient
            return dt_s * exp(-dt_s * own) / self.heat_capacity_j_per_k
        difference = exp(-dt_s * other) - exp(-dt_s * own)
        return difference / (own - other) / self.heat_capacity_j_per_k

    def after(self, temperature_c: float, ambient_c: float, power_w: float, dt_s: float) -> float:
        """Temperature in °C after constant heat for a time."""
        start = (temperature_c - ambient_c) * self.decay(dt_s)
        return ambient_c + start + power_w * self.rise(dt_s)
