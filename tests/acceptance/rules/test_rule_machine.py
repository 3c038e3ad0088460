"""One rule against a model of a few lines, over samples, waits, restarts, gaps and switches."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.acceptance.rules.lives import Server
from tests.unit.automation.rules_bench import one_rule

HOLD, COOLDOWN, MAX_GAP = 20.0, 30.0, 60.0
POINT = "PSU_01.u_out"
TEXT = (
    "when: {expr: PSU_01.u_out > 4 V, for: 20 s}\n"
    "cooldown: 30 s\nmax_gap: 1 min\non_gap: %s\nthen: [{notify: x}]"
)


class Model:
    """What the rule should do, without any of its machinery."""

    def __init__(self, on_gap: str) -> None:
        self.on_gap = on_gap
        self.fires: list[float] = []
        self.cool_until = 0.0
        self.enabled = True
        self.forget()

    def forget(self) -> None:
        """As after loading: nothing is known, what is true at first is no edge."""
        self.armed: bool | None = None
        self.met = False
        self.since: float | None = None
        self.count = 0
        self.resting: tuple[float, float, int] | None = None
        self.known = False

    def sample(self, now: float, value: bool | None) -> None:
        self.value = value
        if not self.enabled:
            return
        if self.resting is not None and value is not None:
            self._wake(now)
        if self.resting is None:
            self._look(now, value, sample=True)

    def _wake(self, now: float) -> None:
        before, held, count = self.resting
        self.resting = None
        if now - before <= MAX_GAP:
            self.since, self.count = now - held, count
        elif self.on_gap == "fire":
            self.since, self.count = now - HOLD, 2

    def _look(self, now: float, value: bool | None, *, sample: bool) -> None:
        if value is None:
            self.since, self.count = None, 0
            return
        if self.armed is None:
            self.armed = not value
        if not value:
            self.armed, self.met, self.since, self.count = True, False, None, 0
            return
        if self.since is None:
            self.since, self.count = now, 0
        self.count += sample
        if not self.met and self.count >= 2 and now - self.since >= HOLD:
            self.met = True
            if self.armed and now >= self.cool_until:
                self.fires.append(round(now, 3))
                self.cool_until = now + COOLDOWN

    def passes(self, begin: float, end: float) -> None:
        """Time without samples: a hold may be over in between."""
        if self.enabled and self.since is not None and not self.met and self.count >= 2:
            due = max(self.since + HOLD, begin)
            if due <= end:
                self._look(due, self.value, sample=False)

    def restart(self, now: float) -> None:
        """Nothing is known any more; a hold rests."""
        self.value = None
        if self.since is not None and not self.met:
            self.resting = (now, now - self.since, self.count)
            self.since, self.count = None, 0

    def switch(self, enabled: bool) -> None:
        if self.enabled and not enabled:
            self.forget()
        elif enabled and not self.enabled:
            self.enabled = True
            if self.value is not None:  # what is known is looked at, once
                self._look(self.now, self.value, sample=True)
        self.enabled = enabled


class RuleMachine(RuleBasedStateMachine):
    """Every step ends on a whole second, so that both agree on what comes first."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.now = 0.0

    def do(self, work):
        return self.loop.run_until_complete(work)

    @initialize(on_gap=st.sampled_from(["reset", "fire"]))
    def begin(self, on_gap):
        self.server = Server(Path(self.folder.name), one_rule(TEXT % on_gap))
        self.model = Model(on_gap)
        self.model.value = None
        self.do(self.server.boot())

    @rule()
    def becomes_high(self):
        for value in (3.0, 5.0, 5.0):
            self.sample(2, value)

    @rule(seconds=st.integers(1, 15), value=st.sampled_from([5.0, 5.0, 5.0, 5.0, 3.0, None]))
    def takes_sample(self, seconds, value):
        self.sample(seconds, value)

    def sample(self, seconds, value):
        self._pass(seconds - 0.5)
        self.now += 0.5
        self.do(self.server.at(self.now, POINT, value))
        self.model.sample(self.now, None if value is None else value > 4.0)

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds):
        self._pass(seconds)

    def _pass(self, seconds):
        self.model.passes(self.now, self.now + seconds)
        self.now += seconds
        self.do(self.server.at(self.now))

    @rule(down=st.sampled_from([0, 7, 59, 61, 400]), end=st.sampled_from(["end", "end", "kill"]))
    def restart(self, down, end):
        if end == "kill":  # just after a checkpoint: then it costs nothing
            self._pass(7.0)
            self.do(self.server.engine._keeping.close())
        self.do(getattr(self.server, end)(down=down))
        self.model.restart(self.now)
        self.now += down
        self.do(self.server.boot())

    @rule(enabled=st.booleans())
    def switch(self, enabled):
        self.model.now = self.now
        self.do(self.server.engine.set_enabled("f/r", enabled=enabled))
        self.do(self.server.bench.settle())
        self.model.switch(enabled)

    @invariant()
    def fires_as_the_model(self):
        if hasattr(self, "server"):
            assert [t for t, _ in self.server.did("notify")] == self.model.fires

    @invariant()
    def counts_what_it_did(self):
        if hasattr(self, "server"):
            assert self.server.rule()["fired"] == len(self.model.fires)

    def teardown(self):
        if hasattr(self, "server"):
            self.do(self.server.end())
        self.loop.close()
        self.folder.cleanup()


RuleMachine.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestRule = RuleMachine.TestCase
