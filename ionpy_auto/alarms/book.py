"""All alarms that are not normal, and what happens to each: the one place that changes them.

Every change goes through the table of `states`, becomes a row and is told. Sources raise and
clear; people acknowledge and cover (see `people`). What chatters is held active and counted until
it is calm, so nothing is told twelve times a minute and nothing is lost.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.chatter import TELL_S, Chatter
from ionpy_auto.alarms.ledger import Ledger
from ionpy_auto.alarms.states import (
    PRIORITY_OF,
    SEVERITIES,
    Happening,
    OverlayKind,
    State,
    after,
    is_worse,
    worst,
)
from ionpy_auto.alarms.teller import Teller
from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.core.errors import NotFound

BURST_S: Final = 10.0
LOOK_S: Final = 60.0
"""Times of the wall clock are looked at again after this, so that a stepped clock does no harm."""
OF_VALUES: Final = frozenset(
    {"limit", "rate", "deviation", "state", "stale", "quality", "disagreement", "protection"}
)
"""Sources whose alarms are about values of a device: hidden while it is offline."""


class Book:
    """See the module's first lines.

    Args:
        clock: Stamps everything.
        ledger: Takes the rows.
        teller: Publishes the events.
        session_id: The running session's id, None without one.
    """

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger,
        teller: Teller,
        session_id: Callable[[], int | None],
    ) -> None:
        self.clock = clock
        self.ledger = ledger
        self.alarms: dict[str, Alarm] = {}
        self.by_design: dict[str, str] = {}  # key → why it does not apply now
        self.offline: set[str] = set()  # devices whose values are hidden
        self._hidden: set[str] = set()  # alarms last told as hidden
        self._teller = teller
        self._session_id = session_id
        self._chatter = Chatter()
        self.over: dict[str, tuple[float | None, str]] = {}  # held active, but over: value, actor
        self._timers: dict[str, Timer] = {}
        self._calms: dict[str, Timer] = {}
        self._told: dict[str, float] = {}  # chattering ones: when they were told last
        self._last_raised = -BURST_S

    # -- what sources say -------------------------------------------------------------------

    def raise_(self, call: Alarm, cause: tuple[str, ...] = ()) -> Alarm:
        """What ``call`` is about is so; one that is active already is changed."""
        call = call._replace(
            word=call.word if call.word != "NORMAL" else _word(call.severity),
            priority=call.priority or PRIORITY_OF[call.severity],
            level=call.severity,
        )
        old = self.alarms.get(call.key)
        if old is not None and old.cover is not None and not old.cover.covers(call.severity):
            self.lift(old, Happening.SHELF_OVER, "unshelved", "worse")
            old = self.alarms.get(call.key)
        if old is None or old.state is State.NORMAL:
            return self._enter(call, old, cause)
        return self._again(old, call, cause)

    def _enter(self, call: Alarm, old: Alarm | None, cause: tuple[str, ...]) -> Alarm:
        suppressed = self.by_design.get(call.key, "")
        alarm = call._replace(
            id=self.ledger.next_id,
            state=after(State.NORMAL, Happening.RAISED),
            timestamp=self.clock.now(),
            session_id=self._session_id(),
            old_word="NORMAL",
            times=1,
            chattering=self._edge(call.key),
            cover=old.cover if old else None,
            suppressed=suppressed,
        )
        if suppressed:
            return self.keep(alarm, "suppressed", "", cause)
        return self._announce(alarm, cause)

    def _announce(self, alarm: Alarm, cause: tuple[str, ...] = ()) -> Alarm:
        """Tell of an alarm that is new to people, with a marker."""
        now = self.clock.monotonic()
        if alarm.cover is None:
            is_first = now - self._last_raised >= BURST_S
            alarm = alarm._replace(first=is_first) if is_first != alarm.first else alarm
            self._last_raised = now
            self._teller.mark(alarm)
        return self.keep(alarm, "raised", "", cause)

    def _again(self, old: Alarm, call: Alarm, cause: tuple[str, ...]) -> Alarm:
        """An alarm that is there already: active, or waiting to be looked at or reset."""
        rises = not old.state.is_active or self.over.pop(call.key, None) is not None
        if rises or call.word != old.word:
            self._edge(call.key)
        worse = is_worse(call.level, old.seen or old.level)
        state = after(old.state, Happening.WORSE if worse else Happening.RAISED)
        changed = old._replace(
            state=state,
            severity=worst(old.severity, call.severity),
            level=call.level,
            text=call.text,
            old_word=old.word,
            word=call.word,
            value=call.value,
            latching=call.latching or old.latching,
            priority=min(call.priority, old.priority),
            guidance=call.guidance or old.guidance,
            labels=call.labels or old.labels,
            realarm_s=call.realarm_s,
            times=old.times + rises,
        )
        if (changed.word, changed.text, changed.times, state) == (
            *(old.word, old.text, old.times, old.state),
        ):
            return old  # it is as it was: rules may say so again and again
        name = "raised" if not old.state.is_active else "worse" if worse else "changed"
        return self._follow(old, changed, name, "", cause)

    def clear(
        self,
        key: str,
        *,
        value: float | None = None,
        actor: str = "",
        cause: tuple[str, ...] = (),
    ) -> Alarm | None:
        """What the alarm was about is over; nothing happens when it is not active."""
        old = self.alarms.get(key)
        if old is None or not old.state.is_active or key in self.over:
            return old
        if self._edge(key):
            self.over[key] = (value, actor)
            held = old._replace(chattering=True)
            return held if old.chattering else self.keep(held, "chattering", "", cause)
        return self._end(old, value, actor, cause)

    def _end(
        self, old: Alarm, value: float | None, actor: str, cause: tuple[str, ...] = ()
    ) -> Alarm:
        state = after(old.state, Happening.CLEARED, latching=old.latching)
        changed = old._replace(
            state=state, old_word=old.word, word="NORMAL", value=value, chattering=False
        )
        return self.keep(changed, "cleared", actor, cause)

    def _follow(
        self, old: Alarm, changed: Alarm, name: str, actor: str, cause: tuple[str, ...]
    ) -> Alarm:
        """Take over what a source said; of a chattering alarm tell only what is worse."""
        must_look = changed.state.is_unacked and not old.state.is_unacked
        if must_look:
            changed = unseen(changed)
        is_news = must_look or changed.severity != old.severity or not old.state.is_active
        if changed.key in self._chatter:
            changed = changed._replace(chattering=True)
            if old.chattering and not is_news:
                self.alarms[changed.key] = changed
                return changed
            name = name if is_news else "chattering"
        return self.keep(changed, name, actor, cause)

    # -- chatter ----------------------------------------------------------------------------

    def _edge(self, key: str) -> bool:
        if not self._chatter.edge(key, self.clock.monotonic()):
            return False
        if key not in self._calms:
            self._told[key] = self.clock.monotonic()
            self._await_calm(key)
        return True

    def _await_calm(self, key: str) -> None:
        due = self._chatter.calm_at(key)
        self._calms[key] = self.clock.call_at(due, lambda: self._look_at_chatter(key))

    def _look_at_chatter(self, key: str) -> None:
        """Calm again, or time to tell how often it came."""
        self._calms.pop(key, None)
        alarm = self.alarms.get(key)
        is_calm = self.clock.monotonic() >= self._chatter.calm_at(key)
        due = self._told.get(key, 0.0) + TELL_S
        if is_calm:
            self._chatter.end(key)
            self._told.pop(key, None)
        else:
            self._await_calm(key)
        over = self.over.pop(key, None) if is_calm else None
        if alarm is None or not alarm.chattering:
            return
        if over is not None:
            self._end(alarm, *over)
        elif is_calm or self.clock.monotonic() >= due:
            if not is_calm:
                self._told[key] = self.clock.monotonic()
            name = "changed" if is_calm else "chattering"
            self.keep(alarm._replace(chattering=not is_calm), name, "")

    # -- suppression by design, hiding ------------------------------------------------------

    def suppress(self, key: str, reason: str) -> None:
        """Whether an alarm applies now: with a reason it does not, without one it does."""
        if reason:
            self.by_design[key] = reason
        else:
            self.by_design.pop(key, None)
        alarm = self.alarms.get(key)
        if alarm is None or bool(alarm.suppressed) == bool(reason):
            return
        changed = alarm._replace(suppressed=reason)
        if reason:
            self.keep(changed, "suppressed", "active_when")
            return
        changed = changed._replace(state=after(alarm.state, Happening.UNSUPPRESSED))
        if changed.state.is_active:
            self._announce(unseen(changed))
        else:
            self.keep(changed, "unsuppressed", "active_when")

    def hide(self, device: str, *, hidden: bool) -> None:
        """A device that is offline hides the alarms of its values."""
        (self.offline.add if hidden else self.offline.discard)(device)
        self._tell_children(device)

    def hide_as_before(self, devices: Iterable[str]) -> None:
        """Devices that were offline before a restart: what was hidden is, and was told."""
        self.offline.update(devices)
        self._hidden = {alarm.key for alarm in self.alarms.values() if self.is_hidden(alarm)}

    def _tell_children(self, device: str | None) -> None:
        """Tell of the alarms that are hidden now, or shown again."""
        for alarm in list(self.alarms.values()):
            if alarm.device == device and alarm.source in OF_VALUES:
                hidden = self.is_hidden(alarm)
                if hidden != (alarm.key in self._hidden):
                    self.keep(alarm, "hidden" if hidden else "shown", "")

    def is_hidden(self, alarm: Alarm) -> bool:
        """Whether the alarm of its device stands for it; not when that one is covered itself."""
        if alarm.device not in self.offline or alarm.source not in OF_VALUES:
            return False
        parent = self.alarms.get(f"{alarm.device}/offline")
        return parent is not None and parent.state.is_active and not parent.overlay

    # -- every change -----------------------------------------------------------------------

    def keep(self, alarm: Alarm, transition: str, actor: str, cause: tuple[str, ...] = ()) -> Alarm:
        """Take over a new state, queue its row, tell, and plan what time will bring."""
        if alarm.is_kept:
            self.alarms[alarm.key] = alarm
        else:
            self.alarms.pop(alarm.key, None)
        hidden = alarm.is_kept and self.is_hidden(alarm)
        (self._hidden.add if hidden else self._hidden.discard)(alarm.key)
        self.ledger.add(alarm, transition, actor, cause, self._session_id())
        self._teller.tell(alarm, transition, actor, cause, hidden=hidden)
        self.plan(alarm)
        if alarm.key.endswith("/offline") and alarm.source == "device":
            self._tell_children(alarm.device)
        return alarm

    def restore(self, alarm: Alarm) -> None:
        """Take up an alarm as it stood before a restart."""
        self.alarms[alarm.key] = alarm._replace(chattering=False)
        if alarm.suppressed:
            self.by_design[alarm.key] = alarm.suppressed
        self.plan(alarm)

    def plan(self, alarm: Alarm) -> None:
        """Come back when a shelf ends, or an acknowledged alarm must be looked at again."""
        timer = self._timers.pop(alarm.key, None)
        if timer is not None:
            timer.cancel()
        due = alarm.cover.until if alarm.cover else _realarm_at(alarm)
        if due is not None and alarm.is_kept:
            wait = min(max(due - self.clock.now(), 0.0), LOOK_S)
            when = self.clock.monotonic() + wait
            self._timers[alarm.key] = self.clock.call_at(when, lambda: self._on_time(alarm.key))

    def _on_time(self, key: str) -> None:
        self._timers.pop(key, None)
        alarm, now = self.alarms.get(key), self.clock.now()
        if alarm is None:
            return
        realarm = _realarm_at(alarm)
        if alarm.cover is not None and alarm.cover.is_over(now):
            self.lift(alarm, Happening.SHELF_OVER, "unshelved", "time")
        elif alarm.cover is None and realarm is not None and now >= realarm:
            again = unseen(alarm._replace(state=after(alarm.state, Happening.WORSE)))
            self.keep(again, "realarm", "time")
        else:
            self.plan(alarm)

    def lift(self, alarm: Alarm, happening: Happening, transition: str, actor: str) -> Alarm:
        """Take away a person's cover."""
        changed = alarm._replace(cover=None, state=after(alarm.state, happening))
        if changed.state is State.ACTIVE_UNACKED and alarm.state is State.ACTIVE_ACKED:
            changed = unseen(changed)
        return self.keep(changed, transition, actor)

    def stop(self) -> None:
        """No time passes any more; what chattered and is over is written as over."""
        for timer in (*self._timers.values(), *self._calms.values()):
            timer.cancel()
        self._timers.clear()
        self._calms.clear()
        for key, (value, actor) in list(self.over.items()):
            self._end(self.alarms[key], value, actor)
        self.over.clear()

    # -- answers ----------------------------------------------------------------------------

    def with_id(self, alarm_id: int) -> Alarm:
        """The alarm with this id.

        Raises:
            NotFound: It is over, or never was.
        """
        for alarm in self.alarms.values():
            if alarm.id == alarm_id:
                return alarm
        msg = f"there is no active alarm {alarm_id}"
        raise NotFound(msg, hint="it may be over; GET /api/alarms lists the active ones")

    def of_source(self, *sources: str) -> list[Alarm]:
        """Alarms of these sources that are not normal."""
        return [alarm for alarm in self.alarms.values() if alarm.source in sources]

    def shown(self, alarm: Alarm) -> dict[str, Any]:
        """JSON form, as it is."""
        return alarm.as_dict(hidden=self.is_hidden(alarm))

    def active(self) -> list[dict[str, Any]]:
        """All that are not normal or are covered: uncovered, unseen, worst and newest first."""
        ranked = sorted(
            self.alarms.values(),
            key=lambda a: (
                bool(a.overlay),
                not a.state.is_unacked,
                -SEVERITIES.index(a.severity),
                a.priority,
                -a.timestamp,
            ),
        )
        return [self.shown(alarm) for alarm in ranked]

    def counts(self) -> dict[str, int]:
        """How many are active, unseen and shelved; covered and hidden ones are not active."""
        everyone = self.alarms.values()
        open_ones = [a for a in everyone if not a.overlay and not self.is_hidden(a)]
        return {
            "active": sum(alarm.state.is_active for alarm in open_ones),
            "unacked": sum(alarm.state.is_unacked for alarm in open_ones),
            "shelved": sum(
                a.cover is not None and a.cover.kind is OverlayKind.SHELVED for a in everyone
            ),
        }


def unseen(alarm: Alarm) -> Alarm:
    """The alarm without the acknowledgement it had."""
    return alarm._replace(ack_time=None, ack_by=None, comment="", seen="")


def _realarm_at(alarm: Alarm) -> float | None:
    if alarm.state is not State.ACTIVE_ACKED or not alarm.realarm_s or alarm.ack_time is None:
        return None
    return alarm.ack_time + alarm.realarm_s


def _word(severity: str) -> str:
    """The word of the table for alarms that are no limits."""
    return "HIHI" if severity == "critical" else "HI"
