"""What goes into grouping and what comes out: alarms as routes see them, and notices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Alert:
    """An alarm as routes see it.

    Attributes:
        key: Which alarm it is; stays the same when it comes back.
        id: Of the alarm, for links.
        labels: Decide about its way.
        annotations: For texts; nothing is decided by them.
        firing: Whether it is there.
        starts: UTC seconds.
        ends: UTC seconds, None while it is there.
        acked: Whether somebody has seen it.
        muted: Why nobody shall be told, for example ``shelved``; empty otherwise.
    """

    key: str
    id: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    firing: bool = True
    starts: float = 0.0
    ends: float | None = None
    acked: bool = False
    muted: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "key": self.key,
            "id": self.id,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "firing": self.firing,
            "starts": self.starts,
            "ends": self.ends,
            "acked": self.acked,
            "muted": self.muted,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Alert":
        """From its JSON form."""
        return cls(**content)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one receiver.

    Attributes:
        key: Unique for ever; the same notice asked for again has the same.
        receiver: Who is told.
        route: The key of the route it came by.
        group_labels: What its alarms share.
        firing: Alarms that are there.
        resolved: Alarms that are over.
        escalation: 0, or the number of the step.
        repeat: Whether it only says again what was said.
        created: UTC seconds.
    """

    key: str
    receiver: str
    route: str
    group_labels: Mapping[str, str]
    firing: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()
    escalation: int = 0
    repeat: bool = False
    created: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "key": self.key,
            "receiver": self.receiver,
            "route": self.route,
            "group_labels": dict(self.group_labels),
            "firing": [alert.as_dict() for alert in self.firing],
            "resolved": [alert.as_dict() for alert in self.resolved],
            "escalation": self.escalation,
            "repeat": self.repeat,
            "created": self.created,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Notice":
        """From its JSON form."""
        alerts = {
            name: tuple(Alert.from_dict(one) for one in content[name])
            for name in ("firing", "resolved")
        }
        return cls(**{**content, **alerts})
