"""Random histories of an alarm, followed by a model that shares nothing with the program."""

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alarms.desk import Desk

KEY = "rule:f/a"
LEVELS = ("info", "warning", "critical")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("raise"), st.sampled_from(LEVELS)),
        st.tuples(
            st.sampled_from(
                [
                    "clear",
                    "ack",
                    "unack",
                    "reset",
                    "shelve",
                    "unshelve",
                    "out",
                    "back",
                    "suppress",
                    "apply",
                    "wait",
                ]
            ),
            st.just(""),
        ),
    ),
    max_size=25,
)


@dataclass
class Model:
    """What a person would keep on a sheet of paper."""

    latching: bool
    there: bool = False  # what it is about is so
    unseen: bool = False
    locked: bool = False  # over and seen, but latched
    level: int = 0
    most: int = 0
    seen: int | None = None
    cover: str = ""
    covered_up_to: int = 0
    suppressed: bool = False

    @property
    def exists(self):
        return self.there or self.unseen or self.locked

    @property
    def state(self):
        if self.there:
            return "active_unacked" if self.unseen else "active_acked"
        if self.unseen:
            return "cleared_unacked"
        return "latched" if self.locked else "normal"

    def do(self, what, level):
        getattr(self, f"do_{what}")(LEVELS.index(level) if level else 0)
        if not self.exists:
            self.seen = None

    def do_raise(self, level):
        if not self.exists:
            self.most = 0
        if self.cover == "shelved" and level > self.covered_up_to:
            self.cover = ""
            self.unseen |= self.there
            if self.there:
                self.seen = None
        worse = self.exists and level > (self.seen if self.seen is not None else self.level)
        if not self.there or (worse and not self.unseen):
            self.unseen, self.seen = True, None
        self.there, self.locked = True, False
        self.level, self.most = level, max(self.most, level)

    def do_clear(self, _):
        if self.there:
            self.there = False
            self.locked = self.latching and not self.unseen

    def do_ack(self, _):
        if self.exists and self.unseen:
            self.unseen, self.seen = False, self.level
            self.locked = self.latching and not self.there

    def do_unack(self, _):
        if self.exists and not self.unseen:
            self.unseen, self.seen, self.locked = True, None, False

    def do_reset(self, _):
        self.locked = False

    def do_shelve(self, _):
        if self.exists or self.cover:
            self.cover, self.covered_up_to = "shelved", self.most

    def do_unshelve(self, _):
        if self.cover == "shelved":
            self.cover = ""
            if self.there and self.unseen:
                self.unseen, self.seen = False, self.level

    def do_out(self, _):
        if self.exists or self.cover:
            self.cover = "out_of_service"

    def do_back(self, _):
        if self.cover == "out_of_service":
            self.cover = ""
            self._look_again()

    def do_suppress(self, _):
        self.suppressed = True

    def do_apply(self, _):
        if self.suppressed and self.exists:
            self._look_again()
        self.suppressed = False

    def do_wait(self, _):
        if self.cover == "shelved":
            self.cover = ""
            self._look_again()

    def _look_again(self):
        if self.there and not self.unseen:
            self.unseen, self.seen = True, None


async def act(desk, what, level, latching):
    alarm, manager = desk.alarm(KEY), desk.manager
    if what == "raise":
        await manager.raise_alarm(KEY, severity=level, text=level, latching=latching)
    elif what == "clear":
        await manager.clear(KEY)
    elif what in {"suppress", "apply"}:
        manager.book.suppress(KEY, "by design" if what == "suppress" else "")
    elif what == "wait":
        await desk.clock.sleep(3 * 86_400)
    elif alarm is not None:
        calls = {
            "ack": lambda i: manager.acknowledge(i, "anna"),
            "unack": lambda i: manager.unacknowledge(i, "anna"),
            "reset": lambda i: manager.reset(i, "anna"),
            "shelve": lambda i: manager.shelve(i, "anna", "reason", 30),
            "unshelve": lambda i: manager.unshelve(i, "anna"),
            "out": lambda i: manager.out_of_service(i, "anna", "reason"),
            "back": lambda i: manager.return_to_service(i, "anna"),
        }
        await calls[what](alarm["id"])


@given(STEPS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_history_ends_as_the_model_says(steps, latching):
    async def live():
        desk, model = Desk(), Model(latching)
        await desk.manager.start()
        for what, level in steps:
            await desk.clock.sleep(60)  # never so often that it chatters
            await act(desk, what, level, latching)
            model.do(what, level)
            alarm = desk.alarm(KEY)
            kept = model.exists or bool(model.cover)
            assert (alarm is not None) == kept, (what, model)
            if alarm is None:
                continue
            overlay = model.cover or ("suppressed" if model.suppressed else "")
            assert (alarm["state"], alarm["overlay"]) == (model.state, overlay), (what, model)
            if model.exists:
                assert alarm["severity"] == LEVELS[model.most], (what, model)
        await desk.manager.stop()

    asyncio.run(live())
