"""``stale``: a point or a device has been silent for a while."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import PlacedText, Plain, Reading, Seconds, fail
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.samples import Sample, Snapshot
from ionpy_auto.language import format_duration

SHORTEST_S = 1.0


class _PointOrDevice(Plain):
    """Address of a point, or id of a device with ``.*`` behind it."""

    schema: Mapping[str, Any] = {"type": "string", "x-point": True, "x-device": True}

    def read(self, value: object, reading: Reading) -> str:
        if not isinstance(value, PlacedText) or not value.strip():
            raise fail("wrong_type", "a point or a device is needed here")
        text = value.strip()
        if text in {"channel.source", "channel.sink"}:
            return reading.scope.resolve(f"{text}.x").rpartition(".")[0] + ".*"
        site = getattr(reading.reader, "site", None)
        if site is not None and "." not in reading.scope.resolve(text) and site.has_device(text):
            return f"{text}.*"
        address = reading.scope.resolve(text)
        if reading.scope.units_of(address) is None:
            msg = f"there is no point and no device {text!r}"
            hint = "write device.entity, or the id of a device"
            raise fail("unknown_point", msg, hint, wanted=text.strip())
        return address


@trigger
class Stale(Trigger):
    """A point or a device has given no good value for a while."""

    shorthand = "of"
    of: Annotated[str, _PointOrDevice()]
    silence: Annotated[Seconds, Field(alias="for", description="at least 1 s")]

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.silence < SHORTEST_S:
            raise fail("range", "silence is at least 1 s", "for: 30 s")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{self.of.removesuffix('.*')} is silent for {format_duration(self.silence)}"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Wait for silence, counted from the last good value or from now."""
        return _Silent(self, context, fire).start()


class _Silent:
    """One watched source of one rule: fires once, and again only after it has spoken."""

    def __init__(self, block: Stale, context: RuleContext, fire: Callable[[Firing], None]) -> None:
        self._block = block
        self._context = context
        self._fire = fire
        self._clock = context.lab.clock
        kept = context.kept("stale") or {}
        self._is_silent = kept.get("silent") is True
        self._heard = self._clock.monotonic()
        self._timer: Timer | None = None
        self._leave: Callable[[], None] | None = None

    def start(self) -> Callable[[], None]:
        """Listen and plan."""
        device, _, entity = self._block.of.rpartition(".")
        if entity == "*":
            self._leave = self._context.lab.bus.tap(f"sample/{device}", self._take)
        else:
            points = frozenset({self._block.of})
            self._leave = self._context.on_change(points, self._look)
        if not self._is_silent:
            self._plan()
        return self.stop

    def stop(self) -> None:
        """Leave."""
        if self._leave is not None:
            self._leave()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take(self, snapshot: Snapshot) -> None:
        if any(_is_good(sample) for sample in snapshot.samples):
            self._spoke()

    def _look(self) -> None:
        sample = self._context.lab.values.latest.get(self._block.of)
        if sample is not None and _is_good(sample):
            self._spoke()

    def _spoke(self) -> None:
        self._heard = self._clock.monotonic()
        if self._is_silent:
            self._is_silent = False
            self._context.keep("stale", {"silent": False})
        if self._timer is None:
            self._plan()

    def _plan(self) -> None:
        self._timer = self._clock.call_at(self._heard + self._block.silence, self._due)

    def _due(self) -> None:
        """The time is over: silent, unless it has spoken meanwhile."""
        self._timer = None
        silent_s = self._clock.monotonic() - self._heard
        if silent_s < self._block.silence:
            self._plan()
            return
        self._is_silent = True
        self._context.keep("stale", {"silent": True})
        device, _, entity = self._block.of.rpartition(".")
        point = None if entity == "*" else self._block.of
        self._fire(Firing("stale", {"device": device, "point": point, "silent_s": silent_s}))


def _is_good(sample: Sample) -> bool:
    return sample.known is not None
