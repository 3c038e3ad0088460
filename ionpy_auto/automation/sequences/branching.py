"""Branches of steps that run at the same time, each on a line (`track`) of its own.

At most one branch drives the channel; it goes on on the line it came from, with its row of steps
and its counts. The lines of the others stand beside it until they are through.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    lines = _lines(outer, lists, driving)
    outer.track.idle = all(walker is not outer for walker, _, _ in lines)
    try:
        async with asyncio.TaskGroup() as group:  # a cancellation reaches every branch
            for walker, number, nodes in lines:
                is_side = walker is not outer
                group.create_task(_walk(walker, nodes, f"|{number}", stopped, is_side=is_side))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    finally:
        outer.track.idle = False
    if stopped:
        raise StopRunError


def _lines(
    outer: "Execution", lists: Sequence[Branch], driving: int
) -> list[tuple["Execution", int, Branch]]:
    """The lines of the branches that are to be run, each on its way to where it shall go on."""
    track = outer.track
    here = len(track.path)
    going_on = bool(track.way or track.others)
    places = {place[here]: place[here:] for place in track.others if len(place) > here}
    lines: list[tuple[Execution, int, Branch]] = []
    for number, nodes in enumerate(lists, 1):
        mark = f"|{number}"
        if number - 1 == driving:
            if not going_on or (track.way and track.way[0] == mark):
                lines.append((outer, number, nodes))
        elif not going_on or mark in places:
            side = outer.run.side_track(track)
            side.way.extend(places.get(mark, ()))
            side.others = _within(track.others, here, mark)[1:]
            lines.append((type(outer)(outer.run, side), number, nodes))
    track.others = _within(track.others, here, f"|{driving + 1}")
    return lines


def _within(places: Sequence[Place], here: int, mark: str) -> list[Place]:
    """The places that lie in one branch."""
    return [place for place in places if len(place) > here and place[here] == mark]


async def _walk(
    walker: "Execution", nodes: Branch, mark: str, stopped: list[bool], *, is_side: bool
) -> None:
    """One branch to its end, to its first error, or until the run is told to stop."""
    with _place(walker, mark, is_side=is_side):
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


@contextmanager
def _place(walker: "Execution", mark: str, *, is_side: bool) -> Iterator[None]:
    """Where a branch is, as long as it is under way."""
    track, run = walker.track, walker.run
    track.path.append(mark)
    if track.way and track.way[0] == mark:
        track.way.popleft()
    try:
        yield
    finally:
        track.path.pop()
        if is_side:
            run.leave_track(track)
        else:
            track.idle = True
            run.note_pause()


def _break_off(walker: "Execution", ended_by: str, verdict: str) -> None:
    """Close the step of a line that does not drive; that of the driving one is closed behind it."""
    step = walker.track.step
    if walker.is_main or step is None or step.ended is not None:
        return
    step.armed = False
    step.ended_by = step.ended_by or ended_by
    step.verdict = worst(step.verdict, verdict)
    walker.close(step)
