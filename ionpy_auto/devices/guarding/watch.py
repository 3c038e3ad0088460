"""Listens to the server and decides when the guard must act; opens nothing itself."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.guarding.protocol import Beat, Configure, On, Ready, ToGuard

log = structlog.get_logger(__name__)

TICK_S: Final = 0.1
HANG_S: Final = 2.0
"""So long without a beat, and the server hangs."""
STARTING_S: Final = 60.0
"""So long while it opens a project: many files are read and drivers loaded between two beats."""


class Gone(StrEnum):
    """Why the guard must act."""

    DIED = "died"  # the pipe ended without a good-bye
    HUNG = "hung"  # the pipe is there, but the control loop does not turn


class Ended:
    """The pipe from the server ended."""


ENDED: Final = Ended()
Heard = ToGuard | Ended | None


class Watch:
    """See the module's first line.

    Args:
        hear: The next message, `ENDED`, or None after so many seconds of silence.
        say: Answers the server; must not raise.
        prepare: Gets ready to reach the devices; returns why it cannot, by device.
        clock: Counts the silence.
    """

    def __init__(
        self,
        hear: Callable[[float], Heard],
        say: Callable[[Ready | Beat], None],
        prepare: Callable[[Configure], dict[str, str]],
        clock: Clock,
    ) -> None:
        self._hear = hear
        self._say = say
        self._prepare = prepare
        self._clock = clock
        self._outputs: dict[str, tuple[str, ...]] = {}
        self.configured: Configure | None = None
        self.trouble: dict[str, str] = {}

    def at_risk(self) -> list[tuple[DeviceConfig, tuple[str, ...]]]:
        """Devices with outputs that are on, as far as this guard knows them."""
        devices = self.configured.devices if self.configured is not None else ()
        return [(d, self._outputs[d.id]) for d in devices if self._outputs.get(d.id)]

    def run(self) -> Gone | None:
        """Listen until the server is gone; None when there is nothing to be done after it.

        Silence is counted in our own waking time: after the machine slept, or was so busy that we
        did not run either, a healthy server is not taken for a hanging one.
        """
        silent, patience = 0.0, STARTING_S
        before = self._clock.monotonic()
        while True:
            heard = self._hear(TICK_S)
            now = self._clock.monotonic()
            silent += min(now - before, 2 * TICK_S)
            before = now
            if heard is ENDED:
                return Gone.DIED if self.at_risk() else None
            if isinstance(heard, Beat):
                silent, patience = 0.0, STARTING_S if heard.starting else HANG_S
                self._say(heard)
            elif isinstance(heard, Configure):
                self._configure(heard)
                before = self._clock.monotonic()  # our own work is no silence of the server
            elif isinstance(heard, On):
                self._outputs = heard.outputs
            elif heard is not None:
                return None  # good-bye
            elif silent > patience and self.at_risk():
                return Gone.HUNG

    def _configure(self, message: Configure) -> None:
        self.configured = message
        self.trouble = self._prepare(message)
        for device, reason in self.trouble.items():
            log.warning("this device cannot be guarded", device=device, reason=reason)
        self._say(Ready(devices={d.id: self.trouble.get(d.id, "") for d in message.devices}))
