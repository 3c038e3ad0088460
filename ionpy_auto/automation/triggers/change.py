"""``change``: a point gets another value."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import AnyValue
from ionpy_auto.automation.rules.values import same_value
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Expression, Value


@trigger
class Change(Trigger):
    """A point changes its value."""

    shorthand = "point"
    point: AnyValue
    before: Annotated[str | None, Field(alias="from", description="only from this value")] = None
    to: Annotated[str | None, Field(description="only to this value")] = None

    def sentence(self) -> str:
        """As a person would say it."""
        before = f" from {self.before}" if self.before is not None else ""
        to = f" to {self.to}" if self.to is not None else ""
        return f"{self.point.source} changes{before}{to}"

    def watched(self) -> tuple[Expression, ...]:
        """The point."""
        return (self.point,)

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Compare the last two known values; unknown in between is no change."""
        read = self.point.bind(context.env)
        kept = context.kept("last")  # of the version that looked until this moment
        last = _known(read()) if kept is None else kept.get("value")

        def look() -> None:
            nonlocal last
            now = _known(read())
            if now is None or now == last:
                return
            before, last = last, now
            if before is None:
                return
            if same_value(self.before, before) and same_value(self.to, now):
                fire(Firing("change", {"value": now, "previous": before}))

        leave = context.on_change(self.point.points, look)

        def stop() -> None:
            leave()
            context.keep("last", {"value": last})

        return stop


def _known(value: Value) -> Scalar | None:
    return value if isinstance(value, float | bool | str) else None
