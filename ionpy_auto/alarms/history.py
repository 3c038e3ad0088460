"""What became of alarms: their transitions as people search, page through and take with them."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.ledger import Ledger, alarm_of
from ionpy_auto.alarms.models import AlarmRow

MOST_EXPORTED: Final = 200_000
COLUMNS: Final = (
    *("timestamp", "time_utc", "id", "alarm_id", "key", "transition", "state", "severity"),
    *("priority", "old_state", "new_state", "value", "device_id", "entity_id", "source", "text"),
    *("count", "overlay", "overlay_reason", "actor", "comment", "ack_by", "ack_time", "cause"),
    "session_id",
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which alarms or transitions; empty fields take all.

    Attributes:
        severity: Exactly this one.
        text: Stands in the text, the key or the comment, in any case.
        since: UTC seconds, inclusive.
        until: UTC seconds, exclusive.
        before: Only rows with a smaller number: the next page.
    """

    severity: str = ""
    device: str = ""
    source: str = ""
    text: str = ""
    since: float | None = None
    until: float | None = None
    before: int | None = None
    limit: int = 200

    def fits(self, alarm: Alarm) -> bool:
        """Whether an alarm as it is now is one of them."""
        words = f"{alarm.text}\n{alarm.key}\n{alarm.comment}".casefold()
        return (
            self.severity in {"", alarm.severity}
            and self.device in {"", alarm.device}
            and self.source in {"", alarm.source}
            and self.text.casefold() in words
            and (self.since is None or alarm.timestamp >= self.since)
            and (self.until is None or alarm.timestamp < self.until)
        )

    def clauses(self) -> list[ColumnElement[bool]]:
        """The same for rows."""
        exact = (("severity", self.severity), ("device_id", self.device), ("source", self.source))
        found = [col(getattr(AlarmRow, name)) == value for name, value in exact if value]
        if self.text:
            columns = (AlarmRow.text, AlarmRow.alarm_key, AlarmRow.comment)
            found.append(or_(*(col(c).icontains(self.text, autoescape=True) for c in columns)))
        if self.since is not None:
            found.append(col(AlarmRow.timestamp) >= self.since)
        if self.until is not None:
            found.append(col(AlarmRow.timestamp) < self.until)
        return found


async def history(ledger: Ledger, wanted: Wanted) -> dict[str, Any]:
    """Transitions, newest first, and how many there are in all pages."""
    if ledger.database is None:
        return {"items": [], "total": 0}
    await ledger.flush()

    def work(session: Session) -> dict[str, Any]:
        clauses = wanted.clauses()
        total = session.exec(select(func.count()).select_from(AlarmRow).where(*clauses)).one()
        page = select(AlarmRow).where(*clauses)
        if wanted.before is not None:
            page = page.where(col(AlarmRow.id) < wanted.before)
        rows = session.exec(page.order_by(col(AlarmRow.id).desc()).limit(wanted.limit)).all()
        return {"items": [_line(row) for row in rows], "total": total}

    return await ledger.database.read(work)


async def standing_at(ledger: Ledger, at: float) -> list[dict[str, Any]]:
    """Alarms as they were at a time [UTC s]: active, not yet acknowledged, latched or covered."""
    if ledger.database is None:
        return []
    await ledger.flush()

    def work(session: Session) -> list[dict[str, Any]]:
        last = (
            select(func.max(AlarmRow.id))
            .where(col(AlarmRow.timestamp) <= at)
            .group_by(col(AlarmRow.alarm_key))
        )
        rows = session.exec(select(AlarmRow).where(col(AlarmRow.id).in_(last))).all()
        return [alarm.as_dict() for alarm in map(alarm_of, rows) if alarm.is_kept]

    return await ledger.database.read(work)


async def export(ledger: Ledger, file_format: str, wanted: Wanted) -> str:
    """All transitions of a time as one text, oldest first: ``csv`` or ``json``."""
    if ledger.database is None:
        return _written(file_format, [])
    await ledger.flush()

    def work(session: Session) -> str:
        query = select(AlarmRow).where(*wanted.clauses()).order_by(col(AlarmRow.id))
        rows = session.exec(query.limit(MOST_EXPORTED))
        return _written(file_format, (_line(row) for row in rows))

    return await ledger.database.read(work)


def _line(row: AlarmRow) -> dict[str, Any]:
    shown: Mapping[str, Any] = alarm_of(row).as_dict()
    return {
        **shown,
        "id": row.id,
        "alarm_id": shown["id"],
        "timestamp": row.timestamp,
        "since": shown["timestamp"],
        "session_id": row.session_id,
        "transition": row.transition,
        "actor": row.actor,
        "cause": row.cause,
    }


def _written(file_format: str, lines: Iterable[Mapping[str, Any]]) -> str:
    if file_format == "json":
        return json.dumps(list(lines), ensure_ascii=False, indent=1)
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for line in lines:
        at = datetime.fromtimestamp(line["timestamp"], UTC).isoformat(timespec="milliseconds")
        cells = {**line, "time_utc": at}
        table.writerow([_cell(cells.get(name)) for name in COLUMNS])
    return out.getvalue()


def _cell(value: object) -> object:
    """A cell no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
