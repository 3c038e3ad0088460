"""Runs that wait for each other must be able to run together (SEQ-25)."""

from collections.abc import Iterator
from typing import Any

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.automation.sequences.sharing import minus_between, same_output
from ionpy_auto.automation.steps.sync import Sync
from ionpy_auto.core.errors import Finding


def check(review: Review) -> Iterator[Finding]:
    """The channels a ``sync`` waits for."""
    for node in review.flow.all_steps():
        if isinstance(node.block, Sync):
            for name in node.block.channels:
                yield from _pair(review, node, name)


def _pair(review: Review, node: StepNode, name: str) -> Iterator[Finding]:
    own, other = review.channel, review.flow.names.site.channel(name)
    if own is None or other is None or review.devices is None or name == review.flow.channel:
        return
    where = f"{review.flow.channel} and {name}"
    output = same_output(own, other, review.devices)
    if output:
        message = f"{where} both use {output}: their runs never are under way together"
        hint = "source_output in the channel files, or another supply"
        args: dict[str, Any] = {"own": review.flow.channel, "other": name, "output": output}
        yield review.finding(node, "never-together", message, hint, **args)
    minus = minus_between(own, other, review.devices)
    if minus:
        message = f"{where} are joined by {minus}: a lifted cell would be shorted"
        hint = "use supplies that float"
        args = {"own": review.flow.channel, "other": name}
        yield review.finding(node, "shared-minus", message, hint, minus=minus, **args)
