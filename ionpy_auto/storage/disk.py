"""How much room the disk of a project has left, and from where on somebody must be told."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

WARN_SHARE = 0.05
WARN_BYTES = 2 * 1024**3
REFUSE_SHARE = 0.02
"""Below this share only recording may still write; exports would take the last room from it."""


class Room(NamedTuple):
    """Bytes of a disk."""

    total: int
    free: int

    @property
    def is_low(self) -> bool:
        """True when a warning is due: less than 5 % or less than 2 GB."""
        return self.free < max(WARN_SHARE * self.total, WARN_BYTES)

    @property
    def is_scarce(self) -> bool:
        """True when nothing but recording may write: less than 2 %."""
        return self.free < REFUSE_SHARE * self.total

    def __str__(self) -> str:
        share = self.free / self.total if self.total else 0.0
        return f"{self.free / 1e9:.1f} GB ({share:.1%}) left"


RoomOf = Callable[[Path], Room]


def room_of(folder: Path) -> Room:
    """The room on the disk that holds a folder, or will hold it; blocks on slow disks.

    Raises:
        OSError: The disk does not answer.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return Room(usage.total, usage.free)
