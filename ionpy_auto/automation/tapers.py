"""A taper: an end by a falling current, of a step that holds a voltage (SEQ-17).

Such an end counts only once the voltage is held. Before that the current is on its way up, or
limited by something else, and is no sign of a full or an empty cell.
"""

from collections.abc import Sequence

from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.flow import End
from ionpy_auto.language import Bound


def is_taper(end: End, drives: Sequence[Drive], current: str) -> bool:
    """Whether an end without a phase is one of phase ``cv`` by definition.

    Args:
        end: As written.
        drives: What its step asks of the channel.
        current: Address of the channel's current.
    """
    bounds = end.when.bounds()
    if end.phase or not bounds or len(drives) != 1 or drives[0].voltage is None:
        return False
    direction = drives[0].direction
    return all(_falls(bound, direction, current) for bound in bounds)


def _falls(bound: Bound, direction: str, current: str) -> bool:
    """``current < 0.1 A`` of a charge, ``current > -0.1 A`` of a discharge."""
    if bound.point == f"abs({current})" or (bound.point == current and direction == "charge"):
        return bound.op in {"<", "<="}
    return bound.point == current and bound.op in {">", ">="} and bound.limit <= 0.0
