"""``run``: start a sequence; it goes on by itself."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ionpy_auto.automation.blocks import Action, Block, action
from ionpy_auto.automation.context import ActionContext, RunCall
from ionpy_auto.automation.fields import PlacedText, Plain, Reading, Word, YesNo, fail, noted
from ionpy_auto.automation.rules.scope import refuse_after_startup
from ionpy_auto.core.errors import Finding, Rejected
from ionpy_auto.language import Environment, Template, TextNode


class _Argument(Plain):
    """A value of a parameter: a text with values in it, or the parameter of this flow."""

    schema: Mapping[str, Any] = {"type": ["string", "number", "boolean"], "x-template": True}

    def read(self, value: object, reading: Reading) -> Template:
        if not isinstance(value, PlacedText):
            raise fail("wrong_type", "a plain value is needed here")
        node = value.node
        if str(value) != node.text:
            node = TextNode(str(value), node.start, node.end, path=node.path)
        found: list[Finding] = []
        template = Template.parse(node, reading.scope, found)
        reading.findings.extend(found)
        if template is None:
            raise noted()
        return template


Argument = Annotated[Template, _Argument()]


class Bindings(Block):
    """What a run puts in place of the flow's own words."""

    channel: Annotated[Word, Field(description="in place of the one the flow names")]


@action
class StartRun(Action):
    """Start a run of a sequence."""

    shorthand = "sequence"
    sequence: Annotated[
        Word, Field(description="id of the flow", json_schema_extra={"x-flow": True})
    ]
    bindings: Bindings | None = None
    parameters: Annotated[
        dict[str, Argument], Field(default_factory=dict, description="name: value")
    ]
    queue: Annotated[YesNo, Field(description="wait for the channel")] = False

    def sentence(self) -> str:
        """As a person would say it."""
        on = f" on {self.bindings.channel}" if self.bindings else ""
        return f"start a run of {self.sequence}{on}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Check everything, then start; ``run`` of the result is its id.

        Raises:
            IonpyError: The run was refused.
        """
        refuse_after_startup(context.origin, f"{self.sequence} was not started")
        call = RunCall(
            sequence=self.sequence,
            channel=self.bindings.channel if self.bindings else "",
            parameters={
                name: _known(name, text, context.env) for name, text in self.parameters.items()
            },
            queue=self.queue,
            actor=context.origin.id,
        )
        run = await context.lab.start_run(call)
        return {"run": run["id"], "state": run.get("state", "")}


def _known(name: str, text: Template, env: Environment) -> str:
    """A parameter as text; one with an unknown value in it starts nothing."""
    if any(env.value(point) is None for point in text.points):
        msg = f"parameter {name}: the value is not known"
        raise Rejected(msg, code="VALUE_UNKNOWN", hint="a stale or missing value starts nothing")
    return text.render(env)
