"""How fast a script may ask: a bucket that fills with time; who finds it empty waits.

Every question of an interpreter costs the server's loop a little. A script in a tight loop slows
itself down this way and nobody else.
"""

from dataclasses import dataclass
from typing import Final

from ionpy_auto.core.clock import Clock

CALLS_PER_S: Final = 1_000.0
BURST_CALLS: Final = 1_000.0


@dataclass
class Pace:
    """The bucket of one script."""

    clock: Clock
    room: float = BURST_CALLS
    looked: float = 0.0

    def __post_init__(self) -> None:
        self.looked = self.clock.monotonic()

    async def spend(self, weight: float) -> None:
        """Return once there is room for the weight."""
        now = self.clock.monotonic()
        self.room = min(BURST_CALLS, self.room + (now - self.looked) * CALLS_PER_S) - weight
        self.looked = now
        if self.room < 0:
            await self.clock.sleep(-self.room / CALLS_PER_S)
