"""One group of alarms on one route, and what each of its receivers was told.

A group has a line to the route's receiver and one to each step of its escalation. A line remembers
the alarms of its last notice, and those whose end it still owes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ionpy_auto.alarms.routing.alerts import Alert
from ionpy_auto.alarms.routing.labels import Labels, weight, written
from ionpy_auto.alarms.routing.tree import EscalationStep, Route

EMPTY_S: Final = 30.0
"""An empty group is remembered this long: who comes back meanwhile waits for its next look."""
FLAPS: Final = 4
"""An alarm that came and went so often since the last look counts as being there."""


@dataclass(slots=True)
class Member:
    """An alarm in a group.

    Attributes:
        left: It takes another way by now; here only its end is still told.
        since: When its escalation began, None before it was told.
        changes: How often it came or went since the last look.
    """

    left: bool = False
    since: float | None = None
    changes: int = 0


@dataclass(slots=True)
class Line:
    """One receiver of a group.

    Attributes:
        level: 0 is the route's receiver, others are steps of its escalation.
        firing: Alarms of the last notice that were there, and how grave they were.
        resolved: Alarms of the last notice that were over.
        owed: Alarms this receiver was told of, and not yet of their end.
        at: When it was told last that something is there.
        pending: The notice that nobody has taken over yet.
        step: As the route says now; None: no longer.
    """

    level: int
    receiver: str
    firing: dict[str, int] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    at: float | None = None
    pending: str = ""
    step: EscalationStep | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "level": self.level,
            "receiver": self.receiver,
            "firing": dict(self.firing),
            "resolved": sorted(self.resolved),
            "owed": sorted(self.owed),
            "at": self.at,
            "pending": self.pending,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Line":
        """From its JSON form."""
        sets = {name: set(content[name]) for name in ("resolved", "owed")}
        return cls(**{**content, **sets, "firing": dict(content["firing"])})

    def is_news(self, alert: Alert) -> bool:
        """Whether the last notice did not hold an alarm, or held it as less grave."""
        return self.firing.get(alert.key, -1) < weight(alert.labels)

    def told(self, firing: Iterable[Alert], resolved: Iterable[Alert], now: float) -> None:
        """Remember what a notice says."""
        over = {alert.key for alert in resolved}
        there = {alert.key: weight(alert.labels) for alert in firing}
        self.owed = (self.owed | there.keys()) - over
        self.resolved = over
        if there:
            self.firing, self.at = there, now
        else:
            self.firing = {key: grave for key, grave in self.firing.items() if key not in over}


@dataclass(slots=True)
class Group:
    """Alarms that are told together.

    Attributes:
        id: Of its route, receiver and labels.
        labels: What its alarms share.
        next: When it looks again, UTC seconds.
        interval: Seconds between two looks; stays when the route is gone.
        flushed: Whether it has looked at all.
        empty_at: Since when nothing is in it.
        look: When a step of the escalation may be due.
        route: None when the routes changed and it leads nowhere.
    """

    id: str
    route_key: str
    receiver: str
    labels: dict[str, str]
    next: float
    interval: float
    flushed: bool = False
    empty_at: float | None = None
    look: float | None = None
    members: dict[str, Member] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    route: Route | None = None

    @classmethod
    def made(cls, route: Route, labels: dict[str, str], now: float) -> "Group":
        """A new one; it waits before it says something."""
        group = cls(
            id=group_id(route, labels),
            route_key=route.key,
            receiver=route.receiver,
            labels=labels,
            next=now + route.group_wait,
            interval=route.group_interval,
            lines=[Line(0, route.receiver)],
        )
        group.attach(route)
        return group

    def attach(self, route: Route) -> bool:
        """Take over what a route says now; whether there are new steps."""
        self.route = route
        self.interval = route.group_interval
        count = len(self.lines)
        for line in self.lines:
            line.step = None
        for level, step in enumerate(route.escalate, 1):
            known = [x for x in self.lines if (x.level, x.receiver) == (level, step.to)]
            line = known[0] if known else Line(level, step.to)
            line.step = step
            if not known:
                self.lines.append(line)
        return len(self.lines) > count

    def is_over(self, now: float) -> bool:
        """Whether it can be forgotten."""
        if any(line.pending for line in self.lines):
            return False
        return self.empty_at is not None and self.empty_at + EMPTY_S <= now

    def owes(self, key: str) -> bool:
        """Whether somebody waits for the end of an alarm."""
        return any(key in line.owed for line in self.lines)

    def began_again(self, key: str, now: float) -> None:
        """An alarm is to be looked at anew: its escalation begins from here."""
        member = self.members[key]
        if member.since is None:
            return
        member.since = now
        for line in self.lines[1:]:
            line.firing.pop(key, None)
            if line.step is not None:
                due = now + line.step.after
                self.look = due if self.look is None else min(self.look, due)

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "route_key": self.route_key,
            "receiver": self.receiver,
            "labels": dict(self.labels),
            "next": self.next,
            "interval": self.interval,
            "flushed": self.flushed,
            "empty_at": self.empty_at,
            "look": self.look,
            "members": {
                key: [member.left, member.since, member.changes]
                for key, member in self.members.items()
            },
            "lines": [line.as_dict() for line in self.lines],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Group":
        """From its JSON form, on no route yet."""
        members = {key: Member(*fields) for key, fields in content["members"].items()}
        lines = [Line.from_dict(one) for one in content["lines"]]
        labels = dict(content["labels"])
        return cls(**{**content, "members": members, "lines": lines, "labels": labels})


def group_id(route: Route, labels: Labels) -> str:
    """A short word for route, receiver and labels."""
    text = "\0".join((route.key, route.receiver, written(labels)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
