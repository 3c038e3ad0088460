"""Devices that are offline or failed; the alarms of their values are hidden meanwhile.

A link that a person or All off closed is no fault: it raises no alarm, but hides those of its
values.
"""

from collections.abc import Callable

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.book import OF_VALUES
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.bus import Event


class Source:
    """Follows the states of devices."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._leave: list[Callable[[], None]] = []

    def start(self) -> None:
        """Devices that were offline before the restart are, until they say otherwise."""
        book = self._desk.book
        active = [a for a in book.of_source("device") if a.state.is_active]
        book.hide_as_before(alarm.device for alarm in active if alarm.device)
        bus = self._desk.bus
        self._leave = [
            bus.tap("event/device_state", self._state),
            bus.tap("event/device_removed", self._removed),
        ]

    def stop(self) -> None:
        """Listen no more."""
        for leave in self._leave:
            leave()
        self._leave.clear()

    def _state(self, event: Event) -> None:
        book = self._desk.book
        device, state = str(event.payload.get("device_id")), event.payload.get("state")
        key = f"{device}/offline"
        if state in {"offline", "error"}:
            if self._desk.is_closing and state == "offline":
                return
            if event.payload.get("at_rest") and state == "offline":
                book.hide(device, hidden=True)
                book.clear(key, actor="device")
                return
            hint = event.payload.get("hint")
            text = f"{device} is {state}" + (f": {hint}" if hint else "")
            severity = "critical" if state == "error" else "warning"
            book.raise_(Alarm(0, key, device=device, source="device", severity=severity, text=text))
            book.hide(device, hidden=True)
        elif state in {"online", "disabled"}:
            book.hide(device, hidden=False)
            book.clear(key, actor="device")

    def _removed(self, event: Event) -> None:
        """A device that is gone has no alarms any more."""
        book, device = self._desk.book, str(event.payload.get("device_id"))
        book.hide(device, hidden=False)
        for alarm in book.of_source("device", *OF_VALUES):
            if alarm.device == device:
                book.clear(alarm.key, actor="device removed")
