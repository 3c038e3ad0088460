"""What a source of alarms is given, and what it must be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ionpy_auto.alarms.book import Book
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.devices import Entity

EntityOf = Callable[[str], Entity | None]
Figures = Callable[[], Mapping[str, float]]


def _nothing(point: str) -> Entity | None:
    del point
    return None


@dataclass(eq=False)
class Desk:
    """What all sources of a project share.

    Attributes:
        book: Where alarms are raised and cleared.
        bus: Brings samples and events.
        clock: The project's.
        claimed: Points whose limits are judged by the project's definitions, not by the driver.
        memory: What sources kept over the restart, by alarm key.
        entity_of: The entity of a point, None when there is none.
        figures: Of the server, by name; None: nobody has them.
        is_closing: Devices go offline on purpose: the project is being closed.
    """

    book: Book
    bus: Bus
    clock: Clock
    claimed: set[str] = field(default_factory=set)
    memory: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    entity_of: EntityOf = _nothing
    figures: Figures | None = None
    is_closing: bool = False


class AlarmSource(Protocol):
    """One way to notice that something is wrong."""

    def __init__(self, desk: Desk) -> None:
        """Only remember."""

    def start(self) -> None:
        """Take up what was active before the restart, then listen."""

    def stop(self) -> None:
        """Listen no more."""
