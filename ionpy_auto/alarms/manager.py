"""The alarms of the open project: where they come from, what state they are in, who saw them.

Sources are limits of entities (the alarm state of samples), devices that go offline or fail, and
calls of rules, runs and the server. Each transition becomes a row, an event ``alarm`` and, when an
alarm is raised, a marker. An alarm is shown from the moment it is raised, whether or not its row
could be written: rows that could not are kept in memory and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypedDict, Unpack

import structlog
from sqlmodel import Session, col, func, select

from ionpy_auto.alarms.models import AlarmRow
from ionpy_auto.alarms.states import SEVERITIES, Happening, State, after, worst
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, IonpyError, NotFound
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

Marker = Callable[[str, str | None], Awaitable[object]]

LIMIT_SEVERITY: Final = {
    AlarmState.LO: "warning",
    AlarmState.HI: "warning",
    AlarmState.LOLO: "critical",
    AlarmState.HIHI: "critical",
}
GOOD: Final = frozenset({Quality.GOOD, Quality.UNSURE})
BURST_S: Final = 10.0
RETRY_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
MAX_WAITING: Final = 100_000


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as it is.

    Attributes:
        id: Of the row that raised it; stays until it is normal again.
        key: ``device/entity``, ``device/offline``, ``rule:<flow>/<id>``, ``server/<what>``.
        word: NORMAL, LO, LOLO, HI or HIHI.
        severity: The worst since it was raised, until it is acknowledged and over.
        first: Raised while nothing else was for a while: look here first.
    """

    id: int
    key: str
    state: State = State.NORMAL
    timestamp: float = 0.0
    session_id: int | None = None
    device: str | None = None
    entity: str | None = None
    source: str = ""
    severity: str = "warning"
    text: str = ""
    old_word: str = "NORMAL"
    word: str = "NORMAL"
    value: float | None = None
    ack_time: float | None = None
    ack_by: str | None = None
    comment: str = ""
    first: bool = False
    latching: bool = False

    def as_dict(self, *, hidden: bool = False) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "key": self.key,
            "timestamp": self.timestamp,
            "session_id": self.session_id,
            "device_id": self.device,
            "entity_id": self.entity,
            "source": self.source,
            "severity": self.severity,
            "text": self.text,
            "state": self.state.value,
            "old_state": self.old_word,
            "new_state": self.word,
            "value": self.value,
            "acknowledged": not self.state.is_unacked,
            "ack_time": self.ack_time,
            "ack_by": self.ack_by,
            "comment": self.comment,
            "first": self.first,
            "hidden": hidden,
        }


class About(TypedDict, total=False):
    """What a caller may say about an alarm; ``latching`` asks for a reset after it is over."""

    severity: str
    text: str
    device: str | None
    entity: str | None
    value: float | None
    cause: Sequence[str]
    latching: bool


@dataclass(slots=True)
class _Waiting:
    """Rows that are not durable yet, oldest first."""

    rows: list[AlarmRow] = field(default_factory=list)
    lost: int = 0


class AlarmManager:
    """Keeps the alarms.

    Args:
        database: Of the project; None keeps them in memory only.
        bus: Samples and device events come in, ``alarm`` events go out.
        clock: Stamps everything.
        session_id: The running session's id, None without one.
        marker: Sets a marker ``(label, device)``; its failure is logged.
    """

    def __init__(
        self,
        database: Database | None,
        bus: Bus,
        clock: Clock,
        session_id: Callable[[], int | None] = lambda: None,
        marker: Marker | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._session_id = session_id
        self._marker = marker
        self._tasks = Tasks("alarms", clock)
        self._alarms: dict[str, Alarm] = {}  # all that are not normal, by key
        self._abnormal: dict[str, AlarmState] = {}  # points outside a limit
        self._is_closing = False
        self._offline: set[str] = set()
        self._waiting = _Waiting()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._last_raised = -BURST_S
        self._next_id = 1
        self._leave: list[Callable[[], None]] = []
        self.write_failures = 0

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what was active before a restart, then listen."""
        if self._database is not None:
            self._next_id, rows = await self._database.read(_kept)
            for alarm in map(_alarm_of, rows):
                self._alarms[alarm.key] = alarm
                if alarm.source == "device" and alarm.state.is_active and alarm.device:
                    self._offline.add(alarm.device)
                if alarm.source == "limit" and alarm.state.is_active:
                    self._abnormal[f"{alarm.device}.{alarm.entity}"] = AlarmState(alarm.word)
        self._leave = [
            self._bus.tap("sample/", self._sample),
            self._bus.tap("event/device_state", self._device),
            self._bus.tap("event/device_removed", self._removed),
            self._bus.tap("event/device_unsafe", self._unsafe),
        ]
        self._tasks.keep("write", self._write_for_ever)

    async def stop(self) -> None:
        """Listen no more; what is waiting is written, if that is possible."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        await self._tasks.stop()
        try:
            await self.flush()
        except IonpyError as error:
            waiting = len(self._waiting.rows)
            log.critical("alarms could not be stored", rows=waiting, message=error.message)

    # -- sources ----------------------------------------------------------------------------

    def _sample(self, snapshot: Snapshot) -> None:
        abnormal = self._abnormal
        for sample in snapshot.samples:
            if sample.alarm is not AlarmState.NORMAL or sample.point in abnormal:
                self._limit(snapshot.source, sample)

    def _limit(self, device: str, sample: Sample) -> None:
        """A value outside its limits, or one that was; a value not to be believed says nothing."""
        before = self._abnormal.get(sample.point, AlarmState.NORMAL)
        if sample.quality not in GOOD or sample.alarm is before:
            return
        entity = sample.point[len(device) + 1 :]
        value = float(sample.value) if isinstance(sample.value, int | float) else None
        key = f"{device}/{entity}"
        if sample.alarm is AlarmState.NORMAL:
            del self._abnormal[sample.point]
            self._clear(key, value=value, actor="limit")
            return
        self._abnormal[sample.point] = sample.alarm
        shown = "" if value is None else f" ({value:g} {sample.unit})".replace(" )", ")")
        call = Alarm(
            id=0,
            key=key,
            device=device,
            entity=entity,
            source="limit",
            severity=LIMIT_SEVERITY[sample.alarm],
            text=f"{sample.alarm.value} {entity} {device}{shown}",
            word=sample.alarm.value,
            value=value,
        )
        self._raise(call)

    def _device(self, event: Event) -> None:
        device, state = str(event.payload.get("device_id")), event.payload.get("state")
        key = f"{device}/offline"
        if state in {"offline", "error"}:
            if self._is_closing and state == "offline":
                return
            self._offline.add(device)
            hint = event.payload.get("hint")
            text = f"{device} is {state}" + (f": {hint}" if hint else "")
            severity = "critical" if state == "error" else "warning"
            self._raise(Alarm(0, key, device=device, source="device", severity=severity, text=text))
        elif state in {"online", "disabled"}:
            self._offline.discard(device)
            self._clear(key, actor="device")

    def _unsafe(self, event: Event) -> None:
        """Outputs were found on at first contact: a person must know, whatever came of it."""
        payload = event.payload
        device = str(payload.get("device_id"))
        outputs = ", ".join(map(str, payload.get("outputs", ())))
        is_safe = payload.get("action") == "driven_safe" and payload.get("ok") is True
        if payload.get("action") == "left":
            text = f"{device}: {outputs} was found on and left on: somebody else switched it"
        elif is_safe:
            text = f"{device}: {outputs} was found on after a restart and switched off"
        else:
            text = f"{device}: {outputs} is not proven off: {payload.get('detail') or 'no answer'}"
        severity = "warning" if is_safe or payload.get("action") == "left" else "critical"
        key = f"{device}/found-on"
        self._raise(
            Alarm(
                0, key, device=device, source="safety", severity=severity, text=text, latching=True
            )
        )

    def _removed(self, event: Event) -> None:
        """A device that is gone has no alarms any more."""
        device = str(event.payload.get("device_id"))
        self._offline.discard(device)
        for point in [p for p in self._abnormal if p.startswith(f"{device}.")]:
            del self._abnormal[point]
        for alarm in list(self._alarms.values()):
            if alarm.device == device and alarm.source in {"limit", "device"}:
                self._clear(alarm.key, actor="device removed")

    async def raise_alarm(self, key: str, **about: Unpack[About]) -> dict[str, Any]:
        """Raise an alarm; one that is active already is changed in text and severity.

        Raises:
            BadInput: No such severity.
        """
        severity = about.get("severity", "warning")
        if severity not in SEVERITIES:
            msg = f"{severity!r} is no severity"
            raise BadInput(msg, hint=f"one of {', '.join(SEVERITIES)}")
        call = Alarm(
            id=0,
            key=key,
            device=about.get("device"),
            entity=about.get("entity"),
            source=key.partition(":")[0].partition("/")[0],
            severity=severity,
            text=about.get("text") or key,
            value=about.get("value"),
            latching=about.get("latching", False),
        )
        return self._shown(self._raise(call, tuple(about.get("cause", ()))))

    async def clear(
        self, key: str, *, value: float | None = None, cause: Sequence[str] = ()
    ) -> dict[str, Any]:
        """What the alarm was about is over; nothing happens when it is not active."""
        alarm = self._clear(key, value=value, cause=tuple(cause))
        return self._shown(alarm) if alarm is not None else {"key": key, "state": "normal"}

    def expect_offline(self) -> None:
        """From now on devices go offline on purpose: the project is being closed."""
        self._is_closing = True

    # -- transitions ------------------------------------------------------------------------

    def _raise(self, call: Alarm, cause: tuple[str, ...] = ()) -> Alarm:
        old = self._alarms.get(call.key)
        call = replace(call, word=call.word if call.word != "NORMAL" else _word(call.severity))
        if old is None:
            return self._enter(replace(call, first=self._is_first()), "NORMAL", "raised", cause)
        severity = worst(old.severity, call.severity)
        is_worse = SEVERITIES.index(call.severity) > SEVERITIES.index(old.severity)
        state = after(old.state, Happening.WORSE if is_worse else Happening.RAISED)
        changed = replace(
            old,
            state=state,
            severity=severity,
            text=call.text,
            old_word=old.word,
            word=call.word,
            value=call.value,
            latching=call.latching or old.latching,
        )
        if state is old.state and (changed.word, changed.text) == (old.word, old.text):
            return old  # it is as it was: rules may say so again and again
        if state is not old.state:
            changed = replace(changed, ack_time=None, ack_by=None, comment="")
        name = "raised" if not old.state.is_active else "worse" if is_worse else "changed"
        return self._keep(changed, name, "", cause)

    def _enter(self, call: Alarm, old_word: str, name: str, cause: tuple[str, ...]) -> Alarm:
        alarm = replace(
            call,
            id=self._next_id,
            state=after(State.NORMAL, Happening.RAISED),
            timestamp=self._clock.now(),
            session_id=self._session_id(),
            old_word=old_word,
        )
        self._last_raised = self._clock.monotonic()
        if self._marker is not None:
            self._tasks.start("marker", self._mark(alarm))
        return self._keep(alarm, name, "", cause)

    def _is_first(self) -> bool:
        return self._clock.monotonic() - self._last_raised >= BURST_S

    async def _mark(self, alarm: Alarm) -> None:
        if self._marker is None:
            return
        try:
            await self._marker(f"ALARM: {alarm.text}", alarm.device)
        except IonpyError as error:
            log.warning("alarm without marker", key=alarm.key, message=error.message)

    def _clear(
        self,
        key: str,
        *,
        value: float | None = None,
        actor: str = "",
        cause: tuple[str, ...] = (),
    ) -> Alarm | None:
        old = self._alarms.get(key)
        if old is None or not old.state.is_active:
            return old
        state = after(old.state, Happening.CLEARED, latching=old.latching)
        changed = replace(old, state=state, old_word=old.word, word="NORMAL", value=value)
        return self._keep(changed, "cleared", actor, cause)

    async def acknowledge(self, alarm_id: int, by: str, comment: str = "") -> dict[str, Any]:
        """Somebody has seen it; durable when this returns.

        Raises:
            NotFound: No such alarm is waiting for it.
            StorageError: It is acknowledged here, but the record of it could not be written yet.
        """
        old = self._with_id(alarm_id)
        state = after(old.state, Happening.ACKNOWLEDGED, latching=old.latching)
        if state is old.state:
            return self._shown(old)
        changed = replace(
            old, state=state, ack_time=self._clock.now(), ack_by=by, comment=comment[:2000]
        )
        self._keep(changed, "acknowledged", by)
        await self.flush()
        return self._shown(changed)

    async def reset(self, alarm_id: int, by: str, comment: str = "") -> dict[str, Any]:
        """Release a latched alarm.

        Raises:
            NotFound: No such alarm.
        """
        old = self._with_id(alarm_id)
        state = after(old.state, Happening.RESET)
        if state is old.state:
            return self._shown(old)
        changed = replace(old, state=state, comment=comment[:2000])
        self._keep(changed, "reset", by)
        await self.flush()
        return self._shown(changed)

    def _with_id(self, alarm_id: int) -> Alarm:
        for alarm in self._alarms.values():
            if alarm.id == alarm_id:
                return alarm
        msg = f"there is no active alarm {alarm_id}"
        raise NotFound(msg, hint="it may be over; GET /api/alarms lists the active ones")

    def _keep(
        self, alarm: Alarm, transition: str, actor: str, cause: tuple[str, ...] = ()
    ) -> Alarm:
        """Take over a new state, tell, and queue its row."""
        if alarm.state is State.NORMAL:
            self._alarms.pop(alarm.key, None)
        else:
            self._alarms[alarm.key] = alarm
        row = _row(alarm, self._next_id, self._clock.now(), self._session_id())
        row.transition, row.actor, row.cause = transition, actor, " → ".join(cause)
        self._next_id += 1
        if self._database is not None:
            if len(self._waiting.rows) >= MAX_WAITING:
                self._waiting.rows.pop(0)
                self._waiting.lost += 1
            self._waiting.rows.append(row)
            self._wake.set()
        payload = {**self._shown(alarm), "transition": transition, "actor": actor}
        now, mono = self._clock.now(), self._clock.monotonic()
        self._bus.publish(Event("alarm", payload, now, mono, cause))
        return alarm

    # -- answers ----------------------------------------------------------------------------

    def _shown(self, alarm: Alarm) -> dict[str, Any]:
        hidden = alarm.source == "limit" and alarm.device in self._offline
        return alarm.as_dict(hidden=hidden)

    def active(self) -> list[dict[str, Any]]:
        """All alarms that are not normal, the worst and newest first; hidden ones are marked."""
        rank = sorted(
            self._alarms.values(),
            key=lambda a: (not a.state.is_unacked, -SEVERITIES.index(a.severity), -a.timestamp),
        )
        return [self._shown(alarm) for alarm in rank]

    def counts(self) -> dict[str, int]:
        """How many are active, and how many nobody has seen; without hidden ones."""
        shown = [a for a in self._alarms.values() if not self._shown(a)["hidden"]]
        return {
            "active": sum(alarm.state.is_active for alarm in shown),
            "unacked": sum(alarm.state.is_unacked for alarm in shown),
        }

    async def history(self, limit: int = 200) -> list[dict[str, Any]]:
        """Transitions, newest first."""
        if self._database is None:
            return []
        await self.flush()

        def work(session: Session) -> list[dict[str, Any]]:
            rows = session.exec(select(AlarmRow).order_by(col(AlarmRow.id).desc()).limit(limit))
            return [_history(row) for row in rows]

        return await self._database.read(work)

    def status(self) -> dict[str, Any]:
        """Counts, and what could not be stored."""
        return {
            **self.counts(),
            "waiting": len(self._waiting.rows),
            "lost_rows": self._waiting.lost,
            "write_failures": self.write_failures,
        }

    # -- storage ----------------------------------------------------------------------------

    async def flush(self) -> None:
        """Write what is waiting.

        Raises:
            StorageError: The database refused; the rows are kept and tried again.
        """
        async with self._lock:
            rows = list(self._waiting.rows)
            if self._database is None or not rows:
                return
            copies = [row.model_dump() for row in rows]

            def work(session: Session) -> None:
                for content in copies:
                    session.merge(AlarmRow(**content))

            try:
                await self._database.write(work)
            except IonpyError:
                self.write_failures += 1
                raise
            done = {id(row) for row in rows}
            self._waiting.rows = [row for row in self._waiting.rows if id(row) not in done]

    async def _write_for_ever(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except IonpyError as error:
                log.warning("alarm rows wait for the database", message=error.message)
                await self._clock.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                self._wake.set()
            else:
                failures = 0


def _word(severity: str) -> str:
    """The word of the table for alarms that are no limits."""
    return "HIHI" if severity == "critical" else "HI"


def _row(alarm: Alarm, number: int, now: float, session_id: int | None) -> AlarmRow:
    return AlarmRow(
        id=number,
        timestamp=now,
        session_id=session_id,
        device_id=alarm.device,
        entity_id=alarm.entity,
        old_state=alarm.old_word,
        new_state=alarm.word,
        value=alarm.value,
        acknowledged=not alarm.state.is_unacked,
        ack_time=alarm.ack_time,
        ack_by=alarm.ack_by,
        alarm_key=alarm.key,
        severity=alarm.severity,
        priority=int(alarm.latching),
        text=alarm.text,
        source=alarm.source,
        comment=alarm.comment,
    )


def _kept(session: Session) -> tuple[int, list[tuple[AlarmRow, AlarmRow]]]:
    """The next free id, and of each alarm that is not normal its newest and its raising row."""
    newest = session.exec(select(func.max(AlarmRow.id))).one() or 0
    last = select(func.max(AlarmRow.id)).group_by(AlarmRow.alarm_key)
    rows = session.exec(select(AlarmRow).where(col(AlarmRow.id).in_(last))).all()
    pairs = [(row, _raising(session, row)) for row in rows if _state_of(row) is not State.NORMAL]
    return newest + 1, pairs


def _raising(session: Session, row: AlarmRow) -> AlarmRow:
    query = (
        select(AlarmRow)
        .where(AlarmRow.alarm_key == row.alarm_key, AlarmRow.transition == "raised")
        .where(AlarmRow.old_state == "NORMAL", col(AlarmRow.id) <= row.id)
        .order_by(col(AlarmRow.id).desc())
    )
    return session.exec(query).first() or row


def _state_of(row: AlarmRow) -> State:
    """The state a row leaves an alarm in."""
    if row.new_state != "NORMAL":
        return State.ACTIVE_ACKED if row.acknowledged else State.ACTIVE_UNACKED
    if not row.acknowledged:
        return State.CLEARED_UNACKED
    return State.LATCHED if row.priority and row.transition != "reset" else State.NORMAL


def _alarm_of(pair: Iterable[AlarmRow]) -> Alarm:
    row, raised = pair
    return Alarm(
        id=raised.id or 0,
        key=row.alarm_key,
        state=_state_of(row),
        timestamp=raised.timestamp,
        session_id=raised.session_id,
        device=row.device_id,
        entity=row.entity_id,
        source=row.source,
        severity=row.severity or "warning",
        text=row.text,
        old_word=row.old_state,
        word=row.new_state,
        value=row.value,
        ack_time=row.ack_time,
        ack_by=row.ack_by,
        comment=row.comment,
        latching=bool(row.priority),
    )


def _history(row: AlarmRow) -> dict[str, Any]:
    shown: Mapping[str, Any] = _alarm_of((row, row)).as_dict()
    return {**shown, "transition": row.transition, "actor": row.actor, "cause": row.cause}
