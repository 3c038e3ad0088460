"""One rule at work: its triggers attached, its counters, its firings.

A rule of ``scope: always`` exists once; one of ``scope: run`` once per run. What must outlive a
reload or a restart stands in its `Record`, which the engine owns.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.context import Firing, Lab
from ionpy_auto.automation.flow import ActionNode, RuleNode, TriggerNode
from ionpy_auto.automation.names import LOCAL_UNITS
from ionpy_auto.automation.rules.cause import CURRENT, MAX_DEPTH
from ionpy_auto.automation.rules.runner import Runner
from ionpy_auto.automation.rules.scope import Acting, RuleHome, firing_env, plain
from ionpy_auto.automation.rules.store import Trace
from ionpy_auto.core.commands import Outcome
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import UNKNOWN, Environment, Expression, Value

log = structlog.get_logger(__name__)

MAX_ACTIONS_PER_S = 10
TIMED_EACH = 32  # reading the time twice costs more than most evaluations: one in so many is timed
STOPPED_AT_IF = "stopped at if"


@dataclass
class Record:
    """What is known of a rule beyond one attachment.

    Attributes:
        text: The rule as written, to see whether a reload changed it.
        enabled: Runtime switch; None: as the file says.
        suspended: Why it was taken out, else empty.
        skipped: Reasons why firings did not act, counted.
        kept: What triggers remember, with the monotonic time of it.
    """

    text: str = ""
    enabled: bool | None = None
    suspended: str = ""
    fired: int = 0
    evaluations: int = 0
    timed: int = 0  # of the evaluations; only these count into spent_s
    spent_s: float = 0.0
    last_fired: float | None = None
    cool_until: float = 0.0
    once_in: str = ""
    skipped: dict[str, int] = field(default_factory=dict)
    kept: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    recent: deque[Trace] = field(default_factory=lambda: deque(maxlen=50))

    def skip(self, reason: str) -> None:
        """Count a firing that did not act."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


class RuleKeeper(Protocol):
    """What a rule needs from its engine."""

    writing: set[asyncio.Future[Outcome]]  # writes under way

    @property
    def lab(self) -> Lab:
        """The project."""

    def watch(self, points: frozenset[str], look: Callable[[], None]) -> Callable[[], None]:
        """Look at samples of points."""

    def pulse(self, look: Callable[[], None]) -> Callable[[], None]:
        """Look every second."""

    def plan(
        self, *, cron: str | None, every_s: float | None, at: str | None, call: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times."""

    def chain_of(self, points: frozenset[str]) -> tuple[str, ...]:
        """Which chain of rules wrote one of the points lately."""

    def note_write(self, point: str, chain: tuple[str, ...]) -> None:
        """A rule writes a point."""

    def traced(self, rule: "LiveRule", trace: Trace) -> None:
        """Keep a trace and tell."""

    def changed(self, rule_id: str) -> None:
        """Something in the record must be kept."""

    def suspend(self, rule: "LiveRule", reason: str, cause: tuple[str, ...]) -> None:
        """Take the rule out and raise an alarm."""


class LiveRule:
    """A rule with its triggers attached."""

    def __init__(
        self, node: RuleNode, record: Record, home: RuleHome, keeper: RuleKeeper, runner: Runner
    ) -> None:
        self.node = node
        self.record = record
        self.home = home
        self.runner = runner
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
        if len(cause) >= MAX_DEPTH:
            self._keeper.suspend(self, "feeds itself: " + " → ".join(cause), cause)
            return "feeds itself"
        env = firing_env(self.home, firing)
        seen: list[dict[str, Any]] = []
        branch = self._branch(env, seen)
        reason = self._refusal(branch)
        if not reason:
            reason = self._submit(trigger_id, firing, cause, env, (branch, seen))
        if reason:
            self.record.skip(reason)
        return reason

    def _refusal(self, branch: str) -> str:
        now = self._keeper.lab.clock.now()
        if not branch:
            return STOPPED_AT_IF
        if self.node.cooldown and now < self.record.cool_until:
            return "cooling down"
        if self.node.once and self.record.once_in == self._once_key():
            return f"once per {self.node.once}"
        return ""

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

    def _submit(
        self,
        trigger_id: str,
        firing: Firing,
        cause: tuple[str, ...],
        env: Environment,
        decided: tuple[str, list[dict[str, Any]]],
    ) -> str:
        clock, node, record = self._keeper.lab.clock, self.node, self.record
        if self._is_too_fast(clock.monotonic()):
            if firing.from_outside:
                return "too fast"
            self._keeper.suspend(self, f"more than {MAX_ACTIONS_PER_S} actions in 1 s", cause)
            return "suspended"
        branch, seen = decided
        chain = (*cause, f"rule:{node.id}")
        begun = Begun(trigger_id, firing, chain, env, branch, seen, clock.now())
        reason = self.runner.submit(lambda: self._act(begun), node.mode, node.max)
        if reason:
            return reason
        record.fired += 1
        record.last_fired = begun.at
        record.cool_until = begun.at + node.cooldown
        record.once_in = self._once_key() if node.once else ""
        self._keeper.changed(node.id)
        return ""

    def forgive(self) -> None:
        """Count actions anew: somebody has looked at the rule."""
        self._recent.clear()

    def _is_too_fast(self, now: float) -> bool:
        while self._recent and now - self._recent[0] > 1.0:
            self._recent.popleft()
        return len(self._recent) >= MAX_ACTIONS_PER_S

    async def _act(self, begun: "Begun") -> None:
        """Run one branch in order; the first error ends the list."""
        CURRENT.set(begun.chain)
        keeper, clock = self._keeper, self._keeper.lab.clock
        origin = self.home.origin_of(self.node.id, begun.chain)
        acting = Acting(keeper.lab, origin, begun.env, self.home, keeper.note_write, keeper.writing)
        nodes = self.node.then if begun.branch == "then" else self.node.otherwise
        results: list[dict[str, Any]] = []
        mono, outcome = clock.monotonic(), "cancelled"
        try:
            outcome = "done"
            for node in nodes:
                if not node.enabled:
                    continue
                self._recent.append(clock.monotonic())
                results.append(await _act_one(node, acting))
                if not results[-1]["ok"]:
                    outcome = "failed"
                    break
        except BaseException:
            outcome = "cancelled"
            raise
        finally:
            trace = begun.trace(self.node.id, outcome, clock.monotonic() - mono, results)
            keeper.traced(self, trace)

    # -- answers ----------------------------------------------------------------------------

    def why(self) -> dict[str, Any]:
        """What its triggers and conditions see now."""
        leaves, results = [], []
        for trigger in self.node.when:
            for number, expression in enumerate(trigger.block.watched()):
                if number == 0:
                    results.append(expression.evaluate(self.home.env))
                leaves += [
                    {"text": part.text, "value": plain(part.value), "unit": part.unit}
                    for part in expression.explain(self.home.env)
                ]
        known = [result for result in results if isinstance(result, bool)]
        result = any(known) if known else None
        return {"result": result, "leaves": leaves}

    @property
    def state(self) -> str:
        """``running``, ``pending`` (a hold timer runs) or ``idle``."""
        if self.runner.is_running:
            return "running"
        held = (
            state.get("held") is not None and not state.get("met")
            for _, state in self.record.kept.values()
        )
        return "pending" if any(held) else "idle"


@dataclass(frozen=True)
class Begun:
    """A firing that acts."""

    trigger: str
    firing: Firing
    chain: tuple[str, ...]
    env: Environment
    branch: str
    seen: list[dict[str, Any]]
    at: float

    def trace(
        self, rule: str, outcome: str, duration: float, results: list[dict[str, Any]]
    ) -> Trace:
        """The record of it."""
        session = self.env.value("session.id")
        return Trace(
            rule,
            self.at,
            self.trigger,
            outcome,
            duration,
            self.chain[:-1],
            int(session) if isinstance(session, float | int) else None,
            {
                "values": plain(self.firing.values),
                "if": self.seen,
                "branch": self.branch,
                "actions": results,
            },
        )


async def _act_one(node: ActionNode, acting: Acting) -> dict[str, Any]:
    """Run one action; its error becomes part of the trace."""
    clock = acting.lab.clock
    began = clock.monotonic()
    answer: dict[str, Any] = {"verb": node.verb, "sentence": node.block.sentence(), "ok": True}
    try:
        answer["result"] = plain(await node.block.act(acting))
    except IonpyError as error:
        answer.update(ok=False, error=error.error_code, message=error.message, hint=error.hint)
        if error.arguments:
            answer["args"] = plain(error.arguments)
    except Exception as error:
        answer.update(ok=False, error="INTERNAL_ERROR", message=f"{type(error).__name__}: {error}")
        log.exception("action failed", verb=node.verb)
    answer["duration_s"] = clock.monotonic() - began
    return answer


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
    def is_armed(self) -> bool:
        """True inside ``during``: outside of these steps the condition counts as false."""
        return bool(self._rule.node.during)

    def on_change(self, points: frozenset[str], look: Callable[[], None]) -> Callable[[], None]:
        """Look at samples; names of the run alone are looked at every second."""
        record = self._rule.record

        def counted() -> None:
            record.evaluations = count = record.evaluations + 1
            if count > TIMED_EACH and count % TIMED_EACH:
                look()
                return
            began = perf_counter()
            look()
            record.spent_s += perf_counter() - began
            record.timed += 1

        real = frozenset(p for p in points if p not in LOCAL_UNITS)
        return self._keeper.watch(real, counted) if real else self._keeper.pulse(counted)

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

    def schedule(
        self, *, cron: str | None, every_s: float | None, at: str | None, call: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times."""
        return self._keeper.plan(cron=cron, every_s=every_s, at=at, call=call)


def held_until(found: tuple[float, Mapping[str, Any]], mono: float) -> dict[str, Any]:
    """A kept state as it is at a later time of the same clock."""
    since, state = found
    held: Scalar | None = state.get("held")
    if not isinstance(held, float | int):
        return dict(state)
    return {**state, "held": held + max(mono - since, 0.0)}
