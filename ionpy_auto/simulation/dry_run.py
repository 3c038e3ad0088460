"""Dry run: what a rule would do if it fired now, with the values there are now; nothing is sent.

Writes go through a gate of their own that has the real one's owners, interlocks, limits and latch,
and stands in shadow: it checks everything and sends nothing. Everything else goes on paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from ionpy_auto.automation.actions.log import Log
from ionpy_auto.automation.blocks import ConditionBlock
from ionpy_auto.automation.context import Firing, PointRange
from ionpy_auto.automation.flow import ActionNode, Flow, RuleNode
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.scope import (
    AlwaysScope,
    RuleHome,
    WithinRun,
    firing_env,
    plain,
)
from ionpy_auto.core.clock import Clock, VirtualClock
from ionpy_auto.core.commands import (
    Command,
    Mode,
    ModeSwitch,
    Origin,
    Outcome,
    WriteGate,
)
from ionpy_auto.core.errors import IonpyError, NotFound, Rejected
from ionpy_auto.core.safety import PanicLatch
from ionpy_auto.core.samples import Scalar
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.language import UNKNOWN, Environment, Expression, Value
from ionpy_auto.simulation.paper import PaperLab

PATIENCE_S = 86_400.0
"""Virtual seconds an action may wait; what waits for events would wait for ever."""
WALL_S = 1.0
"""Real seconds an action may take: the server has other things to do."""


class _NoAudit:
    """Nothing happens, so nothing is recorded."""

    async def intent(self, command: Command, old: Scalar | None, sent: Scalar) -> int:
        """Takes it."""
        del command, old, sent
        return 0

    async def result(self, intent: int, outcome: str, read_back: Scalar | None) -> None:
        """Takes it."""

    def refused(self, command: Command, reason: str) -> None:
        """Takes it."""


def shadow_of(bench: Workbench, clock: Clock) -> WriteGate:
    """A gate that refuses what the project's gate would refuse now, and sends nothing."""
    latch = PanicLatch()
    real = bench.gate.latch
    if real.pressed:
        latch.press(real.by, real.reason, bench.clock.now())
    gate = WriteGate(bench.devices, _NoAudit(), latch, clock)
    gate.leases = bench.gate.leases
    gate.interlocks = bench.gate.interlocks
    gate.guards = bench.gate.guards
    gate.mode = ModeSwitch(Mode.SHADOW)
    return gate


class _DryLab(PaperLab):
    """A lab on paper whose writes are checked by the shadow of the real gate."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(VirtualClock(bench.clock.now()), bench.values)
        self._bench = bench
        self._gate = shadow_of(bench, self.clock)

    def range_of(self, point: str) -> PointRange | None:
        """Of the device."""
        return self._bench.lab.range_of(point)

    def active_runs(self) -> Sequence[Mapping[str, Any]]:
        """Those there are."""
        return self._bench.lab.active_runs()

    async def know_variables(self) -> None:
        """Take over the project's variables; changes stay on paper."""
        known = {one["name"]: one["value"] for one in self._bench.automation.variables.list()}
        await self.variables.change(known, {}, "dry run")

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Ask the gate; a refusal rises as it would."""
        note = self.note("write", point=point, value=value, by=origin.id, gate={"ok": True})
        try:
            device, entity = self._bench.split(point)
            outcome = await self._gate.write(Command(device, entity, value, origin))
        except IonpyError as error:
            note["gate"] = {
                "ok": False,
                "code": error.error_code,
                "message": error.message,
                "hint": error.hint,
                "args": error.arguments,
            }
            raise
        note["gate"] = {"ok": True, "sent": outcome.sent}
        note["would_reach"] = "device" if self._bench.mode.mode is not Mode.SHADOW else "nothing"
        return outcome


@dataclass(frozen=True)
class _DryActing:
    """What an action may do in a dry run (`ActionContext`)."""

    lab: _DryLab
    origin: Origin
    env: Environment
    home: RuleHome

    def resolve(self, name: str) -> str:
        """From a written name to an address."""
        return self.home.flow.names.resolve(name)

    async def write(self, point: str, value: Scalar) -> Outcome:
        """Ask the gate."""
        return await self.lab.write(point, value, self.origin)

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices of the run."""
        return self.home.leased_devices


@dataclass(frozen=True)
class _Looking:
    """What a condition block may see: the values, and no state of triggers (`RuleContext`)."""

    lab: PaperLab
    env: Environment
    rule_id: str
    run_id: str | None
    is_armed: bool = False
    timezone: tzinfo | None = None


async def dry_run(bench: Workbench, rule_id: str, text: str | None = None) -> dict[str, Any]:
    """What a rule sees now and would do now.

    Args:
        bench: The open project.
        rule_id: ``<flow-id>/<rule-id>``.
        text: A draft of the flow in place of the live one.

    Raises:
        NotFound: No such flow or rule.
        Rejected: The draft has errors.
    """
    flow = _flow_of(bench, rule_id.partition("/")[0], text)
    rule = next((rule for rule in flow.rules if rule.id == rule_id), None)
    if rule is None:
        msg = f"there is no rule {rule_id!r}"
        raise NotFound(msg, hint=f"rules: {', '.join(rule.id for rule in flow.rules)}")
    return await _DryRun(bench, flow, rule).run()


async def dry_run_all(bench: Workbench, flow_id: str, text: str | None = None) -> dict[str, Any]:
    """All rules of a flow, each as `dry_run` tells of it."""
    flow = _flow_of(bench, flow_id, text)
    items = [await _DryRun(bench, flow, rule).run() for rule in flow.rules]
    return {"flow": flow.id, "items": items, "total": len(items)}


def _flow_of(bench: Workbench, flow_id: str, text: str | None) -> Flow:
    flows = bench.automation.flows
    if text is None:
        live = flows.flow(flow_id)
        if live is None:
            flows.get(flow_id)  # says that there is none
            msg = f"flow {flow_id!r} has errors"
            raise Rejected(msg, code="FLOW_INVALID", hint="see its findings")
        return live
    flow, findings = read_flow(text, "draft", bench.site)
    if flow is None:
        msg = str(findings[0]) if findings else "the flow cannot be read"
        raise Rejected(msg, code="FLOW_INVALID", hint="see the findings", findings=findings)
    return flow


class _DryRun:
    """One rule, looked at now."""

    def __init__(self, bench: Workbench, flow: Flow, rule: RuleNode) -> None:
        self._bench = bench
        self._rule = rule
        self._lab = _DryLab(bench)
        runs = [run for run in bench.automation.active_runs() if run.flow.id == flow.id]
        self._run_id = runs[0].id if runs and rule.scope == "run" else None
        self._home: RuleHome = (
            WithinRun(runs[0])
            if self._run_id is not None
            else AlwaysScope(self._lab, bench.automation.env, flow)
        )

    async def run(self) -> dict[str, Any]:
        """Triggers, ``if``, and both branches of which one would be taken."""
        rule = self._rule
        await self._lab.know_variables()
        firing = Firing("dry run", self._seen())
        env = firing_env(self._home, firing)
        checks = [self._check(check, env) for check in rule.checks]
        branch = self._branch([check["result"] for check in checks])
        return {
            "id": rule.id,
            "title": rule.title,
            "sentence": rule.sentence,
            "scope": rule.scope,
            "run": self._run_id,
            "at": self._bench.clock.now(),
            "mode": self._bench.mode.mode.value,
            "triggers": [self._trigger(trigger) for trigger in rule.when],
            "if": checks,
            "branch": branch,
            "then": await self._branch_of(rule.then, env),
            "else": await self._branch_of(rule.otherwise, env),
        }

    def _seen(self) -> dict[str, Scalar | None]:
        """What ``trigger.*`` would hold, as far as values of now can say."""
        values = [
            expression.evaluate(self._home.env)
            for trigger in self._rule.when
            for expression in trigger.block.watched()[:1]
        ]
        return {"value": plain(values[0])} if values else {}

    def _trigger(self, trigger: Any) -> dict[str, Any]:  # noqa: ANN401 - TriggerNode
        watched = trigger.block.watched()
        result = watched[0].evaluate(self._home.env) if watched else None
        return {
            "id": trigger.id,
            "kind": trigger.verb,
            "sentence": trigger.block.sentence(),
            "result": plain(result),
            "values": _parts(watched, self._home.env),
        }

    def _check(self, check: Expression | ConditionBlock, env: Environment) -> dict[str, Any]:
        if isinstance(check, Expression):
            result: Value = check.evaluate(env)
            return {
                "sentence": check.source,
                "result": plain(result),
                "values": _parts((check,), env),
            }
        zone = self._bench.automation.rules.timezone
        looking: Any = _Looking(self._lab, env, self._rule.id, self._run_id, timezone=zone)
        return {
            "sentence": check.sentence(),
            "result": plain(check.holds(looking)),
            "values": _parts(check.watched(), env),
        }

    def _branch(self, results: Sequence[Value]) -> str:
        """As the rule engine decides: what is unknown takes neither way."""
        if any(result is False for result in results):
            return "else" if self._rule.otherwise else ""
        if all(result is True for result in results):
            return "then" if self._rule.then else ""
        return ""

    async def _branch_of(
        self, nodes: Sequence[ActionNode], env: Environment
    ) -> list[dict[str, Any]]:
        """Each action; those behind one that fails would not be reached."""
        origin = self._home.origin_of(self._rule.id, (f"rule:{self._rule.id}",))
        acting = _DryActing(self._lab, origin, env, self._home)
        answers = []
        reached = True
        for node in nodes:
            answer = await self._act(node, acting)
            answers.append({**answer, "reached": reached and node.enabled})
            reached = reached and (answer["ok"] or not node.enabled)
        return answers

    async def _act(self, node: ActionNode, acting: _DryActing) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "verb": node.verb,
            "sentence": node.block.sentence(),
            "enabled": node.enabled,
            "ok": True,
        }
        self._lab.notes.clear()
        try:
            if isinstance(node.block, Log):  # it alone acts without asking the lab
                self._lab.note("log", message=node.block.message.render(acting.env))
            else:
                real = self._bench.engine.clock
                async with real.timeout(WALL_S), self._lab.clock.timeout(PATIENCE_S):
                    answer["result"] = plain(await node.block.act(acting))
        except TimeoutError:
            answer["note"] = "it would wait for something that does not happen in a dry run"
        except IonpyError as error:
            answer.update(ok=False, error=error.error_code, message=error.message, hint=error.hint)
        answer["would"] = list(self._lab.notes)
        return answer


def _parts(watched: Sequence[Expression], env: Environment) -> list[Mapping[str, Any]]:
    return [
        {
            "text": part.text,
            "value": None if part.value is UNKNOWN else plain(part.value),
            "unit": part.unit,
        }
        for expression in watched
        for part in expression.explain(env)
    ]
