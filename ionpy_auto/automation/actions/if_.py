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
from ionpy_auto.language import UNKNOWN, Environment, Expression

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

    def lists(self) -> Mapping[str, tuple[ActionNode, ...]]:
        """Both ways."""
        return {"then": self.then, "else": self.otherwise}

    def way(self, env: Environment) -> str:
        """Which one is gone now: ``then``, ``else``, or ``unknown`` for none."""
        result = self.check.evaluate(env)
        return "unknown" if result is UNKNOWN else "then" if result is True else "else"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Run the branch in order."""
        branch = self.way(context.env)
        if branch == "unknown":
            return {"branch": branch}
        return {"branch": branch, "actions": await act_all(self.lists()[branch], context, branch)}
