"""What a gap means: time in which nobody looked, before something that was pending goes on.

Nothing is invented: a gap never counts as held, and what may have happened in it is not known.
Up to ``max_gap`` what was pending simply goes on; after a longer one the rule's ``on_gap`` decides.
"""

from typing import Final

from ionpy_auto.automation.flow import RuleNode
from ionpy_auto.language import format_duration

CHECKPOINT_S: Final = 5.0
"""What is pending is written at least this often: so much of a hold a crash may cost."""


def gap_since(before: float, now: float) -> float | None:
    """Seconds between two UTC times; None when the clock was set back and nobody can know."""
    if now < before - CHECKPOINT_S:
        return None
    return max(now - before, 0.0)


def ruling(node: RuleNode, gap: float | None) -> str:
    """What a rule decides about a gap: empty (go on), ``reset``, ``fire`` or ``alarm``."""
    return "" if gap is not None and gap <= node.max_gap else node.on_gap


def in_words(gap: float | None) -> str:
    """A gap, as a person would say it."""
    return "an unknown time" if gap is None else format_duration(float(round(gap)))
