"""A battery cell as an equivalent circuit: open-circuit voltage, one resistor and two RC pairs.

The Thevenin model with two RC pairs (G. Plett, *Battery Management Systems*, vol. 1, ch. 2)::

    V = OCV(soc) + I·R0 + v1 + v2          dv_k/dt = I/C_k − v_k/(R_k·C_k)
    dq/dt = I − I_leak                     soc = q / capacity

Current is positive into the cell (charge), everywhere. For a constant current each state has a
closed solution, so `Cell.step` is exact for any length of time: a hundred steps of one second give
what one step of a hundred seconds gives. Only when R0 depends on temperature or the capacity ages
does the step freeze them for at most ten seconds at a time.

Heat is ``I·(V − OCV)`` (D. Bernardi et al., J. Electrochem. Soc. 132 (1985) 5, without the
entropy term). Four counters add up what passed the terminals; they are the truth that integrators
are tested against. The energy counters integrate OCV over its piecewise linear table exactly.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import ceil, exp
from typing import Final

from .thermal import ThermalBody

_SECONDS_PER_HOUR: Final = 3600.0
_FROZEN_S: Final = 10.0  # longest time R0 and capacity are held while they really move
_GAS_CONSTANT: Final = 8.314462618  # J/(mol·K)
_KELVIN: Final = 273.15


@dataclass(frozen=True, slots=True)
class OcvCurve:
    """Open-circuit voltage over state of charge: straight lines between points.

    Beyond its ends the curve goes on with the slope of its last piece: an overcharged or emptied
    cell leaves its window steeply, as real ones do, and protections have something to see.

    Attributes:
        points: Pairs of state of charge (0 to 1) and volts, both strictly rising.
    """

    points: tuple[tuple[float, float], ...]
    _socs: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _areas: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            msg = "an open-circuit curve needs at least two points"
            raise ValueError(msg)
        for (soc, volts), (soc_next, volts_next) in pairwise(self.points):
            if not (soc_next > soc and volts_next > volts):
                msg = f"open-circuit voltage must rise with state of charge near {soc_next}"
                raise ValueError(msg)
        pieces = ((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(self.points))
        object.__setattr__(self, "_socs", tuple(soc for soc, _ in self.points))
        object.__setattr__(self, "_areas", tuple(accumulate(pieces, initial=0.0)))

    def piece(self, soc: float) -> tuple[float, float, float, float]:
        """The straight piece around a state of charge: from, to, volts at ``from``, slope.

        The first and last piece reach to minus and plus infinity, but keep their own anchor:
        the volts belong to the table's point, the borders only say where the piece holds.
        """
        index = self._index(soc)
        (left, volts), (right, volts_right) = self.points[index], self.points[index + 1]
        slope = (volts_right - volts) / (right - left)
        low = left if index else float("-inf")
        high = right if index < len(self.points) - 2 else float("inf")
        return low, high, volts - slope * left, slope

    def voltage(self, soc: float) -> float:
        """Open-circuit voltage in volts."""
        _, _, at_zero, slope = self.piece(soc)
        return at_zero + slope * soc

    def mean(self, soc_from: float, soc_to: float) -> float:
        """Mean voltage while the state of charge moves evenly from one value to another."""
        low, high, at_zero, slope = self.piece(soc_from)
        if low <= soc_to < high:
            return at_zero + slope * (soc_from + soc_to) / 2
        return (self._area(soc_to) - self._area(soc_from)) / (soc_to - soc_from)

    def _index(self, soc: float) -> int:
        return min(max(bisect_right(self._socs, soc) - 1, 0), len(self.points) - 2)

    def _area(self, soc: float) -> float:
        """Integral of the curve from its first point."""
        index = self._index(soc)
        left, volts = self.points[index]
        return self._areas[index] + (soc - left) * (volts + self.voltage(soc)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CellParameters:
    """What a cell is made of; `NMC_18650` and `LFP_26650` are ready to use.

    Attributes:
        capacity_ah: Charge between soc 0 and soc 1 when new.
        ocv: Open-circuit voltage curve.
        r0_ohm: Ohmic resistance at ``r0_reference_c``.
        rc1: Resistance in ohms and capacitance in farads of the fast pair.
        rc2: The same of the slow pair.
        body: Heat capacity and path to the surroundings.
        ambient_c: Temperature of the surroundings at the start.
        leak_a: Constant self-discharge inside the cell; never seen at the terminals.
        fade_per_ah: Share of the new capacity lost per Ah of throughput (both directions).
        r0_activation_j_per_mol: Arrhenius energy of R0; 0 keeps R0 constant. 20 kJ/mol doubles it
            from 25 °C to about −1 °C.
        r0_reference_c: Temperature at which ``r0_ohm`` holds.
    """

    capacity_ah: float
    ocv: OcvCurve
    r0_ohm: float
    rc1: tuple[float, float]
    rc2: tuple[float, float]
    body: ThermalBody
    ambient_c: float = 25.0
    leak_a: float = 0.0
    fade_per_ah: float = 0.0
    r0_activation_j_per_mol: float = 0.0
    r0_reference_c: float = 25.0

    def __post_init__(self) -> None:
        if min(self.capacity_ah, self.r0_ohm, *self.rc1, *self.rc2) <= 0:
            msg = "capacity, resistances and capacitances must be positive"
            raise ValueError(msg)
        if not 0 <= self.fade_per_ah < 1:
            msg = "fade_per_ah is a share per Ah, from 0 to below 1"
            raise ValueError(msg)


# The tables below have the shape of published low-rate curves of their chemistry; they describe a
# believable cell, not one particular product.
NMC_18650: Final = CellParameters(
    capacity_ah=2.5,
    ocv=OcvCurve((
        (0.0, 2.500), (0.01, 2.680), (0.02, 2.830), (0.03, 2.950), (0.05, 3.110), (0.075, 3.250),
        (0.10, 3.345), (0.15, 3.455), (0.20, 3.515), (0.25, 3.560), (0.30, 3.595), (0.35, 3.622),
        (0.40, 3.648), (0.45, 3.678), (0.50, 3.715), (0.55, 3.765), (0.60, 3.820), (0.65, 3.870),
        (0.70, 3.918), (0.75, 3.965), (0.80, 4.010), (0.85, 4.050), (0.90, 4.087), (0.95, 4.132),
        (0.98, 4.167), (1.0, 4.195),
    )),
    r0_ohm=0.020,
    rc1=(0.012, 1000.0),  # 12 s: charge transfer and double layer
    rc2=(0.018, 20000.0),  # 6 min: diffusion
    body=ThermalBody(heat_capacity_j_per_k=43.0, resistance_k_per_w=10.0),  # 45 g in still air
)  # fmt: skip
LFP_26650: Final = CellParameters(
    capacity_ah=2.5,
    ocv=OcvCurve((
        (0.0, 2.500), (0.01, 2.750), (0.02, 2.900), (0.05, 3.100), (0.10, 3.200), (0.15, 3.228),
        (0.20, 3.252), (0.30, 3.284), (0.40, 3.292), (0.50, 3.297), (0.60, 3.304), (0.70, 3.325),
        (0.80, 3.331), (0.90, 3.336), (0.95, 3.346), (0.98, 3.380), (0.99, 3.420), (1.0, 3.500),
    )),
    r0_ohm=0.008,
    rc1=(0.005, 2000.0),
    rc2=(0.008, 50000.0),
    body=ThermalBody(heat_capacity_j_per_k=76.0, resistance_k_per_w=7.0),
)  # fmt: skip


class _Decay:
    """Everything of a step that depends only on its length; kept from one step to the next."""

    __slots__ = ("dt_s", "e1", "e2", "e_body", "fading1", "fading2", "mean1", "mean2", "rise")

    def __init__(self, parameters: CellParameters, dt_s: float) -> None:
        tau1 = parameters.rc1[0] * parameters.rc1[1]
        tau2 = parameters.rc2[0] * parameters.rc2[1]
        body = parameters.body
        self.dt_s = dt_s
        self.e1 = exp(-dt_s / tau1)
        self.e2 = exp(-dt_s / tau2)
        self.mean1 = (1.0 - self.e1) * tau1 / dt_s  # mean of exp(−t/τ) over the step
        self.mean2 = (1.0 - self.e2) * tau2 / dt_s
        self.e_body = body.decay(dt_s)
        self.rise = body.rise(dt_s)
        self.fading1 = body.rise_from_fading(dt_s, tau1)
        self.fading2 = body.rise_from_fading(dt_s, tau2)


class Cell:
    """The state of one cell; positive current charges it.

    Attributes:
        parameters: What it is made of.
        ambient_c: Temperature around it; may be changed between steps (a chamber does).
        temperature_c: Its own temperature.
        v_rc1: Voltage over the fast RC pair.
        v_rc2: Voltage over the slow RC pair.
        charge_ah: Charge in the cell: start + charged − discharged − leaked.
        charged_ah: What went in through the terminals since the start.
        discharged_ah: What came out through the terminals, as a magnitude.
        charged_wh: Energy that went in.
        discharged_wh: Energy that came out, as a magnitude.
        leaked_ah: What the cell lost inside.
    """

    __slots__ = (
        "_at_zero",
        "_decay",
        "_fixed",
        "_high",
        "_low",
        "_slope",
        "ambient_c",
        "charge_ah",
        "charged_ah",
        "charged_wh",
        "discharged_ah",
        "discharged_wh",
        "leaked_ah",
        "parameters",
        "temperature_c",
        "v_rc1",
        "v_rc2",
    )

    def __init__(self, parameters: CellParameters = NMC_18650, *, soc: float = 0.5) -> None:
        """A rested cell at ambient temperature.

        Args:
            parameters: What it is made of.
            soc: State of charge at the start, 0 to 1.
        """
        self.parameters = parameters
        self.ambient_c = parameters.ambient_c
        self.temperature_c = parameters.ambient_c
        self.charge_ah = soc * parameters.capacity_ah
        self.v_rc1 = self.v_rc2 = 0.0
        self.charged_ah = self.discharged_ah = self.leaked_ah = 0.0
        self.charged_wh = self.discharged_wh = 0.0
        self._fixed = not (parameters.fade_per_ah or parameters.r0_activation_j_per_mol)
        self._decay = _Decay(parameters, 1.0)
        self._low = self._high = self._at_zero = self._slope = 0.0

    @property
    def capacity_ah(self) -> float:
        """Charge between soc 0 and soc 1 after the ageing so far."""
        throughput = self.charged_ah + self.discharged_ah
        left = max(1.0 - self.parameters.fade_per_ah * throughput, 0.05)
        return self.parameters.capacity_ah * left

    @property
    def soc(self) -> float:
        """State of charge; outside 0 to 1 when overcharged or emptied."""
        return self.charge_ah / self.capacity_ah

    @property
    def r0_ohm(self) -> float:
        """Ohmic resistance at the present temperature."""
        parameters = self.parameters
        energy = parameters.r0_activation_j_per_mol
        if not energy:
            return parameters.r0_ohm
        here = 1.0 / (max(self.temperature_c, -60.0) + _KELVIN)
        reference = 1.0 / (parameters.r0_reference_c + _KELVIN)
        return parameters.r0_ohm * exp(energy / _GAS_CONSTANT * (here - reference))

    @property
    def ocv(self) -> float:
        """Voltage of the cell after an endless rest."""
        soc = self.soc
        if not self._low <= soc < self._high:
            self._low, self._high, self._at_zero, self._slope = self.parameters.ocv.piece(soc)
        return self._at_zero + self._slope * soc

    @property
    def emf(self) -> float:
        """Voltage behind R0: open-circuit voltage and what the RC pairs still hold."""
        return self.ocv + self.v_rc1 + self.v_rc2

    def voltage(self, current_a: float = 0.0) -> float:
        """Terminal voltage while a current flows, at this moment."""
        return self.emf + current_a * self.r0_ohm

    def mean_source(self, dt_s: float) -> tuple[float, float]:
        """Volts and ohms of the source that stands for the cell over the next ``dt_s`` seconds.

        With a constant current the mean terminal voltage over that time is ``volts + I·ohms``.
        Whoever must hold a voltage (a supply in CV) finds its mean current from this, which is
        second order in time and stable however small the outer resistance is.
        """
        decay = self._decay_for(dt_s)
        parameters = self.parameters
        m1, m2 = decay.mean1, decay.mean2
        ocv = self.ocv
        moved = self._slope * dt_s / (2.0 * _SECONDS_PER_HOUR * self.capacity_ah)
        volts = ocv + self.v_rc1 * m1 + self.v_rc2 * m2 - parameters.leak_a * moved
        ohms = self.r0_ohm + parameters.rc1[0] * (1 - m1) + parameters.rc2[0] * (1 - m2) + moved
        return volts, ohms

    def step(self, current_a: float, dt_s: float) -> None:
        """Let a constant current flow for a time.

        Raises:
            ValueError: The time is negative or not a number.
        """
        if not dt_s > 0.0:
            if dt_s == 0.0:
                return
            msg = f"a step cannot last {dt_s} s"
            raise ValueError(msg)
        if self._fixed or dt_s <= _FROZEN_S:
            self._step(current_a, dt_s)
            return
        pieces = ceil(dt_s / _FROZEN_S)
        for _ in range(pieces):
            self._step(current_a, dt_s / pieces)

    def snapshot(self) -> tuple[float, ...]:
        """The moving state, for `restore`."""
        return (
            self.charge_ah, self.v_rc1, self.v_rc2, self.temperature_c, self.charged_ah,
            self.discharged_ah, self.charged_wh, self.discharged_wh, self.leaked_ah,
        )  # fmt: skip

    def restore(self, state: tuple[float, ...]) -> None:
        """Go back to a `snapshot`."""
        (
            self.charge_ah, self.v_rc1, self.v_rc2, self.temperature_c, self.charged_ah,
            self.discharged_ah, self.charged_wh, self.discharged_wh, self.leaked_ah,
        ) = state  # fmt: skip

    def _decay_for(self, dt_s: float) -> _Decay:
        decay = self._decay
        if decay.dt_s != dt_s:
            decay = self._decay = _Decay(self.parameters, dt_s)
        return decay

    def _step(self, current_a: float, dt_s: float) -> None:
        decay = self._decay_for(dt_s)
        parameters = self.parameters
        r0 = self.r0_ohm
        end1, end2 = current_a * parameters.rc1[0], current_a * parameters.rc2[0]
        fade1, fade2 = self.v_rc1 - end1, self.v_rc2 - end2
        hours = dt_s / _SECONDS_PER_HOUR
        moved_ah = current_a * hours
        leaked_ah = parameters.leak_a * hours
        delta_ah = moved_ah - leaked_ah
        if current_a:
            mean = self._mean_ocv(delta_ah) + current_a * r0
            mean += end1 + end2 + fade1 * decay.mean1 + fade2 * decay.mean2
            if current_a > 0.0:
                self.charged_ah += moved_ah
                self.charged_wh += mean * moved_ah
            else:
                self.discharged_ah -= moved_ah
                self.discharged_wh -= mean * moved_ah
        warmer = current_a * (current_a * r0 + end1 + end2) * decay.rise
        warmer += current_a * (fade1 * decay.fading1 + fade2 * decay.fading2)
        ambient = self.ambient_c
        self.temperature_c = ambient + (self.temperature_c - ambient) * decay.e_body + warmer
        self.charge_ah += delta_ah
        self.leaked_ah += leaked_ah
        self.v_rc1 = end1 + fade1 * decay.e1
        self.v_rc2 = end2 + fade2 * decay.e2

    def _mean_ocv(self, delta_ah: float) -> float:
        """Mean open-circuit voltage while the charge moves evenly by ``delta_ah``."""
        capacity = self.capacity_ah
        soc = self.charge_ah / capacity
        after = (self.charge_ah + delta_ah) / capacity
        if self._low <= soc < self._high and self._low <= after < self._high:
            return self._at_zero + self._slope * (soc + after) / 2
        return self.parameters.ocv.mean(soc, after)
