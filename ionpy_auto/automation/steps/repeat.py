"""``repeat``: run steps several times, counted or until something is so."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.actions.repeat import Items
from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Rounds, StepContext
from ionpy_auto.automation.fields import Check, Count, CounterName, fail
from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.flow_reader import StepList
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import Expression

ENDS = ("count", "while", "until", "for_each")


@step
class Repeat(Step):
    """Run the steps below ``do`` several times."""

    shorthand = "count"
    companions = ("do", "while", "until", "for_each", "max", "counter")
    is_control = True
    uses_channel = False
    count: Count | None = None
    as_long: Annotated[
        Check | None, Field(alias="while", description="looked at before each round")
    ] = None
    until: Annotated[Check | None, Field(description="looked at after each round")] = None
    for_each: Items = ()
    max: Annotated[Count | None, Field(description="more rounds than this are an error")] = None
    counter: Annotated[CounterName | None, Field(description="read as loop.<name>")] = None
    do: StepList

    @model_validator(mode="before")
    @classmethod
    def _some_end(cls, data: Any) -> Any:  # noqa: ANN401 - as written
        if not any(end in data for end in ENDS):
            raise fail("wrong_value", f"repeat needs one of {', '.join(ENDS)}", "repeat: 3")
        if "count" in data and "for_each" in data:
            raise fail("wrong_value", "repeat takes count or for_each, not both", "repeat: 3")
        return data

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.do:
            raise fail("missing_key", "'do' is empty", "do: [{rest: 1 min}]", key="do")
        return self

    @property
    def most(self) -> int | None:
        """The most rounds; None without a bound."""
        return self.count or len(self.for_each) or self.max

    def sentence(self) -> str:
        """As a person would say it."""
        text = "Repeat"
        if self.count:
            text += f" {self.count} ×"
        elif self.for_each:
            text += f" for {len(self.for_each)} values"
        if self.as_long is not None:
            text += f" while {self.as_long.source}"
        return text if self.until is None else f"{text} until {self.until.source}"

    def watched(self) -> tuple[Expression, ...]:
        """The conditions that end it."""
        return tuple(check for check in (self.as_long, self.until) if check is not None)

    def parts(self) -> tuple[tuple[str, tuple[StepNode, ...]], ...]:
        """Its steps."""
        return (("do", self.do),)

    async def run(self, context: StepContext) -> None:
        """Round after round; what is unknown ends a ``while`` and no ``until``.

        Raises:
            Rejected: ``max`` rounds were not enough.
        """
        over = False

        def before() -> bool:
            nonlocal over
            over = not self._goes_on(context)
            return not over

        def after() -> bool:
            nonlocal over
            over = self.until is not None and self.until.evaluate(context.env) is True
            return over

        rounds = Rounds(
            count=self.most,
            counter=self.counter or "",
            items=self.for_each,
            before=before,
            after=after,
        )
        await context.loop(rounds, lambda: context.steps(self.do))
        is_guard = self.count is None and not self.for_each
        if is_guard and not over and self._goes_on(context):
            msg = f"{self.max} rounds were not enough"
            raise Rejected(msg, code="ENDLESS", hint="raise max, or correct the condition")

    def _goes_on(self, context: StepContext) -> bool:
        return self.as_long is None or self.as_long.evaluate(context.env) is True
