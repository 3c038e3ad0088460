"""``contact_check``: leads, clamps and cell against what they were last time, before a long run."""

from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Final

from pydantic import Field, PrivateAttr, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import Ohms, Physical, PositiveAmps, Reading, fail
from ionpy_auto.automation.steps._pulses import POLL_S
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import format_quantity

RATE: Final = 0.1
SECONDS: Final = 2.0
LOOK_S: Final = 0.1
Percent = Annotated[float, Physical("%", positive=True)]


@dataclass(frozen=True)
class _Level:
    """Means at one current."""

    cell: float
    terminal: float | None
    current: float


@step
class ContactCheck(Step):
    """Draw 0.1 C for 2 s and compare the resistance of path and cell with the last passed check.

    The path's is the voltage between instrument and cell per ampere, the cell's the fall of its
    voltage. The first check of a channel has nothing to compare with and passes.
    """

    current: Annotated[PositiveAmps | None, Field(description="0.1 C by default")] = None
    tolerance: Annotated[Percent, Field(description="change that is taken for the same")] = 25.0
    floor: Annotated[Ohms, Field(description="change that is never too much")] = 0.005
    max_path: Annotated[Ohms | None, Field(description="highest resistance of the path")] = None
    _capacity: float | None = PrivateAttr(default=None)

    def model_post_init(self, context: object) -> None:
        """The current follows from the cell's capacity."""
        self._capacity = context.scope.capacity if isinstance(context, Reading) else None

    @model_validator(mode="after")
    def _has_current(self) -> "ContactCheck":
        if self._amps() is None:
            raise fail("no-capacity", "contact_check needs a cell, or a current", "current: 0.2 A")
        return self

    def _amps(self) -> float | None:
        if self.current is not None:
            return self.current
        return RATE * self._capacity if self._capacity is not None else None

    @property
    def duration(self) -> float:
        """About how long it takes, for the progress of the run."""
        return 3.0 * SECONDS

    def drives(self) -> tuple[Drive, ...]:
        """A short discharge."""
        return (Drive("discharge", current=self._amps()),)

    def figures(self) -> tuple[str, ...]:
        """Both resistances."""
        return ("r_path", "r_cell")

    async def run(self, context: StepContext) -> None:
        """Measure, compare, keep.

        Raises:
            Rejected: A contact is bad: nothing after this step may run.
        """
        amps = self._amps() or 0.0
        last = await context.meter.last()
        slow = context.meter.faster(POLL_S)
        try:
            found = await self._measure(context, amps)
        finally:
            slow()
        await context.channel.rest()
        if found is None:  # a pause in the middle, or an end of the step
            context.end("broken_off", "inconclusive")
            return
        context.meter.keep(found)
        problems = self._problems(found, (last or {}).get("figures") or {})
        if problems:
            context.end("contact", "fail")
            hint = "clean and fasten the contacts; a new fixture: raise tolerance once"
            raise Rejected("; ".join(problems), code="BAD_CONTACT", hint=hint)
        context.end("done")

    async def _measure(self, context: StepContext, amps: float) -> dict[str, float | None] | None:
        """Resistances between 0 A and the current, or None when the step has ended."""
        level = await self._idle(context, amps)
        if level is None:
            return None
        await context.channel.level(amps)
        loaded = await self._level(context)
        if loaded is None:
            return None
        moved = abs(loaded.current - level.current)
        if moved < 0.5 * amps:
            return {"r_path": None, "r_cell": None}
        path = None
        if level.terminal is not None and loaded.terminal is not None:
            # What the meters differ by at 0 A is theirs, not the path's.
            path = abs((loaded.terminal - loaded.cell) - (level.terminal - level.cell)) / moved
        return {"r_path": path, "r_cell": abs(loaded.cell - level.cell) / moved}

    async def _idle(self, context: StepContext, amps: float) -> _Level | None:
        """On at 0 A; a pause begins it anew."""
        held = "paused"
        while held == "paused":
            if not await context.channel.drive(Drive("discharge", current=0.0, peak=amps)):
                return None
            held = await context.hold(context.meter.slowest_s + LOOK_S)
        return await self._level(context) if held == "over" else None

    async def _level(self, context: StepContext) -> _Level | None:
        """Two seconds; the second one is averaged."""
        meter = context.meter
        if await context.hold(SECONDS / 2.0) != "over":
            return None
        cells, terminals, currents = [], [], []
        for _ in range(round(SECONDS / 2.0 / LOOK_S)):
            if await context.hold(LOOK_S) != "over":
                return None
            if meter.voltage is not None and meter.current is not None:
                cells.append(meter.voltage)
                currents.append(meter.current)
            if meter.terminal is not None:
                terminals.append(meter.terminal)
        if not cells:
            return None
        return _Level(fmean(cells), fmean(terminals) if terminals else None, fmean(currents))

    def _problems(self, found: dict[str, float | None], last: dict[str, float | None]) -> list[str]:
        problems = []
        for name, what in (("r_path", "path"), ("r_cell", "cell")):
            now, before = found[name], last.get(name)
            if now is None and name == "r_cell":
                problems.append("no current flowed: the contact is open")
            if now is None:
                continue
            shown = format_quantity(now, "Ω")
            if name == "r_path" and self.max_path is not None and now > self.max_path:
                limit = format_quantity(self.max_path, "Ω")
                problems.append(f"the {what} has {shown}, above {limit}")
            elif before is not None and abs(now - before) > self._allowed(before):
                was = format_quantity(before, "Ω")
                problems.append(f"the {what} has {shown}, last time {was}")
        return problems

    def _allowed(self, before: float) -> float:
        return max(self.tolerance / 100.0 * before, self.floor)
