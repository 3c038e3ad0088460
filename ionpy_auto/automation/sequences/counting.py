"""What a run counts: charge and energy per step, cycle and run, and the rows made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from ionpy_auto.automation.flow import CycleDefinition as WrittenCycle
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.counters import DeviceCounters
from ionpy_auto.automation.sequences.integration import Integrator, Point, Totals
from ionpy_auto.automation.sequences.meters import meters_of
from ionpy_auto.automation.sequences.statistics import (
    CycleDefinition,
    CycleResult,
    CycleStatistics,
    StepKind,
    StepResult,
)
from ionpy_auto.automation.sequences.uncertainty import (
    Meters,
    efficiency_u,
    half_uncertainty,
    step_uncertainty,
    with_uncertainty,
)

Direction = Literal["charge", "discharge", ""]


def magnitude(totals: Totals, direction: str) -> tuple[float, float]:
    """Ah and Wh of a step in its direction, as magnitudes."""
    if direction == "charge":
        return totals.charge_ah, totals.charge_wh
    if direction == "discharge":
        return totals.discharge_ah, totals.discharge_wh
    return max(totals.charge_ah, totals.discharge_ah), max(totals.charge_wh, totals.discharge_wh)


def cv_share(totals: Totals) -> float | None:
    """Charge put in at constant voltage over all of it."""
    if not totals.phase_charge_ah or totals.charge_ah <= 0:
        return None
    return totals.phase_charge_ah.get("cv", 0.0) / totals.charge_ah


def figures(totals: Totals, direction: str) -> dict[str, Any]:
    """The amounts of a step for its row."""
    ah, wh = magnitude(totals, direction)
    return {
        "charge_ah": totals.charge_ah,
        "discharge_ah": totals.discharge_ah,
        "charge_wh": totals.charge_wh,
        "discharge_wh": totals.discharge_wh,
        "ah": ah,
        "wh": wh,
        "t_max": _finite(totals.temp_max),
        "cv_share": cv_share(totals),
        "mean_v": wh / ah if ah > 0 else None,
        "mid_v": totals.mid_voltage,
        "v_min": _finite(totals.voltage_min),
        "v_max": _finite(totals.voltage_max),
        "partial": totals.partial,
        "energy_partial": totals.energy_partial,
        "unsure": totals.unsure,
        "gaps": totals.gaps,
        "unknown_s": totals.unknown_s,
        "stamp_error_ah": totals.stamp_error_ah,
        "first": _point(totals, totals.first),
        "last": _point(totals, totals.last),
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _point(totals: Totals, point: Point | None) -> dict[str, float | None] | None:
    """First or last known moment of a step, in seconds after its beginning."""
    if point is None:
        return None
    at_s = point.mono - totals.started_s
    return {"at_s": at_s, "voltage": point.voltage, "current": point.current}


def run_figures(totals: Totals, cycles: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of a whole run."""
    valid = [c for c in cycles if c["ce_state"] == "valid"]

    def mean(name: str) -> float | None:
        found = [c[name] for c in valid if c[name] is not None]
        return sum(found) / len(found) if found else None

    return {
        **totals.as_dict(),
        "mean_v_charge": _ratio(totals.charge_wh, totals.charge_ah),
        "mean_v_discharge": _ratio(totals.discharge_wh, totals.discharge_ah),
        "cv_share": cv_share(totals),
        "cycles": len(cycles),
        "cycles_valid": len(valid),
        "ce": mean("ce"),
        "ee": mean("ee"),
    }


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 else None


@dataclass
class Counting:
    """Integrates the channel for one run and numbers its cycles.

    A cycle begins with the first step of the kind that begins one; what runs before it (emptying
    the cell) is cycle 0 and makes no row.

    Args:
        channel: Fed by it.
        written: ``cycle`` of the flow.
        on_cycle: Called with each finished cycle.
    """

    channel: CyclerChannel
    written: WrittenCycle | None
    on_cycle: Callable[[CycleResult, float, float], None]
    cycle: int = 0
    _seen: set[str] = field(default_factory=set)
    _closed: dict[str, Totals] = field(default_factory=dict)
    _cycle_began: float = 0.0

    def __post_init__(self) -> None:
        written = self.written or WrittenCycle()
        self.definition = CycleDefinition(begins=written.begins, ends=written.ends, ce=written.ce)
        self.statistics = CycleStatistics(self.definition)
        self.meters = meters_of(self.channel)
        self.counters = DeviceCounters(self.channel, self.channel.bus)
        self.integrator = self._fresh()

    def _fresh(self) -> Integrator:
        current_gap, voltage_gap = self.channel.max_gaps()
        self._cycle_began = self.channel.clock.monotonic()
        return Integrator(
            self._cycle_began,
            max_gap_s=current_gap,
            voltage_max_gap_s=voltage_gap,
            on_close=self._keep,
        )

    def _keep(self, scope: str, totals: Totals) -> None:
        self._closed[scope] = totals

    def start(self) -> None:
        """Take samples from now on."""
        self.integrator = self._fresh()
        self.channel.integrator = self.integrator
        self.counters.start()

    def stop(self) -> None:
        """Take no more."""
        self.counters.stop()
        if self.channel.integrator is self.integrator:
            self.channel.integrator = None

    def now(self, scope: str) -> Totals:
        """The open totals of ``step``, ``cycle`` or ``run``."""
        return self.integrator.totals[scope]

    def begin(self, direction: Direction) -> None:
        """A step begins; it may begin a cycle."""
        if not direction:
            return
        begins, ends = self.definition.begins, self.definition.ends
        if direction == begins and (self.cycle == 0 or ends in self._seen):
            self._end_cycle()
            self.cycle += 1
            self._seen.clear()
        self._seen.add(direction)
        self.channel.labels.cycle = self.cycle

    def label(self, step_id: str, index: int) -> None:
        """Publish the first moment of a step."""
        labels = self.channel.labels
        labels.step, labels.step_count = step_id, index + 1
        self.counters.begin()
        self.channel.publish_edge(self.channel.clock.monotonic())

    def end(
        self, direction: Direction, ended_by: str, dcir: Sequence[Mapping[str, Any]] = ()
    ) -> Totals:
        """A step has ended now; its totals, which its last recorded row holds too."""
        now = self.channel.clock.monotonic()
        self.integrator.flush(now)
        self.channel.publish_edge(now)
        self.channel.labels.step, self.channel.labels.step_count = "", 0
        self.integrator.close(now, "step")
        self.integrator.flush(now)
        totals = self._closed["step"]
        kind: StepKind = direction or "rest"
        self.statistics.add(StepResult(kind, totals, ended_by, dcir), number=self.cycle)
        return totals

    def second_opinion(self, direction: Direction, totals: Totals) -> tuple[float | None, str]:
        """The instrument's own Ah of the step that ended, and a warning if they differ."""
        return self.counters.compare(direction, magnitude(totals, direction)[0])

    def uncertainty(self, direction: Direction, totals: Totals) -> dict[str, float | None]:
        """How uncertain ``ah``, ``wh`` and ``mean_v`` of a step are (k = 2)."""
        return step_uncertainty(totals, direction, self.meters) if direction else {}

    def finish(self) -> None:
        """The run is over."""
        self._end_cycle()

    def _end_cycle(self) -> None:
        now = self.channel.clock.monotonic()
        began, self._cycle_began = self._cycle_began, now
        result = self.statistics.finish()
        self.integrator.close(now, "cycle")
        self.integrator.flush(now)
        if result is not None and self.cycle > 0:
            self.on_cycle(result, began, now)


def cycle_uncertainty(result: CycleResult, meters: Meters) -> dict[str, float | None]:
    """How uncertain the figures of a cycle are (k = 2); empty without efficiencies."""
    if result.halves is None:
        return {}
    above, below = result.halves
    found = {
        "ce": efficiency_u(above, below, meters),
        "ee": efficiency_u(above, below, meters, energy=True),
    }
    for half in result.halves:
        own = half_uncertainty(half, meters)
        found |= {f"{half.direction}_{name}": own[name] for name in ("ah", "wh")}
        found[f"mean_v_{half.direction}"] = own["mean_v"]
    return found


def cycle_row(result: CycleResult, meters: Meters | None = None) -> dict[str, Any]:
    """One cycle for REST and the browser."""
    u = cycle_uncertainty(result, meters) if meters is not None else {}
    return {
        "u": u,
        "ce_text": "" if result.ce is None else with_uncertainty(result.ce, u.get("ce")),
        "cycle": result.number,
        "charge_ah": result.charge_ah,
        "discharge_ah": result.discharge_ah,
        "charge_wh": result.charge_wh,
        "discharge_wh": result.discharge_wh,
        "ce": result.ce,
        "ce_state": result.ce_state,
        "ee": result.ee,
        "mean_v_charge": result.mean_charge_v,
        "mean_v_discharge": result.mean_discharge_v,
        "mid_v_charge": result.mid_charge_v,
        "mid_v_discharge": result.mid_discharge_v,
        "cv_share": result.cv_share,
        "dcir": [dict(row) for row in result.dcir],
        "t_max": result.temp_max,
        "duration_s": result.duration_s,
        "gaps": result.gaps,
        "partial": result.partial,
        "energy_partial": result.energy_partial,
        "unsure": result.unsure,
        "note": _note(result),
    }


def _note(result: CycleResult) -> str:
    notes = {
        "first": "no discharge with the same end came before",
        "partial": "the discharge before ended differently, or a gap",
        "open": "one half is missing",
    }
    return notes.get(result.ce_state, "")
