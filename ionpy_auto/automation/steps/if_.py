"""``if``: go one of two ways in a sequence."""

from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Check
from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.flow_reader import StepList
from ionpy_auto.language import UNKNOWN, Expression

NAME = "if"


@step
class IfStep(Step):
    """Run the steps of one of two ways; what is unknown goes neither."""

    shorthand = "check"
    companions = ("then", "else")
    is_control = True
    uses_channel = False
    check: Check
    then: StepList = ()
    otherwise: Annotated[StepList, Field(alias="else")] = ()

    def sentence(self) -> str:
        """As a person would say it."""
        return f"If {self.check.source}"

    def watched(self) -> tuple[Expression, ...]:
        """The condition."""
        return (self.check,)

    def parts(self) -> tuple[tuple[str, tuple[StepNode, ...]], ...]:
        """Both ways."""
        return ("then", self.then), ("else", self.otherwise)

    async def run(self, context: StepContext) -> None:
        """Look once, go one way; after a restart the way it had gone."""
        for nodes in (self.then, self.otherwise):
            if context.resumes_in(nodes):
                await context.steps(nodes)
                return
        result = self.check.evaluate(context.env)
        if result is not UNKNOWN:
            await context.steps(self.then if result is True else self.otherwise)
