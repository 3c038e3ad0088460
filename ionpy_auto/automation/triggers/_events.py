"""Triggers that wait for events on the bus: listening and filtering."""

from collections.abc import Callable, Mapping
from typing import Any

from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.core.bus import Event
from ionpy_auto.core.samples import Scalar


def on_event(
    context: RuleContext,
    kinds: str | tuple[str, ...],
    look: Callable[[Event], Firing | None],
    fire: Callable[[Firing], None],
) -> Callable[[], None]:
    """Fire for each event of these kinds for which ``look`` makes a firing."""

    def tap(event: Event) -> None:
        firing = look(event)
        if firing is not None:
            fire(firing)

    names = (kinds,) if isinstance(kinds, str) else kinds
    return context.lab.bus.tap([f"event/{kind}" for kind in names], tap)


def scalars(payload: Mapping[str, Any]) -> dict[str, Scalar | None]:
    """What of a payload may stand in ``trigger.*``."""
    return {
        key: value
        for key, value in payload.items()
        if value is None or isinstance(value, float | int | bool | str)
    }


def matches(wanted: str | None, *values: object) -> bool:
    """Whether a filter (None: any) is one of the values."""
    return wanted is None or wanted in values
