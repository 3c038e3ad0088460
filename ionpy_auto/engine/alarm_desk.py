"""What people do with alarms over REST: done by the alarms, written into the audit."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ionpy_auto.alarms.definition_file import Surroundings
from ionpy_auto.alarms.definitions import FILE
from ionpy_auto.alarms.history import Wanted, export, history
from ionpy_auto.alarms.quality import quality
from ionpy_auto.automation.names import Names
from ionpy_auto.core.bus import Overflow
from ionpy_auto.core.errors import BadInput, NotFound, Severity, Unavailable
from ionpy_auto.devices import Entity, Numeric
from ionpy_auto.language import Environment, Scope

if TYPE_CHECKING:
    from ionpy_auto.engine.automation import Automation
    from ionpy_auto.engine.workbench import Workbench

Answer = dict[str, Any]
LOSING = frozenset({Overflow.DROP_OLDEST, Overflow.DROP_NEWEST})
VERBS = {
    "ack": "alarm_acknowledged",
    "unack": "alarm_unacknowledged",
    "unshelve": "alarm_unshelved",
    "reset": "alarm_reset",
    "return-to-service": "alarm_returned",
}


def surroundings(bench: "Workbench", env: Environment) -> Surroundings:
    """What the project's alarm definitions refer to."""

    def scope() -> Scope:
        return Names(bench.site, file=FILE, unknown_points=Severity.WARNING).scope()

    def split(point: str) -> tuple[str, str]:
        try:
            return bench.split(point)
        except NotFound:
            device, _, entity = point.rpartition(".")
            return device, entity

    def entity_of(point: str) -> Entity | None:
        try:
            return bench.site.entity_of(*bench.split(point))
        except NotFound:
            return None

    def figures() -> dict[str, float]:
        queues = [q for q in bench.bus.counters()["subscriptions"] if q["policy"] in LOSING]
        return {
            "writer_lag_s": float(bench.database.stats()["writer_lag_s"] or 0.0),
            "loop_lag_s": bench.engine.loop_lag_s,
            "lost": bench.recorder.counters.dropped,
            "dropped": sum(queue["dropped"] for queue in queues),
            "tap_errors": bench.bus.tap_errors,
        }

    return Surroundings(bench.project.path(FILE), scope, split, env, entity_of, figures)


class AlarmDesk:
    """Hands for the alarms of an open project.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench
        automation: Automation = bench.automation
        self._alarms = automation.alarms

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

    def definitions(self) -> Answer:
        """The project's file, what is wrong with it, and what it watches; the drivers' limits."""
        file = self._alarms.definitions
        found = file.as_dict() if file is not None else {"items": []}
        claimed = self._alarms.desk.claimed
        return {**found, "defaults": list(self._driver_limits(claimed))}

    def _driver_limits(self, claimed: Collection[str]) -> Iterator[Answer]:
        for stack in self._bench.devices.stacks.values():
            for slot in stack.slots.values():
                limits = slot.entity.limits if isinstance(slot.entity, Numeric) else None
                if limits is None:
                    continue
                yield {
                    "key": f"{stack.id}/{slot.entity.id}",
                    "point": slot.point,
                    "unit": slot.entity.unit_text,
                    **asdict(limits),
                    "replaced": slot.point in claimed,
                }

    async def write_definitions(self, text: str, etag: str, by: str) -> Answer:
        """Write the project's file and put it in force."""
        file = self._alarms.definitions
        if file is None:
            raise Unavailable("this project has no alarm definitions")
        answer = await file.write(text, etag)
        self._bench.engine.audit.event("alarms_defined", by, {"etag": answer["etag"]})
        return self.definitions()

    async def export(self, file_format: str, wanted: Wanted) -> str:
        """All transitions of a time as a text."""
        return await export(self._alarms.ledger, file_format, wanted)

    async def quality(self, days: float) -> Answer:
        """How good the alarms are."""
        alarms = self._alarms
        return await quality(
            alarms.ledger, list(alarms.book.alarms.values()), self._bench.clock.now(), days
        )
