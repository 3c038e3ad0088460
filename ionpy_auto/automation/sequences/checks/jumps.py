"""Jumps: every ``goto`` leads to a step of its own list or of one around it."""

from collections.abc import Iterator, Sequence

from ionpy_auto.automation.fields import unknown_args
from ionpy_auto.automation.flow import End, StepNode
from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.core.errors import Finding

Ids = frozenset[str]
NONE: Ids = frozenset()


def check(review: Review) -> Iterator[Finding]:
    """All jumps of the sequence, and those inside each step of ``finally``."""
    yield from _jumps_in(review, review.flow.sequence, NONE, NONE)
    for node in review.flow.closing:
        yield from _jumps_in(review, (node,), NONE, NONE)


def targets(node: StepNode) -> Iterator[tuple[StepNode | End, str]]:
    """Where a step may lead, each with what says so."""
    if node.verb == "goto":
        yield node, str(getattr(node.block, "target", ""))
    for end in node.until:
        if end.goto:
            yield end, end.goto


def _jumps_in(
    review: Review, nodes: Sequence[StepNode], around: Ids, beyond: Ids
) -> Iterator[Finding]:
    """Jumps of a list and of those inside.

    Args:
        review: The flow.
        nodes: The list.
        around: Steps of the lists around it.
        beyond: Steps outside the branch it stands in.
    """
    reachable = around | {node.id for node in nodes}
    for node in nodes:
        for where, target in targets(node):
            yield from _jump(review, where, target, reachable, beyond)
        for _, inner in node.parts:
            if node.verb == "parallel":
                yield from _jumps_in(review, inner, NONE, beyond | reachable)
            else:
                yield from _jumps_in(review, inner, reachable, beyond)


def _jump(
    review: Review, where: StepNode | End, target: str, reachable: Ids, beyond: Ids
) -> Iterator[Finding]:
    known = {node.id for node in review.flow.all_steps()}
    if target in reachable:
        return
    if target not in known:
        hint = f"steps: {', '.join(sorted(known))}"
        args = unknown_args(target, known)
        yield review.finding(where, "unknown-step", f"no step {target!r}", hint, **args)
    elif target in beyond:
        message = f"{target!r} stands outside this branch"
        hint = "all branches come to their ends; go on behind the parallel"
        yield review.finding(where, "goto-out-of-branch", message, hint, step=target)
    elif target in {node.id for top in review.flow.closing for node in top.walk()}:
        message = f"{target!r} stands in finally, whose steps are all run one by one"
        yield review.finding(where, "goto-in-finally", message, "use if", step=target)
    else:
        message = f"{target!r} stands inside a loop, a way or a branch"
        hint = "go to the step it stands in"
        yield review.finding(where, "goto-into-loop", message, hint, step=target)
