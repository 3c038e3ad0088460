"""The rule engine: attaches the rules of all live flows, lets them act, keeps what must be kept.

Evaluation happens in the publisher's turn of the bus, so a rule sees every sample; actions run as
supervised tasks. Only rules that read a point of a snapshot are evaluated.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.context import AlarmCall, Firing, Lab, Rests
from ionpy_auto.automation.flow import Flow, RuleNode
from ionpy_auto.automation.rules.cause import CURRENT, STARTUP, Echoes
from ionpy_auto.automation.rules.doing import switchable
from ionpy_auto.automation.rules.index import PointIndex
from ionpy_auto.automation.rules.keeping import Keeping
from ionpy_auto.automation.rules.record import Record
from ionpy_auto.automation.rules.rule import LiveRule
from ionpy_auto.automation.rules.runner import Lanes
from ionpy_auto.automation.rules.schedule import ClockScheduler, Owed, Plan
from ionpy_auto.automation.rules.scope import AlwaysScope, RuleHome, RunScope, WithinRun
from ionpy_auto.automation.rules.store import RuleStore, Trace
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.commands import Outcome
from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import Cell, Environment, ListNode, MapNode, Node, read_with_findings

log = structlog.get_logger(__name__)

PULSE_S = 1.0
BOUND = "\x00"  # ends what binds a rule; no file holds it


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
        timezone: Of times of day; the machine's by default.
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
        self.timezone = timezone
        self._tasks = Tasks("rules", lab.clock)
        self._index = PointIndex()
        self._echoes = Echoes()
        self._records: dict[str, Record] = {}
        self._flows: dict[str, dict[str, LiveRule]] = {}  # rules of scope always, by flow
        self._dormant: dict[str, dict[str, RuleNode]] = {}  # rules of scope run, by flow
        self._runs: dict[str, tuple[RunScope, list[LiveRule]]] = {}
        self._written: dict[str, str] = {}  # rules as the files have them, without what binds them
        self._pulses: dict[object, Callable[[], None]] = {}
        self._pulse_timer: Timer | None = None
        self._scheduler: ClockScheduler | None = None
        self._leave: list[Callable[[], None]] = []
        self._keeping = Keeping(store, lab, self._tasks, self._records)
        self.writing: set[asyncio.Future[Outcome]] = set()
        self.is_stopping = False
        self.may_start: Callable[[Flow], bool] = _never

    @property
    def lab(self) -> Lab:
        """What rules may do."""
        return self._lab

    @property
    def store_failures(self) -> int:
        """How often the store refused."""
        return self._keeping.failures

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up kept states and listen to the bus; start after the recorder and live values."""
        await self._keeping.start()
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
        self._give_up()

    def _give_up(self) -> None:
        """Tell of firings from before the start that nothing goes on with.

        Their rule is gone, or it belonged to a run: runs end with the server.
        """
        now, mono = self.lab.clock.now(), self.lab.clock.monotonic()
        alive = {rule.node.id for rule in self._all()}
        for rule_id, record in self._records.items():
            jobs = [] if rule_id in alive else record.waiting
            for job in jobs:
                told = {"reason": "its rule or its run is gone", "gap_s": now - (job.before or now)}
                record.recent.append(job.trace(rule_id, "interrupted", mono, **told))
                self._tell_trace(record.recent[-1])
            if jobs:
                record.waiting = []
                self._keeping.changed(rule_id)

    def tell_started(self) -> None:
        """The project is open and its devices were looked at: ``startup`` rules look."""
        self._tell("startup", {}, (STARTUP,))

    async def stop(self) -> None:
        """Detach all rules, end what acts, keep states: what was pending goes on next time."""
        self.is_stopping = True
        for leave in self._leave:
            leave()
        self._leave.clear()
        for flow_id in list(self._flows):
            for rule in self._flows.pop(flow_id).values():
                rule.detach()
                rule.lanes.cancel()
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
        await self._keeping.close()

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
            self._forget(old)
            return
        home = AlwaysScope(self.lab, self._env, flow)
        texts = rule_texts(flow)
        self._take_texts(texts)
        always = [node for node in flow.rules if node.scope == "always"]
        self._dormant[flow_id] = {node.id: node for node in flow.rules if node.scope == "run"}
        self._flows[flow_id] = {
            node.id: self._make(node, texts.get(node.id, ""), home, old.get(node.id))
            for node in always
        }
        self._forget(old.keys() - self._flows[flow_id].keys())
        for rule in self._flows[flow_id].values():
            rule.resume()
            rule.refresh()

    def _take_texts(self, texts: Mapping[str, str]) -> None:
        """Switches of single actions belong to a text: another one may have others there."""
        for rule_id, text in texts.items():
            own = self._written[rule_id] = own_text(text)
            record = self._records.get(rule_id)
            if record is not None and record.actions and record.actions_of != own:
                record.actions.clear()
                self._keeping.changed(rule_id)

    def _forget(self, rules: Iterable[str]) -> None:
        """Rules that are gone: should they come back, nobody has looked meanwhile."""
        for rule_id in rules:
            self._records[rule_id].kept.clear()
            self._keeping.changed(rule_id)

    def _make(
        self, node: RuleNode, text: str, home: RuleHome, old: LiveRule | None = None
    ) -> LiveRule:
        record = self._records.setdefault(node.id, Record(text=text))
        if record.text != text:
            record.renew(text)
            self._keeping.changed(node.id)
            old = None
        lanes = old.lanes if old is not None else Lanes(self._tasks, node.id)
        return LiveRule(node, record, home, self, lanes)

    def add_run(self, run: RunScope) -> Callable[[], None]:
        """Attach the run-scoped rules of a run; returns what to call when it is over.

        They still hear what is told in that turn: that the run is finished. Actions under way then
        are finished.
        """
        home = WithinRun(run)
        texts = rule_texts(run.flow)
        rules = []
        for node in run.flow.rules:
            if node.scope == "run":
                rules.append(self._make(node, texts.get(node.id, ""), home))
                rules[-1].record.kept.clear()
        entry = self._runs[run.run_id] = (run, rules)
        for rule in rules:
            rule.resume()
            rule.refresh()

        def over() -> None:
            if self._runs.get(run.run_id) is entry:
                self._end_run(run.run_id)

        return lambda: self.soon(over)

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

    def watch_limits(
        self,
        crossings: tuple[str, Cell, frozenset[float]],
        who: Rests,
        look: Callable[[], None],
    ) -> tuple[Callable[[], None], Callable[[], int]]:
        """Look at samples of a point that cross limits; the way out, and the count of samples."""
        point, cell, limits = crossings
        return self._index.add_limits((point, cell, self.lab.clock), limits, who, look)

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
        self, plan: Plan, since: float, call: Callable[[], None], missed: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times; tell of those that went by."""
        return self._clockwork().plan(plan, call, since, missed)

    def owed(self, plan: Plan, since: float) -> Owed | None:
        """Times of a plan after ``since`` (UTC) that are over."""
        return self._clockwork().owed(plan, since)

    def _clockwork(self) -> ClockScheduler:
        if self._scheduler is None:
            self._scheduler = ClockScheduler(self.lab.clock, self.timezone)
            self._scheduler.start()
        return self._scheduler

    def soon(self, call: Callable[[], None]) -> None:
        """Call in the next turn."""
        self.lab.clock.call_at(self.lab.clock.monotonic(), call)

    def chain_of(self, points: frozenset[str]) -> tuple[str, ...]:
        """Which chain of rules wrote one of the points lately."""
        return self._echoes.chain_of(points, self.lab.clock.monotonic())

    def note_write(self, point: str, chain: tuple[str, ...]) -> None:
        """A rule writes a point."""
        self._echoes.note(point, self.lab.clock.monotonic(), chain)

    def traced(self, rule: LiveRule, trace: Trace) -> None:
        """Keep a trace and tell."""
        rule.record.recent.append(trace)
        self._tell_trace(trace)

    def _tell_trace(self, trace: Trace) -> None:
        self._keeping.add(trace)
        self._tell("rule_fired", {"id": trace.rule, **trace.as_dict()}, trace.cause)

    def changed(self, rule_id: str) -> None:
        """Something in the record must be kept."""
        self._keeping.changed(rule_id)

    async def commit(self, rule_id: str) -> None:
        """Return when the record is durable."""
        await self._keeping.commit(rule_id)

    def at_once(self, rule_id: str) -> None:
        """Something in the record must be kept now."""
        self._keeping.at_once(rule_id)

    def ended(self, rule_id: str) -> None:
        """A firing is over."""
        self._keeping.ended(rule_id)

    def alarm(self, rule_id: str, text: str) -> None:
        """Tell a person that something pending was dropped."""
        self._records[rule_id].alarmed = True
        self._keeping.changed(rule_id)
        self._raise(AlarmCall(key=f"rule:{rule_id}:gap", severity="warning", text=text))

    def calm(self, rule_id: str) -> None:
        """The rule acts again, or somebody has looked at it: that alarm is over."""
        record = self._records[rule_id]
        if record.alarmed:
            record.alarmed = False
            self._keeping.changed(rule_id)
            self._raise(AlarmCall(key=f"rule:{rule_id}:gap", active=False))

    def suspend(self, rule: LiveRule, reason: str, cause: tuple[str, ...]) -> None:
        """Take the rule out until a person enables it, and raise an alarm."""
        if rule.record.suspended:
            return
        rule.record.suspended = reason
        rule.forget_queue()
        rule.refresh()
        self.at_once(rule.node.id)
        log.error("rule suspended", rule=rule.node.id, reason=reason)
        now = self.lab.clock.now()
        self.traced(rule, Trace(rule.node.id, now, "", "suspended", 0.0, cause))
        call = AlarmCall(
            key=f"rule:{rule.node.id}",
            severity="critical",
            text=f"Rule {rule.node.id} is suspended: {reason}",
            cause=cause,
        )
        self._raise(call)

    def _raise(self, call: AlarmCall) -> None:
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
            self._raise(AlarmCall(key=f"rule:{rule_id}", active=False))
        self.calm(rule_id)
        self._tell("rule_changed", {"id": rule_id, "enabled": enabled})

    async def set_action_enabled(
        self, rule_id: str, place: str, *, enabled: bool | None
    ) -> dict[str, Any]:
        """Switch one action on or off at run time (None: as the file says).

        Args:
            rule_id: ``<flow-id>/<rule-id>``.
            place: As `list` names it: ``then/0``, ``then/2/else/1``.
            enabled: The switch; another text of the rule forgets it, another run does not.

        Raises:
            NotFound: No live flow has such a rule, or the rule no such action.
        """
        self._find(rule_id)
        known = next(rule for rule in self.list() if rule["id"] == rule_id)["actions"]
        if place not in {action["place"] for action in known}:
            msg = f"rule {rule_id} has no action {place!r}"
            raise NotFound(msg, hint=", ".join(action["place"] for action in known))
        record = self._records.setdefault(rule_id, Record())
        record.actions.pop(place, None)
        if enabled is not None:
            record.actions[place], record.actions_of = enabled, self._written.get(rule_id, "")
        self._keeping.changed(rule_id)
        self._tell("rule_changed", {"id": rule_id, "action": place, "enabled": enabled})
        return next(rule for rule in self.list() if rule["id"] == rule_id)

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
        return await self._keeping.traces(rule_id, limit)

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
        mono = self.lab.clock.monotonic()
        mean = record.spent_s / record.timed * 1e6 if record.timed else 0.0
        return {
            "id": node.id,
            "title": node.title,
            "flow": node.id.partition("/")[0],
            "sentence": node.sentence,
            "line": node.line,
            "when": [trigger.block.sentence() for trigger in node.when],
            "if": node.check_texts,
            "scope": node.scope,
            "during": list(node.during),
            "cooldown_s": node.cooldown,
            "once": node.once,
            "mode": node.mode,
            "enabled": node.enabled,
            "runtime_enabled": node.enabled if record.enabled is None else record.enabled,
            "suspended": record.suspended,
            "last_fired": record.last_fired,
            "last_outcome": record.recent[-1].outcome if record.recent else None,
            "fired": record.fired,
            "skipped": dict(record.skipped),
            "evaluations": record.evaluations,
            "mean_us": mean,
            "actions": [
                *switchable(node.then, "then", record.actions),
                *switchable(node.otherwise, "else", record.actions),
            ],
            "waiting": max(len(record.jobs) - 1, 0),
            "cooling_s": max([0.0, *(end - mono for end in record.cooling.values())]),
            "state": live.state if live is not None else "idle",
            "why": live.why() if live is not None else {"result": None, "leaves": []},
        }


def _never(flow: Flow) -> bool:
    del flow
    return False


def rule_texts(flow: Flow) -> dict[str, str]:
    """What decides whether a rule has changed: its own text, and what the flow binds."""
    node, _ = read_with_findings(flow.text, flow.file)
    rules = node.get("rules") if isinstance(node, MapNode) else None
    if not isinstance(rules, ListNode):
        return {}
    names = flow.names
    bound = f"{names.channel_id}|{sorted(names.parameters.items(), key=str)}|{flow.cell}|{BOUND}"
    items = [item for item in rules.items if isinstance(item, MapNode)]
    return {f"{flow.id}/{_id_of(item)}": bound + _text_of(item, flow.text) for item in items}


def own_text(text: str) -> str:
    """Of a text from `rule_texts` the part that stands in the file."""
    return text.partition(BOUND)[2]


def _id_of(item: MapNode) -> str:
    entry: Node | None = item.get("id")
    return getattr(entry, "text", "")


def _text_of(item: Node, text: str) -> str:
    return text[item.start.offset : item.end.offset].strip()
