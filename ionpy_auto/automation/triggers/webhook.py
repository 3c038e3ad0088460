"""``webhook``: another program posts to ``/api/hooks/{name}``."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import PlacedText, Plain, Reading, fail
from ionpy_auto.automation.hooks import NAME
from ionpy_auto.core.samples import Scalar


class _HookName(Plain):
    """A name that can stand in a URL as it is."""

    schema: Mapping[str, Any] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$"}

    def read(self, value: object, reading: Reading) -> str:
        del reading
        if not isinstance(value, PlacedText) or not NAME.fullmatch(value):
            msg = f"{str(value)[:80]!r} is no name of a hook"
            raise fail("bad_name", msg, "lower case letters, digits and -, at most 64")
        return str(value)


@trigger
class Webhook(Trigger):
    """Another program posts to a hook of this server."""

    shorthand = "name"
    name: Annotated[str, _HookName()]

    def sentence(self) -> str:
        """As a person would say it."""
        return f"somebody posts to /api/hooks/{self.name}"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to the name; the fields of the post become ``trigger.*``."""

        def tell(fields: Mapping[str, Scalar | None]) -> None:
            fire(Firing("webhook", fields, from_outside=True))

        return context.lab.hooks.listen(self.name, tell)
