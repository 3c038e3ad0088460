"""``manual``: a person triggers the rule."""

from collections.abc import Callable

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext


@trigger
class Manual(Trigger):
    """Somebody triggers it by hand."""

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Nothing to listen to: every rule can be triggered by hand."""
        del context, fire
        return lambda: None
