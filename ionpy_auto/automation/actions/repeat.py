"""``repeat``: run actions several times, but never for ever.

In a sequence the word is a step of its own, which repeats steps (`steps.repeat`).
"""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator

from ionpy_auto.automation.actions._inside import Within, act_all, frame_of, kept_of
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import (
    Check,
    Count,
    PlacedList,
    PlacedText,
    Plain,
    Reading,
    fail,
)
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.automation.flow_reader import ActionList
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Expression, UnitError, parse_quantity

MAX_ROUNDS = 10_000
MAX_ITEMS = 1000
PAUSE_S = 0.1
"""Between rounds that wait for something to change: it cannot change without time."""
WAYS = ("count", "while", "until", "for_each")


class _Items(Plain):
    """Values to go through: quantities in their coherent unit, true, false, else texts."""

    schema: Mapping[str, Any] = {"type": "array", "items": {"type": ["string", "number"]}}

    def read(self, value: object, reading: Reading) -> tuple[Scalar, ...]:
        if not isinstance(value, PlacedList) or not value:
            raise fail("wrong_type", "a list of values is needed here", "for_each: [1 A, 2 A]")
        if len(value) > MAX_ITEMS:
            msg = f"more than {MAX_ITEMS} values"
            raise fail("range", msg)
        return tuple(_item(item, reading) for item in value)


def _item(item: object, reading: Reading) -> Scalar:
    if not isinstance(item, PlacedText):
        raise fail("wrong_type", "plain values are needed here")
    if item in {"true", "false"}:
        return item == "true"
    try:
        quantity = parse_quantity(item)
        is_rate = quantity.unit.name == "C"
        return quantity.to("A", reading.scope.capacity) if is_rate else quantity.coherent
    except UnitError:
        return str(item)


Items = Annotated[tuple[Scalar, ...], _Items()]


@action
class RepeatActions(Action):
    """Run the actions below ``do`` several times."""

    shorthand = "count"
    companions = ("do",)
    interruption = "end"
    count: Count | None = None
    as_long: Annotated[Check | None, Field(alias="while", description="looked at before")] = None
    until: Annotated[Check | None, Field(description="looked at after each round")] = None
    for_each: Items = ()
    max: Annotated[Count | None, Field(description="required with while and until")] = None
    do: ActionList

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, data: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - as written
        del info
        given = [way for way in WAYS if way in data]
        if len(given) != 1:
            raise fail("wrong_value", f"repeat takes one of {', '.join(WAYS)}", "repeat: 3")
        if given[0] in {"while", "until"} and "max" not in data:
            msg = f"repeat {given[0]} may never end"
            raise fail("endless_repeat", msg, "add max: 100, the most rounds it may take")
        return data

    @model_validator(mode="after")
    def _few_enough(self) -> Self:
        if max(self.count or 0, self.max or 0) > MAX_ROUNDS:
            msg = f"more than {MAX_ROUNDS} rounds"
            raise fail("range", msg, "use a schedule for what goes on for days")
        if not self.do:
            raise fail("missing_key", "'do' is empty", "do: [{wait: 1 s}]", key="do")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        what = ", ".join(node.block.sentence() for node in self.do)
        if self.as_long is not None:
            return f"while {self.as_long.source}: {what}"
        if self.until is not None:
            return f"until {self.until.source}: {what}"
        times = f"{self.count} ×" if self.count else f"for {len(self.for_each)} values"
        return f"repeat {times}: {what}"

    def watched(self) -> tuple[Expression, ...]:
        """The condition that ends it."""
        return tuple(check for check in (self.as_long, self.until) if check is not None)

    def lists(self) -> Mapping[str, tuple[ActionNode, ...]]:
        """The actions of a round."""
        return {"do": self.do}

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Run round after round; an error ends it, what is unknown ends a ``while``.

        Raises:
            Rejected: ``max`` rounds were not enough.
        """
        kept, last = kept_of(context), []
        rounds = int(kept.get("rounds", 0))
        async for inside in self._rounds(context, rounds):
            last = await act_all(self.do, inside, "do")
            rounds += 1
            kept["rounds"] = rounds
            if self.until is not None and self.until.evaluate(inside.env) is True:
                break
            if self.max is not None and rounds >= self.max and self._goes_on(context):
                msg = f"{rounds} rounds were not enough"
                raise Rejected(msg, code="ENDLESS", hint="raise max, or correct the condition")
        return {"rounds": rounds, "last": last}

    def _goes_on(self, context: ActionContext) -> bool:
        return self.as_long is None or self.as_long.evaluate(context.env) is True

    async def _rounds(self, context: ActionContext, done: int) -> AsyncIterator[Within]:
        """The context of each round that is left, as long as there shall be one."""
        clock, frame = context.lab.clock, frame_of(context)
        is_inside = frame is not None and frame.is_inside("do")
        items = self.for_each or (None,) * (self.count or self.max or 0)
        for number, item in enumerate(items[done:], done + 1):
            if not is_inside:  # a round that a restart broke off simply goes on
                if number > 1:
                    await clock.sleep(PAUSE_S if self.max is not None else 0.0)
                if self.as_long is not None and self.as_long.evaluate(context.env) is not True:
                    return
            is_inside = False
            yield Within(context, {"repeat.number": float(number), "repeat.item": item})
