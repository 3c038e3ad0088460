"""Devices whose link is open but that do not answer: their values are stale."""

from collections.abc import Callable

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.bus import Event


class Source:
    """Follows the states of devices."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._leave: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen."""
        self._leave = self._desk.bus.tap("event/device_state", self._state)

    def stop(self) -> None:
        """Listen no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _state(self, event: Event) -> None:
        """Offline is another alarm, which hides this one."""
        device, state = str(event.payload.get("device_id")), event.payload.get("state")
        key = f"{device}/stale"
        if state == "degraded" and not self._desk.is_closing:
            hint = event.payload.get("hint")
            text = f"{device} does not answer" + (f": {hint}" if hint else "")
            self._desk.book.raise_(Alarm(0, key, device=device, source="stale", text=text))
        elif state in {"online", "disabled"}:
            self._desk.book.clear(key, actor="device")
