"""How long nobody needs to look at the channel of a run on simulated devices.

The hint for `devices.pacing`: while a step waits for its end and voltage, current and temperature
move by less than a small bound per poll, polls may lie further apart, at most twice as far as
the last two, and never so far that an end, a limit or the beginning of constant voltage could pass
between them. Whatever this file does not understand is answered with 0: look as configured.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from ionpy_auto.automation.sequences.channel import CyclerChannel, Side
from ionpy_auto.automation.sequences.steps import StepRun
from ionpy_auto.automation.sequences.track import Track
from ionpy_auto.devices import Role
from ionpy_auto.devices.pacing import AT_REST_S, DRIVEN_S, Pacing
from ionpy_auto.language import Condition, ConditionState, Environment
from ionpy_auto.language.compiler import Program
from ionpy_auto.language.kleene import Value

if TYPE_CHECKING:
    from ionpy_auto.automation.sequences.run import Run

CALM_V: Final = 0.005
"""Per cell in series; with the two below what the voltage curve of a cycler resolves."""
CALM_SHARE: Final = 0.01
CALM_K: Final = 0.5
CALM_A: Final = 0.001
APPROACH: Final = 0.25
"""Share of the time to a measured limit, as it looks now, that may pass unseen."""
GROWTH: Final = 2.0
CLOCKS: Final = frozenset({"step.time", "cycle.time", "run.time"})


class _Leaf(NamedTuple):
    """One comparison: how far its left side is from where it becomes true."""

    key: object
    program: Program
    is_clock: bool

    def margin(self, values: list[Value]) -> float | None:
        """Positive until it is true; None when that is not known."""
        found = self.program.run(values)
        return found if isinstance(found, float) else None


def leaves_of(condition: Condition) -> tuple[_Leaf, ...] | None:
    """The comparisons a condition is made of; None when there is more to it than numbers."""
    expression = condition.expression
    found: list[_Leaf] = []
    waiting = [expression.tree]
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, ast.BoolOp):
            waiting.extend(tree.values)
            continue
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            waiting.append(tree.operand)
            continue
        way = _way(tree)
        slots = [expression.slots[number] for number in _slot_numbers(tree)]
        if way is None or any(slot.function != "value" for slot in slots):
            return None
        is_clock = all(slot.address in CLOCKS for slot in slots)
        program = Program(ast.fix_missing_locations(way), len(expression.slots))
        found.append(_Leaf((id(condition), len(found)), program, is_clock))
    return tuple(found)


def _way(tree: ast.expr) -> ast.expr | None:
    """The difference that reaches zero when a comparison becomes true."""
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        return None
    left, right = tree.left, tree.comparators[0]
    if isinstance(tree.ops[0], ast.Lt | ast.LtE):
        return ast.BinOp(left, ast.Sub(), right)
    return ast.BinOp(right, ast.Sub(), left) if isinstance(tree.ops[0], ast.Gt | ast.GtE) else None


def _slot_numbers(tree: ast.expr) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id.startswith("_s"):
            yield int(node.id.removeprefix("_s"))


@dataclass
class _Look:
    """What was seen when the last hint was given."""

    mono: float
    situation: tuple[object, ...]
    calm: tuple[tuple[float | None, float], ...]
    margins: dict[object, float] = field(default_factory=dict)
    clocks: list[float] = field(default_factory=list)


class RunPace:
    """Gives the hints of one run.

    Args:
        run: With a channel.
        channel: Of the run.
        pacing: Who asks.
    """

    def __init__(self, run: "Run", channel: CyclerChannel, pacing: Pacing) -> None:
        self._run = run
        self._channel = channel
        self._last: _Look | None = None
        self._leaves: dict[Condition, tuple[_Leaf, ...] | None] = {}
        cell = run.names.cell
        self._series = cell.series if cell is not None else 1
        self._has_rules = bool(run.flow.rules)
        self._early_s = 2.0 * channel.base_poll_s
        self._leave = pacing.ask(self.hint, self._promise)

    def leave(self) -> None:
        """The run is over."""
        self._leave()

    def _promise(self) -> None:
        """What counts as a gap, or as silence, follows what was promised."""
        channel = self._channel
        self._early_s = 2.0 * channel.base_poll_s
        channel.renew_patience()
        if channel.integrator is not None:
            channel.integrator.set_max_gap(*channel.max_gaps())

    def hint(self, now: float) -> float:
        """Seconds from now on during which nobody needs to look at the channel."""
        last, self._last = self._last, None
        tracks = [track for track in self._run.tracks if not track.idle]
        waits = all(track.step is not None and _waits(track.step) for track in tracks)
        if not tracks or not waits or self._run.interrupted or self._is_busy:
            return 0.0
        look = self._last = self._look(tracks, now)
        if not self._measure(tracks, look):
            return 0.0
        if last is None or last.situation != look.situation or now <= last.mono:
            return 0.0
        passed = now - last.mono
        room = min(self._widest, GROWTH * passed, _until_it_moves(last, look, passed))
        for key, margin in look.margins.items():
            room = min(room, _until_reached(last.margins.get(key), margin, passed))
        # What ends by the clock is looked at in the places right before.
        return min((room, *(max(left - self._early_s, 0.0) for left in look.clocks)))

    @property
    def _is_busy(self) -> bool:
        """Whether outputs are switched, or software regulates by every sample."""
        switching = self._run.switching
        return self._channel.is_switching or (
            switching is not None and switching.regulator is not None
        )

    @property
    def _widest(self) -> float:
        """Rules may look at anything, so they are never left alone for long."""
        is_driven = self._channel.side is not Side.OFF
        return DRIVEN_S if is_driven or self._has_rules else AT_REST_S

    def _look(self, tracks: Sequence[Track], now: float) -> _Look:
        channel = self._channel
        source = channel.source
        flag = source.known(Role.REGULATION) if source is not None else None
        current = channel.current
        temp = channel.temp.value if channel.temp is not None else None
        steps = tuple(track.step.index for track in tracks if track.step is not None)
        return _Look(
            now,
            (steps, channel.side, channel.phase, flag),
            (
                (channel.voltage.value, CALM_V * self._series),
                (current, max(CALM_SHARE * abs(current or 0.0), CALM_A)),
                (temp, CALM_K),
            ),
        )

    def _measure(self, tracks: Sequence[Track], look: _Look) -> bool:
        """How far everything is that may end something; False when that cannot be said."""
        run = self._run
        if run.watch is not None:
            self._measure_limits(look)
            if not all(self._measure_state(s, run.env, look) for s in run.watch.followed):
                return False
        self._measure_constant_voltage(look)
        return all(self._measure_ends(track, look) for track in tracks)

    def _measure_ends(self, track: Track, look: _Look) -> bool:
        step, phase = track.step, self._channel.phase
        if step is None:
            return False
        if step.holds_until is not None:
            look.clocks.append(step.holds_until - look.mono)
        if not step.armed:
            return True
        if step.after_s is not None:
            look.clocks.append(step.after_s - step.time(look.mono))
        ends = [state for state in step.ends if not state.end.phase or state.end.phase == phase]
        return all(self._measure_state(end.state, track.env, look) for end in ends)

    def _measure_state(self, state: ConditionState, env: Environment, look: _Look) -> bool:
        condition = state.condition
        if condition not in self._leaves:
            self._leaves[condition] = leaves_of(condition)
        leaves = self._leaves[condition]
        if leaves is None or state.met or state.since is not None:  # or it is about to decide
            return False
        values = condition.expression.read(env)
        for leaf in leaves:
            margin = leaf.margin(values)
            if margin is None:
                return False
            if leaf.is_clock:
                look.clocks.append(margin)
            else:
                look.margins[leaf.key] = margin
        return True

    def _measure_limits(self, look: _Look) -> None:
        watch = self._run.watch
        values = (value for value, _ in look.calm)
        for quantity, value in zip(("voltage", "current", "temp"), values, strict=True):
            if watch is not None and value is not None:
                low, high = watch.corridor(quantity, self._channel.side)
                look.margins[quantity, "low"] = value - low
                look.margins[quantity, "high"] = high - value

    def _measure_constant_voltage(self, look: _Look) -> None:
        """A supply in constant current will hold its voltage some day."""
        channel, source = self._channel, self._channel.source
        if channel.side is not Side.CHARGE or channel.phase == "cv" or source is None:
            return
        target, shown = source.number(Role.SET_VOLTAGE), source.number(Role.MEASURED_VOLTAGE)
        if target is not None and shown is not None:
            look.margins["cv"] = target - shown


def _waits(step: StepRun) -> bool:
    """Whether a step waits for one of its ends, or for a moment it knows."""
    return step.armed or step.holds_until is not None


def _until_it_moves(last: _Look, look: _Look, passed: float) -> float:
    """Seconds until something measured has moved by its bound, if it goes on as it did."""
    room = inf
    for (before, _), (value, calm) in zip(last.calm, look.calm, strict=True):
        if value is None or before is None:
            if value is not before:
                return 0.0
            continue
        moved = abs(value - before)
        if moved > 0.0:
            room = min(room, calm * passed / moved)
    return room


def _until_reached(before: float | None, margin: float, passed: float) -> float:
    """A share of the time to a limit, as fast as it is approached now."""
    if before is None:
        return 0.0
    nearer = before - margin
    if margin <= 0.0 or nearer <= 0.0:  # passed without deciding anything, or not approached
        return inf
    return APPROACH * margin * passed / nearer
