"""Jumps: every ``goto`` leads to a step of its own list or of one around it."""

from collections.abc import Iterator, Sequence

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding


def check(review: Review) -> Iterator[Finding]:
    """All jumps of the sequence."""
    yield from _jumps_in(review, review.flow.sequence, frozenset())


def _jumps_in(
    review: Review, nodes: Sequence[StepNode], around: frozenset[str]
) -> Iterator[Finding]:
    reachable = around | {node.id for node in nodes}
    known = {node.id for node in review.flow.steps()}
    for node in nodes:
        for end in node.until:
            if end.goto and end.goto not in known:
                hint = f"steps: {', '.join(sorted(known))}"
                yield review.finding(end, "unknown-step", f"no step {end.goto!r}", hint)
            elif end.goto and end.goto not in reachable:
                message = f"{end.goto!r} stands inside a loop"
                hint = "go to the loop itself"
                yield review.finding(end, "goto-into-loop", message, hint)
        yield from _jumps_in(review, node.children, reachable)
