"""The alarms of the open project: sources at work, what people do, and what is answered.

Sources (``sources/``) notice what is wrong; rules, runs, scripts and the server raise alarms
themselves. The `Book` holds what is not normal and makes a row and an event of each change.
"""

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import structlog

from ionpy_auto.alarms.alarm import About, Alarm
from ionpy_auto.alarms.book import Book
from ionpy_auto.alarms.definition_file import DefinitionFile, Surroundings
from ionpy_auto.alarms.history import Wanted, history
from ionpy_auto.alarms.ledger import Ledger
from ionpy_auto.alarms.people import People
from ionpy_auto.alarms.sources import SOURCES, AlarmSource, Desk
from ionpy_auto.alarms.states import PRIORITIES, SEVERITIES
from ionpy_auto.alarms.teller import Marker, Teller
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, IonpyError
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)


class AlarmManager(People):
    """Keeps the alarms.

    Args:
        database: Of the project; None keeps them in memory only.
        bus: Samples and device events come in, ``alarm`` events go out.
        clock: Stamps everything.
        session_id: The running session's id, None without one.
        marker: Sets a marker ``(label, device)``; its failure is logged.
        around: What the project's definitions refer to; None: there are none.
    """

    def __init__(
        self,
        database: Database | None,
        bus: Bus,
        clock: Clock,
        session_id: Callable[[], int | None] = lambda: None,
        marker: Marker | None = None,
        *,
        around: Surroundings | None = None,
    ) -> None:
        self.ledger = Ledger(database, clock)
        self.teller = Teller(bus, clock, marker)
        self.book = Book(clock, self.ledger, self.teller, session_id)
        super().__init__(self.book)
        self.desk = Desk(self.book, bus, clock)
        if around is not None:
            self.desk.entity_of, self.desk.figures = around.entity_of, around.figures
        self.sources: dict[str, AlarmSource] = {
            name: SOURCES.get(name)(self.desk) for name in SOURCES
        }
        self.definitions = DefinitionFile(around, self.desk) if around is not None else None
        self._tasks = Tasks("alarms", clock)

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what was active before a restart, then listen."""
        kept = await self.ledger.load()
        for alarm in kept.alarms:
            self.book.restore(alarm)
        self.desk.memory = kept.memory
        if self.definitions is not None:
            self.definitions.start()
        for source in self.sources.values():
            source.start()
        self._tasks.keep("write", self.ledger.write_for_ever)

    async def stop(self) -> None:
        """Listen no more; what is waiting is written, if that is possible."""
        for source in self.sources.values():
            source.stop()
        if self.definitions is not None:
            await self.definitions.stop()
        self.book.stop()
        await self.teller.stop()
        await self._tasks.stop()
        try:
            await self.flush()
        except IonpyError as error:
            waiting = self.ledger.waiting
            log.critical("alarms could not be stored", rows=waiting, message=error.message)

    def devices_loaded(self) -> None:
        """All devices of the project are there: definitions find their points."""
        if self.definitions is not None:
            self.definitions.settled()

    def expect_offline(self) -> None:
        """From now on devices go offline on purpose: the project is being closed."""
        self.desk.is_closing = True

    async def flush(self) -> None:
        """Write what is waiting.

        Raises:
            StorageError: The database refused; the rows are kept and tried again.
        """
        await self.ledger.flush()

    # -- what rules, runs and the server say ------------------------------------------------

    async def raise_alarm(self, key: str, **about: Unpack[About]) -> dict[str, Any]:
        """Raise an alarm; one that is active already is changed in text and severity.

        Raises:
            BadInput: No such severity or priority.
        """
        severity, priority = about.get("severity", "warning"), about.get("priority")
        if severity not in SEVERITIES:
            msg = f"{severity!r} is no severity"
            raise BadInput(msg, hint=f"one of {', '.join(SEVERITIES)}")
        if priority is not None and priority not in PRIORITIES:
            raise BadInput(f"{priority!r} is no priority", hint="1 (most urgent) to 4")
        call = Alarm(
            id=0,
            key=key,
            device=about.get("device"),
            entity=about.get("entity"),
            source=key.partition(":")[0].partition("/")[0],
            severity=severity,
            priority=priority or 0,
            text=about.get("text") or key,
            value=about.get("value"),
            latching=about.get("latching", False),
            guidance=about.get("guidance", ""),
            labels=dict(about.get("labels", {})),
        )
        return self.book.shown(self.book.raise_(call, tuple(about.get("cause", ()))))

    async def clear(
        self, key: str, *, value: float | None = None, cause: Sequence[str] = ()
    ) -> dict[str, Any]:
        """What the alarm was about is over; nothing happens when it is not active."""
        alarm = self.book.clear(key, value=value, cause=tuple(cause))
        return self.book.shown(alarm) if alarm is not None else {"key": key, "state": "normal"}

    # -- answers ----------------------------------------------------------------------------

    def active(self) -> list[dict[str, Any]]:
        """All alarms that are not normal or are covered, the worst and newest first."""
        return self.book.active()

    def counts(self) -> dict[str, int]:
        """How many are active, unseen and shelved; without hidden ones."""
        return self.book.counts()

    async def history(self, limit: int = 200) -> list[dict[str, Any]]:
        """Transitions, newest first."""
        found = await history(self.ledger, Wanted(limit=limit))
        return list(found["items"])

    def status(self) -> dict[str, Any]:
        """Counts, and what could not be stored."""
        return {
            **self.counts(),
            "waiting": self.ledger.waiting,
            "lost_rows": self.ledger.lost,
            "write_failures": self.ledger.failures,
        }
