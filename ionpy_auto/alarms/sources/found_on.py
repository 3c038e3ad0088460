"""Outputs that were found on at first contact: a person must know, whatever came of it."""

from collections.abc import Callable

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.bus import Event


class Source:
    """Hears what devices were found with."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._leave: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen."""
        self._leave = self._desk.bus.tap("event/device_unsafe", self._unsafe)

    def stop(self) -> None:
        """Listen no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _unsafe(self, event: Event) -> None:
        payload = event.payload
        device = str(payload.get("device_id"))
        outputs = ", ".join(map(str, payload.get("outputs", ())))
        is_safe = payload.get("action") == "driven_safe" and payload.get("ok") is True
        if payload.get("action") == "left":
            text = f"{device}: {outputs} was found on and left on: somebody else switched it"
        elif is_safe:
            text = f"{device}: {outputs} was found on after a restart and switched off"
        else:
            text = f"{device}: {outputs} is not proven off: {payload.get('detail') or 'no answer'}"
        severity = "warning" if is_safe or payload.get("action") == "left" else "critical"
        call = Alarm(
            id=0,
            key=f"{device}/found-on",
            device=device,
            source="safety",
            severity=severity,
            text=text,
            latching=True,
        )
        self._desk.book.raise_(call)
