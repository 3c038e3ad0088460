"""``log``: a line in the server's log, the receiver that is always there."""

from typing import ClassVar

import structlog

from ionpy_auto.alarms.channels import Kit, Letter, Target

log = structlog.get_logger(__name__)


class LogTarget(Target):
    """Nothing to choose."""

    @property
    def shown(self) -> str:
        """There is one log."""
        return "log"


class LogChannel:
    """Writes messages into the log."""

    word: ClassVar[str] = "log"
    target: ClassVar[type[Target]] = LogTarget

    def __init__(self, kit: Kit) -> None:
        del kit

    async def deliver(self, target: LogTarget, letter: Letter) -> None:
        """Write it."""
        del target
        log.info("notification", to=letter.receiver, title=letter.title, message=letter.message)
