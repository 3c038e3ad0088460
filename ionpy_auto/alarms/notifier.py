"""Delivers messages to people: finds the way, tries again when it fails, and shows what became.

A message is handed over at once and delivered behind it. What is under way when the server stops
is not delivered later.
"""

from collections import deque
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

import structlog

from ionpy_auto.alarms.channels import Channel
from ionpy_auto.alarms.channels.log import LogChannel
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

RETRY_S: Final = (5.0, 30.0, 120.0, 300.0)
"""Pauses between tries; after the last one a message has failed."""
MAX_UNDER_WAY: Final = 200
MAX_TEXT: Final = 16_384


class Notifier:
    """Sends messages.

    Args:
        bus: Hears ``notify`` for each message sent, to be tried again, or failed.
        clock: Times the pauses.
        webhook: Takes ``http`` and ``https`` addresses; None: there is none.
        receivers: Names people may use, with their address.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        webhook: Channel | None = None,
        receivers: Mapping[str, str] | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._webhook = webhook
        self._log: Channel = LogChannel()
        self._receivers = dict(receivers or {})
        self._tasks = Tasks("notifier", clock)
        self._numbers = count(1)
        self._under_way = 0
        self.recent: deque[dict[str, Any]] = deque(maxlen=100)
        self.counts = {"sent": 0, "failed": 0, "retried": 0}

    @property
    def names(self) -> list[str]:
        """Receivers that people may name besides addresses."""
        return sorted({"log", *self._receivers})

    async def send(self, to: str, title: str, message: str) -> dict[str, Any]:
        """Hand over a message; returns what is known of it now.

        A receiver nobody knows gets its message in the log, and the answer says so.
        """
        note = {
            "id": next(self._numbers),
            "to": to,
            "title": title[:500],
            "message": message[:MAX_TEXT],
            "state": "queued",
            "attempts": 0,
            "error": "",
        }
        address = self._receivers.get(to, to)
        channel = self._channel(address)
        if channel is self._log and to != "log":
            note["error"] = f"no receiver {to!r}: written to the log"
        self.recent.append(note)
        if self._under_way >= MAX_UNDER_WAY:
            self._settle(note, "failed", "too many messages are under way")
            return dict(note)
        self._under_way += 1
        self._tasks.start(f"message {note['id']}", self._deliver(channel, address, note))
        return dict(note)

    def _channel(self, address: str) -> Channel:
        is_url = address.startswith(("http://", "https://"))
        return self._webhook if is_url and self._webhook is not None else self._log

    async def _deliver(self, channel: Channel, address: str, note: dict[str, Any]) -> None:
        try:
            for pause in (*RETRY_S, None):
                error = await self._try(channel, address, note)
                if error is None:
                    self._settle(note, "sent", note["error"])
                    return
                if pause is None or error.arguments.get("final"):
                    self._settle(note, "failed", error.message)
                    return
                self._settle(note, "retrying", error.message)
                await self._clock.sleep(pause)
        finally:
            self._under_way -= 1

    @staticmethod
    async def _try(channel: Channel, address: str, note: dict[str, Any]) -> IonpyError | None:
        note["attempts"] += 1
        try:
            await channel.deliver(address, note["title"], note["message"])
        except IonpyError as error:
            return error
        return None

    def _settle(self, note: dict[str, Any], state: str, error: str) -> None:
        note["state"], note["error"] = state, error
        self.counts["retried" if state == "retrying" else state] += 1
        if state != "sent":
            log.warning("message not delivered", to=note["to"], state=state, error=error)
        now, mono = self._clock.now(), self._clock.monotonic()
        self._bus.publish(Event("notify", dict(note), now, mono))

    def status(self) -> dict[str, Any]:
        """Counts, and the last messages."""
        return {**self.counts, "under_way": self._under_way, "recent": list(self.recent)[-20:]}

    async def stop(self) -> None:
        """Give up what is under way."""
        await self._tasks.stop()
