"""What can be said of rules before they run: what they may not do, and which feed themselves."""

from collections.abc import Iterator, Sequence
from typing import Any

from ionpy_auto.automation.actions.rule import RuleSwitch
from ionpy_auto.automation.actions.run import StartRun
from ionpy_auto.automation.actions.safe_state import SafeState
from ionpy_auto.automation.actions.script import ScriptAction
from ionpy_auto.automation.actions.stop_run import StopRun
from ionpy_auto.automation.actions.wait_for import WaitFor
from ionpy_auto.automation.blocks import Action
from ionpy_auto.automation.fields import unknown_args
from ionpy_auto.automation.flow import ActionNode, Flow, RuleNode, StepNode
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.rules.circles import all_actions, circular
from ionpy_auto.core.errors import Finding, Severity

OF_NO_DEVICE = frozenset({"manual", "run", "schedule", "session", "startup"})


def check_rules(flow: Flow, site: Site | None = None) -> list[Finding]:
    """All findings about the rules of a flow; ``site`` is not needed."""
    del site
    findings = [finding for rule in flow.rules for finding in _one(rule, flow)]
    return [*findings, *_jumps(flow), *_circles(flow)]


Where = RuleNode | ActionNode | StepNode
Texts = tuple[str, str]


def _finding(
    flow: Flow,
    where: Where,
    code: str,
    texts: Texts,
    /,
    severity: Severity = Severity.ERROR,
    **args: Any,  # noqa: ANN401 - JSON
) -> Finding:
    message, hint = texts
    return Finding(
        code=code,
        message=message,
        hint=hint,
        file=flow.file,
        line=where.line,
        column=where.column,
        path=where.path,
        severity=severity,
        args=args,
    )


def _one(rule: RuleNode, flow: Flow) -> Iterator[Finding]:
    if rule.per_device and all(trigger.verb in OF_NO_DEVICE for trigger in rule.when):
        texts = ("per: device needs a trigger that is about a device", "remove per: device")
        yield _finding(flow, rule, "no-device", texts)
    if rule.during and rule.scope == "always":
        texts = ("during belongs to scope: run", "remove one of the two")
        yield _finding(flow, rule, "during-always", texts)
    if rule.scope == "run" and not flow.sequence:
        texts = ("scope: run needs a sequence in the same file", "write scope: always")
        yield _finding(flow, rule, "run-without-sequence", texts)
    starts = any(trigger.verb == "startup" for trigger in rule.when)
    for node in all_actions(rule):
        yield from _action(rule, node, flow)
        if starts:
            yield from _at_startup(node, flow)


def _jumps(flow: Flow) -> Iterator[Finding]:
    """A ``wait_for`` goes on in its own list; a step has ``until`` with ``goto`` for that."""
    for rule in flow.rules:
        yield from _jumps_in(rule.then, flow)
        yield from _jumps_in(rule.otherwise, flow)
    for step in (*flow.steps(), *(inner for top in flow.closing for inner in top.walk())):
        block = step.block
        if isinstance(block, WaitFor) and block.goto is not None:
            texts = ("a step cannot go on elsewhere on_timeout", "until: [{when: …, goto: …}]")
            yield _finding(flow, step, "goto-step", texts)
        for nodes in block.lists().values() if isinstance(block, Action) else ():
            yield from _jumps_in(nodes, flow)


def _jumps_in(nodes: Sequence[ActionNode], flow: Flow) -> Iterator[Finding]:
    known = [node.id for node in nodes if node.id]
    for index, node in enumerate(nodes):
        block = node.block
        if node.id and node.id in {other.id for other in nodes[:index]}:
            texts = (f"id {node.id!r} stands twice in this list", "give one of the two another id")
            yield _finding(flow, node, "duplicate-id", texts, id=node.id)
        if isinstance(block, WaitFor) and block.goto is not None and block.goto not in known:
            hint = f"ids here: {', '.join(known)}" if known else "give the action an id: {id: …, …}"
            texts = (f"no action {block.goto!r} in this list", hint)
            args = unknown_args(block.goto, known)
            yield _finding(flow, node, "unknown-action", texts, **args)
        for inner in block.lists().values():
            yield from _jumps_in(inner, flow)


def _action(rule: RuleNode, node: ActionNode, flow: Flow) -> Iterator[Finding]:
    block = node.block
    if isinstance(block, SafeState):
        yield from _safe_state(rule, node, block, flow)
    if isinstance(block, StopRun) and block.is_own and rule.scope == "always":
        texts = ("it is not said which run shall end", "stop_run: {channel: CH1}")
        yield _finding(flow, node, "no-run", texts)
    if isinstance(block, RuleSwitch) and block.id.partition("/")[0] == flow.id:
        known = [one.id for one in flow.rules]
        if block.id not in known:
            texts = (f"there is no rule {block.id!r}", f"rules here: {', '.join(known)}")
            yield _finding(flow, node, "unknown-rule", texts, **unknown_args(block.id, known))


def _at_startup(node: ActionNode, flow: Flow) -> Iterator[Finding]:
    """After a start nothing is switched on before a person has looked (ENG-13)."""
    block = node.block
    outputs = block.outputs()
    if block.inner() or not (outputs or isinstance(block, StartRun | ScriptAction)):
        return  # what stands inside is looked at itself
    started = "a script" if isinstance(block, ScriptAction) else "a run"
    what = ", ".join(outputs) if outputs else started
    texts = (
        f"a startup rule may not drive {what}",
        "after a start a person confirms first: send a message, or let an engineer arm the flow",
    )
    yield _finding(flow, node, "startup-writes", texts, what=what)


def _safe_state(
    rule: RuleNode, node: ActionNode, block: SafeState, flow: Flow
) -> Iterator[Finding]:
    """``channel`` means what the run holds, ``all`` everything: each has its scope."""
    if block.of == "all" and rule.scope == "run":
        texts = ("safe_state: all is for scope: always", "write safe_state: channel")
        args: dict[str, Any] = {"of": "all", "scope": "always", "to": "channel"}
        yield _finding(flow, node, "safe-state-scope", texts, **args)
    if block.of == "channel" and rule.scope == "always":
        texts = ("safe_state: channel is for the rules of a run", "write safe_state: all")
        args = {"of": "channel", "scope": "run", "to": "all"}
        yield _finding(flow, node, "safe-state-scope", texts, **args)


def _circles(flow: Flow) -> Iterator[Finding]:
    """Rules that do what makes them look, by themselves or through others of this flow."""
    within = circular(flow.rules)
    for rule in flow.rules:
        if rule.id in within:
            texts = (
                f"rule {rule.id} may feed itself: what it does makes it look again",
                "add a condition that ends it, or hysteresis; a circle is cut after 8 rounds",
            )
            yield _finding(flow, rule, "feeds-itself", texts, Severity.WARNING, rule=rule.id)
