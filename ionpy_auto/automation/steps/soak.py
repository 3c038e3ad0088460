"""``soak``: bring a chamber to a temperature and wait until the cell has it too."""

from typing import Annotated, Final

from pydantic import Field

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Address, Celsius, Kelvin, Seconds
from ionpy_auto.core.commands import OutcomeKind
from ionpy_auto.core.errors import Conflict
from ionpy_auto.language import format_duration, format_quantity

LOOK_S: Final = 1.0
SAME_K: Final = 0.05


@step
class Soak(Step):
    """Set a chamber, outputs off, and wait until a temperature has been within a band for a time.

    The run holds the chamber from then on. One that another run holds is waited for, until it is
    free or has this temperature.
    The temperature is the cell's (``temp`` of the channel), or the point in ``reading``.
    """

    chamber: Annotated[Address, Field(description="set point of the chamber")]
    temp: Celsius
    seconds: Annotated[Seconds, Field(alias="for", description="within the band so long")]
    timeout: Annotated[Seconds, Field(description="a soak that takes longer has failed")]
    within: Kelvin = 1.0
    reading: Annotated[Address | None, Field(description="the cell's temperature by default")] = (
        None
    )

    def sentence(self) -> str:
        """As a person would say it."""
        band = f"{format_quantity(self.temp, '°C')} ± {format_quantity(self.within, 'K')}"
        return f"Soak at {band} for {format_duration(self.seconds)}"

    @property
    def duration(self) -> float:
        """At least how long it takes, for the progress of the run."""
        return self.seconds

    def figures(self) -> tuple[str, ...]:
        """How long it has been within the band."""
        return ("soaked",)

    async def run(self, context: StepContext) -> None:
        """Set the chamber and watch.

        Raises:
            Conflict: The project is in shadow: the chamber was not set.
        """
        await context.channel.rest()
        clock = context.lab.clock
        began, since, is_set = clock.monotonic(), None, False
        while True:
            owner = "" if is_set else context.claim(self.chamber)
            if not (owner or is_set):
                await self._set(context)
                is_set = True
            now = clock.monotonic()
            holds = self._is_within(context) and (is_set or self._is_set(context))
            since = (now if since is None else since) if holds else None
            soaked = 0.0 if since is None else now - since
            context.meter.keep({"soaked": soaked})
            if soaked >= self.seconds:
                context.end("soaked")
                return
            if now - began >= self.timeout:
                context.end("timeout" if is_set else f"held by {owner}", "fail")
                return
            if await context.hold(LOOK_S) == "ended":
                return

    async def _set(self, context: StepContext) -> None:
        outcome = await context.write(self.chamber, self.temp)
        if outcome.kind is OutcomeKind.SHADOWED:
            msg = f"{self.chamber} was not written: the project is in shadow"
            raise Conflict(msg, code="NOT_ARMED", hint="an engineer arms the project first")

    def _is_set(self, context: StepContext) -> bool:
        """Whether the run that holds the chamber has it at this temperature."""
        value = context.env.value(self.chamber)
        return isinstance(value, float) and abs(value - self.temp) <= SAME_K

    def _is_within(self, context: StepContext) -> bool:
        value = context.env.value(self.reading or context.resolve("temp"))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return abs(value - self.temp) <= self.within
