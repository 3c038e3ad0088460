"""The automation of an open project: alarms, flows, rules and runs, built and wired in order."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ionpy_auto.engine.workbench import Workbench


class Automation:
    """Owns what acts by itself.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench

    async def before_devices(self) -> None:
        """What must listen before the first sample."""

    async def start(self) -> None:
        """Everything else, once devices were looked at."""

    async def stop(self, reason: str) -> None:
        """Runs to their end, rules silent."""

    async def after_devices(self) -> None:
        """What must listen until the last sample."""

    def abort_runs(self, reason: str) -> None:
        """Tell every run to end at once."""

    def active_runs(self) -> list[Any]:
        """Runs that have not finished."""
        return []

    def server_alarm(self, key: str, text: str, *, active: bool) -> None:
        """Raise or clear an alarm of the server itself."""

    def flow_revisions(self) -> dict[str, str]:
        """Flow id → content hash."""
        return {}

    def snapshot(self) -> dict[str, Any]:
        """Active alarms and runs."""
        return {"alarms": [], "runs": []}
