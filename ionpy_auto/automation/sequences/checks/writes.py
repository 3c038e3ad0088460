"""Fixed values that rules and steps write, against the ranges of the points they go to.

A warning and no error: the ranges come from the bench, and a flow whose rule also raises an alarm
must not stop working because an instrument was exchanged. The write itself is refused.
"""

from collections.abc import Iterator
from typing import Any

from ionpy_auto.automation.actions.set import Set
from ionpy_auto.automation.flow import ActionNode, StepNode
from ionpy_auto.automation.rules.circles import all_actions
from ionpy_auto.automation.rules.values import Setting
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import format_number


def check(review: Review) -> Iterator[Finding]:
    """Every ``set`` of the flow, also inside other actions."""
    nodes: list[ActionNode | StepNode] = [*review.flow.all_steps()]
    nodes += [node for rule in review.flow.rules for node in all_actions(rule)]
    for node in nodes:
        yield from _within(review, node)


def _within(review: Review, node: ActionNode | StepNode) -> Iterator[Finding]:
    block = node.block
    if isinstance(block, Set):
        for setting in block.values:
            yield from _value(review, node, setting)


def _value(review: Review, node: ActionNode | StepNode, setting: Setting) -> Iterator[Finding]:
    value = setting.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    address = review.flow.names.resolve(setting.point)
    found = review.flow.names.site.range_of(address)
    if found is None or found.low <= value <= found.high:
        return
    bound, what = (found.high, "most") if value > found.high else (found.low, "least")
    message = f"{address} takes at {what} {format_number(bound)} {setting.unit}".rstrip()
    hint = f"{setting.text} is refused when it is written"
    args: dict[str, Any] = {"point": address, "limit": bound, "unit": setting.unit, "what": what}
    args |= {"written": setting.text, "key": setting.point}
    yield review.finding(node, "out-of-range", message, hint, Severity.WARNING, **args)
