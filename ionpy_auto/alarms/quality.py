"""How good the alarms are: how many, floods, chattering and standing ones, how soon people react.

Figures after ISA-18.2: more than ten alarms in ten minutes is a flood until there are fewer than
five; an alarm that stands for over a day says nothing any more. Covered alarms are not counted:
nobody was disturbed by them.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlmodel import Session, col, select

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.ledger import Ledger
from ionpy_auto.alarms.models import AlarmRow

DAY_S: Final = 86_400.0
WINDOW_S: Final = 600.0
FLOOD_BEGINS: Final = 10
FLOOD_ENDS: Final = 5
STANDING_S: Final = DAY_S
TOP: Final = 10
CHATTERING: Final = 3
"""So often, and an alarm stands among the chattering ones."""
MOST_ROWS: Final = 200_000


class Line(NamedTuple):
    """What the figures need of a row."""

    timestamp: float
    key: str
    text: str
    transition: str
    raised_id: int
    times: int
    priority: int
    overlay: str


async def quality(
    ledger: Ledger, alarms: Iterable[Alarm], now: float, days: float
) -> dict[str, Any]:
    """Figures over the last days, and what stands now."""
    if ledger.database is None:
        return figures([], alarms, now, days)
    await ledger.flush()
    columns = (
        *(AlarmRow.timestamp, AlarmRow.alarm_key, AlarmRow.text, AlarmRow.transition),
        *(AlarmRow.raised_id, AlarmRow.count, AlarmRow.priority, AlarmRow.overlay),
    )

    def work(session: Session) -> list[Line]:
        query = select(*map(col, columns)).where(col(AlarmRow.timestamp) >= now - days * DAY_S)
        rows = session.execute(query.order_by(col(AlarmRow.id)).limit(MOST_ROWS))
        return [Line(*row) for row in rows]

    return figures(await ledger.database.read(work), alarms, now, days)


def figures(
    lines: Sequence[Line], alarms: Iterable[Alarm], now: float, days: float
) -> dict[str, Any]:
    """The figures of rows, oldest first."""
    raised = [one for one in lines if one.transition == "raised" and not one.overlay]
    standing = sorted(
        (a for a in alarms if a.state.is_active and now - a.timestamp >= STANDING_S),
        key=lambda a: a.timestamp,
    )
    return {
        "days": days,
        "alarms": len(raised),
        "rate_per_10min": len(raised) / (days * DAY_S / WINDOW_S),
        "floods": floods([one.timestamp for one in raised]),
        "chattering": _chattering(lines),
        "standing": [{"key": a.key, "text": a.text, "since": a.timestamp} for a in standing],
        "mean_time_to_ack": _mean_until(lines, raised, "acknowledged"),
        "mean_time_to_clear": _mean_until(lines, raised, "cleared"),
        "per_priority": {
            str(priority): count
            for priority, count in sorted(Counter(one.priority for one in raised).items())
        },
    }


def floods(times: Iterable[float]) -> list[dict[str, float]]:
    """Stretches with more than ten alarms in ten minutes."""
    found: list[dict[str, float]] = []
    recent: deque[float] = deque()
    flood: dict[str, float] | None = None
    for time in times:
        recent.append(time)
        while recent[0] <= time - WINDOW_S:
            recent.popleft()
        if flood is not None and len(recent) < FLOOD_ENDS:
            flood = None
        if flood is None and len(recent) > FLOOD_BEGINS:
            flood = {"from": recent[0], "to": time, "count": len(recent)}
            found.append(flood)
        elif flood is not None:
            flood["to"], flood["count"] = time, flood["count"] + 1
    return found


def _chattering(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Which came most often, each coming of a chattering one counted."""
    most: dict[tuple[str, int], int] = {}
    texts: dict[str, str] = {}
    for one in lines:
        most[one.key, one.raised_id] = max(most.get((one.key, one.raised_id), 0), one.times)
        texts[one.key] = one.text
    counts: Counter[str] = Counter()
    for (key, _), count in most.items():
        counts[key] += count
    return [
        {"key": key, "text": texts[key], "count": count}
        for key, count in counts.most_common(TOP)
        if count >= CHATTERING
    ]


def _mean_until(lines: Iterable[Line], raised: Iterable[Line], transition: str) -> float | None:
    """Mean seconds from a raise to the first such transition of the same alarm."""
    began: Mapping[int, float] = {one.raised_id: one.timestamp for one in reversed(list(raised))}
    took: dict[int, float] = {}
    for one in lines:
        if one.transition == transition and one.raised_id in began:
            took.setdefault(one.raised_id, one.timestamp - began[one.raised_id])
    return sum(took.values()) / len(took) if took else None
