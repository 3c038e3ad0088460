"""Branches of steps that run at the same time, each on a line (`track`) of its own.

At most one branch drives the channel; it goes on on the line it came from, with its row of steps
and its counts. The lines of the others stand beside it until they are through.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.steps import worst
from ionpy_auto.automation.sequences.track import GotoError, Place, StopRunError
from ionpy_auto.core.errors import IonpyError, Rejected

if TYPE_CHECKING:
    from ionpy_auto.automation.sequences.execution import Execution

Branch = Sequence[StepNode]


async def run_branches(outer: "Execution", lists: Sequence[Branch], driving: int) -> None:
    """Run all branches to their ends; the first that fails ends the others.

    Args:
        outer: The line they begin on.
        lists: The branches.
        driving: Which of them goes on on that line.

    Raises:
        StopRunError: The run was told to stop; every branch has ended its step in order.
        IonpyError: Of the branch that failed.
    """
    stopped: list[bool] = []
    here = len(outer.track.path)
    lines = _lines(outer, lists, driving)
    outer.track.idle = all(walker is not outer for walker, _ in lines)
    try:
        async with asyncio.TaskGroup() as group:  # a cancellation reaches every branch
            for walker, nodes in lines:
                group.create_task(
                    _walk(walker, nodes, stopped, partial(_leave, outer, walker, here))
                )
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    finally:
        for walker, _ in lines:  # one that was cancelled before it began has left nothing
            _leave(outer, walker, here)
        outer.track.idle = False
    if stopped:
        raise StopRunError


def _leave(outer: "Execution", walker: "Execution", here: int) -> None:
    """The branch of a line is over."""
    run, track = outer.run, walker.track
    if walker is outer:
        del track.path[here:]
        track.idle = True
        run.note_pause()
    elif track in run.tracks:
        run.leave_track(track)


def _lines(
    outer: "Execution", lists: Sequence[Branch], driving: int
) -> list[tuple["Execution", Branch]]:
    """The lines of the branches that are to be run, each on its way to where it shall go on."""
    track = outer.track
    here = len(track.path)
    going_on = bool(track.way or track.others)
    # Where branches lie within a branch, its own line is the first of them: it was there first.
    places = {p[here]: p[here + 1 :] for p in reversed(track.others) if len(p) > here}
    lines: list[tuple[Execution, Branch]] = []
    ours = f"|{driving + 1}"
    for number, nodes in enumerate(lists, 1):
        mark = f"|{number}"
        if mark != ours and (not going_on or mark in places):
            side = outer.run.side_track(track)
            side.path.append(mark)
            side.way.extend(places.get(mark, ()))
            side.others = _within(track.others, here, mark)[1:]
            lines.append((type(outer)(outer.run, side), nodes))
    if not going_on or (track.way and track.way[0] == ours):
        track.path.append(ours)
        if track.way:
            track.way.popleft()
        lines.insert(0, (outer, lists[driving]))
    track.others = _within(track.others, here, ours)
    return lines


def _within(places: Sequence[Place], here: int, mark: str) -> list[Place]:
    """The places that lie in one branch."""
    return [place for place in places if len(place) > here and place[here] == mark]


async def _walk(
    walker: "Execution", nodes: Branch, stopped: list[bool], leave: Callable[[], None]
) -> None:
    """One branch to its end, to its first error, or until the run is told to stop."""
    try:
        await walker.steps(nodes)
    except StopRunError:
        stopped.append(True)
    except GotoError as jump:
        msg = f"goto {jump.target!r} leads out of its branch"
        raise Rejected(msg, code="GOTO_BRANCH", hint="branches end on their own") from None
    except IonpyError as error:
        _break_off(walker, error.error_code.lower(), "error")
        raise
    except BaseException:
        _break_off(walker, walker.run.ended_by or "branch_failed", "aborted")
        raise
    finally:
        leave()


def _break_off(walker: "Execution", ended_by: str, verdict: str) -> None:
    """Close the step of a line that does not drive; that of the driving one is closed behind it."""
    step = walker.track.step
    if walker.is_main or step is None or step.ended is not None:
        return
    step.armed = False
    step.ended_by = step.ended_by or ended_by
    step.verdict = worst(step.verdict, verdict)
    walker.close(step)
