"""A random tree of control steps is walked exactly as a simple interpreter of its own predicts."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ionpy_auto.automation.sequences import manager
from ionpy_auto.automation.sequences.execution import Execution
from tests.acceptance.runs.bench import table

HEAD = "version: 1\nid: walk\nsequence:\n"
MOST = 40
"""More steps than this say nothing more."""
SKIPPED_AFTER = 0.0625


# -- trees: nested tuples, and how they are written ----------------------------------------------


def leaves():
    return st.just(("leaf",))


def on_one_line(children):
    lists = st.lists(children, min_size=1, max_size=3).map(tuple)
    count = st.integers(1, 3)
    return st.one_of(
        st.tuples(st.just("repeat"), count, lists),
        st.tuples(st.just("until"), count, count, lists),
        st.tuples(st.just("while"), count, lists),
        st.tuples(st.just("if"), count, lists, lists),
        st.tuples(st.just("retry"), count, lists),
    )


def inside(children):
    branch = st.lists(children, min_size=1, max_size=3).map(tuple)
    branches = st.lists(branch, min_size=2, max_size=3).map(tuple)
    return on_one_line(children) | st.tuples(st.just("parallel"), branches)


def trees(inner):
    one = st.recursive(leaves(), inner, max_leaves=10)
    return st.lists(one, min_size=1, max_size=3).map(tuple)


TREES, ONE_LINE = trees(inside), trees(on_one_line)


@dataclass
class Writer:
    """Gives each step its id and writes the flow."""

    count: int = 0

    def named(self, kind):
        self.count += 1
        return f"{kind}{self.count}"

    def listing(self, nodes, depth):
        """Text and the named tree of a list of steps."""
        texts, named = [], []
        for node in nodes:
            text, tree = getattr(self, f"write_{node[0]}")(node, depth)
            texts.append(text)
            named.append(tree)
        return "".join(texts), tuple(named)

    def block(self, nodes, depth):
        text, named = self.listing(nodes, depth + 2)
        return f"\n{text}", named

    def write_leaf(self, node, depth):
        del node
        name = self.named("s")
        seconds = 0.125 + self.count % 3 * 0.125 + self.count / 128
        return f"{' ' * depth}- {{id: {name}, wait: {seconds} s}}\n", ("leaf", name, seconds)

    def loop(self, name, head, nodes, depth):
        body, named = self.block(nodes, depth)
        pad = " " * depth
        return f"{pad}- id: {name}\n{pad}  repeat: {head}\n{pad}  do:{body}", named

    def write_repeat(self, node, depth):
        name = self.named("l")
        text, named = self.loop(name, f"{{count: {node[1]}, counter: {name}}}", node[2], depth)
        return text, ("loop", name, node[1], node[1], None, named)

    def write_until(self, node, depth):
        name = self.named("l")
        head = f"{{count: {node[1]}, until: {name} >= {node[2]}, counter: {name}}}"
        text, named = self.loop(name, head, node[3], depth)
        return text, ("loop", name, node[1], min(node[1], node[2]), None, named)

    def write_while(self, node, depth):
        name = self.named("l")
        head = f"{{while: loop.{name} <= {node[1]}, counter: {name}}}"
        text, named = self.loop(name, head, node[2], depth)
        return text, ("loop", name, None, node[1], None, named)

    def write_if(self, node, depth):
        """By the innermost round; outside of loops it is unknown and goes neither way."""
        name, pad = self.named("i"), " " * depth
        then, first = self.block(node[2], depth)
        other, second = self.block(node[3], depth)
        head = f"{pad}- id: {name}\n{pad}  if: repeat.number == {node[1]}\n"
        text = f"{head}{pad}  then:{then}{pad}  else:{other}"
        return text, ("if", name, node[1], first, second)

    def write_parallel(self, node, depth):
        name, pad = self.named("p"), " " * depth
        text, named = f"{pad}- id: {name}\n{pad}  parallel:\n", []
        for branch in node[1]:
            inner, tree = self.listing(branch, depth + 6)
            text += f"{pad}    -\n{inner}"
            named.append(tree)
        return text, ("parallel", name, tuple(named))

    def write_retry(self, node, depth):
        """A label, some steps, and a goto back to it."""
        label, pad = self.named("b"), " " * depth
        body, named = self.listing(node[2], depth)
        jump = self.named("g")
        text = (
            f"{pad}- label: {label}\n{body}{pad}- {{id: {jump}, goto: {label}, max: {node[1]}}}\n"
        )
        return text, ("retry", jump, node[1], named)


# -- the interpreter -----------------------------------------------------------------------------


@dataclass
class Interpreter:
    """Knows nothing of runs: makes (start, id, place) of a tree and of what is to be skipped.

    A goto counts its jumps over the whole run.
    """

    skips: Collection[int] = ()
    jumps: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[float, str, tuple[str, ...]]] = field(default_factory=list)

    def listing(self, nodes, at, place, number):
        for node in nodes:
            if len(self.rows) > MOST:
                return at
            at = getattr(self, f"do_{node[0]}")(node, at, place, number)
        return at

    def do_leaf(self, node, at, place, number):
        del number
        skipped = len(self.rows) in self.skips
        self.rows.append((at, node[1], (*place, node[1])))
        return at + (SKIPPED_AFTER if skipped else node[2])

    def do_loop(self, node, at, place, number):
        del number
        _, name, most, rounds, _, body = node
        for one in range(1, rounds + 1):
            at = self.listing(body, at, (*place, name, f"{one}/{most or '?'}"), one)
        return at

    def do_if(self, node, at, place, number):
        _, name, wanted, first, second = node
        if number is None:
            return at
        return self.listing(first if number == wanted else second, at, (*place, name), number)

    def do_parallel(self, node, at, place, number):
        ends = [
            self.listing(branch, at, (*place, node[1], f"|{index}"), number)
            for index, branch in enumerate(node[2], 1)
        ]
        return max(ends)

    def do_retry(self, node, at, place, number):
        _, jump, most, body = node
        while True:
            at = self.listing(body, at, place, number)
            if self.jumps.get(jump, 0) >= most or len(self.rows) > MOST:
                return at
            self.jumps[jump] = self.jumps.get(jump, 0) + 1


def written(tree):
    text, named = Writer().listing(tree, 2)
    return HEAD + text, named


# -- runs ----------------------------------------------------------------------------------------


@dataclass
class Moment:
    """A step that begins, what was over then, and the place as a checkpoint holds it."""

    at: float
    name: str
    place: tuple[str, ...]
    over: list[tuple[str, tuple[str, ...]]]
    path: list[str]
    branches: list[list[str]]
    jumps: dict[str, int]

    @property
    def key(self):
        return self.name, self.place


async def walked(text, skips=(), start=None):
    """The steps of a run in the order in which they began."""
    seen: list[Moment] = []
    async with table(poll_ms=60_000) as lab:

        def note(event):
            run = lab.runs.runs[event.payload["run"]]
            step = run.history[event.payload["index"]]
            if event.payload["event"] != "started":
                return
            track = next(track for track in run.tracks if track.step is step)
            now = lab.clock.monotonic()
            over = [row.key for row, done in zip(seen, run.history, strict=False) if done.ended]
            moment = Moment(
                now - run.started_mono,
                event.payload["step_id"],
                tuple(track.path),
                over,
                list(run.path),
                run.branches,
                dict(run.jumps),
            )
            seen.append(moment)
            if len(seen) - 1 in skips:
                lab.clock.call_at(now + SKIPPED_AFTER, lambda: lab.runs.skip(run.id))

        lab.bus.tap("event/run_step", note)
        with pytest.MonkeyPatch.context() as patch:
            if start is not None:
                patch.setattr(manager, "Execution", beginning_at(start))
            run = await lab.start(text)
            async with lab.clock.timeout(10_000.0):
                await run.done.wait()
        assert run.ended_by == "done", run.message
        assert (run.tracks, list(run.path)) == ([run.main], [])
        assert run.as_dict()["progress"] == 1.0
    return seen


def beginning_at(start):
    class There(Execution):
        def __init__(self, run, track=None):
            super().__init__(run, track)
            if track is None:
                run.jumps.update(start.jumps)
                self.go_to(start.path, start.branches)

    return There


def predicted(named, skips=()):
    told = Interpreter(skips)
    told.listing(named, 0.0, (), None)
    assume(len(told.rows) <= MOST)
    return told.rows


FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@given(tree=TREES)
@FEW
def test_a_tree_is_walked_as_predicted(tree):
    text, named = written(tree)
    rows = predicted(named)
    seen = asyncio.run(walked(text))
    assert sorted((round(m.at, 3), m.name, m.place) for m in seen) == sorted(
        (round(at, 3), name, place) for at, name, place in rows
    )


@given(tree=ONE_LINE, skips=st.sets(st.integers(0, 12), max_size=4))
@FEW
def test_steps_that_are_skipped_change_the_times_and_nothing_else(tree, skips):
    text, named = written(tree)
    rows = predicted(named, skips)
    seen = asyncio.run(walked(text, skips))
    assert [(round(m.at, 3), m.name, m.place) for m in seen] == [
        (round(at, 3), name, place) for at, name, place in rows
    ]


@given(tree=TREES, data=st.data())
@FEW
def test_a_walk_goes_on_from_any_place(tree, data):
    text, named = written(tree)
    predicted(named)
    seen = asyncio.run(walked(text))
    assume(seen)
    start = data.draw(st.sampled_from(seen))
    again = asyncio.run(walked(text, start=start))
    left = Counter(moment.key for moment in seen)
    left.subtract(start.over)
    assert Counter(moment.key for moment in again) == +left
