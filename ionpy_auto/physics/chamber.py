"""A temperature chamber: its air follows a set point with limited rates and never beyond it.

Running, the controller asks for ``(set − air)/τ`` kelvin per second and the machine gives at most
``heat`` or ``cool``: a straight ramp that bends into an exponential ``rate·τ`` before the set
point. Both pieces have a closed solution, so the air never overshoots and the result does not
depend on how a span of time is cut. In standby the air returns to the room by itself, slowly.

>>> air = Chamber(set_c=45.0, air_c=25.0, running=True, heat_k_per_s=0.05)
>>> air.advance(100.0)
>>> air.air_c
30.0
"""

from dataclasses import dataclass
from math import exp, expm1, isfinite
from typing import Final

COLDEST_C: Final = -40.0
HOTTEST_C: Final = 85.0
_SETTLED_K: Final = 1e-3
"""Nearer than this nothing about a cell changes any more."""


@dataclass(slots=True, kw_only=True)
class Chamber:
    """The air around a cell.

    Attributes:
        set_c: Where the air should be.
        air_c: Where it is.
        room_c: Outside of the chamber; the air goes there in standby.
        running: Run or standby.
        heat_k_per_s: Fastest warming.
        cool_k_per_s: Fastest cooling, as a magnitude.
        tau_s: Time constant near the set point.
        walls_tau_s: Time constant towards the room in standby: the insulation.
    """

    set_c: float = 25.0
    air_c: float = 25.0
    room_c: float = 25.0
    running: bool = False
    heat_k_per_s: float = 3.0 / 60.0
    cool_k_per_s: float = 2.0 / 60.0
    tau_s: float = 60.0
    walls_tau_s: float = 3600.0

    def __post_init__(self) -> None:
        rates = (self.heat_k_per_s, self.cool_k_per_s, self.tau_s, self.walls_tau_s)
        if not all(isfinite(rate) and rate > 0.0 for rate in rates):
            msg = "rates and time constants of a chamber must be positive"
            raise ValueError(msg)

    @property
    def target_c(self) -> float:
        """Where the air is going."""
        return self.set_c if self.running else self.room_c

    @property
    def is_settled(self) -> bool:
        """Whether the air has arrived."""
        return abs(self.target_c - self.air_c) < _SETTLED_K

    def after(self, dt_s: float) -> float:
        """Temperature of the air in °C after a time with the present settings."""
        left = self.target_c - self.air_c
        tau_s = self.tau_s if self.running else self.walls_tau_s
        if not self.running or left == 0.0:
            return self.air_c - left * expm1(-dt_s / tau_s)
        rate = self.heat_k_per_s if left > 0.0 else self.cool_k_per_s
        bend = rate * tau_s  # from this distance on the controller asks for less than there is
        ramp_s = max(abs(left) - bend, 0.0) / rate
        if dt_s <= ramp_s:
            return self.air_c + (rate if left > 0.0 else -rate) * dt_s
        near = min(abs(left), bend) * exp(-(dt_s - ramp_s) / tau_s)
        return self.set_c - (near if left > 0.0 else -near)

    def advance(self, dt_s: float) -> None:
        """Let a time pass."""
        self.air_c = self.after(dt_s)
