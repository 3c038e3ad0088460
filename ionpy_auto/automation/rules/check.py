"""What can be said of rules before they run: what they may not do, and which feed themselves."""

from collections.abc import Iterable, Iterator, Mapping

from ionpy_auto.automation.actions.if_ import If
from ionpy_auto.automation.actions.safe_state import SafeState
from ionpy_auto.automation.flow import ActionNode, Flow, RuleNode
from ionpy_auto.automation.names import Site
from ionpy_auto.core.errors import Finding, Severity

OF_NO_DEVICE = frozenset({"manual", "run", "schedule", "session", "startup"})


def check_rules(flow: Flow, site: Site | None = None) -> list[Finding]:
    """All findings about the rules of a flow; ``site`` is not needed."""
    del site
    findings = [finding for rule in flow.rules for finding in _one(rule, flow)]
    return [*findings, *_circles(flow)]


def _finding(
    flow: Flow, line: int, code: str, texts: tuple[str, str], severity: Severity = Severity.ERROR
) -> Finding:
    message, hint = texts
    return Finding(
        code=code, message=message, hint=hint, file=flow.file, line=line, severity=severity
    )


def _one(rule: RuleNode, flow: Flow) -> Iterator[Finding]:
    if rule.per_device and all(trigger.verb in OF_NO_DEVICE for trigger in rule.when):
        texts = ("per: device needs a trigger that is about a device", "remove per: device")
        yield _finding(flow, rule.line, "no-device", texts)
    if rule.during and rule.scope == "always":
        texts = ("during belongs to scope: run", "remove one of the two")
        yield _finding(flow, rule.line, "during-always", texts)
    if rule.scope == "run" and not flow.sequence:
        texts = ("scope: run needs a sequence in the same file", "write scope: always")
        yield _finding(flow, rule.line, "run-without-sequence", texts)
    for node in _actions((*rule.then, *rule.otherwise)):
        if isinstance(node.block, SafeState):
            yield from _safe_state(rule, node, node.block, flow)


def _actions(nodes: Iterable[ActionNode]) -> Iterator[ActionNode]:
    for node in nodes:
        yield node
        if isinstance(node.block, If):
            yield from _actions((*node.block.then, *node.block.otherwise))


def _safe_state(
    rule: RuleNode, node: ActionNode, block: SafeState, flow: Flow
) -> Iterator[Finding]:
    """``channel`` means what the run holds, ``all`` everything: each has its scope."""
    if block.of == "all" and rule.scope == "run":
        texts = ("safe_state: all is for scope: always", "write safe_state: channel")
        yield _finding(flow, node.line or rule.line, "safe-state-scope", texts)
    if block.of == "channel" and rule.scope == "always":
        texts = ("safe_state: channel is for the rules of a run", "write safe_state: all")
        yield _finding(flow, node.line or rule.line, "safe-state-scope", texts)


def _circles(flow: Flow) -> Iterator[Finding]:
    """Rules that write what makes them look, by themselves or through others."""
    reads = {rule.id: _reads(rule) for rule in flow.rules}
    feeds = {
        rule.id: {other for other, points in reads.items() if points & _writes(rule)}
        for rule in flow.rules
    }
    for rule in flow.rules:
        if rule.id in _reached(rule.id, feeds):
            texts = (
                f"rule {rule.id} may feed itself: what it sets makes it look again",
                "add a condition that ends it, or hysteresis; a circle is cut after 8 rounds",
            )
            yield _finding(flow, rule.line, "feeds-itself", texts, Severity.WARNING)


def _reads(rule: RuleNode) -> set[str]:
    expressions = [e for trigger in rule.when for e in trigger.block.watched()]
    return {point for expression in expressions for point in expression.points}


def _writes(rule: RuleNode) -> set[str]:
    return {point for node in (*rule.then, *rule.otherwise) for point in node.block.writes()}


def _reached(start: str, feeds: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    front = [start]
    while front:
        for following in feeds[front.pop()] - seen:
            seen.add(following)
            front.append(following)
    return seen
