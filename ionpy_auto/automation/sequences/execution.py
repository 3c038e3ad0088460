"""Walks through the steps of a run: what a step may touch (`StepContext`), and in which order.

Each line of steps (`track`) has one `Execution`; `branching` runs several at the same time. The
way through a flow depends on nothing but its steps, what conditions gave and where it began, so a
place that a checkpoint holds is found again (`Execution.go_to`). A step that waits for its end is
woken by the sample that brings it, in the same moment. Whatever goes wrong rises to `manager.py`,
which makes the outputs safe.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ionpy_auto.automation.blocks import Action, Step
from ionpy_auto.automation.context import Drive, Held, Lab, Meeting, Question, Rounds
from ionpy_auto.automation.flow import Measure, StepNode
from ionpy_auto.automation.sequences.barriers import Waiter
from ionpy_auto.automation.sequences.branching import run_branches
from ionpy_auto.automation.sequences.checkpoint import Position
from ionpy_auto.automation.sequences.journal import Deed
from ionpy_auto.automation.sequences.measuring import ChannelMeter
from ionpy_auto.automation.sequences.run import Run, RunState
from ionpy_auto.automation.sequences.steps import EndState, StepRun, describe_measure, worst
from ionpy_auto.automation.sequences.switching import AlreadyThereError, Switching, nothing_driven
from ionpy_auto.automation.sequences.track import (
    GotoError,
    Place,
    Round,
    Signal,
    StopRunError,
    Track,
)
from ionpy_auto.core.commands import Origin, Outcome
from ionpy_auto.core.errors import Conflict, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Environment

PAUSE_S = 0.1
"""Between rounds of an endless loop that took no time."""
ENDS_OF_PAUSE = frozenset({Signal.RESUME, Signal.STOP, Signal.SKIP})
MAX_STEPS = 100_000
"""More steps than this in one run is a loop that never ends."""


class RunChannel:
    """The channel as steps see it (`StepChannel`); remembers what to repeat after a pause."""

    def __init__(self, execution: "Execution", switching: Switching) -> None:
        self._execution = execution
        self._switching = switching
        self._drive: Drive | None = None

    @property
    def write_latency_s(self) -> float:
        """The longest write of the run so far."""
        return self._switching.latency_s

    @property
    def dead_time_s(self) -> float:
        """Of the channel."""
        return self._switching.dead_time_s

    async def rest(self) -> None:
        """Outputs off, proven."""
        self._drive = None
        await self._switching.off()

    async def drive(self, drive: Drive) -> bool:
        """Drive the cell; one that is at its voltage already ends the step."""
        self._drive = drive
        try:
            await self._switching.drive(drive)
        except AlreadyThereError as there:
            self._execution.end_now(there.ended_by)
            return False
        return True

    async def level(self, value: float) -> None:
        """Another level of what the running mode holds."""
        if self._drive is None:
            raise nothing_driven()
        await self.relevel(self._drive.at(value))

    async def relevel(self, drive: Drive) -> None:
        """Other levels of the running mode."""
        await self._switching.relevel(drive)
        self._drive = drive

    async def connect(self) -> None:
        """Relay closed until `disconnect`, outputs off."""
        self._drive = None
        await self._switching.connect()

    async def disconnect(self) -> None:
        """Relay open."""
        self._drive = None
        await self._switching.disconnect()

    async def compare(self, amps: float) -> None:
        """Supply into load, the cell disconnected."""
        self._drive = None
        await self._switching.compare(amps)

    async def compare_at(self, amps: float) -> None:
        """Another current from the supply into the load."""
        await self._switching.compare_at(amps)

    async def charge(self, *, current: float | None = None, voltage: float | None = None) -> bool:
        """Supply on."""
        return await self.drive(Drive("charge", current=current, voltage=voltage))

    async def discharge(self, *, current: float) -> bool:
        """Load on."""
        return await self.drive(Drive("discharge", current=current))

    async def again(self) -> None:
        """What the step asked for last, in the whole order again."""
        if self._drive is not None:
            await self.drive(self._drive)

    def forget(self) -> None:
        """The step is over."""
        self._drive = None


class Execution:
    """Implements `StepContext` for one line of a run.

    Args:
        run: Whose steps.
        track: The line; that which drives the channel by default.
    """

    def __init__(self, run: Run, track: Track | None = None) -> None:
        self.run = run
        self.track = track if track is not None else run.main
        drives = run.switching is not None and self.is_main
        self._channel = RunChannel(self, run.switching) if drives and run.switching else None
        self._writes = asyncio.Lock()  # an action is ended between two writes, never inside one

    # --- what blocks see ----------------------------------------------------------------------

    @property
    def lab(self) -> Lab:
        """The project."""
        return self.run.lab

    @property
    def origin(self) -> Origin:
        """The run."""
        return self.run.origin

    @property
    def is_main(self) -> bool:
        """Whether this is the line that drives the channel."""
        return self.track is self.run.main

    @property
    def env(self) -> Environment:
        """Names as this line sees them."""
        return self.track.env

    @property
    def leased_devices(self) -> Sequence[str]:
        """Supply and load of the channel."""
        return self.run.leased

    @property
    def channel(self) -> RunChannel:
        """The channel of the run.

        Raises:
            Rejected: The run has none, or another branch drives it.
        """
        if self._channel is None and self.run.switching is not None:
            msg = "another branch drives the channel"
            raise Rejected(msg, code="BRANCH_DRIVES", hint="only one branch may use the channel")
        if self._channel is None:
            raise _no_channel()
        return self._channel

    @property
    def meter(self) -> ChannelMeter:
        """The channel's meters, for the step under way.

        Raises:
            Rejected: The run has no channel.
        """
        run, step = self.run, self.track.step
        if run.channel is None or step is None:
            raise _no_channel()
        return ChannelMeter(run.channel, step, self.lab.bus, run.journal)

    def resolve(self, name: str) -> str:
        """From a written name to an address."""
        return self.run.resolve(name)

    async def write(self, point: str, value: Scalar) -> Outcome:
        """Write as the run."""
        async with self._writes:
            return await self.run.write(point, value)

    def claim(self, point: str) -> str:
        """Hold an output until the run ends; the name of who holds it, or empty."""
        return self.run.claim(point)

    def phase(self, name: str) -> None:
        """The step has entered a phase; empty gives the naming back to the channel."""
        if self.run.channel is not None and self._channel is not None:
            self.run.channel.stage = name
        if self.track.step is not None:
            self.track.step.enter_phase(name, self.lab.clock.now())

    def end(self, name: str, verdict: str = "pass") -> None:
        """End the step, if it has not ended."""
        self.end_now(name, verdict)

    def end_now(self, name: str, verdict: str = "pass") -> None:
        """End the step under way before it waits."""
        step = self.track.step
        if step is not None and not step.ended_by:
            step.ended_by = name
            step.verdict = worst(step.verdict, verdict)
            self.run.mark_end(step)

    # --- walking ------------------------------------------------------------------------------

    def go_to(self, path: Place, branches: Sequence[Place] = ()) -> None:
        """Let `steps` begin at a place that a checkpoint holds, not at the first step.

        Loops go on in the round of the place, ``if`` goes the way it had gone, branches that were
        through are left out. The step at the place itself begins anew.

        Args:
            path: Of the line that drives the channel.
            branches: Of the lines beside it.
        """
        self.track.way.extend(path)
        self.track.others = list(branches)

    def resumes_in(self, nodes: Sequence[Any]) -> bool:
        """Whether the place to go on from lies in these steps."""
        return self.track.goes_into(nodes)

    async def each(self, count: int, body: Callable[[int], Awaitable[None]]) -> None:
        """Count a loop."""

        async def one() -> None:
            await body(self.track.rounds[-1].number)

        await self.loop(Rounds(count=count), one)

    async def loop(self, rounds: Rounds, body: Callable[[], Awaitable[None]]) -> None:
        """Run round after round.

        Wherever somebody else gets a turn, the place says what comes next.
        """
        track, clock = self.track, self.lab.clock
        number = track.first_round()
        shown = rounds.count or "?"
        track.path.append("")
        try:
            while rounds.count is None or number <= rounds.count:
                began = clock.monotonic()
                track.path[-1] = f"{number}/{shown}"
                if await self._round(rounds, number, body):
                    break
                number += 1
                track.path[-1] = f"{number}/{shown}"
                # What an endless loop looks at cannot change without time; others let others in.
                spins = rounds.count is None and clock.monotonic() <= began
                await clock.sleep(PAUSE_S if spins else 0.0)
        finally:
            track.path.pop()

    async def _round(
        self, rounds: Rounds, number: int, body: Callable[[], Awaitable[None]]
    ) -> bool:
        """One round; returns whether the loop is over with it."""
        track = self.track
        item = rounds.items[number - 1] if rounds.items else None
        goes_on = track.is_on_its_way
        track.rounds.append(Round(number, rounds.counter, item))
        try:
            if not goes_on and rounds.before is not None and not rounds.before():
                return True
            await body()
            return rounds.after is not None and rounds.after()
        finally:
            track.rounds.pop()

    async def steps(self, children: Sequence[Any], *, counter: str = "") -> None:
        """Run child steps."""
        del counter
        position = self.track.first(children)
        while position < len(children):
            node = children[position]
            position += 1
            target = await self._one(node) if node.enabled else ""
            if target:
                position = _place(children, target)
                self.track.path.append(target)
                try:
                    await self.lab.clock.sleep(0.0)
                finally:
                    self.track.path.pop()

    async def branches(self, lists: Sequence[Sequence[Any]], driving: int) -> None:
        """Run lists of steps at the same time; the first that fails ends the others.

        Args:
            lists: The branches.
            driving: Which of them may use the channel, from 0.
        """
        await run_branches(self, lists, driving)

    async def call(self, nodes: Sequence[Any], closing: Sequence[Any]) -> None:
        """Run another flow; what of its ``finally`` is not reached here is run with the run's."""
        self.run.closings.append(tuple(closing))
        if not self.resumes_in(closing):
            await self.steps(nodes)
        await self.steps(closing)
        self.run.closings.pop()

    def goto(self, target: str, most: int) -> None:
        """Go on with another step, unless this step has done so as often as it may.

        Raises:
            GotoError: It goes there; the walk takes it.
        """
        if self._may_jump(self.track.path[-1], most):
            raise GotoError(target)

    async def _one(self, node: StepNode) -> str:
        """Run one node; returns where to go on, empty for the next."""
        track = self.track
        track.path.append(node.id)
        try:
            if not node.is_control or not isinstance(node.block, Step):
                return await self._leaf(node)
            track.around.append(node.limits)
            try:
                await node.block.run(self)
            finally:
                track.around.pop()
                self.run.plan.left(node)
        except GotoError as jump:
            return jump.target
        finally:
            track.path.pop()
        return ""

    # --- one step -----------------------------------------------------------------------------

    async def _leaf(self, node: StepNode) -> str:
        if self.track.wants_stop:
            raise StopRunError
        step = self._enter(node)
        try:
            if not step.ended_by:
                await self._do(step, node)
        except StopRunError:
            self.end_now("stopped", "aborted")
            await self._leave(step)
            raise
        if not step.ended_by:
            self.end_now("done")
        await self._leave(step)
        return self._jump(step)

    async def _do(self, step: StepRun, node: StepNode) -> None:
        """Do what a step is there for; an action that is no use twice is noted before and after."""
        run = self.run
        if isinstance(node.block, Step):
            await node.block.run(self)
        elif not is_done_once(node):
            await self._act(step, node.block)
        else:
            await run.journal.intend(run.id, Deed(step.index, node.id, node.verb, ""))
            outcome = "failed"
            try:
                await self._act(step, node.block)
                outcome = "done"
            finally:
                run.journal.did(run.id, step.index, outcome)

    async def _act(self, step: StepRun, action: Action) -> None:
        """Run an action that stands as a step; one that may take long can be interrupted."""
        is_closing = self.run.state is RunState.STOPPING
        if not action.interruption or (is_closing and not step.ends):
            await action.act(self)
            return
        self._arm(step)
        task = asyncio.ensure_future(action.act(self))
        try:
            while not step.ended_by and (signal := await self._signal_or(task)) is not None:
                if signal is Signal.END and not step.ended_by:
                    continue
                if signal is not Signal.PAUSE:
                    await self._end_task(task)
                    if signal is Signal.STOP:
                        raise StopRunError
                    if signal is Signal.SKIP:
                        self.end_now("skipped", "inconclusive")
                elif await self._pause_action(step, task, action):
                    task = asyncio.ensure_future(action.act(self))
        finally:
            if not task.done():  # broken off: at once, the outputs are made safe behind it
                task.cancel()
                await asyncio.wait({task})
            _ = task.cancelled() or task.exception()  # what stopped it counts, not its echo
        if not task.cancelled():
            task.result()

    async def _pause_action(self, step: StepRun, task: asyncio.Future[Any], action: Action) -> bool:
        """Pause in the middle of an action; returns whether it has to begin anew."""
        if action.interruption == "restart":
            await self._end_task(task)
        else:  # part of it may be done already, so it is finished first
            await asyncio.wait({task})
        await self._pause(step)
        return task.cancelled() and not step.ended_by

    async def _signal_or(self, task: asyncio.Future[Any]) -> Signal | None:
        """The next signal, or None when the task is through first; no signal is lost."""

        def wake(done: asyncio.Future[Any]) -> None:
            del done
            self.track.signal(Signal.END)

        task.add_done_callback(wake)
        try:
            signal = await self.track.wait_signal()
        finally:
            task.remove_done_callback(wake)
        return None if signal is Signal.END and task.done() else signal

    async def _end_task(self, task: asyncio.Future[Any]) -> None:
        """End an action between two writes, never inside one."""
        if task.done():
            return
        async with self._writes:
            task.cancel()
        await asyncio.wait({task})

    def _enter(self, node: StepNode) -> StepRun:
        run, clock = self.run, self.lab.clock
        place = run.past.take(tuple(self.track.path), is_main=self.is_main)
        if place is not None:
            return self._go_on(place)
        if len(run.history) >= MAX_STEPS:
            msg = f"more than {MAX_STEPS} steps"
            raise Rejected(msg, code="ENDLESS", hint="check goto and repeat")
        direction, is_main = node.direction, self.is_main
        step = StepRun(node, len(run.history), direction, clock.now(), clock.monotonic())
        channel_id = run.channel.id if run.channel is not None else ""
        step.ends = [EndState(end, channel_id) for end in node.until]
        step.is_side = not is_main
        self.track.step = step
        step.path = tuple(self.track.path)
        step.before = run.channel.voltage.value if run.channel is not None else None
        run.history.append(step)
        if is_main and run.counting is not None and run.channel is not None:
            run.counting.begin(direction)
            run.counting.label(node.id, step.index)
            step.cycle = run.counting.cycle
        if is_main and run.watch is not None:
            run.watch.enter_step(node.limits, self.track.limits)
        run.tell_step(step, "started")
        run.tell()
        run.save()
        return step

    def _go_on(self, place: Position) -> StepRun:
        """Go on with the step a crash broke off: the same row, clock and counts."""
        run, step = self.run, place.step
        self.track.step = step
        if place.is_over:
            return step
        node = step.node
        channel_id = run.channel.id if run.channel is not None else ""
        step.ends = [EndState(end, channel_id) for end in node.until]
        if self.is_main and run.channel is not None:
            run.channel.labels.step, run.channel.labels.step_count = node.id, step.index + 1
        if self.is_main and run.watch is not None:
            run.watch.enter_step(node.limits, self.track.limits)
        if place.ended_by:
            step.ended_by = place.ended_by
            step.verdict = worst(step.verdict, place.verdict)
        run.tell_step(step, "resumed")
        run.tell()
        run.save()
        return step

    async def _leave(self, step: StepRun) -> None:
        run = self.run
        step.armed = False
        if step.node.drives and run.switching is not None:
            await run.switching.off()
        if self._channel is not None:
            self._channel.forget()
            self.phase("")
        self.close(step)

    def close(self, step: StepRun) -> None:
        """Count and store a step that is over."""
        run, clock = self.run, self.lab.clock
        if step.ended is not None:
            return
        now = clock.monotonic()
        step.ended, step.ended_mono = clock.now(), now
        step.enter_phase("", step.ended)
        if run.counting is not None and not step.is_side:
            run.count(step)
        self._judge(step)
        for measure in step.node.measure:
            self._measure(step, measure)
        run.plan.finished(step.node.id, step.time(now))
        run.verdict = worst(run.verdict, step.verdict)
        run.tell_step(step, "ended")
        run.save()

    @staticmethod
    def _judge(step: StepRun) -> None:
        """The verdict written at a step counts where it ended well and its end has none itself."""
        node = step.node
        has_own = step.ended_by in {end.name for end in node.until}
        if step.verdict in {"not_set", "pass"} and not has_own:
            step.verdict = node.verdict or step.verdict

    def _measure(self, step: StepRun, measure: Measure) -> None:
        value = measure.value.evaluate(self.env)
        low = measure.low.evaluate(self.env) if measure.low is not None else None
        high = measure.high.evaluate(self.env) if measure.high is not None else None
        verdict = "pass"
        if not isinstance(value, float):
            verdict = "inconclusive"
        elif (isinstance(low, float) and value < low) or (isinstance(high, float) and value > high):
            verdict = "fail"
        row = describe_measure(measure.name, value, measure.value.unit, verdict)
        bounds = {"min": low, "max": high}
        row |= {name: bound for name, bound in bounds.items() if isinstance(bound, float)}
        step.measures.append(row)
        step.verdict = worst(step.verdict, verdict)

    def _jump(self, step: StepRun) -> str:
        """Where an end leads, as often as it may."""
        if not step.goto or step.decided:
            return step.goto
        most = next((e.max for e in step.node.until if e.name == step.ended_by), 0)
        if not self._may_jump(f"{step.node.id}: {step.ended_by}", most):
            step.goto = ""
        step.decided = True  # counted: a restart from here must not count it again
        return step.goto

    def _may_jump(self, key: str, most: int) -> bool:
        """Count a jump of the run; whether it is one of those that are allowed."""
        jumps = self.run.jumps
        if jumps.get(key, 0) >= most:
            return False
        jumps[key] = jumps.get(key, 0) + 1
        return True

    # --- waiting ------------------------------------------------------------------------------

    async def until_end(self, after_s: float | None = None) -> None:
        """Return when an end of the step holds, or after a time."""
        step = self.track.step
        if step is None or step.ended_by:
            return
        if not step.node.drives and not (step.continued and keeps_clock(step.node)):
            step.restart_clock(self.lab.clock.monotonic())
        step.after_s = after_s
        self._arm(step)
        while True:
            signal = await self._signal(step)
            if signal is Signal.STOP:
                raise StopRunError
            if signal is Signal.SKIP:
                self.end_now("skipped", "inconclusive")
            elif signal is Signal.PAUSE:
                await self._pause(step)
            if self._is_over(step):
                return

    async def ask(self, question: Question) -> bool:
        """Ask a person; without ``keep_on`` the outputs are off meanwhile."""
        if self._channel is not None and not question.keep_on:
            await self._channel.rest()
        step_id = self.run.open_prompt(self.track, question)
        try:
            return await self._in_time(question.timeout_s)
        finally:
            self.run.close_prompt(step_id)

    async def meet(self, meeting: Meeting) -> bool:
        """Wait for other runs."""
        run, track = self.run, self.track
        channel = run.channel.id if run.channel is not None else ""
        met = partial(run.end_step, track, "met")
        leave = run.barriers.come(Waiter(run.id, channel, meeting, met))
        try:
            return await self._in_time(meeting.timeout_s)
        finally:
            leave()

    async def _in_time(self, timeout_s: float | None) -> bool:
        """Wait for the end of the step; a time that was over leaves the end open."""
        await self.until_end(timeout_s)
        step = self.track.step
        if step is None or step.ended_by != "time":
            return True
        step.ended_by = ""
        return False

    async def hold(self, seconds: float, *, ends: bool = True) -> Held:
        """Wait so long, with or without looking at the ends of the step."""
        track, clock, step = self.track, self.lab.clock, self.track.step
        if step is None or step.ended_by:
            return "ended"
        self._arm(step)
        step.armed = ends
        is_over = False

        def wake() -> None:
            nonlocal is_over
            is_over = True
            track.signal(Signal.END)

        step.holds_until = clock.monotonic() + seconds
        timer = clock.call_at(step.holds_until, wake)
        try:
            while not (is_over or self._is_over(step)):
                signal = await track.wait_signal()
                if signal is Signal.STOP:
                    raise StopRunError
                if signal is Signal.SKIP:
                    self.end_now("skipped", "inconclusive")
                elif signal is Signal.PAUSE:
                    if self._channel is not None:
                        self._channel.forget()
                    await self._pause(step)
                    return "ended" if self._is_over(step) else "paused"
        finally:
            step.holds_until = None
            timer.cancel()
        return "ended" if self._is_over(step) else "over"

    @staticmethod
    def _is_over(step: StepRun) -> bool:
        return bool(step.ended_by)

    def _arm(self, step: StepRun) -> None:
        channel = self.run.channel
        if channel is not None and step.at_start == (None, None):
            step.at_start = channel.voltage.value, channel.current
        step.armed = True

    async def _signal(self, step: StepRun) -> Signal:
        """The next signal; the step's own time is one of its ends."""
        clock, track = self.lab.clock, self.track
        if step.after_s is None:
            return await track.wait_signal()

        def over() -> None:
            if step.armed and not step.ended_by:
                self.end_now("time")
                step.end_value = step.after_s
                track.signal(Signal.END)

        left = step.after_s - step.time(clock.monotonic())
        timer = clock.call_at(clock.monotonic() + left, over)
        try:
            return await track.wait_signal()
        finally:
            timer.cancel()

    async def _pause(self, step: StepRun) -> None:
        """Outputs off and proven; the step's clock stands still, limits do not."""
        run, clock, track = self.run, self.lab.clock, self.track
        step.armed = False
        if run.switching is not None and self.is_main:
            await run.switching.off()
        since = step.paused_since = clock.monotonic()
        track.paused = True
        run.note_pause()
        try:
            while (signal := await track.wait_signal()) not in ENDS_OF_PAUSE:
                pass
        finally:
            track.paused = False
        step.paused_s += clock.monotonic() - since
        step.paused_since = None
        if run.state is RunState.PAUSED:
            run.set_state(RunState.RUNNING, "")
        if signal is Signal.STOP:
            raise StopRunError
        if signal is Signal.SKIP:
            self.end_now("skipped", "inconclusive")
            return
        if step.node.verb == "rest" and not keeps_clock(step.node):
            step.restart_clock(clock.monotonic())  # the cell has relaxed, but under no one's eyes
        if self._channel is not None:
            await self._channel.again()
        step.ends = [EndState(s.end, run.channel.id if run.channel else "") for s in step.ends]
        step.armed = True


def _no_channel() -> Rejected:
    msg = "this run has no channel"
    return Rejected(msg, code="NO_CHANNEL", hint="add channel: to the flow")


def is_done_once(node: StepNode) -> bool:
    """Whether a step must not be done a second time; what only waits may begin anew."""
    return isinstance(node.block, Action) and node.block.interruption != "restart"


def keeps_clock(node: StepNode) -> bool:
    """Whether a rest goes on where it was, instead of beginning anew."""
    return bool(getattr(node.block, "resume", False))


def _place(children: Sequence[StepNode], target: str) -> int:
    """Where a step stands in a list, or up to the list around it."""
    for index, node in enumerate(children):
        if node.id == target:
            return index
    raise GotoError(target)


async def run_closing(execution: Execution, nodes: Sequence[StepNode]) -> list[Mapping[str, Any]]:
    """Run ``finally``: every entry is tried, whatever became of the others."""
    failures: list[Mapping[str, Any]] = []
    for node in nodes:
        if not node.enabled:
            continue
        try:
            async with execution.lab.clock.timeout(CLOSING_PATIENCE_S):
                await execution.steps([node])
        except (Conflict, Rejected) as error:
            failures.append({"step": node.id, "error": error.message})
        except Exception as error:  # noqa: BLE001 - the next entry must still be tried
            failures.append({"step": node.id, "error": str(error) or type(error).__name__})
    return failures


CLOSING_PATIENCE_S = 600.0
