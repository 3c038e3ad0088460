"""Samples: a point's value at a time, with quality and alarm state; snapshots: one poll of them.

A point is addressed ``source.path`` (``PSU_01.u_out``). Values are plain scalars: a number (float
in the entity's unit, already scaled), a bool, or a text. NaN and infinity never appear: a value
that cannot be had is ``None`` with a quality that says why.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

Scalar = float | int | bool | str
"""What a point may hold; ``int`` only for bitmasks."""


class Quality(StrEnum):
    """How far a value can be believed."""

    GOOD = "good"
    UNSURE = "unsure"  # delivered, but the source says it may be wrong (a unipolar zero, say)
    BAD = "bad"  # implausible, not finite or undecodable: the value is None
    STALE = "stale"  # older than the source promises, or the link is down
    UNCONFIRMED = "unconfirmed"  # restored or requested, never read back


class AlarmState(StrEnum):
    """Limit state of a numeric point, the words of the ``alarms`` table."""

    NORMAL = "NORMAL"
    LO = "LO"
    LOLO = "LOLO"
    HI = "HI"
    HIHI = "HIHI"


class Sample(NamedTuple):
    """A point's value at a time.

    Attributes:
        point: Address ``source.path``.
        value: Plain scalar, or None when there is none to believe.
        unit: The entity's unit as text, empty for unitless values.
        quality: See `Quality`; only GOOD and UNSURE values take part in decisions.
        alarm: Limit state.
        timestamp: UTC, Unix seconds: the middle of request and response.
        mono: The clock's monotonic seconds at the same moment; durations use only this.
        reason: Why the quality is not good, else empty.
    """

    point: str
    value: Scalar | None
    unit: str
    quality: Quality
    alarm: AlarmState
    timestamp: float
    mono: float
    reason: str = ""

    @property
    def known(self) -> Scalar | None:
        """The value if it may take part in a decision, else None."""
        if self.quality is Quality.GOOD or self.quality is Quality.UNSURE:
            return self.value
        return None


class Snapshot(NamedTuple):
    """All samples of one poll of one source: what travels on the bus and becomes one row.

    Attributes:
        source: Device id, connection id, channel id or ``system``.
        timestamp: UTC of the poll, Unix seconds.
        mono: Monotonic seconds of the poll.
        half_width: Half the time between request and response in seconds: how uncertain
            ``mono`` is.
        samples: In declaration order; a partial poll holds only what was read.
    """

    source: str
    timestamp: float
    mono: float
    half_width: float
    samples: tuple[Sample, ...]


Follower = Callable[[Sample | None], None]


class LiveValues:
    """The latest sample of every point: what a new client, a check or an expression sees first."""

    def __init__(self) -> None:
        self.latest: dict[str, Sample] = {}
        self._points: dict[str, set[str]] = {}
        self._followers: dict[str, tuple[Follower, ...]] = {}

    def update(self, snapshot: Snapshot) -> None:
        """Take over the samples of a snapshot."""
        latest, followers = self.latest, self._followers
        for sample in snapshot.samples:
            point = sample.point
            latest[point] = sample
            if point in followers:
                for take in followers[point]:
                    take(sample)
        points = self._points.setdefault(snapshot.source, set())
        points.update(sample.point for sample in snapshot.samples)

    def get(self, point: str) -> Sample | None:
        """The latest sample of a point, or None if it never had one."""
        return self.latest.get(point)

    def follow(self, point: str, take: Follower) -> Callable[[], None]:
        """Hand over the latest sample of a point now, and each one from now on.

        Args:
            point: Its address; it need not exist yet.
            take: Must not raise; gets None when there is no sample (any more).

        Returns:
            The way to leave.
        """
        self._followers[point] = (*self._followers.get(point, ()), take)
        take(self.latest.get(point))

        def leave() -> None:
            left = tuple(one for one in self._followers.get(point, ()) if one is not take)
            if left:
                self._followers[point] = left
            else:
                self._followers.pop(point, None)

        return leave

    def forget(self, source: str) -> None:
        """Drop every point of a source that was removed.

        Not by prefix: ids of connections may hold dots, so ``lab.`` also begins ``lab.mqtt.x``.
        """
        for point in self._points.pop(source, ()):
            if self.latest.pop(point, None) is not None:
                self._tell_gone(point)

    def clear(self) -> None:
        """Drop everything, also who follows: the project is closed."""
        self.latest.clear()
        self._points.clear()
        for point in self._followers:
            self._tell_gone(point)
        self._followers.clear()

    def _tell_gone(self, point: str) -> None:
        for take in self._followers.get(point, ()):
            take(None)
