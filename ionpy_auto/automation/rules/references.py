"""What a flow names outside itself: scripts, brokers, receivers, flows and rules that there are.

Such things come and go without the file; so this is asked whenever somebody looks, and is a
warning: the file itself is sound.
"""

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.automation.actions.notify import Notify
from ionpy_auto.automation.actions.publish import Publish
from ionpy_auto.automation.actions.rule import RuleSwitch
from ionpy_auto.automation.actions.run import StartRun
from ionpy_auto.automation.actions.script import ScriptAction
from ionpy_auto.automation.blocks import Action
from ionpy_auto.automation.fields import unknown_args
from ionpy_auto.automation.flow import ActionNode, Flow, RuleNode, StepNode, TriggerNode
from ionpy_auto.automation.rules.circles import all_actions, circular
from ionpy_auto.automation.triggers.mqtt import MqttTrigger
from ionpy_auto.core.errors import Finding, Severity

Where = ActionNode | RuleNode | StepNode | TriggerNode


@dataclass(frozen=True)
class Known:
    """What there is; None where nobody knows.

    Attributes:
        scripts: Names without ``.py``.
        brokers: Ids of connections.
        receivers: Names people may use besides addresses.
        flows: All live flows.
    """

    scripts: Collection[str] | None = None
    brokers: Collection[str] | None = None
    receivers: Collection[str] | None = None
    flows: Sequence[Flow] | None = None
    _circles: dict[str, set[str]] = field(default_factory=dict)

    def in_circle(self) -> set[str]:
        """Rules of all flows that may feed themselves."""
        if "all" not in self._circles:
            rules = [rule for flow in self.flows or () for rule in flow.rules]
            self._circles["all"] = circular(rules)
        return self._circles["all"]


def check_references(flow: Flow, known: Known) -> list[Finding]:
    """Warnings about names behind which there is nothing."""
    looking = _Looking(flow, known)
    return sorted(looking.findings(), key=lambda finding: (finding.line, finding.column))


@dataclass(frozen=True)
class _Looking:
    flow: Flow
    known: Known

    def findings(self) -> Iterator[Finding]:
        for rule in self.flow.rules:
            for trigger in rule.when:
                if isinstance(trigger.block, MqttTrigger):
                    yield from self._broker(trigger.block.broker, trigger)
            for node in all_actions(rule):
                yield from self._action(node.block, node)
        closing = (inner for top in self.flow.closing for inner in top.walk())
        for step in (*self.flow.steps(), *closing):
            if isinstance(step.block, Action):
                yield from self._step(step.block, step)
        if self.known.flows is not None:
            yield from self._circles()

    def _step(self, block: Action, where: ActionNode | StepNode) -> Iterator[Finding]:
        yield from self._action(block, where)
        for node in block.inner():
            yield from self._step(node.block, node)

    def _action(self, block: Action, where: ActionNode | StepNode) -> Iterator[Finding]:
        if isinstance(block, ScriptAction):
            yield from self._name("script", block.name, self.known.scripts, where)
        elif isinstance(block, Publish):
            yield from self._broker(block.broker, where)
        elif isinstance(block, Notify) and "://" not in block.to:
            yield from self._name("receiver", block.to, self.known.receivers, where)
        elif isinstance(block, StartRun):
            yield from self._run(block.sequence, where)
        elif isinstance(block, RuleSwitch) and self.known.flows is not None:
            rules = [rule.id for rule in (*self._rules(), *self.flow.rules)]
            yield from self._name("rule", block.id, rules, where)

    def _rules(self) -> list[RuleNode]:
        return [rule for flow in self.known.flows or () for rule in flow.rules]

    def _broker(self, name: str | None, where: Where) -> Iterator[Finding]:
        brokers = self.known.brokers
        if name is not None:
            yield from self._name("broker", name, brokers, where)
        elif brokers is not None and not brokers:
            message, hint = "the project has no connection", "add a broker"
            yield self._finding("no-broker", message, hint, where)

    def _run(self, name: str, where: Where) -> Iterator[Finding]:
        if self.known.flows is None:
            return
        flows = {flow.id: flow for flow in (*self.known.flows, self.flow)}
        with_steps = [flow_id for flow_id, flow in flows.items() if flow.sequence]
        if name in flows and name not in with_steps:
            message = f"flow {name!r} has no sequence"
            near = _near(name, with_steps)
            yield self._finding("no-sequence", message, near, where, flow=name)
        else:
            yield from self._name("flow", name, with_steps, where)

    def _circles(self) -> Iterator[Finding]:
        """Circles through rules of other flows; those within a flow are told by its check."""
        within = circular(self.flow.rules)
        for rule in self.flow.rules:
            if rule.id not in within and rule.id in self.known.in_circle():
                message = f"rule {rule.id} may feed itself through rules of other flows"
                hint = "add a condition that ends it; a circle is cut after 8 rounds"
                yield self._finding("feeds-itself", message, hint, rule, rule=rule.id)

    def _name(
        self, what: str, name: str, known: Collection[str] | None, where: Where
    ) -> Iterator[Finding]:
        if known is not None and name not in known:
            message = f"there is no {what} {name!r}"
            hint, args = _near(name, known), unknown_args(name, known)
            yield self._finding(f"unknown-{what}", message, hint, where, **args)

    def _finding(
        self,
        code: str,
        message: str,
        hint: str,
        where: Where,
        /,
        **args: Any,  # noqa: ANN401 - JSON
    ) -> Finding:
        return Finding(
            code=code,
            message=message,
            hint=hint,
            file=self.flow.file,
            line=where.line,
            column=where.column,
            path=where.path,
            severity=Severity.WARNING,
            args=args,
        )


def _near(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(sorted(known)[:10])
    return f"known: {shown}" if shown else "there is none yet"
