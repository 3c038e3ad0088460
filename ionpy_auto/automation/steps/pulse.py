"""``pulse``: current pulses from rest, as in HPPC and GITT, with resistances after each edge."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, DriveDirection, Held, StepContext
from ionpy_auto.automation.fields import Count, PositiveAmps, PositiveVolts, Seconds, fail
from ionpy_auto.automation.steps._pulses import POLL_S, Poll, Pulse, Pulsing, Times, figure_names
from ionpy_auto.language import format_duration, format_quantity


@step
class PulseTrain(Step):
    """Pulse the cell from rest and measure its resistance.

    Each round is a discharge pulse, a rest, a charge pulse, a rest; one of the two may be left
    out. After a pause a pulse begins anew from its rest.
    """

    discharge: PositiveAmps | None = None
    charge: PositiveAmps | None = None
    seconds: Annotated[Seconds, Field(alias="for", description="length of a pulse")]
    rest: Annotated[Seconds, Field(description="after each pulse, outputs off")]
    at: Annotated[Times, Field(description="times after the edge at which resistance is read")] = (
        1.0,
        10.0,
    )
    repeat: Count = 1
    first: Literal["discharge", "charge"] = "discharge"
    voltage: Annotated[
        PositiveVolts | None, Field(description="highest voltage of a charge pulse")
    ] = None
    poll: Annotated[Poll, Field(description="poll interval around the edges")] = POLL_S

    @model_validator(mode="after")
    def _is_whole(self) -> "PulseTrain":
        if self.discharge is None and self.charge is None:
            raise fail("missing-key", "pulse needs a discharge, a charge or both")
        if self.seconds <= 0.0:
            raise fail("range", "a pulse needs a length above zero", "for: 10 s")
        return self

    def pulses(self) -> tuple[Pulse, ...]:
        """Those of one round, in order."""
        both: list[tuple[DriveDirection, float | None]] = [
            ("discharge", self.discharge),
            ("charge", self.charge),
        ]
        if self.first == "charge":
            both.reverse()
        return tuple(
            Pulse(
                direction,
                current,
                self.seconds,
                tuple(at for at in self.at if at <= self.seconds),
                self.poll,
                self.voltage if direction == "charge" else None,
            )
            for direction, current in both
            if current is not None
        )

    @property
    def duration(self) -> float:
        """About how long all of them take, for the progress of the run."""
        return self.repeat * sum(pulse.takes_s + self.rest for pulse in self.pulses())

    def drives(self) -> tuple[Drive, ...]:
        """Each pulse at its height."""
        return tuple(pulse.strongest for pulse in self.pulses())

    def figures(self) -> tuple[str, ...]:
        """``dcir_1s`` and the like."""
        return figure_names([pulse.direction for pulse in self.pulses()], self.at)

    def sentence(self) -> str:
        """As a person would say it."""
        parts = [f"{p.direction} {format_quantity(p.current, 'A')}" for p in self.pulses()]
        times = f"{self.repeat} × " if self.repeat > 1 else ""
        lengths = f"{format_duration(self.seconds)}, rest {format_duration(self.rest)}"
        return f"Pulse {times}{' and '.join(parts)} for {lengths}"

    def _all(self) -> Iterator[Pulse]:
        for _ in range(self.repeat):
            yield from self.pulses()

    async def run(self, context: StepContext) -> None:
        """Pulse and rest in turn, until the last rest is over or an end comes."""
        await context.channel.rest()
        for pulse in self._all():
            held: Held = "paused"
            while held == "paused":
                held = await Pulsing(context, pulse).run()
                if held == "paused":  # the pause has disturbed the cell: from its rest again
                    await self._rest(context)
            if held == "ended" or await self._rest(context) == "ended":
                return
        context.end("done")

    async def _rest(self, context: StepContext) -> Held:
        held: Held = "paused"
        while held == "paused":
            held = await context.hold(self.rest)
        return held
