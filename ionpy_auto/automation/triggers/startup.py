"""``startup``: the project has been opened and its devices were looked at."""

from collections.abc import Callable

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.rules.cause import STARTUP
from ionpy_auto.automation.triggers._events import on_event, scalars
from ionpy_auto.core.bus import Event


@trigger
class Startup(Trigger):
    """The project has been opened."""

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to the one event of it; a rule that is loaded later has missed it."""

        def look(event: Event) -> Firing:
            return Firing("startup", scalars(event.payload), event.cause or (STARTUP,))

        return on_event(context, "startup", look, fire)
