"""One line of steps through a sequence: where it is, which step it does, and what it is told.

A run has one line that drives the channel. While branches run at the same time, each other branch
has a line of its own. A place is a list of words from the outside in: ids of steps, ``2/5`` for
the second of five rounds of a loop (``2/?`` of a loop without a count), ``|2`` for the second
branch of a ``parallel``. Ids are unique in a flow, also those inside a ``call``: so is a place.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ionpy_auto.automation.environment import LocalEnvironment
from ionpy_auto.automation.flow import Limit, StepNode
from ionpy_auto.automation.sequences.steps import StepRun
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Environment

Place = Sequence[str]
Getter = Callable[[], Scalar | None]


class Signal(StrEnum):
    """What wakes a step that waits for its end."""

    END = "end"
    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    STOP = "stop"


class StopRunError(Exception):
    """The run was told to stop: the step has ended in order, no other begins."""


class GotoError(Exception):
    """Go on with another step, in this list or one around it."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target


@dataclass(slots=True)
class Round:
    """The round a loop is in."""

    number: int
    counter: str = ""
    item: Scalar | None = None


class Track:
    """See the module's first lines.

    Attributes:
        path: Where it is.
        step: Under way or last done.
        rounds: Of the loops it is in, outermost first.
        around: Limits of the steps it is inside, outermost first.
        way: What is left of the place to go on from after a restart.
        others: Places of the branches that were under way beside it, in full.
        env: Names as this line sees them.
        idle: It waits for its branches to end.
        paused: Its step stands still.
    """

    def __init__(self, prefix: Place = ()) -> None:
        self.path: list[str] = list(prefix)
        self.step: StepRun | None = None
        self.rounds: list[Round] = []
        self.around: list[tuple[Limit, ...]] = []
        self.way: deque[str] = deque()
        self.others: list[Place] = []
        self.env: Environment
        self.idle = False
        self.paused = False
        self._signal: asyncio.Future[Signal] | None = None
        self._wanted: Signal | None = None

    # --- signals ------------------------------------------------------------------------------

    def signal(self, signal: Signal) -> None:
        """Wake the step that waits; one that does not wait finds it when it does."""
        if self._signal is not None and not self._signal.done():
            self._signal.set_result(signal)
        elif signal is Signal.RESUME:
            self._wanted = None if self._wanted is Signal.PAUSE else self._wanted
        elif signal is not Signal.END:
            self._wanted = signal

    async def wait_signal(self) -> Signal:
        """What is wanted next of the step under way."""
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            return wanted
        self._signal = asyncio.get_running_loop().create_future()
        try:
            return await self._signal
        finally:
            self._signal = None

    def forget_signals(self) -> None:
        """What was wanted before does not hold for the steps of ``finally``."""
        self._wanted = None
        self.way.clear()
        self.others.clear()
        self.idle = self.paused = False

    @property
    def is_waiting(self) -> bool:
        """Whether its step waits for its end now."""
        return self._signal is not None and not self._signal.done()

    @property
    def wants_stop(self) -> bool:
        """Whether a stop was asked for and nobody has taken it yet."""
        return self._wanted is Signal.STOP

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Limits of the steps it is inside."""
        return tuple(limit for found in self.around for limit in found)

    # --- going on from a place ----------------------------------------------------------------

    @property
    def is_on_its_way(self) -> bool:
        """Whether it still looks for the place to go on from."""
        return bool(self.way)

    def goes_into(self, nodes: Sequence[StepNode]) -> bool:
        """Whether the place to go on from lies in a list of steps."""
        return bool(self.way) and any(node.id == self.way[0] for node in nodes)

    def first(self, nodes: Sequence[StepNode]) -> int:
        """With which of some steps to begin.

        Raises:
            Rejected: The place is not in the flow.
        """
        if not self.way:
            return 0
        wanted = self.way.popleft()
        for index, node in enumerate(nodes):
            if node.id == wanted:
                return index
        msg = f"there is no step {wanted!r} to go on with"
        raise Rejected(msg, code="NO_PLACE", hint="start the run anew")

    def first_round(self) -> int:
        """With which round of a loop to begin."""
        if self.way and "/" in self.way[0]:
            return int(self.way.popleft().partition("/")[0])
        return 1


def names_of_track(
    track: Track, counters: frozenset[str], answers: Mapping[str, Scalar], prompts: frozenset[str]
) -> dict[str, Getter]:
    """``loop.*``, ``repeat.*`` and ``prompt.*`` as a line sees them."""

    def counted(name: str) -> Getter:
        return lambda: _round_value(track, name)

    def answered(name: str) -> Getter:
        return lambda: answers.get(name)

    own = {f"loop.{name}": counted(name) for name in (*counters, "n")}
    own["repeat.number"] = lambda: float(track.rounds[-1].number) if track.rounds else None
    own["repeat.item"] = lambda: track.rounds[-1].item if track.rounds else None
    return own | {f"prompt.{name}": answered(name) for name in prompts}


def _round_value(track: Track, name: str) -> float | None:
    """The number of the innermost round of this name; ``n`` is also that of the innermost loop."""
    for one in reversed(track.rounds):
        if one.counter == name:
            return float(one.number)
    return float(track.rounds[-1].number) if name == "n" and track.rounds else None


def names_of_side(track: Track, clock: Clock) -> dict[str, Getter]:
    """``step.*`` of a line that does not drive the channel: nothing flows in its steps."""

    def of(name: str) -> Getter:
        return lambda: (
            None if track.step is None else track.step.names(clock.monotonic(), None).get(name)
        )

    names = ("id", "name", "index", "time", "ended_by", "end_value", "verdict")
    amounts = ("ah", "wh", "charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
    own: dict[str, Getter] = {f"step.{name}": of(f"step.{name}") for name in names}
    return own | {f"step.{name}": lambda: 0.0 for name in amounts}


def environment_of_side(
    track: Track, outer: Environment, more: Mapping[str, Getter], clock: Clock
) -> LocalEnvironment:
    """Names as a line beside the driving one sees them."""
    return LocalEnvironment(outer, {**names_of_side(track, clock), **more})
