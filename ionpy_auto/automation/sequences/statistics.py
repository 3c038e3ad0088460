"""Figures of cycles and pulses, after one set of definitions for live runs and recordings.

- *CE* (coulombic efficiency): the discharge Ah of a cycle over the preceding charge Ah. It is
  ``valid`` only if the discharge before that charge had the same end; without one it is ``first``,
  with another end or with a gap ``partial``, and ``open`` while one half is missing.
- *EE*: the same in Wh. *Mean voltage*: Wh/Ah. *Mid voltage*: at half the Ah of the cycle's largest
  step in that direction. *CV share*: Ah in phase CV over the charge Ah.
- *DCIR*: ``|V(t) − V(0−)| / |I(t) − I(0−)|`` at times after the measured edge, voltage and current
  interpolated to the same moment; fewer than ten samples in the pulse give no figure.

`CycleDefinition` may turn the roles round (half cells, where charge and discharge swap).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import inf, isfinite
from typing import Any, Final, Literal, NamedTuple

from .integration import Totals
from .uncertainty import Half, half_of

Direction = Literal["charge", "discharge"]
StepKind = Literal["charge", "discharge", "rest"]
EfficiencyState = Literal["valid", "first", "partial", "open"]
Series = Sequence[tuple[float, float]]  # monotonic seconds and value, in order

MIN_PULSE_SAMPLES: Final = 10
_SAME_END_V: Final = 0.02  # two unnamed ends are one end when their last voltages are this close


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleDefinition:
    """The flow's ``cycle: {begins: charge, ends: discharge, ce: discharge/charge}``.

    Attributes:
        begins: A step of this kind begins a cycle once the cycle before has its ``ends``.
        ends: What makes a cycle complete.
        ce: Numerator and denominator of the efficiencies.
    """

    begins: Direction = "charge"
    ends: Direction = "discharge"
    ce: Literal["discharge/charge", "charge/discharge"] = "discharge/charge"


@dataclass(frozen=True, slots=True)
class StepResult:
    """A finished step.

    Attributes:
        kind: What it did; a ramp or profile counts as the direction it mostly went.
        totals: Its amounts.
        ended_by: Name of the end that ended it; empty when unknown, as in recordings.
        dcir: Resistances measured in it, as rows.
    """

    kind: StepKind
    totals: Totals
    ended_by: str = ""
    dcir: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """The figures of one cycle; None where a figure cannot be had.

    Attributes:
        number: Counted from 1, or the number the recording gives.
        partial: A gap made an amount unknown, or one half is missing.
        energy_partial: The same for energy.
        dcir: Resistances at the pulses of the cycle, as rows.
        halves: Numerator and denominator of the efficiencies, for their uncertainty.
        ce: Coulombic efficiency, to be read together with ``ce_state``.
        ee: Energy efficiency; the same state holds.
    """

    number: int
    charge_ah: float
    discharge_ah: float
    charge_wh: float
    discharge_wh: float
    ce: float | None
    ce_state: EfficiencyState
    ee: float | None
    mean_charge_v: float | None
    mean_discharge_v: float | None
    mid_charge_v: float | None
    mid_discharge_v: float | None
    cv_share: float | None
    temp_max: float | None
    duration_s: float
    gaps: int
    partial: bool
    energy_partial: bool
    unsure: bool
    dcir: tuple[Mapping[str, Any], ...] = ()
    halves: tuple[Half, Half] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        answer = asdict(self)
        del answer["halves"]
        return {**answer, "dcir": [dict(row) for row in self.dcir]}


@dataclass(slots=True)
class _Block:
    """Neighbouring steps of one direction: a charge or a discharge as a whole."""

    kind: Direction
    cycle: int
    ah: float = 0.0
    wh: float = 0.0
    hours: float = 0.0
    stamp_ah: float = 0.0
    partial: bool = False
    energy_partial: bool = False
    ended_by: str = ""
    end_v: float | None = None

    def add(self, step: StepResult) -> None:
        totals = step.totals
        half = half_of(totals, self.kind)
        self.ah += half.ah
        self.wh += half.wh
        self.hours += half.hours
        self.stamp_ah += half.stamp_ah
        self.partial |= totals.partial
        self.energy_partial |= totals.energy_partial
        self.ended_by = step.ended_by
        self.end_v = totals.last.voltage if totals.last else None

    @property
    def half(self) -> Half:
        """Its amounts."""
        return Half(self.kind, self.ah, self.wh, self.hours, self.stamp_ah)

    def ended_like(self, other: "_Block") -> bool:
        """Whether both ended for the same reason, or at the same voltage if that is all we know."""
        if self.ended_by and other.ended_by:
            return self.ended_by == other.ended_by
        if self.end_v is None or other.end_v is None:
            return False
        return abs(self.end_v - other.end_v) <= _SAME_END_V


@dataclass(slots=True)
class _Open:
    """The cycle that is under way."""

    number: int
    steps: int = 0
    kinds: set[StepKind] = field(default_factory=set)
    charge_ah: float = 0.0
    discharge_ah: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    cv_ah: float = 0.0
    knows_phases: bool = False
    temp_max: float = -inf
    duration_s: float = 0.0
    gaps: int = 0
    partial: bool = False
    energy_partial: bool = False
    unsure: bool = False
    largest: dict[Direction, tuple[float, float | None]] = field(default_factory=dict)
    dcir: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, step: StepResult) -> None:
        totals = step.totals
        self.steps += 1
        self.kinds.add(step.kind)
        self.charge_ah += totals.charge_ah
        self.discharge_ah += totals.discharge_ah
        self.charge_wh += totals.charge_wh
        self.discharge_wh += totals.discharge_wh
        self.cv_ah += totals.phase_charge_ah.get("cv", 0.0)
        self.knows_phases |= bool(totals.phase_charge_ah)
        self.temp_max = max(self.temp_max, totals.temp_max)
        self.duration_s += totals.duration_s
        self.gaps += totals.gaps
        self.partial |= totals.partial
        self.energy_partial |= totals.energy_partial
        self.unsure |= totals.unsure
        self.dcir.extend(step.dcir)
        if step.kind != "rest":
            ah = totals.charge_ah if step.kind == "charge" else totals.discharge_ah
            if step.kind not in self.largest or ah > self.largest[step.kind][0]:
                self.largest[step.kind] = (ah, totals.mid_voltage)


class _Efficiency(NamedTuple):
    ce: float | None
    ee: float | None
    state: EfficiencyState
    halves: tuple[Half, Half] | None = None


class CycleStatistics:
    """Steps in, cycles out: `add` returns a cycle when a step begins the next one.

    >>> from ionpy_auto.automation.sequences.integration import Totals
    >>> statistics = CycleStatistics()
    >>> up = Totals(started_s=0.0, ended_s=3600.0, charge_ah=2.5, charge_wh=9.5)
    >>> down = Totals(started_s=3600.0, ended_s=7200.0, discharge_ah=2.475, discharge_wh=9.0)
    >>> statistics.add(StepResult("charge", up)), statistics.add(StepResult("discharge", down))
    (None, None)
    >>> cycle = statistics.finish()
    >>> round(cycle.ce, 3), cycle.ce_state
    (0.99, 'first')
    """

    def __init__(self, definition: CycleDefinition | None = None) -> None:
        self._definition = definition or CycleDefinition()
        self._open = _Open(1)
        self._blocks: list[_Block] = []  # the last four are enough for any order of halves

    def state(self) -> dict[str, Any]:
        """What has been counted, as JSON values."""
        cycle = asdict(self._open) | {"kinds": sorted(self._open.kinds)}
        if not isfinite(self._open.temp_max):
            del cycle["temp_max"]
        return {"open": cycle, "blocks": [asdict(block) for block in self._blocks]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        kept = dict(state["open"])
        kept["kinds"] = set(kept["kinds"])
        kept["largest"] = {key: (ah, volts) for key, (ah, volts) in kept["largest"].items()}
        self._open = _Open(**kept)
        self._blocks = [_Block(**block) for block in state["blocks"]]

    def add(self, step: StepResult, *, number: int | None = None) -> CycleResult | None:
        """Count a finished step.

        Args:
            step: The step.
            number: The cycle it belongs to, where that is recorded; otherwise the definition
                decides.

        Returns:
            The cycle that ended before this step, if one did.
        """
        done = None
        if self._begins_next(step, number):
            done = self._result()
            self._open = _Open(self._open.number + 1)
        if number is not None:
            self._open.number = number
        self._open.add(step)
        if step.kind != "rest":
            if not self._blocks or self._blocks[-1].kind != step.kind:
                self._blocks = [*self._blocks[-3:], _Block(step.kind, self._open.number)]
            self._blocks[-1].add(step)
        return done

    def finish(self) -> CycleResult | None:
        """The cycle under way, complete or not; None when there is none."""
        if not self._open.steps:
            return None
        result = self._result()
        self._open = _Open(self._open.number + 1)
        return result

    def _begins_next(self, step: StepResult, number: int | None) -> bool:
        if not self._open.steps:
            return False
        if number is not None:
            return number != self._open.number
        definition = self._definition
        return step.kind == definition.begins and definition.ends in self._open.kinds

    def _result(self) -> CycleResult:
        cycle = self._open
        is_open = not {"charge", "discharge"} <= cycle.kinds
        ce, ee, state, halves = self._efficiency(is_open=is_open)
        return CycleResult(
            number=cycle.number,
            charge_ah=cycle.charge_ah,
            discharge_ah=cycle.discharge_ah,
            charge_wh=cycle.charge_wh,
            discharge_wh=cycle.discharge_wh,
            ce=ce,
            ce_state=state,
            ee=ee,
            mean_charge_v=_ratio(cycle.charge_wh, cycle.charge_ah),
            mean_discharge_v=_ratio(cycle.discharge_wh, cycle.discharge_ah),
            mid_charge_v=cycle.largest.get("charge", (0.0, None))[1],
            mid_discharge_v=cycle.largest.get("discharge", (0.0, None))[1],
            cv_share=_ratio(cycle.cv_ah, cycle.charge_ah) if cycle.knows_phases else None,
            temp_max=cycle.temp_max if isfinite(cycle.temp_max) else None,
            duration_s=cycle.duration_s,
            gaps=cycle.gaps,
            partial=cycle.partial or is_open,
            energy_partial=cycle.energy_partial or is_open,
            unsure=cycle.unsure,
            dcir=tuple(cycle.dcir),
            halves=halves,
        )

    def _efficiency(self, *, is_open: bool) -> _Efficiency:
        """CE, EE, how far they hold, and what they are made of."""
        if is_open:
            return _Efficiency(None, None, "open")
        wanted = self._definition.ce.partition("/")[0]
        blocks = self._blocks
        while blocks and not (blocks[-1].kind == wanted and blocks[-1].cycle == self._open.number):
            blocks = blocks[:-1]
        if len(blocks) < 2:  # nothing precedes: the cycle has its halves the other way round
            return _Efficiency(None, None, "first")
        above, below = blocks[-1], blocks[-2]
        if above.partial or below.partial:
            return _Efficiency(None, None, "partial")
        halves = above.half, below.half
        ce = _ratio(above.ah, below.ah)
        ee = _ratio(above.wh, below.wh)
        if above.energy_partial or below.energy_partial:
            ee = None
        state: EfficiencyState = "first"
        if len(blocks) > 2:
            state = "valid" if above.ended_like(blocks[-3]) else "partial"
        return _Efficiency(ce, ee, state, halves)


@dataclass(frozen=True, slots=True)
class Dcir:
    """A resistance at a time after the edge; ``ohm`` is None and ``reason`` set if inconclusive."""

    at_s: float
    ohm: float | None
    reason: str = ""


def measured_edge(current: Series, threshold_a: float) -> float | None:
    """The moment of the first jump of more than a threshold: half way between its two samples."""
    for (t0, i0), (t1, i1) in pairwise(current):
        if abs(i1 - i0) > threshold_a:
            return (t0 + t1) / 2.0
    return None


def dcir(
    voltage: Series, current: Series, edge_s: float, at_s: Sequence[float] = (1.0, 10.0)
) -> list[Dcir]:
    """Resistances of a pulse at times after its edge.

    Args:
        voltage: Samples from before the edge to the end of the pulse.
        current: The same of the current, with stamps of their own.
        edge_s: The measured edge.
        at_s: Times after it.
    """
    answers = []
    split_v, split_i = _split(voltage, edge_s), _split(current, edge_s)
    before_i, pulse_i = current[:split_i], current[split_i:]
    before_v, pulse_v = voltage[:split_v], voltage[split_v:]
    few = min(len(pulse_i), len(pulse_v)) < MIN_PULSE_SAMPLES
    for at in at_s:
        if not before_i or not before_v:
            answers.append(Dcir(at, None, "no sample before the edge"))
        elif few:
            answers.append(Dcir(at, None, f"fewer than {MIN_PULSE_SAMPLES} samples in the pulse"))
        else:
            answers.append(_dcir_at(at, edge_s, (before_v, before_i), (pulse_v, pulse_i)))
    return answers


def _dcir_at(
    at: float, edge_s: float, before: tuple[Series, Series], pulse: tuple[Series, Series]
) -> Dcir:
    stamp, rest_a = before[1][-1]
    rest_v = _held_at(before[0], stamp)
    then_v, then_a = _line_at(pulse[0], edge_s + at), _line_at(pulse[1], edge_s + at)
    if then_v is None or then_a is None:
        return Dcir(at, None, "the pulse has no samples around this time")
    if abs(then_a - rest_a) < 1e-9:
        return Dcir(at, None, "the current did not change")
    return Dcir(at, abs(then_v - rest_v) / abs(then_a - rest_a))


def dcir_iec61960(v1: float, i1: float, v2: float, i2: float) -> float | None:
    """Resistance after IEC 61960: ``(V1 − V2)/(I2 − I1)`` with discharge currents as magnitudes.

    V1 is read after 10 s at 0.2 C, V2 after 1 s at 1 C.
    """
    return (v1 - v2) / (i2 - i1) if i2 != i1 else None


def mean_until(series: Series, begin_s: float, end_s: float) -> float | None:
    """Mean of the samples in a span, None without any."""
    found = [value for stamp, value in series if begin_s <= stamp <= end_s]
    return sum(found) / len(found) if found else None


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0.0 else None


def _split(series: Series, edge_s: float) -> int:
    """Where the samples after the edge begin."""
    return bisect_right(series, edge_s, key=lambda sample: sample[0])


def _held_at(series: Series, time_s: float) -> float:
    """Value at a time, held beyond both ends."""
    value = _line_at(series, time_s)
    if value is not None:
        return value
    return series[0][1] if time_s < series[0][0] else series[-1][1]


def _line_at(series: Series, time_s: float) -> float | None:
    """Value at a time on the lines between samples, None outside."""
    index = bisect_left(series, time_s, key=lambda sample: sample[0])
    if index == len(series):
        return None
    t1, v1 = series[index]
    if t1 == time_s:
        return v1
    if not index:
        return None
    t0, v0 = series[index - 1]
    return v0 + (v1 - v0) * (time_s - t0) / (t1 - t0)
