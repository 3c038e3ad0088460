"""The rows of the outbox: put once, changed with every try, found again after a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import insert
from sqlmodel import Session, col, delete, func, select, update

from ionpy_auto.alarms.channels import Letter
from ionpy_auto.alarms.models import OutboxRow

OPEN: Final = ("queued", "retrying")
STATES: Final = (*OPEN, "sent", "failed")
KEEP_S: Final = 30 * 86_400.0
KEEP_ROWS: Final = 10_000
MAX_TITLE: Final = 500
MAX_TEXT: Final = 16_384


@dataclass(eq=False, slots=True)
class Entry:
    """One message to one address of one receiver; see `OutboxRow`.

    Attributes:
        id: 0 while the database has not taken it.
        lane: Entries of one lane to one address arrive in order.
    """

    key: str
    receiver: str
    channel: str
    title: str
    message: str
    created: float
    next_try: float
    way: int = 0
    lane: str = ""
    status: str = "message"
    severity: str = "info"
    state: str = "queued"
    attempts: int = 0
    error: str = ""
    sent: float | None = None
    alarms: list[str] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)
    id: int = 0

    def __post_init__(self) -> None:
        """What is too long is cut, so that one text cannot fill the outbox."""
        self.title = cut(self.title, MAX_TITLE)
        self.message = cut(self.message, MAX_TEXT)

    @property
    def path(self) -> tuple[str, str, int]:
        """The address it goes to."""
        return (self.receiver, self.channel, self.way)

    @property
    def is_open(self) -> bool:
        """Whether it is still to be delivered."""
        return self.state in OPEN

    def letter(self) -> Letter:
        """As channels take it."""
        return Letter(
            self.key,
            self.title,
            self.message,
            self.receiver,
            self.status,
            self.severity,
            self.content,
        )

    def as_dict(self) -> dict[str, Any]:
        """As REST shows it; where it goes exactly is not for everybody."""
        shown = {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in {"content", "target", "way", "lane"}
        }
        return {**shown, "to": self.receiver}


def cut(text: str, most: int) -> str:
    """A text of at most so many characters; what was cut shows."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def put(session: Session, entries: Sequence[Entry]) -> list[Entry]:
    """Add entries, inside a write of somebody else; one whose key is known is left as it is.

    Returns:
        Those that are new; they carry their id.
    """
    keys = [entry.key for entry in entries]
    known = set(session.exec(select(OutboxRow.key).where(col(OutboxRow.key).in_(keys))))
    new = [entry for entry in entries if entry.key not in known]
    if new:
        session.execute(insert(OutboxRow), [_content(entry) for entry in new])
        found = select(OutboxRow.key, OutboxRow.id).where(col(OutboxRow.key).in_(keys))
        numbers = dict(session.exec(found).all())
        for entry in new:
            entry.id = numbers[entry.key] or 0
    return new


def settle(session: Session, entry: Entry) -> None:
    """Write what became of an entry; one that could not be put before is put now."""
    if not entry.id:
        put(session, [entry])
        return
    session.exec(update(OutboxRow).where(col(OutboxRow.id) == entry.id).values(**_content(entry)))


def undelivered(session: Session) -> list[Entry]:
    """All entries that wait, oldest first."""
    query = select(OutboxRow).where(col(OutboxRow.state).in_(OPEN)).order_by(col(OutboxRow.id))
    return [entry_of(row) for row in session.exec(query)]


def one(session: Session, number: int) -> Entry | None:
    """The entry with an id."""
    row = session.get(OutboxRow, number)
    return None if row is None else entry_of(row)


def newest(session: Session, state: str, receiver: str, limit: int) -> list[Entry]:
    """Entries, the newest first; an empty state or receiver takes all."""
    query = select(OutboxRow).order_by(col(OutboxRow.id).desc()).limit(limit)
    if state:
        query = query.where(OutboxRow.state == state)
    if receiver:
        query = query.where(OutboxRow.receiver == receiver)
    return [entry_of(row) for row in session.exec(query)]


def counts(session: Session) -> dict[str, int]:
    """How many there are in each state."""
    query = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
    return dict.fromkeys(STATES, 0) | dict(session.exec(query).all())


def forget(session: Session, now: float) -> None:
    """Remove what is over for a month, or stands behind so many newer ones."""
    last = session.exec(select(func.max(OutboxRow.id))).one() or 0
    session.exec(
        delete(OutboxRow)
        .where(col(OutboxRow.state).not_in(OPEN))
        .where((col(OutboxRow.created) < now - KEEP_S) | (col(OutboxRow.id) <= last - KEEP_ROWS))
    )


def entry_of(row: OutboxRow) -> Entry:
    """The entry a row holds."""
    content = row.model_dump()
    return Entry(**content)


def _content(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__ if name != "id"}
