"""``log``: a line in the server's log, the receiver that is always there."""

import structlog

log = structlog.get_logger(__name__)


class LogChannel:
    """Writes messages into the log."""

    async def deliver(self, address: str, title: str, message: str) -> None:
        """Write it."""
        log.info("notification", to=address, title=title, message=message)
