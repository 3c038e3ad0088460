"""Back-test: what the rules of a flow would have done over a recording.

The real rule engine runs on a virtual clock over the recorded samples, markers, alarms, session
events and runs; actions go to a lab on paper. What a rule would have written changes nothing in the
samples that follow: they are what they were.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ionpy_auto.automation.blocks import Trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.environment import LiveEnvironment, LocalEnvironment
from ionpy_auto.automation.flow import Flow, RuleNode, TriggerNode
from ionpy_auto.automation.flow_reader import Binding, read_flow
from ionpy_auto.automation.names import FREE_HEADS, LOCAL_UNITS
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.automation.rules.scope import plain
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import BadInput, NotFound, Rejected
from ionpy_auto.core.samples import Quality, Sample, Scalar, Snapshot
from ionpy_auto.language import UNKNOWN, Expression
from ionpy_auto.simulation.paper import PaperLab
from ionpy_auto.simulation.recorded_runs import RecordedRun
from ionpy_auto.simulation.site import RecordedSite
from ionpy_auto.storage.playback import RecordedSession, Recording
from ionpy_auto.storage.recent import Recent

MAX_FIRINGS = 1000
PATIENCE_S = 86_400.0
"""How long, on the virtual clock, actions may still take once the recording is over."""

ACTED = frozenset({"done", "failed", "cancelled"})
"""Outcomes of firings that began to act; other traces tell of what did not."""

NOT_RECORDED = frozenset({"device", "manual", "mqtt", "startup", "webhook"})
"""Triggers by what no recording of samples, markers, alarms, sessions and runs holds."""

Tell = Callable[[float, str], None]
Item = tuple[float, int, Callable[[], None] | Snapshot]


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestJob:
    """What is to be tested.

    Attributes:
        folder: The project.
        home: For cells and channels; empty without.
        text: Of the flow, saved or not.
        file: For findings.
        rule: ``<flow-id>/<rule-id>`` to list the firings of; empty for all.
        session_id: Which recording; None for a range of time.
        start: First time [Unix s].
        end: Last time [Unix s].
        limit: Most firings to list; all are counted.
        timezone: Of times of day, as ``Europe/Berlin``; empty for the machine's.
    """

    folder: str
    text: str
    home: str = ""
    file: str = ""
    rule: str = ""
    session_id: int | None = None
    start: float | None = None
    end: float | None = None
    limit: int = MAX_FIRINGS
    timezone: str = ""


class LeapClock(VirtualClock):
    """A virtual clock that whoever feeds it may move by hand while nothing else is to be done."""

    def leap(self, mono: float) -> bool:
        """Move on to a time, unless something is due or runnable before; whether it did."""
        ready = len(getattr(asyncio.get_running_loop(), "_ready", ()))
        if self._holds or ready > int(self._pumping):
            return False
        if self._heap and self._heap[0][0] <= mono:
            return False
        self._now = max(self._now, mono)
        return True

    async def reach(self, mono: float) -> None:
        """Let everything happen up to a time."""
        if not self.leap(mono):
            await self.sleep(mono - self.monotonic())


class _Told:
    """A trigger whose firings also carry the values it decided by."""

    def __init__(self, block: Trigger) -> None:
        self._block = block

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for the block
        return getattr(self._block, name)

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """As the block, with more to tell."""

        def tell(firing: Firing) -> None:
            seen = _seen(self._block.watched(), context)
            fire(replace(firing, values={**seen, **firing.values}))

        return self._block.attach(context, tell)


def _seen(watched: tuple[Expression, ...], context: RuleContext) -> dict[str, Scalar | None]:
    parts = [part for expression in watched for part in expression.explain(context.env)]
    return {part.text: None if part.value is UNKNOWN else plain(part.value) for part in parts}


def _told(rule: RuleNode, *, enabled: bool) -> RuleNode:
    when: list[TriggerNode] = [
        replace(node, block=_Told(node.block))  # type: ignore[arg-type]  # stands for the block
        for node in rule.when
    ]
    return replace(rule, when=tuple(when), enabled=enabled)


class Backtest:
    """One back-test.

    Args:
        job: What is to be tested.
        recording: Where the samples are.
        tell: Hears of progress: a share from 0 to 1 and a sentence.
    """

    def __init__(self, job: BacktestJob, recording: Recording, tell: Tell) -> None:
        self._job = job
        self._recording = recording
        self._tell = tell
        home = Path(job.home) if job.home else None
        self._site = RecordedSite(Path(job.folder), recording.tables.values(), home)
        self._unread: list[str] = []
        self._flow = self._read()
        self._runs = self._find_runs()
        self._wanted = self._choose()
        self._sessions = self._spans()
        origin = min(
            (min(span[0], session.created) for session, span in self._sessions), default=0.0
        )
        self._origin = origin if job.start is None else max(origin, job.start)
        self._clock = LeapClock(self._origin)
        self._lab = PaperLab(self._clock)
        self._recent = Recent(self._lab.bus)
        self._session: RecordedSession | None = None
        live = LiveEnvironment(self._lab.values, self._recent, self._clock)
        env = LocalEnvironment(
            live,
            {
                "session.id": lambda: self._session.id if self._session else None,
                "session.name": lambda: self._session.name if self._session else None,
            },
        )
        self._env = env
        self._engine = RuleEngine(self._lab, env, None, zone_of(job.timezone))
        self._firings: list[dict[str, Any]] = []
        self._count = 0
        self._done = 0  # firings of all rules whose actions are over
        self._samples = 0
        self._mine: set[str] = {f"rule:{rule.id}" for rule in self._flow.rules}

    # -- before -----------------------------------------------------------------------------

    def _read(self) -> Flow:
        flow, findings = read_flow(self._job.text, self._job.file, self._site)
        if flow is None:
            msg = str(findings[0]) if findings else "the flow cannot be read"
            raise Rejected(msg, code="FLOW_INVALID", hint="see the findings", findings=findings)
        asked = self._job.rule
        if asked and asked not in {rule.id for rule in flow.rules}:
            msg = f"there is no rule {asked!r}"
            raise NotFound(msg, hint=f"rules: {', '.join(rule.id for rule in flow.rules)}")
        return self._with_told(flow)

    def _with_told(self, flow: Flow) -> Flow:
        """Its rules tell what they decided by; the one asked for works even when disabled."""
        asked = self._job.rule
        rules = (_told(rule, enabled=rule.enabled or rule.id == asked) for rule in flow.rules)
        return replace(flow, rules=tuple(rules))

    def _find_runs(self) -> dict[int, list[RecordedRun]]:
        """The runs of each session; those of the flow with the rules to be tested."""
        known: dict[int, list[RecordedRun]] = {}
        for session in self._recording.sessions(
            self._job.session_id, self._job.start, self._job.end
        ):
            rows = self._recording.runs(session.id)
            known[session.id] = [self._run(row) for row in rows]
        return known

    def _run(self, row: Mapping[str, Any]) -> RecordedRun:
        steps = self._recording.run_steps(row["id"])
        run = RecordedRun(row, steps, self._recording.run_cycles(row["id"]))
        if row["flow"] == self._flow.id:
            channel = str(row["bindings"].get("channel") or "")
            binding = Binding(channel=channel, parameters=row["parameters"])
            flow, findings = read_flow(self._job.text, self._job.file, self._site, binding)
            if flow is None:
                self._unread.append(f"run {run.run_id} does not go with this text: {findings[0]}")
            else:
                run.bind(self._with_told(flow))
        return run

    def _choose(self) -> dict[str, list[str]]:
        """Which entities of which devices: all whose names stand in the text."""
        channel = self._flow.names.channel
        wired = channel.devices if channel is not None else ()
        names = {*wired, self._flow.channel, self._flow.names.channel_id}
        for run in self._bound():
            channel = run.flow.names.channel
            names |= {run.flow.names.channel_id, *(channel.devices if channel else ())}
        found: dict[str, list[str]] = {}
        for device, table in self._recording.tables.items():
            if device not in names and device not in self._flow.text:
                continue
            entities = [column.entity for column in table.active]
            found[device] = [name for name in entities if name in self._flow.text] or entities[:1]
        return found

    def _bound(self) -> list[RecordedRun]:
        """Runs of the flow itself."""
        return [run for runs in self._runs.values() for run in runs if run.is_bound]

    def _spans(self) -> list[tuple[RecordedSession, tuple[float, float]]]:
        job = self._job
        if job.session_id is None and job.start is None and job.end is None:
            msg = "which recording?"
            raise BadInput(msg, hint="give a session, or a range of time")
        found = []
        for session in self._recording.sessions(job.session_id, job.start, job.end):
            bounds = self._recording.bounds(session, list(self._wanted))
            first, last = bounds or (session.created, session.stopped or session.created)
            first = min(first, session.created)
            last = max(last, session.stopped or last)
            if job.start is not None:
                first = max(first, job.start)
            if job.end is not None:
                last = min(last, job.end)
            if first <= last:
                found.append((session, (first, last)))
        return found

    # -- what was recorded ------------------------------------------------------------------

    def _items(self) -> Iterator[Item]:
        for session, span in self._sessions:
            streams: list[Iterator[Item]] = [iter(self._events(session, span))]
            for device, entities in self._wanted.items():
                polls = self._recording.snapshots(session, device, entities, span, self._origin)
                streams.append((poll.timestamp, 1, poll) for poll in polls)
            yield from heapq.merge(*streams, key=itemgetter(0, 1))

    def _events(self, session: RecordedSession, span: tuple[float, float]) -> list[Item]:
        """Session, markers and alarms, as their owners told of them."""
        told = {"id": session.id, "name": session.name, "created": session.created}
        publish = self._lab.publish
        found: list[Item] = [(span[0], 0, partial(self._begin, session))]
        for run in self._runs[session.id]:
            found += [
                (at, 0, tell)
                for at, tell in run.happened(self._lab, self._engine, self._env)
                if span[0] <= at <= span[1]
            ]
        if session.created >= span[0]:
            started = {**told, "action": "started"}
            found.append((span[0], 0, partial(publish, "session", started)))
        for kind, rows in self._rows(session):
            found += [
                (row["timestamp"], 0, partial(publish, kind, row))
                for row in rows
                if span[0] <= row["timestamp"] <= span[1]
            ]
        if session.stopped is not None and session.stopped <= span[1]:
            stopped = {**told, "action": "stopped"}
            found.append((span[1], 2, partial(publish, "session", stopped)))
        found.append((span[1], 3, self._end))
        return sorted(found, key=itemgetter(0, 1))

    def _rows(self, session: RecordedSession) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        markers = self._recording.markers(session.id)
        yield "marker", [{**row, "action": "added"} for row in markers]
        alarms = self._recording.alarms(session.id)
        # What the tested rules raised then they raise again now, if they still would.
        yield "alarm", [row for row in alarms if not self._is_ours(str(row["key"]))]

    def _is_ours(self, key: str) -> bool:
        return any(key == mine or key.startswith(f"{mine}/") for mine in self._mine)

    def _begin(self, session: RecordedSession) -> None:
        self._session = session

    def _end(self) -> None:
        """Nothing is known of the time between two recordings."""
        now, mono = self._clock.now(), self._clock.monotonic()
        self._session = None
        for device in self._wanted:
            samples = tuple(
                Sample(
                    old.point, None, old.unit, Quality.STALE, old.alarm, now, mono, "not recorded"
                )
                for old in self._lab.values.latest.values()
                if old.point.startswith(f"{device}.")
            )
            if samples:
                self._lab.bus.publish(Snapshot(device, now, mono, 0.0, samples))

    # -- the test ---------------------------------------------------------------------------

    async def run(self) -> dict[str, Any]:
        """Play the recording to its end; what the rules did."""
        bus = self._lab.bus
        bus.tap("sample/", self._lab.values.update)
        self._recent.start()
        await self._engine.start()
        bus.tap("event/rule_fired", self._note)
        self._engine.put(self._flow.id, self._flow)
        await self._play()
        rules = self._engine.list()
        self._engine.put(self._flow.id, None)
        await self._let_finish(sum(rule["fired"] for rule in rules))
        await self._engine.stop()
        self._recent.stop()
        return self._result(rules)

    async def _play(self) -> None:
        begin, end = self._range()
        length = max(end - begin, 1e-9)
        told = -1
        for timestamp, _, item in self._items():
            await self._clock.reach(timestamp - self._origin)
            if isinstance(item, Snapshot):
                self._samples += 1
                self._lab.bus.publish(item)
            else:
                item()
            percent = int(100 * (timestamp - begin) / length)
            if percent > told:
                told = percent
                self._tell(percent / 100, f"{self._count} firings")
        await self._clock.reach(end - self._origin)
        await self._clock.sleep(0)

    def _range(self) -> tuple[float, float]:
        if not self._sessions:
            return self._origin, self._origin
        return self._origin, max(span[1] for _, span in self._sessions)

    async def _let_finish(self, fired: int) -> None:
        nap, until = 0.0, self._clock.monotonic() + PATIENCE_S
        while self._done < fired and self._clock.monotonic() < until:
            await self._clock.sleep(nap)
            nap = min(2 * nap + 0.1, 600.0)

    def _note(self, event: Event) -> None:
        payload = event.payload
        if payload["outcome"] not in ACTED:
            return
        self._done += 1
        if self._job.rule not in {"", payload["rule"]}:
            return
        self._count += 1
        if len(self._firings) < self._job.limit:
            names = ("rule", "trigger", "values", "if", "branch", "outcome", "cause")
            self._firings.append(
                {
                    "at": round(payload["timestamp"], 6),
                    **{name: payload[name] for name in names},
                    "actions": [_would(action) for action in payload["actions"]],
                }
            )

    def _result(self, rules: list[dict[str, Any]]) -> dict[str, Any]:
        begin, end = self._range()
        names = ("id", "title", "enabled", "fired", "skipped", "evaluations", "suspended")
        return {
            "flow": self._flow.id,
            "rule": self._job.rule or None,
            "from": begin,
            "to": end,
            "timezone": self._job.timezone or "server",
            "runs": [run.run_id for run in self._bound()],
            "sessions": [session.id for session, _ in self._sessions],
            "samples": self._samples,
            "count": self._count,
            "truncated": self._count > len(self._firings),
            "firings": sorted(self._firings, key=itemgetter("at")),
            "rules": [{name: rule[name] for name in names} for rule in rules],
            "notes": list(self._notes()),
        }

    def _notes(self) -> Iterator[str]:
        yield from self._unread
        if not self._bound():
            for rule in self._flow.rules:
                if rule.scope == "run":
                    yield f"{rule.id} belongs to a run, and none was recorded: simulate the flow"
        missing = NOT_RECORDED if any(self._runs.values()) else {*NOT_RECORDED, "run"}
        for rule in self._flow.rules:
            for trigger in rule.when:
                if trigger.verb in missing:
                    yield f"{rule.id}: {trigger.verb} does not happen in a recording"
        if not self._samples:
            yield "nothing these rules look at was recorded in this time"
        points = {
            point
            for rule in self._flow.rules
            for trigger in rule.when
            for expression in trigger.block.watched()
            for point in expression.points
        }
        for point in sorted(points):
            is_local = point in LOCAL_UNITS or point.partition(".")[0] in {"var", *FREE_HEADS}
            if not is_local and self._site.column(point) is None:
                yield f"{point} was not recorded: it stays unknown"


def _would(action: Mapping[str, Any]) -> dict[str, Any]:
    """An action as it would have been carried out."""
    return {key: value for key, value in action.items() if key != "duration_s"}


def zone_of(name: str) -> tzinfo | None:
    """A time zone by name; None for none.

    Raises:
        BadInput: There is none of this name.
    """
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        msg = f"there is no time zone {name[:80]!r}"
        raise BadInput(msg, hint="write Europe/Berlin, or UTC") from None


async def backtest(job: BacktestJob, tell: Tell) -> dict[str, Any]:
    """Run a back-test.

    Raises:
        Rejected: The text has errors.
        NotFound: No such rule or session, or nothing was recorded.
        StorageError: The database cannot be read.
    """
    with Recording(Path(job.folder) / "data.db") as recording:
        return await Backtest(job, recording, tell).run()
