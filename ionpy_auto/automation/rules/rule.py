"""One rule at work: its triggers attached, its counters, its firings.

A rule of ``scope: always`` exists once; one of ``scope: run`` once per run. What must outlive a
reload or a restart stands in its `Record`, which the engine owns.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import tzinfo
from time import perf_counter
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.context import Firing, Lab, Rests
from ionpy_auto.automation.flow import Flow, RuleNode, TriggerNode
from ionpy_auto.automation.names import LOCAL_UNITS
from ionpy_auto.automation.rules.cause import ARMED_STARTUP, CURRENT, MAX_DEPTH, STARTUP
from ionpy_auto.automation.rules.doing import Doing, broken
from ionpy_auto.automation.rules.gap import gap_since, in_words, ruling
from ionpy_auto.automation.rules.job import Job
from ionpy_auto.automation.rules.record import Record, held_until
from ionpy_auto.automation.rules.runner import MAX_LANES, Lanes
from ionpy_auto.automation.rules.schedule import Owed, Plan
from ionpy_auto.automation.rules.scope import Acting, RuleHome, firing_env, plain
from ionpy_auto.automation.rules.store import Trace
from ionpy_auto.core.commands import Outcome
from ionpy_auto.language import UNKNOWN, Cell, Environment, Expression, Part, Value

log = structlog.get_logger(__name__)

MAX_ACTIONS_PER_S = 10
MAX_DEVICE_ID = 64
TIMED_EACH = 32  # reading the time twice costs more than most evaluations: one in so many is timed
STOPPED_AT_IF = "stopped at if"
INTERRUPTED = "interrupted by a restart"


class RuleKeeper(Protocol):
    """What a rule needs from its engine."""

    writing: set[asyncio.Future[Outcome]]  # writes under way

    @property
    def lab(self) -> Lab:
        """The project."""

    def watch(self, points: frozenset[str], look: Callable[[], None]) -> Callable[[], None]:
        """Look at samples of points."""

    def watch_limits(
        self,
        crossings: tuple[str, Cell, frozenset[float]],
        who: Rests,
        look: Callable[[], None],
    ) -> tuple[Callable[[], None], Callable[[], int]]:
        """Look at samples of a point that cross limits; the way out, and the count of samples."""

    def pulse(self, look: Callable[[], None]) -> Callable[[], None]:
        """Look every second."""

    @property
    def timezone(self) -> tzinfo | None:
        """Of times of day; None: that of the server."""

    def may_start(self, flow: Flow) -> bool:
        """Whether an engineer has armed a flow to drive outputs after a start."""

    @property
    def is_stopping(self) -> bool:
        """The server ends: what is pending goes on after the next start."""

    def plan(
        self, plan: Plan, since: float, call: Callable[[], None], missed: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times; tell of those that went by."""

    def owed(self, plan: Plan, since: float) -> Owed | None:
        """Times of a plan after ``since`` (UTC) that are over."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call in the next turn."""

    def chain_of(self, points: frozenset[str]) -> tuple[str, ...]:
        """Which chain of rules wrote one of the points lately."""

    def note_write(self, point: str, chain: tuple[str, ...]) -> None:
        """A rule writes a point."""

    def traced(self, rule: "LiveRule", trace: Trace) -> None:
        """Keep a trace and tell."""

    def changed(self, rule_id: str) -> None:
        """Something in the record must be kept."""

    async def commit(self, rule_id: str) -> None:
        """Return when the record is durable."""

    def at_once(self, rule_id: str) -> None:
        """Something in the record must be kept now."""

    def ended(self, rule_id: str) -> None:
        """A firing is over."""

    def alarm(self, rule_id: str, text: str) -> None:
        """Tell a person that something pending was dropped."""

    def calm(self, rule_id: str) -> None:
        """The rule acts again: that alarm is over."""

    def suspend(self, rule: "LiveRule", reason: str, cause: tuple[str, ...]) -> None:
        """Take the rule out and raise an alarm."""


class LiveRule:
    """A rule with its triggers attached."""

    def __init__(
        self, node: RuleNode, record: Record, home: RuleHome, keeper: RuleKeeper, lanes: Lanes
    ) -> None:
        self.node = node
        self.record = record
        self.home = home
        self.lanes = lanes
        self.text = record.text
        self._keeper = keeper
        self._leave: list[Callable[[], None]] = []
        self._recent: deque[float] = deque()  # when actions began, for the rate limit

    # -- life -------------------------------------------------------------------------------

    @property
    def is_enabled(self) -> bool:
        """By the runtime switch, or by the file."""
        switch = self.record.enabled
        return (self.node.enabled if switch is None else switch) and not self.record.suspended

    @property
    def is_attached(self) -> bool:
        """Whether its triggers look."""
        return bool(self._leave)

    @property
    def is_due(self) -> bool:
        """Whether it should look now: enabled, and in one of the steps of ``during``."""
        inside = not self.node.during or bool(set(self.node.during) & set(self.home.steps))
        return self.is_enabled and inside

    def refresh(self) -> None:
        """Attach or detach as things are now."""
        if self.is_due and not self.is_attached:
            for trigger in self.node.when:
                self._attach(trigger)
        elif not self.is_due and self.is_attached:
            self.detach()
            self.record.kept.clear()

    def _attach(self, trigger: TriggerNode) -> None:
        watched = trigger.block.watched()
        points = frozenset(point for expression in watched for point in expression.points)

        def fire(firing: Firing) -> None:
            self.fire(trigger.id, firing, points)

        self._leave.append(trigger.block.attach(_Seen(self, trigger.id, self._keeper), fire))

    def detach(self) -> None:
        """Look no more; what acts goes on."""
        for leave in self._leave:
            leave()
        self._leave.clear()

    # -- firing -----------------------------------------------------------------------------

    def fire(self, trigger_id: str, firing: Firing, points: frozenset[str] = frozenset()) -> str:
        """React to a trigger; returns why it does not act, or an empty text."""
        cause = firing.cause or CURRENT.get() or self._keeper.chain_of(points)
        if cause == (STARTUP,) and self._keeper.may_start(self.home.flow):
            cause = (ARMED_STARTUP,)
        # Who only looks at what a circle writes is not part of it and goes on.
        if len(cause) >= MAX_DEPTH and f"rule:{self.node.id}" in cause:
            self._keeper.suspend(self, "feeds itself: " + " → ".join(cause), cause)
            return "feeds itself"
        lane = ""
        if self.node.per_device:
            lane = device_of(firing, points)
            firing = replace(firing, values={**firing.values, "device": lane or None})
        env = firing_env(self.home, firing)
        seen: list[dict[str, Any]] = []
        branch = self._branch(env, seen)
        reason = self._refusal(branch, lane)
        if not reason:
            chain = (*cause, f"rule:{self.node.id}")
            now = self._keeper.lab.clock.now()
            job = Job(self.record.fired + 1, trigger_id, firing, chain, branch, seen, now)
            job.lane, job.run, job.text, job.env = lane, self.home.run_id, self.text, env
            reason = self._submit(job, env)
        if reason:
            when = {"at": self._keeper.lab.clock.now(), "trigger": trigger_id}
            self.record.skip(reason, {**when, "values": plain(firing.values), "if": seen})
            self._keeper.changed(self.node.id)
        return reason

    def _refusal(self, branch: str, lane: str) -> str:
        now = self._keeper.lab.clock.monotonic()
        if not branch:
            return STOPPED_AT_IF
        if self.node.cooldown and now < self.record.cooling.get(self._own(lane), now):
            return "cooling down"
        if self.node.once and self.record.once_in.get(self._own(lane)) == self._once_key():
            return f"once per {self.node.once}"
        return ""

    def _own(self, lane: str) -> str:
        """A rule of a run counts for this run alone."""
        return lane if self.home.run_id is None else f"{self.home.run_id}/{lane}"

    def _once_key(self) -> str:
        name = "run.id" if self.node.once == "run" else "session.id"
        own = self.home.run_id if self.node.once == "run" else None
        return f"{self.node.once}:{own or self.home.env.value(name)}"

    def _branch(self, env: Environment, seen: list[dict[str, Any]]) -> str:
        """``then``, ``else`` or empty: what is unknown takes neither way."""
        result: Value = True
        for check in self.node.checks:
            value = self._check(check, env)
            for expression in (check,) if isinstance(check, Expression) else check.watched():
                seen += [{"text": p.text, "value": plain(p.value)} for p in expression.explain(env)]
            if value is False:
                result = False
            elif value is not True and result is True:
                result = UNKNOWN
        if result is True:
            return "then" if self.node.then else ""
        return "else" if result is False and self.node.otherwise else ""

    def _check(self, check: Any, env: Environment) -> Value:  # noqa: ANN401 - either form
        if isinstance(check, Expression):
            return check.evaluate(env)
        value: Value = check.holds(_Seen(self, "", self._keeper, env))
        return value

    def _submit(self, job: Job, env: Environment) -> str:
        """Take a firing, with all that must be known of it afterwards."""
        node, record, mono = self.node, self.record, self._keeper.lab.clock.monotonic()
        if self._is_too_fast(mono):
            if job.firing.from_outside:
                return "too fast"
            reason = f"more than {MAX_ACTIONS_PER_S} actions in 1 s"
            self._keeper.suspend(self, reason, job.chain[:-1])
            return "suspended"
        runner = self.lanes.of(job.lane)
        if runner is None:
            return "too many devices"
        reason = runner.refusal(node.mode, node.max)
        if reason:
            return reason
        session = env.value("session.id")
        job.session = int(session) if isinstance(session, float | int) else None
        record.fired, record.last_fired = job.number, job.at
        record.jobs[job.number] = job
        # Holds, edges and times of a schedule are as stored: a crash may bring them back.
        job.must_last = bool(record.kept or node.once or node.cooldown)
        if node.cooldown:
            _remember(record.cooling, self._own(job.lane), mono + node.cooldown)
        if node.once:
            _remember(record.once_in, self._own(job.lane), self._once_key())
        runner.take(self._act, job, node.mode)
        self._keeper.changed(node.id)
        self._keeper.calm(node.id)
        return ""

    def forgive(self) -> None:
        """Count actions anew: somebody has looked at the rule."""
        self._recent.clear()

    def _count(self) -> None:
        self._recent.append(self._keeper.lab.clock.monotonic())

    def _is_too_fast(self, now: float) -> bool:
        while self._recent and now - self._recent[0] > 1.0:
            self._recent.popleft()
        return len(self._recent) >= MAX_ACTIONS_PER_S

    async def _act(self, job: Job) -> None:
        """Run one branch in order; the first error ends the list."""
        CURRENT.set(job.chain)
        keeper, clock = self._keeper, self._keeper.lab.clock
        origin = self.home.origin_of(self.node.id, job.chain)
        env = job.env or firing_env(self.home, job.firing)
        acting = Acting(keeper.lab, origin, env, self.home, keeper.note_write, keeper.writing)
        nodes = self.node.then if job.branch == "then" else self.node.otherwise
        job.began, outcome = clock.monotonic(), "cancelled"
        try:
            doing = Doing(job, acting, self._mark, self._count, self.record.actions)
            outcome = await doing.run(nodes)
        finally:
            if outcome != "cancelled" or not keeper.is_stopping:
                self._finish(job, outcome)

    async def _mark(self, durable: bool) -> None:
        if durable:
            await self._keeper.commit(self.node.id)
        else:
            self._keeper.at_once(self.node.id)

    def _finish(self, job: Job, outcome: str, **more: Any) -> None:  # noqa: ANN401 - JSON
        self.record.jobs.pop(job.number, None)
        mono = self._keeper.lab.clock.monotonic()
        self._keeper.traced(self, job.trace(self.node.id, outcome, mono, **more))
        self._keeper.ended(self.node.id)

    def forget_queue(self) -> None:
        """Forget what waits for its turn; a trace tells of each."""
        for job in self.lanes.forget():
            self._finish(job, "dropped", reason="the rule was suspended")

    # -- after a restart ----------------------------------------------------------------------

    def resume(self) -> None:
        """Go on with what was under way when the server ended, as far as that can be said."""
        waiting, self.record.waiting = self.record.waiting, []
        for job in waiting:
            gap = gap_since(job.before or job.at, self._keeper.lab.clock.now())
            told = {"gap_s": gap}
            if job.progress.is_broken:
                nodes = self.node.then if job.branch == "then" else self.node.otherwise
                job.lost += [broken(node) for node in job.progress.broken_in(nodes)]
                self._drop(job, "interrupted", INTERRUPTED, **told)
            elif job.text != self.text or job.run != self.home.run_id:
                self._drop(job, "interrupted", "its rule or its run is another one now", **told)
            elif ruling(self.node, gap) in {"reset", "alarm"}:
                self._drop(job, "dropped", f"nobody looked for {in_words(gap)}", **told)
            else:
                self._go_on(job)

    def _go_on(self, job: Job) -> None:
        runner = self.lanes.of(job.lane)
        if runner is None:
            self._drop(job, "dropped", "too many devices")
            return
        job.before = None
        self.record.jobs[job.number] = job
        runner.take(self._act, job, self.node.mode)
        self._keeper.changed(self.node.id)

    def _drop(self, job: Job, outcome: str, reason: str, **more: Any) -> None:  # noqa: ANN401 - JSON
        log.warning("a firing does not go on", rule=self.node.id, outcome=outcome, reason=reason)
        self._finish(job, outcome, reason=reason, **more)
        if self.node.on_gap == "alarm":
            text = f"Rule {self.node.id} did not finish what it began: {reason}"
            self._keeper.alarm(self.node.id, text)

    def after_gap(self, trigger_id: str, before: float) -> str:
        """What becomes of a hold time that was running at a UTC time, now that values are known.

        Returns:
            Empty (it goes on), ``reset`` (it begins anew) or ``fire`` (it counts as over).
        """
        now = self._keeper.lab.clock.now()
        gap = gap_since(before, now)
        rules = ruling(self.node, gap)
        if not rules:
            return ""
        detail = {"gap_s": gap, "on_gap": rules, "reason": f"nobody looked for {in_words(gap)}"}
        trace = Trace(self.node.id, now, trigger_id, "gap", 0.0, (), None, detail)
        self._keeper.traced(self, trace)
        if rules == "alarm":
            text = f"Rule {self.node.id} waited when the server ended; nobody looked for "
            self._keeper.alarm(self.node.id, text + in_words(gap))
        return "fire" if rules == "fire" else "reset"

    def missed(self, trigger_id: str, owed: Owed, call: Callable[[], None]) -> None:
        """Times of a schedule went by while nobody looked: tell, and make up for one if so ruled.

        Up to ``max_gap`` late it is made up for, as it is with ``on_gap: fire``; many count once.
        """
        now = self._keeper.lab.clock.now()
        rules = ruling(self.node, now - owed.last)
        late = rules in {"", "fire"}
        reason = f"missed {owed.count} times" if owed.count > 1 else "missed once"
        detail = {
            "missed": owed.count,
            "first": owed.first,
            "last": owed.last,
            "made_up": late,
            "reason": reason,
        }
        trace = Trace(self.node.id, now, trigger_id, "missed", 0.0, (), None, detail)
        log.warning("a schedule was missed", rule=self.node.id, **detail)
        self._keeper.traced(self, trace)
        if late:
            self._keeper.soon(lambda: call() if self.is_attached else None)
        elif rules == "alarm":
            self._keeper.alarm(self.node.id, f"Rule {self.node.id}: its schedule was {reason}")

    # -- answers ----------------------------------------------------------------------------

    def why(self) -> dict[str, Any]:
        """What its triggers and conditions see now, and the last firings that did not act."""
        env = self.home.env
        leaves, results = [], []
        for trigger in self.node.when:
            for number, expression in enumerate(trigger.block.watched()):
                if number == 0:
                    results.append(expression.evaluate(env))
                leaves += [_leaf(part) for part in expression.explain(env)]
        known = [result for result in results if isinstance(result, bool)]
        result = any(known) if known else None
        checks: list[dict[str, Any]] = []
        branch = self._branch(env, checks)
        return {
            "result": result,
            "leaves": leaves,
            "if": checks,
            "branch": branch,
            "stopped": {reason: dict(seen) for reason, seen in self.record.stopped.items()},
        }

    @property
    def state(self) -> str:
        """``running``, ``pending`` (a hold timer runs) or ``idle``."""
        if self.lanes.is_running:
            return "running"
        return "pending" if self.record.is_holding else "idle"


def device_of(firing: Firing, points: frozenset[str]) -> str:
    """The device a firing is about: named by the event, or the one whose points are read."""
    for name in ("device_id", "device"):
        told = firing.values.get(name)
        if isinstance(told, str) and told:
            return told[:MAX_DEVICE_ID]
    devices = {point.rpartition(".")[0] for point in points if point not in LOCAL_UNITS}
    return "+".join(sorted(devices))


def _remember(known: dict[str, Any], lane: str, value: object) -> None:
    """Keep one entry for each device, the newest last, but not without end."""
    known.pop(lane, None)
    known[lane] = value
    while len(known) > MAX_LANES:
        known.pop(next(iter(known)))


def _leaf(part: Part) -> dict[str, Any]:
    return {"text": part.text, "value": plain(part.value), "unit": part.unit}


class _Seen:
    """What the triggers and conditions of a rule may see (`RuleContext`)."""

    def __init__(
        self, rule: LiveRule, key: str, keeper: RuleKeeper, env: Environment | None = None
    ) -> None:
        self._rule = rule
        self._key = key
        self._keeper = keeper
        self.env: Environment = env or rule.home.env

    @property
    def lab(self) -> Lab:
        """The project."""
        return self._keeper.lab

    @property
    def rule_id(self) -> str:
        """``<flow-id>/<rule-id>``."""
        return self._rule.node.id

    @property
    def run_id(self) -> str | None:
        """The run it belongs to."""
        return self._rule.home.run_id

    @property
    def timezone(self) -> tzinfo | None:
        """Of times of day."""
        return self._keeper.timezone

    @property
    def is_armed(self) -> bool:
        """True inside ``during``: outside of these steps the condition counts as false."""
        return bool(self._rule.node.during)

    def on_change(self, points: frozenset[str], look: Callable[[], None]) -> Callable[[], None]:
        """Look at samples; names of the run alone are looked at every second."""
        record = self._rule.record

        def counted() -> None:
            record.looks = count = record.looks + 1
            if count > TIMED_EACH and count % TIMED_EACH:
                look()
                return
            began = perf_counter()
            look()
            record.spent_s += perf_counter() - began
            record.timed += 1

        real = frozenset(p for p in points if p not in LOCAL_UNITS)
        return self._keeper.watch(real, counted) if real else self._keeper.pulse(counted)

    def on_crossing(
        self, crossings: tuple[str, Cell, frozenset[float]], who: Rests
    ) -> Callable[[], None]:
        """Look at samples where a limit is crossed, or something goes on."""
        record, timed = self._rule.record, 0

        def look() -> None:
            nonlocal timed
            timed += 1
            if timed > TIMED_EACH and timed % TIMED_EACH:
                who.look()
                return
            began = perf_counter()
            who.look()
            record.spent_s += perf_counter() - began
            record.timed += 1

        leave, seen = self._keeper.watch_limits(crossings, who, look)
        key = object()
        record.seeing[key] = seen

        def out() -> None:
            record.looks += record.seeing.pop(key)()
            leave()

        return out

    def on_pulse(self, look: Callable[[], None]) -> Callable[[], None]:
        """Look every second."""
        return self._keeper.pulse(look)

    def keep(self, key: str, state: Mapping[str, Any]) -> None:
        """Remember something over a reload and a restart."""
        now = self.lab.clock.monotonic()
        self._rule.record.kept[f"{self._key}/{key}"] = (now, state)
        self._keeper.changed(self.rule_id)

    def kept(self, key: str) -> Mapping[str, Any] | None:
        """What was remembered; a hold that went on meanwhile is as much longer."""
        found = self._rule.record.kept.get(f"{self._key}/{key}")
        return None if found is None else held_until(found, self.lab.clock.monotonic())

    def after_gap(self, before: float) -> str:
        """What becomes of a hold from before a restart."""
        return self._rule.after_gap(self._key, before)

    def schedule(
        self, *, cron: str | None, every_s: float | None, at: str | None, call: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times; those that went by while nobody looked are told."""
        keeper, rule, plan = self._keeper, self._rule, Plan(cron, every_s, at)
        since = (self.kept("schedule") or {}).get("until")

        def settle() -> None:
            self.keep("schedule", {"until": self.lab.clock.now()})

        def due() -> None:
            settle()
            call()

        def missed() -> None:
            until = (self.kept("schedule") or {}).get("until")
            owed = None if until is None else keeper.owed(plan, until)
            if owed is not None:
                settle()
                rule.missed(self._key, owed, call)

        if since is None:
            since = self.lab.clock.now()
            settle()
        leave = keeper.plan(plan, since, due, missed)
        missed()
        return leave
