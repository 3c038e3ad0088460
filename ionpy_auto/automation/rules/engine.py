"""The rule engine: attaches the rules of all live flows, lets them act, keeps what must be kept.

Evaluation happens in the publisher's turn of the bus, so a rule sees every sample; actions run as
supervised tasks. Only rules that read a point of a snapshot are evaluated.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.context import AlarmCall, Firing, Lab
from ionpy_auto.automation.flow import Flow, RuleNode
from ionpy_auto.automation.rules.cause import CURRENT, STARTUP, Echoes
from ionpy_auto.automation.rules.index import PointIndex
from ionpy_auto.automation.rules.rule import LiveRule, Record, held_until
from ionpy_auto.automation.rules.runner import Runner
from ionpy_auto.automation.rules.schedule import ClockScheduler
from ionpy_auto.automation.rules.scope import AlwaysScope, RuleHome, RunScope, WithinRun
from ionpy_auto.automation.rules.store import KeptRule, RuleStore, Trace
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.commands import Outcome
from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import Environment, ListNode, MapNode, Node, read_with_findings

log = structlog.get_logger(__name__)

PULSE_S = 1.0
FLUSH_S = 1.0
MAX_WAITING_TRACES = 10_000


class FlowSource(Protocol):
    """Where live flows come from (`FlowStore`)."""

    def live(self) -> Sequence[Flow]:
        """All live flows."""

    def on_change(self, tell: Callable[[str, Flow | None], None]) -> Callable[[], None]:
        """Be told of every flow that changes (None: it is gone); returns the way to leave."""


class RuleEngine:
    """Runs rules.

    Args:
        lab: What rules may do.
        env: Points, and ``session.*``; samples must be in it before they reach us on the bus.
        store: Keeps traces and states; without one they live in memory.
        timezone: Of schedules; the machine's by default.
    """

    def __init__(
        self,
        lab: Lab,
        env: Environment,
        store: RuleStore | None = None,
        timezone: tzinfo | None = None,
    ) -> None:
        self._lab = lab
        self._env = env
        self._store = store
        self._timezone = timezone
        self._tasks = Tasks("rules", lab.clock)
        self._index = PointIndex()
        self._echoes = Echoes()
        self._records: dict[str, Record] = {}
        self._flows: dict[str, dict[str, LiveRule]] = {}  # rules of scope always, by flow
        self._dormant: dict[str, dict[str, RuleNode]] = {}  # rules of scope run, by flow
        self._runs: dict[str, tuple[RunScope, list[LiveRule]]] = {}
        self._pulses: dict[object, Callable[[], None]] = {}
        self._pulse_timer: Timer | None = None
        self._scheduler: ClockScheduler | None = None
        self._leave: list[Callable[[], None]] = []
        self._dirty: set[str] = set()
        self._traces: list[Trace] = []
        self._wake = asyncio.Event()
        self.writing: set[asyncio.Future[Outcome]] = set()
        self.store_failures = 0

    @property
    def lab(self) -> Lab:
        """What rules may do."""
        return self._lab

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up kept states and listen to the bus; start after the recorder and live values."""
        if self._store is not None:
            self._take_up(await self._store.load())
            self._tasks.keep("keep", self._keep_for_ever)
        bus = self.lab.bus
        self._leave = [
            bus.tap("sample/", self._index.take),
            bus.tap(("event/run_step", "event/run"), self._on_run),
            bus.tap("event/rule_switch", self._on_switch),
            bus.tap("event/rule_trigger", self._on_trigger),
        ]

    def follow(self, flows: FlowSource) -> None:
        """Attach the rules of all live flows, and of those to come."""
        self._leave.append(flows.on_change(self.put))
        for flow in flows.live():
            self.put(flow.id, flow)

    def tell_started(self) -> None:
        """The project is open and its devices were looked at: ``startup`` rules look."""
        self._tell("startup", {}, (STARTUP,))

    async def stop(self) -> None:
        """Detach all rules, end what acts, keep states."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        for flow_id in list(self._flows):
            for rule in self._flows.pop(flow_id).values():
                rule.detach()
                rule.runner.cancel()
        for run_id in list(self._runs):
            self._end_run(run_id)
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await self.lab.clock.sleep(0)  # its shutdown is a call on the loop
        if self._pulse_timer is not None:
            self._pulse_timer.cancel()
        await self._tasks.stop()
        # No write may arrive after what comes next: the safe states.
        await asyncio.gather(*self.writing, return_exceptions=True)
        if self._store is not None:
            await self._flush()

    def _take_up(self, kept: Mapping[str, KeptRule]) -> None:
        now = self.lab.clock.monotonic()
        for rule_id, row in kept.items():
            state = row.state
            self._records[rule_id] = Record(
                text=str(state.get("text", "")),
                enabled=row.enabled,
                suspended=str(state.get("suspended", "")),
                fired=int(state.get("fired", 0)),
                last_fired=state.get("last_fired"),
                cool_until=float(state.get("cool_until", 0.0)),
                once_in=str(state.get("once_in", "")),
                kept={key: (now, value) for key, value in state.get("kept", {}).items()},
            )

    # -- flows and runs ---------------------------------------------------------------------

    def put(self, flow_id: str, flow: Flow | None) -> None:
        """Replace the rules of a flow by those of its new version (None: it is gone).

        Rules whose text has not changed keep their hold timers, edges and counters; actions under
        way finish on the old version.
        """
        old = self._flows.pop(flow_id, {})
        for rule in old.values():
            rule.detach()
        self._dormant.pop(flow_id, None)
        if flow is None:
            return
        home = AlwaysScope(self.lab, self._env, flow)
        texts = rule_texts(flow)
        always = [node for node in flow.rules if node.scope == "always"]
        self._dormant[flow_id] = {node.id: node for node in flow.rules if node.scope == "run"}
        self._flows[flow_id] = {
            node.id: self._make(node, texts.get(node.id, ""), home, old.get(node.id))
            for node in always
        }
        for rule in self._flows[flow_id].values():
            rule.refresh()

    def _make(
        self, node: RuleNode, text: str, home: RuleHome, old: LiveRule | None = None
    ) -> LiveRule:
        record = self._records.setdefault(node.id, Record(text=text))
        if record.text != text:
            record.text, record.suspended = text, ""
            record.kept.clear()
            record.cool_until, record.once_in = 0.0, ""
            old = None
        runner = old.runner if old is not None else Runner(self._tasks, node.id)
        return LiveRule(node, record, home, self, runner)

    def add_run(self, run: RunScope) -> Callable[[], None]:
        """Attach the run-scoped rules of a run; returns what to call when it is over.

        Actions under way when the run ends are finished.
        """
        home = WithinRun(run)
        texts = rule_texts(run.flow)
        rules = []
        for node in run.flow.rules:
            if node.scope == "run":
                shared = self._records.setdefault(node.id, Record(text=texts.get(node.id, "")))
                shared.kept.clear()
                rules.append(LiveRule(node, shared, home, self, Runner(self._tasks, node.id)))
        self._runs[run.run_id] = (run, rules)
        for rule in rules:
            rule.refresh()
        return lambda: self._end_run(run.run_id)

    def _end_run(self, run_id: str) -> None:
        _, rules = self._runs.pop(run_id, (None, []))
        for rule in rules:
            rule.detach()

    def step_changed(self, run_id: str) -> None:
        """Look again which rules of a run ``during`` lets work."""
        _, rules = self._runs.get(run_id, (None, []))
        for rule in rules:
            if rule.node.during:
                rule.refresh()

    def _on_run(self, event: Event) -> None:
        for name in ("run", "run_id", "id"):
            run_id = event.payload.get(name)
            if isinstance(run_id, str) and run_id in self._runs:
                self.step_changed(run_id)

    # -- what rules need (RuleKeeper) -------------------------------------------------------

    def watch(self, points: frozenset[str], look: Callable[[], None]) -> Callable[[], None]:
        """Look at samples of points."""
        return self._index.add(points, look)

    def pulse(self, look: Callable[[], None]) -> Callable[[], None]:
        """Look every second."""
        key = object()
        self._pulses[key] = look
        if self._pulse_timer is None:
            self._plan_pulse()
        return lambda: self._pulses.pop(key, None) and None

    def _plan_pulse(self) -> None:
        clock = self.lab.clock
        self._pulse_timer = clock.call_at(clock.monotonic() + PULSE_S, self._on_pulse)

    def _on_pulse(self) -> None:
        self._pulse_timer = None
        for look in tuple(self._pulses.values()):
            try:
                look()
            except Exception:
                log.exception("a rule failed to look")
        if self._pulses:
            self._plan_pulse()

    def plan(
        self, *, cron: str | None, every_s: float | None, at: str | None, call: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times."""
        if self._scheduler is None:
            self._scheduler = ClockScheduler(self.lab.clock, self._timezone)
            self._scheduler.start()
        return self._scheduler.plan(cron=cron, every_s=every_s, at=at, call=call)

    def chain_of(self, points: frozenset[str]) -> tuple[str, ...]:
        """Which chain of rules wrote one of the points lately."""
        return self._echoes.chain_of(points, self.lab.clock.monotonic())

    def note_write(self, point: str, chain: tuple[str, ...]) -> None:
        """A rule writes a point."""
        self._echoes.note(point, self.lab.clock.monotonic(), chain)

    def traced(self, rule: LiveRule, trace: Trace) -> None:
        """Keep a trace and tell."""
        rule.record.recent.append(trace)
        if self._store is not None:
            if len(self._traces) >= MAX_WAITING_TRACES:
                self._traces.pop(0)
                self.store_failures += 1
            self._traces.append(trace)
            self._wake.set()
        self._tell("rule_fired", {"id": trace.rule, **trace.as_dict()}, trace.cause)

    def changed(self, rule_id: str) -> None:
        """Something in the record must be kept."""
        if self._store is not None:
            self._dirty.add(rule_id)
            self._wake.set()

    def suspend(self, rule: LiveRule, reason: str, cause: tuple[str, ...]) -> None:
        """Take the rule out until a person enables it, and raise an alarm."""
        if rule.record.suspended:
            return
        rule.record.suspended = reason
        rule.runner.forget()
        rule.refresh()
        self.changed(rule.node.id)
        log.error("rule suspended", rule=rule.node.id, reason=reason)
        now = self.lab.clock.now()
        self.traced(rule, Trace(rule.node.id, now, "", "suspended", 0.0, cause))
        call = AlarmCall(
            key=f"rule:{rule.node.id}",
            severity="critical",
            text=f"Rule {rule.node.id} is suspended: {reason}",
            cause=cause,
        )
        self._tasks.start("alarm", self._alarm(call))

    async def _alarm(self, call: AlarmCall) -> None:
        await self.lab.alarm(call)

    def _tell(self, kind: str, payload: Mapping[str, Any], cause: tuple[str, ...] = ()) -> None:
        clock = self.lab.clock
        self.lab.bus.publish(Event(kind, payload, clock.now(), clock.monotonic(), cause))

    # -- switches and answers ---------------------------------------------------------------

    def _all(self) -> Iterable[LiveRule]:
        for rules in self._flows.values():
            yield from rules.values()
        for _, within in self._runs.values():
            yield from within

    def _find(self, rule_id: str) -> list[LiveRule]:
        found = [rule for rule in self._all() if rule.node.id == rule_id]
        if not found and not any(rule_id in nodes for nodes in self._dormant.values()):
            msg = f"there is no rule {rule_id!r}"
            raise NotFound(msg, hint="GET /api/rules lists them")
        return found

    async def set_enabled(self, rule_id: str, *, enabled: bool | None) -> dict[str, Any]:
        """Switch a rule on or off at run time (None: as the file says); ends a suspension.

        Raises:
            NotFound: No live flow has such a rule.
        """
        self._switch(rule_id, enabled)
        return next(rule for rule in self.list() if rule["id"] == rule_id)

    def _switch(self, rule_id: str, enabled: bool | None) -> None:
        found = self._find(rule_id)
        record = self._records.setdefault(rule_id, Record())
        was_suspended, record.suspended = record.suspended, ""
        record.enabled = enabled
        for rule in found:
            rule.forgive()
            rule.refresh()
        self.changed(rule_id)
        if was_suspended:
            call = AlarmCall(key=f"rule:{rule_id}", active=False)
            self._tasks.start("alarm", self._alarm(call))
        self._tell("rule_changed", {"id": rule_id, "enabled": enabled})

    def _on_switch(self, event: Event) -> None:
        try:
            self._switch(str(event.payload["rule"]), bool(event.payload["enabled"]))
        except IonpyError as error:
            log.warning("rule not switched", message=error.message)

    def _on_trigger(self, event: Event) -> None:
        """An action triggers a rule; the chain of cause goes on."""
        rule_id, by = str(event.payload["rule"]), str(event.payload.get("by", ""))
        try:
            found = self._find(rule_id)
        except IonpyError as error:
            log.warning("rule not triggered", message=error.message)
            return
        for rule in found:
            if rule.is_enabled:  # what a person has switched off no rule switches on
                rule.fire("manual", Firing("manual", {"by": by}, event.cause))

    async def trigger(self, rule_id: str, by: str = "") -> dict[str, Any]:
        """Fire a rule by hand, in every run that has it; its ``if`` still decides.

        Returns:
            ``{id, acted, reason}``: why it does not act, or an empty reason.

        Raises:
            NotFound: No live flow has such a rule.
        """
        reason = self._fire_by_hand(self._find(rule_id), by)
        return {"id": rule_id, "acted": not reason, "reason": reason}

    @staticmethod
    def _fire_by_hand(found: Sequence[LiveRule], by: str) -> str:
        if not found:
            return "no run has this rule now"
        token = CURRENT.set(())
        try:
            reasons = [rule.fire("manual", Firing("manual", {"by": by})) for rule in found]
        finally:
            CURRENT.reset(token)
        return "" if "" in reasons else reasons[0]

    async def traces(self, rule_id: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest traces of a rule, newest first."""
        if self._store is None:
            record = self._records.get(rule_id, Record())
            return [trace.as_dict() for trace in reversed(record.recent)][:limit]
        await self._flush()
        return await self._store.traces(rule_id, limit)

    def list(self) -> list[dict[str, Any]]:
        """All rules of live flows, as REST shows them."""
        live: dict[str, LiveRule] = {}
        for rule in self._all():
            live.setdefault(rule.node.id, rule)
        nodes = {node.id: node for nodes in self._dormant.values() for node in nodes.values()}
        nodes.update({rule_id: rule.node for rule_id, rule in live.items()})
        return [self._as_dict(nodes[rule_id], live.get(rule_id)) for rule_id in sorted(nodes)]

    def _as_dict(self, node: RuleNode, live: LiveRule | None) -> dict[str, Any]:
        record = self._records.get(node.id, Record())
        mean = record.spent_s / record.timed * 1e6 if record.timed else 0.0
        return {
            "id": node.id,
            "title": node.title,
            "flow": node.id.partition("/")[0],
            "sentence": node.sentence,
            "scope": node.scope,
            "mode": node.mode,
            "enabled": node.enabled,
            "runtime_enabled": node.enabled if record.enabled is None else record.enabled,
            "suspended": record.suspended,
            "last_fired": record.last_fired,
            "fired": record.fired,
            "skipped": dict(record.skipped),
            "evaluations": record.evaluations,
            "mean_us": mean,
            "state": live.state if live is not None else "idle",
            "why": live.why() if live is not None else {"result": None, "leaves": []},
        }

    # -- keeping ----------------------------------------------------------------------------

    async def _keep_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.lab.clock.sleep(FLUSH_S)
            await self._flush()

    async def _flush(self) -> None:
        """Write what is waiting; on an error it waits for the next time."""
        if self._store is None or not (self._dirty or self._traces):
            return
        dirty, self._dirty = self._dirty, set()
        traces, self._traces = self._traces, []
        states = {rule: self._kept(self._records[rule]) for rule in dirty if rule in self._records}
        try:
            await self._store.save(states, traces)
        except IonpyError as error:
            self.store_failures += 1
            self._dirty |= dirty
            self._traces = [*traces, *self._traces]
            log.warning("rule states not kept", message=error.message)

    def _kept(self, record: Record) -> KeptRule:
        clock = self.lab.clock
        mono = clock.monotonic()
        state = {
            key: value
            for key, value in asdict(record).items()
            if key in {"text", "suspended", "fired", "last_fired", "cool_until", "once_in"}
        }
        state["kept"] = {key: held_until(found, mono) for key, found in record.kept.items()}
        return KeptRule(record.enabled, state, clock.now())


def rule_texts(flow: Flow) -> dict[str, str]:
    """What decides whether a rule has changed: its own text, and what the flow binds."""
    node, _ = read_with_findings(flow.text, flow.file)
    rules = node.get("rules") if isinstance(node, MapNode) else None
    if not isinstance(rules, ListNode):
        return {}
    names = flow.names
    bound = f"{names.channel_id}|{sorted(names.parameters.items(), key=str)}|{flow.cell}|"
    items = [item for item in rules.items if isinstance(item, MapNode)]
    return {f"{flow.id}/{_id_of(item)}": bound + _text_of(item, flow.text) for item in items}


def _id_of(item: MapNode) -> str:
    entry: Node | None = item.get("id")
    return getattr(entry, "text", "")


def _text_of(item: Node, text: str) -> str:
    return text[item.start.offset : item.end.offset].strip()
