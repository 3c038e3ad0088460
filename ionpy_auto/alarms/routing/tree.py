"""The tree of notification routes: which receivers an alarm goes to, and by which clock.

A route takes what all its matchers fit; its children are asked first, in their order, and the
first that takes an alarm ends the search unless it says ``continue``. What a child does not say it
has from its parent, but for the intervals in which it is silent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ionpy_auto.alarms.routing.inhibition import InhibitRule
from ionpy_auto.alarms.routing.intervals import TimeInterval
from ionpy_auto.alarms.routing.labels import Labels
from ionpy_auto.alarms.routing.matchers import Matcher

if TYPE_CHECKING:
    from ionpy_auto.language import MapNode, Node

GROUP_WAIT_S: Final = 30.0
GROUP_INTERVAL_S: Final = 300.0
REPEAT_INTERVAL_S: Final = 4 * 3600.0
ALL: Final = "..."
"""In ``group_by``: every label, so that nothing is put together."""


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Who is told next while nobody acknowledges.

    Attributes:
        after: Seconds since the alarm was told first.
        to: The receiver.
    """

    after: float
    to: str

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"after": self.after, "to": self.to}


@dataclass(frozen=True, slots=True)
class Route:
    """One route with all it has from its parents; durations are seconds.

    Attributes:
        key: Unique in its tree, made of the matchers on the way, so that it stays the same when
            other routes are added.
        path: The way as people read it, the root first.
        continues: Whether brothers behind it are asked although it takes the alarm.
        line: Where it stands in the file.
    """

    key: str
    path: tuple[str, ...]
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] = ()
    group_wait: float = GROUP_WAIT_S
    group_interval: float = GROUP_INTERVAL_S
    repeat_interval: float = REPEAT_INTERVAL_S
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    escalate: tuple[EscalationStep, ...] = ()
    continues: bool = False
    routes: tuple["Route", ...] = ()
    line: int = 0

    def takes(self, labels: Labels) -> bool:
        """Whether all matchers fit."""
        return all(matcher.matches(labels) for matcher in self.matchers)

    def match(self, labels: Labels) -> list["Route"]:
        """All routes an alarm takes from here, in the order of the tree."""
        if not self.takes(labels):
            return []
        found: list[Route] = []
        for child in self.routes:
            taken = child.match(labels)
            found += taken
            if taken and not child.continues:
                break
        return found or [self]

    def group_labels(self, labels: Labels) -> dict[str, str]:
        """The labels alarms must share to be told together."""
        names = labels if ALL in self.group_by else self.group_by
        return {name: labels[name] for name in sorted(names) if name in labels}

    def walk(self) -> Iterator["Route"]:
        """This route and all below it."""
        yield self
        for child in self.routes:
            yield from child.walk()

    def as_dict(self) -> dict[str, Any]:
        """JSON form of the tree below."""
        return {
            **self.settings(),
            "matchers": [str(matcher) for matcher in self.matchers],
            "continue": self.continues,
            "line": self.line,
            "routes": [child.as_dict() for child in self.routes],
        }

    def settings(self) -> dict[str, Any]:
        """What is done on this route."""
        return {
            "receiver": self.receiver,
            "path": list(self.path),
            "group_by": list(self.group_by),
            "group_wait": self.group_wait,
            "group_interval": self.group_interval,
            "repeat_interval": self.repeat_interval,
            "mute_time_intervals": list(self.mute),
            "active_time_intervals": list(self.active),
            "escalate": [step.as_dict() for step in self.escalate],
        }


@dataclass(frozen=True, slots=True)
class Receiver:
    """A name people may send to.

    Attributes:
        node: As written, for whoever knows the channels.
    """

    name: str
    node: "MapNode | None" = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Routing:
    """All that decides who is told, when.

    Attributes:
        receivers: By name.
        intervals: Time intervals by name.
        extras: Further parts of the file, for whoever knows them.
    """

    route: Route
    receivers: Mapping[str, Receiver] = field(default_factory=dict)
    inhibit_rules: tuple[InhibitRule, ...] = ()
    intervals: Mapping[str, TimeInterval] = field(default_factory=dict)
    extras: Mapping[str, "Node"] = field(default_factory=dict, compare=False, repr=False)

    def match(self, labels: Labels) -> list[Route]:
        """The routes an alarm takes; at least one."""
        return self.route.match(labels)

    def muted(self, route: Route, now: float) -> str:
        """Why a route is silent at a time; empty when it is not.

        Args:
            route: The route.
            now: UTC seconds.
        """
        for name in route.mute:
            if self.intervals[name].contains(now):
                return f"mute_time_intervals: it is {name}"
        if route.active and not any(self.intervals[name].contains(now) for name in route.active):
            return f"active_time_intervals: it is not {' or '.join(route.active)}"
        return ""
