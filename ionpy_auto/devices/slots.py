"""An entity's place in a running device: decoder, limits and last sample, computed once.

This is the hot path: a poll costs one `Slot.sample` per value and nothing else.
"""

from ionpy_auto.core.samples import AlarmState, Quality, Sample, Scalar
from ionpy_auto.devices.entities import Entity, Numeric
from ionpy_auto.devices.limits import LimitTracker
from ionpy_auto.devices.roles import Role


class Slot:
    """One entity of one running device.

    Attributes:
        entity: The declaration.
        point: Address ``device.entity``.
        last: Latest sample, or None.
        unipolar: True for a current measurement that cannot show a negative value.
    """

    __slots__ = ("_decode", "_tracker", "_unit", "entity", "last", "point", "unipolar")

    def __init__(self, device: str, entity: Entity) -> None:
        self.entity = entity
        self.point = f"{device}.{entity.id}"
        self.last: Sample | None = None
        self._decode = entity.decode
        self._unit = entity.unit_text
        limits = entity.limits if isinstance(entity, Numeric) else None
        self._tracker = LimitTracker(limits) if limits is not None else None
        self.unipolar = (
            isinstance(entity, Numeric)
            and not entity.signed
            and entity.role is Role.MEASURED_CURRENT
        )

    def sample(self, raw: object, timestamp: float, mono: float) -> Sample:
        """The sample for what a driver read."""
        value, quality, reason = self._decode(raw)
        alarm = AlarmState.NORMAL
        if self._tracker is not None:
            # A value nobody knows keeps the state it had: an alarm never ends by losing a probe.
            known = type(value) is float
            alarm = self._tracker.update(value, mono) if known else self._tracker.state  # type: ignore[arg-type]  # a float when known
        sample = self.last = Sample(
            self.point, value, self._unit, quality, alarm, timestamp, mono, reason
        )
        return sample

    def doubtful(self, reason: str) -> Sample:
        """The last sample again, marked as possibly wrong."""
        assert self.last is not None  # noqa: S101 - called right after `sample`
        self.last = self.last._replace(quality=Quality.UNSURE, reason=reason)
        return self.last

    def without_value(self, quality: Quality, reason: str, timestamp: float, mono: float) -> Sample:
        """A sample that says: nothing is known now."""
        alarm = self._tracker.state if self._tracker is not None else AlarmState.NORMAL
        self.last = Sample(self.point, None, self._unit, quality, alarm, timestamp, mono, reason)
        return self.last

    def remembered(self, value: Scalar, timestamp: float, mono: float) -> Sample:
        """A sample for a setting restored from before the restart, never read back."""
        self.last = Sample(
            self.point,
            value,
            self._unit,
            Quality.UNCONFIRMED,
            AlarmState.NORMAL,
            timestamp,
            mono,
            "from before the restart",
        )
        return self.last

    @property
    def is_stale(self) -> bool:
        """Whether people have been told that nothing is known of it now."""
        return self.last is not None and self.last.quality is Quality.STALE

    @property
    def known(self) -> Scalar | None:
        """Last value that may be believed."""
        return self.last.known if self.last is not None else None
