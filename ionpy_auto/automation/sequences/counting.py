"""What a run counts: charge and energy per step, cycle and run, and the rows made of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from ionpy_auto.automation.flow import CycleDefinition as WrittenCycle
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.integration import Integrator, Totals
from ionpy_auto.automation.sequences.statistics import (
    CycleDefinition,
    CycleResult,
    CycleStatistics,
    StepKind,
    StepResult,
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
        "t_max": totals.temp_max if isfinite(totals.temp_max) else None,
        "cv_share": cv_share(totals),
        "partial": totals.partial,
        "unsure": totals.unsure,
        "gaps": totals.gaps,
        "stamp_error_ah": totals.stamp_error_ah,
    }


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

    def stop(self) -> None:
        """Take no more."""
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

    def end(self, direction: Direction, ended_by: str) -> Totals:
        """A step has ended now; its totals."""
        now = self.channel.clock.monotonic()
        self.integrator.close(now, "step")
        self.integrator.flush(now)
        totals = self._closed["step"]
        kind: StepKind = direction or "rest"
        self.statistics.add(StepResult(kind, totals, ended_by), number=self.cycle)
        return totals

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


def cycle_row(result: CycleResult) -> dict[str, Any]:
    """One cycle for REST and the browser."""
    return {
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
        "cv_share": result.cv_share,
        "t_max": result.temp_max,
        "duration_s": result.duration_s,
        "partial": result.partial,
        "note": _note(result),
    }


def _note(result: CycleResult) -> str:
    notes = {
        "first": "no discharge with the same end came before",
        "partial": "the discharge before ended differently, or a gap",
        "open": "one half is missing",
    }
    return notes.get(result.ce_state, "")
