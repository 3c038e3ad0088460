"""Writes what rules must still know after a restart, and their traces, into the store.

States and traces of one moment go into one transaction. Most may wait a second; what must be
durable before an action acts is waited for, but not for ever: a full disk must not keep a rule
from making something safe.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog

from ionpy_auto.automation.context import Lab
from ionpy_auto.automation.rules.gap import CHECKPOINT_S
from ionpy_auto.automation.rules.record import Record
from ionpy_auto.automation.rules.store import KeptRule, RuleStore, Trace
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

FLUSH_S: Final = 1.0
PATIENCE_S: Final = 1.0
LINGER_S: Final = 0.02
"""A firing that is over waits so long for a write it can go with."""
MAX_WAITING_TRACES: Final = 10_000


class Keeping:
    """Keeps the records of all rules.

    Args:
        store: None keeps nothing: records live as long as the engine.
        lab: Its clock tells when.
        tasks: Parent of what works in the background.
        records: All rules by id, owned by the engine.
    """

    def __init__(
        self, store: RuleStore | None, lab: Lab, tasks: Tasks, records: dict[str, Record]
    ) -> None:
        self._store = store
        self._lab = lab
        self._tasks = tasks
        self._records = records
        self._dirty: set[str] = set()
        self._traces: list[Trace] = []
        self._wake = asyncio.Event()
        self._urgent: set[str] = set()  # go with the next write
        self._linger: Timer | None = None
        self._writing: set[asyncio.Future[bool]] = set()  # under way, and planned
        self._under_way: asyncio.Future[bool] | None = None
        self._planned: asyncio.Future[bool] | None = None
        self.failures = 0

    async def start(self) -> None:
        """Take up what was kept; from now on write what changes."""
        if self._store is None:
            return
        for rule_id, row in (await self._store.load()).items():
            self._records[rule_id] = Record.from_kept(row, self._lab.clock)
        self._tasks.keep("keep", self._keep_for_ever)
        self._tasks.keep("checkpoint", self._check_for_ever)

    async def traces(self, rule_id: str, limit: int) -> "list[dict[str, object]]":
        """The newest traces of a rule, newest first."""
        if self._store is None:
            record = self._records.get(rule_id, Record())
            return [trace.as_dict() for trace in reversed(record.recent)][:limit]
        await self.flush()
        return await self._store.traces(rule_id, limit)

    # -- what must be kept --------------------------------------------------------------------

    def changed(self, rule_id: str) -> None:
        """Something in a record must be kept, soon."""
        if self._store is not None:
            self._dirty.add(rule_id)
            self._wake.set()

    def add(self, trace: Trace) -> None:
        """A trace must be kept, soon."""
        if self._store is None:
            return
        if len(self._traces) >= MAX_WAITING_TRACES:
            self._traces.pop(0)
            self.failures += 1
        self._traces.append(trace)
        self._wake.set()

    def at_once(self, rule_id: str) -> None:
        """Write a record and what waits with it, as soon as the database can."""
        if self._store is not None:
            self._dirty.add(rule_id)
            self._write((rule_id,))

    def ended(self, rule_id: str) -> None:
        """A firing is over: write it with the next one that begins, or in a moment.

        Should the server end before, the firing is told as interrupted; it is never done twice.
        """
        if self._store is None:
            return
        self._dirty.add(rule_id)
        self._urgent.add(rule_id)
        if self._linger is None:
            clock = self._lab.clock
            self._linger = clock.call_at(clock.monotonic() + LINGER_S, self._linger_over)

    def _linger_over(self) -> None:
        self._linger = None
        if self._urgent:
            self._write(())

    async def commit(self, rule_id: str) -> None:
        """Return when a record is durable as it is now, or after a second without success."""
        if self._store is None:
            return
        self._dirty.add(rule_id)
        try:
            async with self._lab.clock.timeout(PATIENCE_S):
                is_kept = await asyncio.shield(self._write((rule_id,)))
        except TimeoutError:
            is_kept = False
        if not is_kept:
            log.error("a rule acts though its intent could not be kept", rule=rule_id)

    async def flush(self) -> None:
        """Write all that waits; on an error it waits for the next time."""
        if self._store is not None and (self._dirty or self._traces):
            await asyncio.shield(self._write(frozenset(self._dirty)))

    async def close(self) -> None:
        """Write everything as it is at the end, what is pending with this very time."""
        if self._linger is not None:
            self._linger.cancel()
        await asyncio.gather(*self._writing)
        self._touch(lambda record: record.is_pending or bool(record.cooling))
        await self.flush()

    # -- writing --------------------------------------------------------------------------------

    async def _keep_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._lab.clock.sleep(FLUSH_S)
            await self.flush()

    async def _check_for_ever(self) -> None:
        """What goes on without a change is written now and then, so that a gap can be measured."""
        while True:
            await self._lab.clock.sleep(CHECKPOINT_S)
            self._touch(lambda record: record.is_pending)

    def _touch(self, goes_on: Callable[[Record], bool]) -> None:
        for rule_id, record in self._records.items():
            if goes_on(record):
                self.changed(rule_id)

    def _write(self, rules: Collection[str]) -> "asyncio.Future[bool]":
        """Write these records and all traces that wait, in one transaction.

        One write is under way at a time; what comes meanwhile shares the next one. A write that
        has begun is not broken off: nobody would know whether it was carried out.
        """
        self._urgent.update(rules)
        if self._planned is None:
            self._planned = asyncio.ensure_future(self._save_after(self._under_way))
            self._writing.add(self._planned)
            self._planned.add_done_callback(self._written)
        return self._planned

    async def _save_after(self, before: "asyncio.Future[bool] | None") -> bool:
        if before is not None:
            await asyncio.wait({before})
        self._under_way, self._planned = self._planned, None
        rules, self._urgent = self._urgent, set()
        return await self._save(rules)

    def _written(self, work: "asyncio.Future[bool]") -> None:
        self._writing.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("writing what rules keep crashed", exc_info=error)

    async def _save(self, rules: Collection[str]) -> bool:
        if self._store is None:
            return True
        self._dirty.difference_update(rules)
        traces, self._traces = self._traces, []
        records = {rule: self._records[rule] for rule in rules if rule in self._records}
        states: Mapping[str, KeptRule] = {
            rule: record.as_kept(self._lab.clock) for rule, record in records.items()
        }
        try:
            await self._store.save(states, traces)
        except IonpyError as error:
            self._dirty.update(rules)
            self._traces = [*traces, *self._traces]
            self.failures += 1
            log.warning("rule states not kept", message=error.message)
            return False
        return True
