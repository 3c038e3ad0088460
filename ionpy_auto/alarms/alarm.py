"""One alarm as it is: what it is about, where it stands, what covers it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypedDict

from ionpy_auto.alarms.states import Overlay, OverlayKind, State

NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


class Alarm(NamedTuple):
    """One alarm as it is; a change makes a new one (a tuple, for floods make many).

    Attributes:
        id: Of the row that raised it; stays until it is normal again.
        key: ``device/entity``, ``device/offline``, ``rule:<flow>/<id>``, ``server/<what>``.
        word: NORMAL, LO, LOLO, HI or HIHI.
        severity: The worst since it was raised, until it is acknowledged and over.
        level: The severity of what it is about now, or was at last.
        seen: The level when it was acknowledged; more than that needs a new look.
        priority: 1 (most urgent) to 4; 0 in a call that leaves it to the severity.
        times: How often it came since it was raised; a chattering one is counted, not told.
        first: Raised while nothing else was for a while: look here first.
        cover: What a person laid over it.
        suppressed: Why it does not apply now, by design; else empty.
        realarm_s: Acknowledged for so long and still there: unacknowledged again; 0: never.
        labels: Of its definition, for routing.
    """

    id: int
    key: str
    state: State = State.NORMAL
    timestamp: float = 0.0
    session_id: int | None = None
    device: str | None = None
    entity: str | None = None
    source: str = ""
    severity: str = "warning"
    level: str = "warning"
    seen: str = ""
    text: str = ""
    old_word: str = "NORMAL"
    word: str = "NORMAL"
    value: float | None = None
    ack_time: float | None = None
    ack_by: str | None = None
    comment: str = ""
    first: bool = False
    latching: bool = False
    priority: int = 0
    guidance: str = ""
    times: int = 1
    chattering: bool = False
    cover: Overlay | None = None
    suppressed: str = ""
    realarm_s: float = 0.0
    labels: Mapping[str, str] = NO_LABELS

    @property
    def overlay(self) -> str:
        """Word of what covers it: a person's cover first, then the suppression by design."""
        if self.cover is not None:
            return self.cover.kind.value
        return OverlayKind.SUPPRESSED.value if self.suppressed else ""

    @property
    def is_kept(self) -> bool:
        """Whether there is still something to remember of it."""
        return self.state is not State.NORMAL or self.cover is not None

    def as_dict(self, *, hidden: bool = False) -> dict[str, Any]:
        """JSON form."""
        cover = self.cover
        return {
            "id": self.id,
            "key": self.key,
            "timestamp": self.timestamp,
            "session_id": self.session_id,
            "device_id": self.device,
            "entity_id": self.entity,
            "source": self.source,
            "severity": self.severity,
            "level": self.level,
            "priority": self.priority,
            "text": self.text,
            "guidance": self.guidance,
            "state": self.state.value,
            "old_state": self.old_word,
            "new_state": self.word,
            "value": self.value,
            "acknowledged": not self.state.is_unacked,
            "ack_time": self.ack_time,
            "ack_by": self.ack_by,
            "comment": self.comment,
            "first": self.first,
            "hidden": hidden,
            "latching": self.latching,
            "count": self.times,
            "chattering": self.chattering,
            "overlay": self.overlay,
            "overlay_reason": cover.reason if cover else self.suppressed,
            "overlay_by": cover.by if cover else "",
            "shelved_until": cover.until if cover else None,
            "labels": dict(self.labels),
        }


class About(TypedDict, total=False):
    """What a caller may say about an alarm; ``latching`` asks for a reset after it is over."""

    severity: str
    text: str
    device: str | None
    entity: str | None
    value: float | None
    cause: Sequence[str]
    latching: bool
    priority: int | None
    guidance: str
    labels: Mapping[str, str]
