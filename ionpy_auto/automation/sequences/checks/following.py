"""A charge at constant voltage behind one at constant current must go on where that ended."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import format_quantity

NEAR_V: Final = 0.010


def check(review: Review) -> Iterator[Finding]:
    """Each pair of neighbours, also inside loops."""
    yield from _pairs(review, review.flow.sequence)


def _pairs(review: Review, nodes: Sequence[StepNode]) -> Iterator[Finding]:
    steps = [node for node in nodes if node.enabled]
    for first, second in pairwise(steps):
        yield from _mismatch(review, first, second)
    for node in steps:
        yield from _pairs(review, node.children)


def _mismatch(review: Review, first: StepNode, second: StepNode) -> Iterator[Finding]:
    ended, held = _ends_at(review, first), _holds(second)
    if ended is None or held is None or abs(ended - held) <= NEAR_V + 1e-9:
        return
    from_v, to_v = format_quantity(ended, "V"), format_quantity(held, "V")
    hint = "one step does both: charge: {current: …, voltage: …}"
    args: dict[str, Any] = {"first": first.id, "second": second.id, "ended": ended, "held": held}
    if ended > held:
        message = f"{first.id!r} ends at {from_v}, above the {to_v} that {second.id!r} holds"
        yield review.finding(second, "cc-cv-mismatch", message, hint, **args)
    else:
        message = f"{first.id!r} ends at {from_v}, {second.id!r} jumps to {to_v}"
        yield review.finding(second, "cc-cv-mismatch", message, hint, Severity.WARNING, **args)


def _ends_at(review: Review, node: StepNode) -> float | None:
    """The voltage at which a charge without a held voltage ends."""
    if len(node.drives) != 1 or node.direction != "charge" or node.drives[0].voltage is not None:
        return None
    found = [
        bound.limit
        for end in node.until
        for bound in end.when.bounds()
        if bound.point == f"{review.channel_id}.voltage" and bound.op in {">", ">="}
    ]
    return min(found, default=None)


def _holds(node: StepNode) -> float | None:
    """The voltage of a charge that follows."""
    if len(node.drives) != 1 or node.direction != "charge":
        return None
    return node.drives[0].voltage
