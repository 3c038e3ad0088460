"""The channels of the open project, and what persons accepted for them."""

from collections.abc import Mapping
from typing import Any, Final

from ionpy_auto.core.commands import Mode
from ionpy_auto.core.errors import Conflict, NotFound
from ionpy_auto.core.files import revision_of
from ionpy_auto.engine.server import Engine
from ionpy_auto.engine.workbench import Workbench

ITEMS: Final = ("no_hardware_cutoff", "no_cell_voltages")


def channel_hash(bench: Workbench, channel_id: str) -> str:
    """Hash of the text of a channel file.

    Raises:
        NotFound: There is none.
    """
    path = bench.site.channels.paths().get(channel_id)
    if path is None:
        raise NotFound(f"there is no channel {channel_id!r}", hint="see the list of channels")
    return revision_of(path.read_text(encoding="utf-8"))


class Channels:
    """See the module's first line.

    Args:
        engine: The server's engine, with a project open.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bench = engine.project

    def list(self) -> list[dict[str, Any]]:
        """All channels with their wiring."""
        return [self.look(channel_id) for channel_id in self._bench.site.channels.paths()]

    def look(self, channel_id: str) -> dict[str, Any]:
        """One channel: wiring, hash, what it asks to accept and what is accepted.

        Raises:
            NotFound: There is none.
        """
        digest = channel_hash(self._bench, channel_id)
        file, findings = self._bench.site.channels.read(channel_id)
        live = self._bench.automation.runs.channels.get(channel_id)
        return {
            "id": channel_id,
            "title": file.title if file is not None else "",
            "hash": digest,
            "findings": [finding.as_dict() for finding in findings],
            "wiring": file.model_dump(mode="json") if file is not None else None,
            "open": live is not None,
            "points": sorted(live.points) if live is not None else [],
            "asked": list(file.accept) if file is not None else [],
            "accepted": dict(self.accepted(channel_id)),
            "holder": self._bench.automation.runs.holder(channel_id),
            "queue": [run.id for run in self._bench.automation.runs.queue(channel_id)],
            "simulated": self._bench.gate.mode.mode is Mode.SIMULATE,
        }

    def accepted(self, channel_id: str) -> Mapping[str, Mapping[str, Any]]:
        """What is accepted for the channel file as it is now."""
        digest = channel_hash(self._bench, channel_id)
        return self._engine.acceptances.of(self._bench.project.id, channel_id, digest)

    async def accept(
        self, channel_id: str, item: str, digest: str, person: str, note: str
    ) -> dict[str, Any]:
        """A person accepts what lowers protection, for the text that was read.

        Raises:
            NotFound: There is no such channel, or no such item.
            Conflict: ``CONTENT_CHANGED``: the file is another one now.
        """
        _known(item)
        now = channel_hash(self._bench, channel_id)
        if now != digest:
            raise Conflict(
                f"channels/{channel_id}.yaml is not what was read: it changed meanwhile",
                code="CONTENT_CHANGED",
                hint="read it again",
                args={"hash": now},
            )
        entry = {"by": person, "hash": digest, "note": note}
        await self._engine.acceptances.give(self._bench.project.id, channel_id, item, entry)
        self._tell("channel_accepted", channel_id, person, {**entry, "item": item})
        return self.look(channel_id)

    async def withdraw(self, channel_id: str, item: str, person: str) -> dict[str, Any]:
        """An acceptance no longer holds.

        Raises:
            NotFound: There is no such channel, or no such item.
        """
        _known(item)
        channel_hash(self._bench, channel_id)
        if await self._engine.acceptances.withdraw(self._bench.project.id, channel_id, item):
            self._tell("channel_accept_withdrawn", channel_id, person, {"item": item})
        return self.look(channel_id)

    def _tell(self, action: str, channel_id: str, person: str, detail: dict[str, Any]) -> None:
        told = {"channel": channel_id, **detail}
        self._engine.audit.event(action, person, told)
        self._engine.event(action, told)


def _known(item: str) -> None:
    if item not in ITEMS:
        raise NotFound(f"there is no acceptance {item!r}", hint=f"one of {', '.join(ITEMS)}")
