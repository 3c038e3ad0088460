"""Watches what definitions define: each sample costs only those that look at its points.

A definition's alarm is what the worst of its rungs says, after their delays. It stays while
nothing is known, and is suppressed by design while none of what is so applies (``active_when``).
Delays that run are kept over a restart.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.book import Book
from ionpy_auto.alarms.definitions import Definition
from ionpy_auto.alarms.delays import Delay
from ionpy_auto.alarms.states import SEVERITIES
from ionpy_auto.alarms.watches import Rung, Seen
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import Environment

TICK_S: Final = 1.0
KEPT_FROM_S: Final = 5.0
"""Delays from this length on are kept over a restart."""
SOURCES: Final = frozenset(
    {"limit", "rate", "deviation", "disagreement", "state", "stale", "quality", "condition"}
)


@dataclass(eq=False)
class _Watched:
    """One rung at work."""

    rung: Rung
    delay: Delay
    seen: Seen = field(default_factory=lambda: Seen(None))

    @property
    def severity(self) -> str:
        return self.rung.settings.severity or self.rung.severity

    @property
    def rank(self) -> tuple[int, int]:
        """How bad it is."""
        return SEVERITIES.index(self.severity), self.rung.word in {"LOLO", "HIHI"}


@dataclass(eq=False)
class Watch:
    """One definition at work."""

    definition: Definition
    watched: list[_Watched]
    timer: Timer | None = None
    kept: dict[str, Any] | None = None
    ticks: bool = field(init=False)

    def __post_init__(self) -> None:
        self.ticks = any(
            one.rung.by_time or one.rung.settings.active_when is not None for one in self.watched
        )


class Watcher:
    """See the module's first lines.

    Args:
        book: Where alarms are raised and cleared.
        bus: Brings samples.
        clock: The project's.
        env: Values now.
    """

    def __init__(self, book: Book, bus: Bus, clock: Clock, env: Environment) -> None:
        self._book = book
        self._bus = bus
        self._clock = clock
        self._env = env
        self._tasks = Tasks("alarm definitions", clock)
        self._watches: dict[str, Watch] = {}
        self._by_point: dict[str, list[Watch]] = {}
        self._leave: Callable[[], None] | None = None

    def start(self) -> None:
        """Look at samples, and at what changes without one."""
        self._leave = self._bus.tap("sample/", self._take)
        self._tasks.keep("tick", self._tick)

    async def stop(self) -> None:
        """Look no more; the delays that run are kept."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        await self._tasks.stop()
        for watch in self._watches.values():
            self._forget_timer(watch)

    # -- what is watched --------------------------------------------------------------------

    def follow(
        self, definitions: Iterable[Definition], memory: Callable[[str], dict[str, Any] | None]
    ) -> None:
        """Watch these from now on; what is not among them any more is over.

        Args:
            definitions: All that are in force.
            memory: What was kept of a key over the restart.
        """
        old, self._watches = self._watches, {}
        self._by_point = {}
        for definition in definitions:
            before = old.pop(definition.key, None)
            watch = self._made(definition, before, memory(definition.key) or {})
            self._watches[definition.key] = watch
            for point in definition.points:
                self._by_point.setdefault(point, []).append(watch)
        for watch in old.values():
            self._forget_timer(watch)
            self._book.ledger.remember(watch.definition.key, None)
            self._over(watch.definition.key)
        for watch in list(self._watches.values()):
            self._look(watch)

    def drop_others(self, keys: Iterable[str]) -> None:
        """Alarms of definitions that are gone since the last start are over."""
        known = {*self._watches, *keys}
        for alarm in self._book.of_source(*SOURCES - {"limit"}):
            if alarm.key not in known:
                self._over(alarm.key)
        for key in [key for key in self._book.by_design if key not in known]:
            self._book.suppress(key, "")

    def _over(self, key: str) -> None:
        self._book.suppress(key, "")
        self._book.clear(key, actor="definition removed")

    def _made(self, definition: Definition, before: Watch | None, kept: dict[str, Any]) -> Watch:
        """Its rungs go on where those of the same word were."""
        watched = [_Watched(rung, Delay(rung.settings.delays)) for rung in definition.rungs]
        alarm = self._book.alarms.get(definition.key)
        delays = {one.rung.word: one.delay for one in before.watched} if before else {}
        now, mono = self._clock.now(), self._clock.monotonic()
        for one in watched:
            was = delays.get(one.rung.word)
            if was is not None:
                one.delay.met, one.delay.since = was.met, was.since
            elif alarm is not None and alarm.state.is_active:
                one.delay.met = one.rung.word in {alarm.word, "NORMAL"}
            if before is None:
                one.delay.restore(kept.get(one.rung.word, {}), now, mono)
        return Watch(definition, watched)

    # -- looking ----------------------------------------------------------------------------

    def _take(self, snapshot: Snapshot) -> None:
        by_point = self._by_point
        if not by_point:
            return
        looked: set[int] = set()
        for sample in snapshot.samples:
            for watch in by_point.get(sample.point, ()):
                if id(watch) not in looked:
                    looked.add(id(watch))
                    self._look(watch)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            for watch in list(self._watches.values()):
                if watch.ticks:
                    self._look(watch, sample=False)

    def _look(self, watch: Watch, *, sample: bool = True) -> None:
        mono = self._clock.monotonic()
        for one in watch.watched:
            one.seen = one.rung.probe(self._env, one.delay.met)
            if sample or one.rung.by_time or one.delay.due is not None or one.delay.met:
                one.delay.update(one.seen.result, mono, sample=sample or one.rung.by_time)
        self._say(watch)
        self._plan(watch)

    def _say(self, watch: Watch) -> None:
        """Bring the alarm to what the rungs say."""
        key, book = watch.definition.key, self._book
        met = [one for one in watch.watched if one.delay.met]
        if not met and watch.watched:
            alarm = book.alarms.get(key)
            is_over = all(one.delay.known for one in watch.watched)
            if alarm is not None and alarm.state.is_active and is_over:
                book.clear(key, value=watch.watched[0].seen.value, actor="definition")
        if not met:
            return
        applying = [one for one in met if one.rung.settings.applies(self._env)]
        worst = max(applying or met, key=lambda one: one.rank)
        when = worst.rung.settings.active_when
        book.suppress(key, f"only while {when.source}" if not applying and when else "")
        alarm = book.alarms.get(key)
        same = alarm is not None and alarm.state.is_active and alarm.word == self._word(worst)
        if not same or alarm is None or alarm.level != worst.severity or key in book.over:
            book.raise_(self._call(watch.definition, worst))

    @staticmethod
    def _word(one: _Watched) -> str:
        if one.rung.word != "NORMAL":
            return one.rung.word
        return "HIHI" if one.severity == "critical" else "HI"

    def _call(self, definition: Definition, one: _Watched) -> Alarm:
        rung, settings, value = one.rung, one.rung.settings, one.seen.value
        shown = "" if value is None else f"{value:g} {rung.unit}".strip()
        name = " ".join(filter(None, (definition.entity, definition.device)))
        if rung.word != "NORMAL":
            text = f"{rung.word} {name}" + (f" ({shown})" if shown else "")
        elif rung.source == "condition":
            text = f"{definition.key.partition('/')[2]}: {rung.shown}"
        else:
            text = f"{name} {rung.shown} {shown}".strip()
        return Alarm(
            id=0,
            key=definition.key,
            device=definition.device,
            entity=definition.entity,
            source=rung.source,
            severity=one.severity,
            priority=settings.priority,
            text=settings.text or text,
            word=self._word(one),
            value=value,
            latching=settings.latching,
            guidance=settings.guidance,
            realarm_s=settings.realarm_s,
            labels=settings.labels,
        )

    # -- time -------------------------------------------------------------------------------

    def _forget_timer(self, watch: Watch) -> None:
        if watch.timer is not None:
            watch.timer.cancel()
            watch.timer = None

    def _plan(self, watch: Watch) -> None:
        """Come back without a sample when a delay is over, and keep long ones."""
        self._forget_timer(watch)
        dues = [one.delay.due for one in watch.watched if one.delay.due is not None]
        if dues:
            when = max(min(dues), self._clock.monotonic())
            watch.timer = self._clock.call_at(when, lambda: self._look(watch, sample=False))
        self._keep(watch)

    def _keep(self, watch: Watch) -> None:
        now, mono = self._clock.now(), self._clock.monotonic()
        content = {
            one.rung.word: one.delay.as_dict(now, mono)
            for one in watch.watched
            if one.delay.since is not None
            and not one.delay.met
            and one.rung.settings.delays.rise_s >= KEPT_FROM_S
        }
        words = sorted(content)
        if words != sorted(watch.kept or ()):
            watch.kept = content or None
            self._book.ledger.remember(watch.definition.key, content or None)

    def status(self) -> dict[str, dict[str, Any]]:
        """Of each definition: what is seen and what is about to come."""
        return {
            key: {
                one.rung.word: {
                    "value": one.seen.value,
                    "so": one.seen.result,
                    "met": one.delay.met,
                }
                for one in watch.watched
            }
            for key, watch in self._watches.items()
        }
