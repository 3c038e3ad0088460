"""``stop_run``: end a run, in order or at once."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message, Word, fail
from ionpy_auto.core.errors import Rejected


@action
class StopRun(Action):
    """End a run."""

    run: Annotated[Message | None, Field(description="id of a run; its own without any")] = None
    channel: Annotated[Word | None, Field(description="the run on this channel")] = None
    how: Literal["stop", "abort"] = "stop"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.run is not None and self.channel is not None:
            raise fail("wrong_value", "stop_run takes run or channel, not both")
        return self

    @property
    def is_own(self) -> bool:
        """Whether it means the run it stands in."""
        return self.run is None and self.channel is None

    def sentence(self) -> str:
        """As a person would say it."""
        which = f"the run on {self.channel}" if self.channel else "the run"
        return f"{self.how} {which}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Stop it; on a channel without a run there is nothing to do.

        Raises:
            Rejected: It is not said which run.
            IonpyError: There is no such run, or it is over.
        """
        run_id = self._wanted(context)
        if not run_id:
            return {"run": None}
        by = (context.origin.id, *context.origin.cause)[-1]
        run = await context.lab.stop_run(run_id, abort=self.how == "abort", by=by)
        return {"run": run_id, "state": run.get("state", "")}

    def _wanted(self, context: ActionContext) -> str:
        if self.run is not None:
            return self.run.render(context.env)
        if self.channel is not None:
            for run in context.lab.active_runs():
                if run["bindings"].get("channel") == self.channel:
                    return str(run["id"])
            return ""
        kind, _, run_id = context.origin.id.partition(":")
        if kind != "run":
            msg = "it is not said which run shall end"
            raise Rejected(msg, hint="stop_run: {channel: CH1}")
        return run_id
