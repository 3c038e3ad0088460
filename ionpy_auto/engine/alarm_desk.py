"""What people do with alarms over REST: done by the alarms, written into the audit."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ionpy_auto.alarms.history import Wanted, export, history
from ionpy_auto.alarms.quality import quality
from ionpy_auto.core.errors import BadInput

if TYPE_CHECKING:
    from ionpy_auto.engine.workbench import Workbench

Answer = dict[str, Any]
VERBS = {
    "ack": "alarm_acknowledged",
    "unack": "alarm_unacknowledged",
    "unshelve": "alarm_unshelved",
    "reset": "alarm_reset",
    "return-to-service": "alarm_returned",
}


class AlarmDesk:
    """Hands for the alarms of an open project.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench
        self._alarms = bench.automation.alarms

    def _audit(self, what: str, by: str, alarm: Mapping[str, Any], **more: object) -> None:
        detail = {"alarm": alarm.get("id"), "key": alarm.get("key"), **more}
        self._bench.engine.audit.event(what, by, detail)

    async def act(self, verb: str, alarm_id: int, by: str, comment: str) -> Answer:
        """One of `VERBS`."""
        alarms = self._alarms
        verbs: Mapping[str, Callable[[int, str, str], Awaitable[Answer]]] = {
            "ack": alarms.acknowledge,
            "unack": alarms.unacknowledge,
            "unshelve": alarms.unshelve,
            "reset": alarms.reset,
            "return-to-service": alarms.return_to_service,
        }
        shown = await verbs[verb](alarm_id, by, comment)
        self._audit(VERBS[verb], by, shown, comment=comment)
        return shown

    async def acknowledge_many(
        self, ids: Sequence[int] | None, wanted: Wanted | None, by: str, comment: str
    ) -> Answer:
        """These, or all that are shown and fit.

        Raises:
            BadInput: Neither or both were named.
        """
        if (ids is None) == (wanted is None):
            raise BadInput("name ids, or all_shown with a filter", hint='{"ids": [1, 2]}')
        if ids is not None:
            count = await self._alarms.acknowledge_ids(ids, by, comment)
        else:
            count = await self._alarms.acknowledge_shown(wanted or Wanted(), by, comment)
        detail = {"acknowledged": count, "ids": list(ids or ()), "comment": comment}
        self._bench.engine.audit.event("alarms_acknowledged", by, detail)
        return {"acknowledged": count}

    async def shelve(self, alarm_id: int, by: str, reason: str, minutes: float) -> Answer:
        """Put one aside for a while."""
        shown = await self._alarms.shelve(alarm_id, by, reason, minutes)
        self._audit("alarm_shelved", by, shown, minutes=minutes, reason=reason)
        return shown

    async def out_of_service(self, alarm_id: int, by: str, reason: str) -> Answer:
        """Take one out for maintenance."""
        shown = await self._alarms.out_of_service(alarm_id, by, reason)
        self._audit("alarm_out_of_service", by, shown, reason=reason)
        return shown

    async def listing(self, which: str, wanted: Wanted) -> Answer:
        """Active alarms or transitions, with the counts of the badge."""
        alarms = self._alarms
        if which == "history":
            found = await history(alarms.ledger, wanted)
        else:
            fitting = {a.key for a in alarms.book.alarms.values() if wanted.fits(a)}
            items = [one for one in alarms.active() if one["key"] in fitting]
            found = {"items": items[: wanted.limit], "total": len(items)}
        return {**found, "counts": alarms.counts()}

    async def export(self, file_format: str, wanted: Wanted) -> str:
        """All transitions of a time as a text."""
        return await export(self._alarms.ledger, file_format, wanted)

    async def quality(self, days: float) -> Answer:
        """How good the alarms are."""
        alarms = self._alarms
        return await quality(
            alarms.ledger, list(alarms.book.alarms.values()), self._bench.clock.now(), days
        )
