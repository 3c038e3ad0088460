"""``variables``: keep values for the project, read as ``var.<name>``."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.actions._values import VariableAmounts, VariableValues, known_now
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import fail


@action
class ChangeVariables(Action):
    """Set project variables, or add to them."""

    values: Annotated[VariableValues, Field(alias="set", description="name: value")] = ()
    amounts: Annotated[VariableAmounts, Field(alias="add", description="name: amount")] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.values and not self.amounts:
            raise fail("missing_key", "set or add is missing", "add: {cells: 1}", key="set")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        done = [f"set var.{name} to {value.source}" for name, value in self.values]
        done += [f"add {amount.source} to var.{name}" for name, amount in self.amounts]
        return ", ".join(done)

    def writes(self) -> tuple[str, ...]:
        """The variables: a rule that looks at one of them feeds itself."""
        return tuple(f"var.{name}" for name, _ in (*self.values, *self.amounts))

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Change all or none; kept when this returns."""
        values = known_now(self.values, context.env)
        found = known_now(self.amounts, context.env)
        amounts = {name: float(amount) for name, amount in found.items()}
        return await context.lab.variables.change(values, amounts, context.origin.id)
