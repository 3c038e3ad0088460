"""``script``: run a script of the project."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext, ScriptCall
from ionpy_auto.automation.fields import (
    PlacedDict,
    PlacedText,
    Plain,
    Reading,
    Seconds,
    Word,
    YesNo,
    fail,
)
from ionpy_auto.automation.rules.scope import refuse_after_startup
from ionpy_auto.automation.rules.values import Setting, read_value
from ionpy_auto.language import ANY_UNIT


class _Parameters(Plain):
    """Name → quantity, expression, true or false; a text stands in quotes of its own."""

    schema: Mapping[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}

    def read(self, value: object, reading: Reading) -> tuple[Setting, ...]:
        if not isinstance(value, PlacedDict):
            raise fail("wrong_type", "a map is needed here", "write parameters: {current: 0.5 A}")
        made = []
        for name, text in value.items():
            if not isinstance(text, PlacedText):
                msg = f"{name} takes one value"
                raise fail("wrong_type", msg)
            typed = read_value(text, ANY_UNIT, "", reading)
            made.append(Setting(name, typed, ANY_UNIT, str(text)))
        return tuple(made)


@action
class ScriptAction(Action):
    """Run a script."""

    shorthand = "name"
    interruption = "restart"  # it may take hours: a pause, a skip and a stop end it at once
    name: Annotated[
        Word,
        Field(description="file of scripts/ without .py", json_schema_extra={"x-script": True}),
    ]
    parameters: Annotated[tuple[Setting, ...], _Parameters()] = ()
    wait: Annotated[YesNo, Field(description="until it has ended")] = True
    timeout: Annotated[Seconds | None, Field(description="stopped after so long")] = None
    safe: Annotated[
        tuple[Word, ...], Field(description="devices to be left in their safe state")
    ] = ()

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{'run' if self.wait else 'start'} script {self.name}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Start it; with ``wait`` its failure is a failure of this action.

        Raises:
            IonpyError: It was refused, or did not reach its end.
        """
        refuse_after_startup(context.origin, f"script {self.name} was not started")
        call = ScriptCall(
            name=self.name,
            parameters={one.point: one.evaluate(context.env) for one in self.parameters},
            wait=self.wait,
            safe=self.safe,
            timeout_s=self.timeout,
        )
        return await context.lab.script(call, context.origin)
