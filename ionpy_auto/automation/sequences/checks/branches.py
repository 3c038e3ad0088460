"""Branches that run at the same time: one of them drives, the others only look and wait."""

from collections.abc import Iterator, Sequence
from typing import Any

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.automation.steps.parallel import ParallelSteps, uses_channel
from ionpy_auto.core.errors import Finding


def check(review: Review) -> Iterator[Finding]:
    """All ``parallel`` of the flow."""
    channel = review.channel
    devices = [d for d in (channel.source, channel.sink) if d] if channel is not None else []
    for node in review.flow.all_steps():
        if isinstance(node.block, ParallelSteps):
            yield from _branches(review, node.block, devices)


def _branches(review: Review, block: ParallelSteps, devices: Sequence[str]) -> Iterator[Finding]:
    using = [n for n, nodes in enumerate(block.branches) if uses_channel(nodes, devices)]
    for number in using[1:]:
        node = _first_use(block.branches[number], devices)
        message = f"step {node.id!r} uses the channel, and so does branch {using[0] + 1}"
        hint = "only one branch may: put them into one list, or use wait in place of rest"
        args: dict[str, Any] = {"step": node.id, "branch": using[0] + 1}
        yield review.finding(node, "two-drive", message, hint, **args)
    driving = using[0] if using else 0
    for number, nodes in enumerate(block.branches):
        if number != driving:
            yield from _beside(review, nodes, asks_off=bool(using))


def _first_use(nodes: Sequence[StepNode], devices: Sequence[str]) -> StepNode:
    """The innermost first step that uses the channel."""
    top = next(node for node in nodes if uses_channel((node,), devices))
    inner = [node for node in top.children if uses_channel((node,), devices)]
    return _first_use(inner, devices) if inner else top


def _beside(review: Review, nodes: Sequence[StepNode], *, asks_off: bool) -> Iterator[Finding]:
    """Steps of a branch that does not drive."""
    for node in (one for top in nodes for one in top.walk()):
        for limit in node.limits:
            message = f"limit {limit.id!r} stands in a branch that does not drive"
            hint = "put it to the parallel, or into the branch that drives"
            yield review.finding(limit, "side-limit", message, hint, limit=limit.id)
        if node.verb == "prompt" and asks_off and not getattr(node.block, "keep_on", False):
            message = f"step {node.id!r} asks while another branch drives the cell"
            hint = "add keep_on: true, or ask outside of the parallel"
            yield review.finding(node, "asks-while-driving", message, hint, step=node.id)
