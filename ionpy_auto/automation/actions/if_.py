"""``if``: go one of two ways inside a list of actions."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ionpy_auto.automation.actions._inside import act_all
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Check
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.automation.flow_reader import ActionList
from ionpy_auto.language import UNKNOWN, Expression

NAME = "if"


@action
class If(Action):
    """Do one thing or another; what is unknown does neither."""

    shorthand = "check"
    interruption = "end"
    companions = ("then", "else")
    check: Check
    then: ActionList = ()
    otherwise: Annotated[ActionList, Field(alias="else")] = ()

    def sentence(self) -> str:
        """As a person would say it."""
        then = ", ".join(node.block.sentence() for node in self.then)
        return f"if {self.check.source}: {then}"

    def watched(self) -> tuple[Expression, ...]:
        """The condition."""
        return (self.check,)

    def inner(self) -> tuple[ActionNode, ...]:
        """The actions of both ways."""
        return (*self.then, *self.otherwise)

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Run the branch in order."""
        result = self.check.evaluate(context.env)
        if result is UNKNOWN:
            return {"branch": "unknown"}
        nodes = self.then if result is True else self.otherwise
        done = await act_all(nodes, context)
        return {"branch": "then" if result is True else "else", "actions": done}
