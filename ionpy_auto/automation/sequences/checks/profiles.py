"""Profiles against the channel: a change of direction takes its dead time."""

from collections.abc import Iterator
from typing import Any

from ionpy_auto.automation.sequences.review import Review
from ionpy_auto.automation.sequences.switching import DEAD_TIME_S
from ionpy_auto.automation.steps.profile import Profile
from ionpy_auto.core.errors import Finding


def check(review: Review) -> Iterator[Finding]:
    """Segments behind a change of direction; what writes take is known when the step runs."""
    if review.channel is None:
        return
    dead = max(DEAD_TIME_S, review.channel.dead_time)
    for node in review.driving():
        if not isinstance(node.block, Profile):
            continue
        table = node.block.table()
        for segment in table.turns():
            if segment.seconds < dead:
                message = (
                    f"{table.name}: line {segment.line} turns the direction for "
                    f"{segment.seconds:g} s, less than the dead time of {dead:g} s"
                )
                hint = "join segments, slow it down, or clip one direction"
                args: dict[str, Any] = {
                    "profile": table.name,
                    "line": segment.line,
                    "seconds": segment.seconds,
                }
                yield review.finding(node, "segment-too-short", message, hint, dead=dead, **args)
                break
