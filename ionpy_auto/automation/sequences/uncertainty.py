"""How uncertain the figures of a step and a cycle are, from the accuracy classes of the meters.

After the *Guide to the expression of uncertainty in measurement* (GUM, JCGM 100:2008):

- An accuracy class ``gain % + offset`` and the resolution bound an error that nobody knows and
  that does not average out within a step (a constant current stays between the same two counts).
  Each is a rectangular distribution, ``u = a/√3`` (4.3.7); half a count is ``a`` of the resolution.
- Charge: ``u(Q)² = (gain·Q/√3)² + ((offset² + (count/2)²)/3)·T² + (stamps/√3)²``, with ``T`` the
  time and ``stamps`` the bound from uncertain time stamps. Energy: that times the mean voltage, and
  the voltage meter's share times the charge. Mean voltage: that of the voltage meter, since charge
  stands in both its halves.
- CE and EE (5.1.6): relative contributions in quadrature where two meters made them. Where one
  signed meter measured both ways, its gain cancels and its offset adds up linearly (5.2.2), because
  it makes the one charge larger and the other smaller; the voltage meter's gain always cancels.
- All values are *expanded* with ``k = 2``, about 95 % (6.2). A rounded figure shows two digits of
  its uncertainty (7.2.6).

A meter that declares no accuracy gives no uncertainty, rather than a flattering one.
"""

from dataclasses import dataclass
from math import floor, hypot, isfinite, log10, sqrt
from typing import Any, Final

from .integration import Totals

COVERAGE: Final = 2.0
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """An accuracy class: largest error of a reading.

    Attributes:
        gain: Part of the reading (0.0005 for 0.05 %).
        offset: In the unit.
        count: Smallest step of the reading, in the unit.
    """

    gain: float = 0.0
    offset: float = 0.0
    count: float = 0.0

    @property
    def constant(self) -> float:
        """Standard uncertainty of what does not depend on the reading."""
        return sqrt((self.offset**2 + (self.count / 2.0) ** 2) / 3.0)

    @property
    def relative(self) -> float:
        """Standard uncertainty of what does, as a part of it."""
        return self.gain / sqrt(3.0)

    def standard(self, reading: float) -> float:
        """Standard uncertainty of one reading."""
        return hypot(self.relative * reading, self.constant)


@dataclass(frozen=True, slots=True)
class Meters:
    """Accuracy classes of a channel's meters; None where nobody declares one.

    Attributes:
        is_one_meter: The same meter measures charge and discharge.
    """

    voltage: Accuracy | None = None
    charge: Accuracy | None = None
    discharge: Accuracy | None = None
    is_one_meter: bool = False

    def current(self, direction: str) -> Accuracy | None:
        """That of one direction."""
        return self.charge if direction == "charge" else self.discharge


@dataclass(frozen=True, slots=True)
class Half:
    """A charge or a discharge as a whole: what its uncertainty depends on.

    Attributes:
        direction: ``charge`` or ``discharge``.
        hours: How long current was measured.
        stamp_ah: Bound of the error from uncertain time stamps.
    """

    direction: str
    ah: float
    wh: float
    hours: float
    stamp_ah: float = 0.0

    @property
    def mean_v(self) -> float:
        """Wh/Ah, 0 where nothing flowed."""
        return self.wh / self.ah if self.ah > 0.0 else 0.0


def half_of(totals: Totals, direction: str) -> Half:
    """A step in its direction."""
    hours = totals.duration_s / _HOUR_S
    if direction == "charge":
        amounts = totals.charge_ah, totals.charge_wh
    else:
        amounts = totals.discharge_ah, totals.discharge_wh
    return Half(direction, *amounts, hours, totals.stamp_error_ah)


def charge_u(half: Half, current: Accuracy) -> float:
    """Standard uncertainty of a charge [Ah]."""
    constant = hypot(current.constant * half.hours, half.stamp_ah / sqrt(3.0))
    return hypot(current.relative * half.ah, constant)


def energy_u(half: Half, current: Accuracy, voltage: Accuracy) -> float:
    """Standard uncertainty of an energy [Wh]."""
    of_voltage = voltage.standard(half.mean_v) * half.ah
    return hypot(charge_u(half, current) * half.mean_v, of_voltage)


def step_uncertainty(totals: Totals, direction: str, meters: Meters) -> dict[str, float | None]:
    """Expanded uncertainties of a step's ``ah``, ``wh`` and ``mean_v``; None where not known."""
    return half_uncertainty(half_of(totals, direction), meters)


def half_uncertainty(half: Half, meters: Meters) -> dict[str, float | None]:
    """Expanded uncertainties of one direction."""
    answer: dict[str, float | None] = dict.fromkeys(("ah", "wh", "mean_v"))
    current, voltage = meters.current(half.direction), meters.voltage
    if current is not None:
        answer["ah"] = COVERAGE * charge_u(half, current)
        if voltage is not None:
            answer["wh"] = COVERAGE * energy_u(half, current, voltage)
    if voltage is not None and half.ah > 0.0:
        answer["mean_v"] = COVERAGE * voltage.standard(half.mean_v)
    return answer


def efficiency_u(above: Half, below: Half, meters: Meters, *, energy: bool = False) -> float | None:
    """Expanded uncertainty of ``above/below`` in Ah, or in Wh.

    Args:
        above: The half in the numerator; which of the two was the charge does not matter.
        below: The other.
        meters: Accuracy classes.
        energy: For the energy efficiency.
    """
    one, other = meters.current(above.direction), meters.current(below.direction)
    voltage = meters.voltage
    if one is None or other is None or (energy and voltage is None):
        return None
    if above.ah <= 0.0 or below.ah <= 0.0:
        return None
    stamps = hypot(above.stamp_ah / above.ah, below.stamp_ah / below.ah) / sqrt(3.0)
    offset_a = one.constant * above.hours / above.ah
    offset_b = other.constant * below.hours / below.ah
    if meters.is_one_meter:
        relative = hypot(offset_a + offset_b, stamps)
    else:
        gains = hypot(one.relative, other.relative)
        relative = hypot(hypot(offset_a, offset_b), hypot(gains, stamps))
    ratio = above.ah / below.ah
    if energy and voltage is not None:
        # One voltage meter in both halves: its gain cancels, of its offset the difference stays.
        apart = abs(1.0 / above.mean_v - 1.0 / below.mean_v)
        relative = hypot(relative, voltage.constant * apart)
        ratio = above.wh / below.wh
    return COVERAGE * relative * ratio


def rounded(value: float, uncertainty: float | None) -> float:
    """A figure with as many decimals as two digits of its uncertainty have.

    >>> rounded(0.9962834, 0.00123)
    0.9963
    >>> rounded(0.9962834, None)
    0.9962834
    """
    if uncertainty is None or not isfinite(uncertainty) or uncertainty <= 0.0:
        return value
    return round(value, decimals(uncertainty))


def decimals(uncertainty: float) -> int:
    """Decimals that show two digits of an uncertainty; negative left of the point."""
    return 1 - floor(log10(float(f"{uncertainty:.1e}")))


def with_uncertainty(value: float, uncertainty: float | None) -> str:
    """For people.

    >>> with_uncertainty(0.9962834, 0.00123)
    '0.9963 ± 0.0012'
    """
    if uncertainty is None or not isfinite(uncertainty) or uncertainty <= 0.0:
        return f"{value:g}"
    places = decimals(uncertainty)
    shown = max(places, 0)
    return f"{round(value, places):.{shown}f} ± {round(uncertainty, places):.{shown}f}"


def class_as_dict(accuracy: Accuracy | None) -> dict[str, Any] | None:
    """JSON form for the sheet of the run."""
    if accuracy is None:
        return None
    return {"gain": accuracy.gain, "offset": accuracy.offset, "count": accuracy.count}
