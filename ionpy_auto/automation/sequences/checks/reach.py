"""Which steps are reached, and which loops never come to an end or let no time pass."""

from collections.abc import Iterator, Sequence
from typing import Any

from ionpy_auto.automation.blocks import Action
from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.checks.jumps import targets
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.automation.steps.repeat import Repeat
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import Expression

Ids = frozenset[str]


def check(review: Review) -> Iterator[Finding]:
    """Loops first, then what stands behind jumps and loops that never end."""
    flow = review.flow
    aimed = frozenset(target for node in flow.all_steps() for _, target in targets(node))
    for top in (flow.sequence, *((node,) for node in flow.closing)):
        yield from _in_list(review, top, aimed, frozenset())


def _in_list(
    review: Review, nodes: Sequence[StepNode], aimed: Ids, counters: Ids
) -> Iterator[Finding]:
    yield from _behind(review, [node for node in nodes if node.enabled], aimed)
    for node in nodes:
        inner = counters
        if isinstance(node.block, Repeat):
            yield from _loop(review, node, node.block)
            name = node.block.counter
            if name is not None and name in counters:
                message = f"the loop around this one counts {name!r} already"
                hint = "give the inner loop another counter"
                yield review.finding(node, "duplicate-counter", message, hint, counter=name)
            inner = counters | {name} if name is not None else counters
        for _, part in node.parts:
            yield from _in_list(review, part, aimed, inner if node.verb != "call" else frozenset())


def _behind(review: Review, nodes: Sequence[StepNode], aimed: Ids) -> Iterator[Finding]:
    """Steps of a list that nothing leads to."""
    blocker: StepNode | None = None
    for position, node in enumerate(nodes):
        if node.id in aimed:
            blocker = None
        if blocker is not None:
            message = f"step {node.id!r} is never reached: {blocker.id!r} leads past it"
            if isinstance(blocker.block, Repeat):
                message = f"step {node.id!r} is never reached: {blocker.id!r} never ends"
            hint = "remove it, or correct what stands before it"
            why = "loop" if isinstance(blocker.block, Repeat) else "jump"
            args: dict[str, Any] = {"step": node.id, why: blocker.id}
            yield review.finding(node, "unreachable", message, hint, Severity.WARNING, **args)
            return
        if _never_ends(node) or _leads_past(review, node, nodes[:position]):
            blocker = node


def _leads_past(review: Review, node: StepNode, before: Sequence[StepNode]) -> bool:
    """Whether a ``goto`` is always followed: it is met once only, and leads on."""
    if node.verb != "goto" or node.id not in {top.id for top in review.flow.sequence}:
        return False
    earlier = {one.id for top in before for one in top.walk()} | {node.id}
    jumps = [target for one in review.flow.steps() for _, target in targets(one)]
    return not any(target in earlier for target in jumps)


def _never_ends(node: StepNode) -> bool:
    """Whether a loop has no end at all and nothing leads out of it."""
    block = node.block
    if not isinstance(block, Repeat) or block.most is not None:
        return False
    goes_on = block.as_long is None or _constant(block.as_long) is True
    stays = block.until is None or _constant(block.until) is False
    inside = {one.id for one in node.walk()} - {node.id}
    leaves = any(target not in inside for one in node.walk() for _, target in targets(one))
    return goes_on and stays and not leaves


def _constant(expression: Expression) -> object:
    """The value of an expression that reads nothing, else None."""
    return expression.evaluate(_Nothing()) if not expression.slots else None


class _Nothing:
    """An environment without names."""

    def value(self, address: str) -> None:
        """Unknown."""
        del address

    def age(self, address: str) -> None:
        """Unknown."""
        del address

    def window(self, function: str, address: str, seconds: float) -> None:
        """Unknown."""
        del function, address, seconds


def _loop(review: Review, node: StepNode, block: Repeat) -> Iterator[Finding]:
    if block.most is None and not any(_takes_time(inner) for inner in block.do):
        message = f"loop {node.id!r} has no most rounds, and nothing in it takes time"
        hint = "add a wait: 1 s, or max: 100"
        yield review.finding(node, "no-progress", message, hint, loop=node.id)


def _takes_time(node: StepNode) -> bool:
    """Whether some time may pass in a step."""
    block = node.block
    if not node.enabled:
        return False
    if node.is_control:
        return any(_takes_time(inner) for inner in node.children)
    if getattr(block, "duration", None) == 0.0 and not node.until:
        return False
    if isinstance(block, Action):
        return bool(block.interruption)
    return block.takes_time
