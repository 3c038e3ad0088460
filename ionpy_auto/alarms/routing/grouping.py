"""Puts alarms into groups and says, group by group, when somebody has to be told what.

Pure: no input or output, and time is an argument (UTC seconds). The waits are Alertmanager's: a
new group waits ``group_wait``, then looks every ``group_interval`` whether there is something new,
and says the same again after ``repeat_interval``. By contract it differs in four things:

- Whoever was told of an alarm is told of its end, muted, silenced, inhibited or not, also when the
  routes changed meanwhile.
- An acknowledged alarm is not repeated; while nobody acknowledges, ``escalate`` tells others.
- An alarm that became graver is told again.
- An alarm that comes and goes all the time counts as being there, so that it is not told at each
  turn.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ionpy_auto.alarms.routing.alerts import Alert, Notice
from ionpy_auto.alarms.routing.groups import FLAPS, Group, Line, Member, group_id
from ionpy_auto.alarms.routing.inhibition import Inhibitor
from ionpy_auto.alarms.routing.labels import Labels
from ionpy_auto.alarms.routing.tree import Routing

Silenced = Callable[[Labels, float], str]
"""The id of a silence that covers labels at a time, or an empty text."""

VERSION: Final = 1


def _never(labels: Labels, now: float) -> str:
    del labels, now
    return ""


@dataclass(slots=True)
class _View:
    """What a group is like at one moment.

    Attributes:
        visible: Alarms that are there and may be told.
        resolved: Alarms that are over, by key.
        open: Those of them that may be told although nobody waits for it.
    """

    visible: list[Alert] = field(default_factory=list)
    resolved: dict[str, Alert] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)


class Grouper:
    """Decides about notices.

    Args:
        routing: Who is told, when.
        silenced: Knows the silences.
    """

    def __init__(self, routing: Routing, silenced: Silenced = _never) -> None:
        self.routing = routing
        self._silenced = silenced
        self._inhibitor = Inhibitor(routing.inhibit_rules)
        self._alerts: dict[str, Alert] = {}
        self._groups: dict[str, Group] = {}
        self._ways: dict[str, set[str]] = {}  # groups an alarm is in
        self._pending: dict[str, Notice] = {}
        self._sequence = 0
        self._soonest: float | None = None  # never later than anything that is due

    # -- what happens -----------------------------------------------------------------------

    def update(self, alert: Alert, now: float) -> None:
        """An alarm came, changed or went; one that went keeps the labels it came with."""
        old = self._alerts.get(alert.key)
        if not alert.firing:
            self._went(old, alert, now)
            return
        if old is not None and old.firing:
            self._inhibitor.remove(old.key, old.labels)
        self._alerts[alert.key] = alert
        self._inhibitor.add(alert.key, alert.labels)
        routes = {group_id(r, labels): (r, labels) for r, labels in self._targets(alert)}
        for gone in self._ways.get(alert.key, set()) - routes.keys():
            self._leave(self._groups[gone], alert.key, now)
        for name, (route, labels) in routes.items():
            group = self._groups.get(name)
            if group is None or group.is_over(now):
                group = self._groups[name] = Group.made(route, labels, now)
            self._join(group, alert, old, now)

    def _targets(self, alert: Alert) -> list[tuple[Any, dict[str, str]]]:
        return [(r, r.group_labels(alert.labels)) for r in self.routing.match(alert.labels)]

    def _join(self, group: Group, alert: Alert, old: Alert | None, now: float) -> None:
        member = group.members.get(alert.key)
        if member is None:
            if not group.members:
                _catch_up(group, now)
            group.empty_at = None
            group.members[alert.key] = Member()
            self._ways.setdefault(alert.key, set()).add(group.id)
            wait = group.route.group_wait if group.route is not None else 0.0
            if not group.flushed and alert.starts + wait < now:  # it has waited elsewhere
                group.next = min(group.next, now)
        else:
            member.left = False
            came_back = old is not None and not old.firing
            member.changes += came_back
            if came_back or (old is not None and old.acked and not alert.acked):
                group.began_again(alert.key, now)
        self._due_by(group)

    def _leave(self, group: Group, key: str, now: float) -> None:
        """An alarm takes another way; who was told here still hears of its end."""
        if group.owes(key):
            group.members[key].left = True
        else:
            self._drop(group, key, now)

    def _drop(self, group: Group, key: str, now: float) -> None:
        del group.members[key]
        if not group.members:
            group.empty_at = now
        ways = self._ways[key]
        ways.discard(group.id)
        if not ways:
            del self._ways[key]
            if not self._alerts[key].firing:
                del self._alerts[key]

    def _went(self, old: Alert | None, alert: Alert, now: float) -> None:
        if old is None:
            return
        over = replace(
            alert,
            labels=old.labels,
            starts=old.starts,
            ends=(now if alert.ends is None else alert.ends) if old.firing else old.ends,
        )
        self._alerts[alert.key] = over
        if not old.firing:
            return
        self._inhibitor.remove(old.key, old.labels)
        for name in self._ways.get(alert.key, ()):
            self._groups[name].members[alert.key].changes += 1

    def acknowledge(self, key: str, now: float) -> None:
        """Somebody has seen an alarm: it is neither repeated nor told to others."""
        del now
        alert = self._alerts.get(key)
        if alert is not None:
            self._alerts[key] = replace(alert, acked=True)

    # -- what is due ------------------------------------------------------------------------

    def due(self, now: float) -> list[Notice]:
        """All notices that nobody has taken over yet, in their order.

        Asked again it answers the same, until they are `settled`.
        """
        for group in list(self._groups.values()):
            if group.is_over(now):
                del self._groups[group.id]
            elif group.members and group.next <= now:
                self._look(group, now)
            elif group.look is not None and group.look <= now:
                self._escalate(group, self._view(group, now), now)
        self._soonest = None
        for group in self._groups.values():
            self._due_by(group)
        return list(self._pending.values())

    def settled(self, notice: Notice, now: float) -> None:
        """A notice was taken over by whoever delivers it."""
        del now
        if self._pending.pop(notice.key, None) is None:
            return
        group = self._groups.get(notice.key.partition(".")[0])
        for line in group.lines if group is not None else ():
            if line.pending == notice.key:
                line.pending = ""

    def next_due(self) -> float | None:
        """When `due` has to be asked again, None: when something happens.

        It may be too early, never too late.
        """
        if self._pending:
            return next(iter(self._pending.values())).created
        return self._soonest

    def _due_by(self, group: Group) -> None:
        times = [group.look] if group.look is not None else []
        times += [group.next] if group.members else []
        if self._soonest is not None:
            times.append(self._soonest)
        self._soonest = min(times, default=None)

    # -- one group --------------------------------------------------------------------------

    def _view(self, group: Group, now: float) -> _View:
        view = _View()
        route = group.route
        is_silent = route is None or bool(self.routing.muted(route, now))
        for key, member in group.members.items():
            alert = self._alerts[key]
            if not alert.firing and member.changes >= FLAPS:
                alert = replace(alert, firing=True, ends=None)
            if not alert.firing:
                view.resolved[key] = alert
            elif member.left:
                continue
            if is_silent or self.why_silent(alert, now):
                continue
            if alert.firing:
                view.visible.append(alert)
            else:
                view.open.add(key)
        view.visible.sort(key=lambda alert: (alert.starts, alert.key))
        return view

    def why_silent(self, alert: Alert, now: float) -> str:
        """Why nobody is told of an alarm, wherever it goes; empty when somebody is."""
        if alert.muted:
            return alert.muted
        if silence := self._silenced(alert.labels, now):
            return f"silence {silence}"
        inhibitor = self.inhibitor_of(alert.labels)
        return f"inhibited by {inhibitor}" if inhibitor else ""

    def inhibitor_of(self, labels: Labels) -> str:
        """The key of an alarm that silences labels; empty when none does."""
        return self._inhibitor.inhibitor_of(labels)

    def _look(self, group: Group, now: float) -> None:
        """The regular look: tell what is new, forget what is over."""
        group.flushed = True
        group.next = now + group.interval
        view = self._view(group, now)
        self._tell(group, view, now)
        self._escalate(group, view, now)
        for key, member in list(group.members.items()):
            is_here = key not in view.resolved and not member.left
            member.changes = 0
            if not is_here and not group.owes(key):
                self._drop(group, key, now)

    def _tell(self, group: Group, view: _View, now: float) -> None:
        line = group.lines[0]
        if line.pending:
            return
        over = any(key in line.owed for key in view.resolved)
        is_news = any(line.is_news(alert) for alert in view.visible)
        # Others than those that were told may have come and gone beside those that are there.
        unheard = view.open - line.resolved if view.visible else view.open
        others = bool(line.firing) and bool(unheard)
        is_repeat = self._is_repeat(group, line, view.visible, now)
        if is_news or over or others or is_repeat:
            ended = [a for k, a in view.resolved.items() if k in line.owed or k in view.open]
            is_again = is_repeat and not (is_news or over or others)
            self._emit(group, line, (view.visible, ended), now, repeat=is_again)
            if view.open and not view.visible:
                line.firing.clear()  # what is silent now is told again when it may be
        for alert in view.visible:
            member = group.members[alert.key]
            if member.since is None and alert.key in line.owed:
                member.since = now

    @staticmethod
    def _is_repeat(group: Group, line: Line, alerts: Sequence[Alert], now: float) -> bool:
        if group.route is None or line.at is None or all(alert.acked for alert in alerts):
            return False
        return line.at + group.route.repeat_interval <= now

    def _escalate(self, group: Group, view: _View, now: float) -> None:
        """Tell those who are told while nobody acknowledges, and say when to look again."""
        times: list[float] = []
        for line in group.lines[1:]:
            if not line.pending:
                self._tell_step(group, line, view, now)
            times += [t for t in self._step_times(group, line) if t > now]
        group.look = min(times, default=None)

    def _tell_step(self, group: Group, line: Line, view: _View, now: float) -> None:
        over = [alert for key, alert in view.resolved.items() if key in line.owed]
        waited = [a for a in view.visible if self._has_waited(group, line, a, now)]
        is_free = line.at is None or line.at + group.interval <= now
        is_news = is_free and any(line.is_news(alert) for alert in waited)
        is_repeat = self._is_repeat(group, line, waited, now)
        if is_news or over or is_repeat:
            is_again = is_repeat and not (is_news or over)
            self._emit(group, line, (waited, over), now, repeat=is_again)

    @staticmethod
    def _has_waited(group: Group, line: Line, alert: Alert, now: float) -> bool:
        since = group.members[alert.key].since
        if line.step is None or alert.acked or since is None:
            return False
        return since + line.step.after <= now

    def _step_times(self, group: Group, line: Line) -> Iterable[float]:
        """When alarms reach a step that was not told of them."""
        if line.step is None:
            return
        free = -math.inf if line.at is None else line.at + group.interval
        for key, member in group.members.items():
            alert = self._alerts[key]
            is_waiting = alert.firing and not alert.acked and not member.left
            if is_waiting and member.since is not None and line.is_news(alert):
                yield max(member.since + line.step.after, free)

    def _emit(
        self,
        group: Group,
        line: Line,
        what: tuple[list[Alert], list[Alert]],
        now: float,
        *,
        repeat: bool,
    ) -> None:
        firing, resolved = what
        line.told(firing, resolved, now)
        if self.routing.receivers and line.receiver not in self.routing.receivers:
            return  # its receiver was taken out of the file
        self._sequence += 1
        notice = Notice(
            key=f"{group.id}.{line.level}.{int(now * 1000)}.{self._sequence}",
            receiver=line.receiver,
            route=group.route_key,
            group_labels=dict(group.labels),
            firing=tuple(firing),
            resolved=tuple(resolved),
            escalation=line.level,
            repeat=repeat,
            created=now,
        )
        line.pending = notice.key
        self._pending[notice.key] = notice

    # -- restarts ---------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that has to survive a restart, as JSON."""
        return {
            "version": VERSION,
            "sequence": self._sequence,
            "alerts": [alert.as_dict() for alert in self._alerts.values()],
            "groups": [group.as_dict() for group in self._groups.values()],
            "pending": [notice.as_dict() for notice in self._pending.values()],
        }

    @classmethod
    def restored(
        cls,
        routing: Routing,
        state: Mapping[str, Any],
        alerts: Iterable[Alert],
        now: float,
        silenced: Silenced = _never,
    ) -> "Grouper":
        """One that goes on where another stopped, after a restart or with other routes.

        Args:
            routing: As it is now; groups whose route is no more only tell what is over.
            state: Of the other one; an empty one begins anew.
            alerts: All that are there now; others are over.
            now: UTC seconds.
            silenced: Knows the silences.
        """
        grouper = cls(routing, silenced)
        if state.get("version") == VERSION:
            grouper._take(state, now)
        current = {alert.key: alert for alert in alerts}
        for old in list(grouper._alerts.values()):
            alert = current.get(old.key, replace(old, firing=False))
            if old.firing and not alert.firing:
                grouper.update(alert, now)
        for alert in current.values():
            if alert.firing:
                grouper.update(alert, now)
        for group in grouper._groups.values():
            group.next = min(group.next, now + max(group.interval, _wait(group)))
            grouper._due_by(group)
        return grouper

    def _take(self, state: Mapping[str, Any], now: float) -> None:
        self._sequence = int(state["sequence"])
        routes = {(route.key, route.receiver): route for route in self.routing.route.walk()}
        for content in state["alerts"]:
            alert = Alert.from_dict(content)
            self._alerts[alert.key] = alert
            if alert.firing:
                self._inhibitor.add(alert.key, alert.labels)
        for content in state["groups"]:
            group = Group.from_dict(content)
            self._groups[group.id] = group
            for key in group.members:
                self._ways.setdefault(key, set()).add(group.id)
            route = routes.get((group.route_key, group.receiver))
            if route is not None and group.attach(route):
                group.look = now
        for content in state["pending"]:
            notice = Notice.from_dict(content)
            self._pending[notice.key] = notice


def _wait(group: Group) -> float:
    return group.route.group_wait if group.route is not None else 0.0


def _catch_up(group: Group, now: float) -> None:
    """An empty group did not look: its next look is the one its clock would have come to."""
    if group.flushed and group.next <= now:
        missed = math.floor((now - group.next) / group.interval) + 1
        group.next += missed * group.interval
