"""Silences: for a time nobody is told of alarms that fit, because somebody said so and why.

An alarm stays what it is: it is shown, stored and can be acknowledged. Whoever was told of it
before still hears of its end. A silence that is over is shown for a while and then forgotten.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sqlmodel import Session, col, delete, select

from ionpy_auto.alarms.models import SilenceRow
from ionpy_auto.alarms.routing.labels import Labels
from ionpy_auto.alarms.routing.matchers import BadMatcher, Matcher, matches, parse_matchers
from ionpy_auto.core.errors import BadInput, Conflict, NotFound
from ionpy_auto.storage.database import Database

LONGEST_S: Final = 366 * 86400.0
KEPT_S: Final = 120 * 3600.0
"""How long one that is over is still shown."""
MOST: Final = 1000
MAX_COMMENT: Final = 2000


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence; times are UTC seconds.

    Attributes:
        by: Who asked for it.
        comment: Why.
        ended_by: Who ended it before its time; empty otherwise.
    """

    id: int
    matchers: tuple[Matcher, ...]
    starts: float
    ends: float
    created: float
    by: str
    comment: str
    ended_by: str = ""

    def state(self, now: float) -> str:
        """``pending``, ``active`` or ``expired``."""
        if now < self.starts:
            return "pending"
        return "active" if now < self.ends else "expired"

    def covers(self, labels: Labels, now: float) -> bool:
        """Whether nobody is told of an alarm at a time."""
        return self.starts <= now < self.ends and matches(self.matchers, labels)

    def as_dict(self, now: float) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "matchers": [str(matcher) for matcher in self.matchers],
            "starts": self.starts,
            "ends": self.ends,
            "created": self.created,
            "by": self.by,
            "comment": self.comment,
            "ended_by": self.ended_by,
            "state": self.state(now),
        }


class SilenceStore(Protocol):
    """Where silences survive a restart."""

    async def load(self) -> Sequence[Silence]:
        """All that are kept."""

    async def save(self, silence: Silence, forget_before: float) -> None:
        """Keep one, and forget those that ended before a time; durable when this returns."""


class DatabaseSilences:
    """Silences in the server's database (`SilenceStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Sequence[Silence]:
        """All that are kept.

        Raises:
            StorageError: The database cannot be read.
        """

        def work(session: Session) -> list[dict[str, Any]]:
            return [row.model_dump() for row in session.exec(select(SilenceRow))]

        return [_from_row(content) for content in await self._database.read(work)]

    async def save(self, silence: Silence, forget_before: float) -> None:
        """Keep one.

        Raises:
            StorageError: The database refused; nothing was kept.
        """
        content: dict[str, Any] = {
            "id": silence.id,
            "matchers": [str(matcher) for matcher in silence.matchers],
            "starts": silence.starts,
            "ends": silence.ends,
            "created": silence.created,
            "by": silence.by,
            "comment": silence.comment,
            "ended_by": silence.ended_by,
        }

        def work(session: Session) -> None:
            session.exec(delete(SilenceRow).where(col(SilenceRow.ends) < forget_before))
            session.merge(SilenceRow(**content))

        await self._database.write(work)


def _from_row(content: Mapping[str, Any]) -> Silence:
    texts = content["matchers"]
    return Silence(**{**content, "matchers": _matchers(texts)})


class Silences:
    """Keeps the silences.

    Args:
        store: Survives a restart.
        now: UTC seconds.
        tell: Hears what a person did: ``created`` or ``ended``, who, and the silence.
    """

    def __init__(
        self,
        store: SilenceStore,
        now: Callable[[], float],
        tell: Callable[[str, str, dict[str, Any]], None] = lambda what, by, silence: None,
    ) -> None:
        self._store = store
        self._now = now
        self._tell = tell
        self._known: dict[int, Silence] = {}
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Remember what was silenced.

        Raises:
            StorageError: The database cannot be read.
        """
        self._known = {silence.id: silence for silence in await self._store.load()}

    def covering(self, labels: Labels, now: float) -> str:
        """The id of a silence that covers an alarm at a time; empty when none does."""
        for silence in self._known.values():
            if silence.covers(labels, now):
                return str(silence.id)
        return ""

    def list(self) -> list[dict[str, Any]]:
        """All, those in force first, then those to come; the newest first."""
        now = self._now()
        order = ("active", "pending", "expired")
        ranked = sorted(
            self._known.values(), key=lambda one: (order.index(one.state(now)), -one.id)
        )
        return [silence.as_dict(now) for silence in ranked]

    async def add(
        self,
        matchers: Iterable[str],
        ends: float,
        by: str,
        comment: str,
        starts: float | None = None,
    ) -> dict[str, Any]:
        """Silence alarms for a time; durable when this returns.

        Args:
            matchers: Texts like ``device="PSU_01"``; an alarm fits when it fits all.
            ends: UTC seconds.
            by: Who asks.
            comment: Why; needed.
            starts: UTC seconds, now by default.

        Raises:
            BadInput: A matcher is none, all alarms would fit, the times are wrong, or nobody
                says why.
            Conflict: There are too many.
            StorageError: It could not be kept.
        """
        found = _matchers(matchers)
        if not any(not matcher.matches({}) for matcher in found):
            hint = 'name at least one label, for example device="PSU_01"'
            raise BadInput("this would silence every alarm", code="SILENCES_ALL", hint=hint)
        if not comment.strip():
            raise BadInput("say why", code="REASON_REQUIRED", hint="give a comment")
        async with self._lock:
            now = self._now()
            begin = now if starts is None else max(starts, now)
            if not begin < ends <= now + LONGEST_S:
                hint = "it ends after it begins, within a year"
                raise BadInput("the times of the silence are wrong", hint=hint)
            self._forget(now)
            if len(self._known) >= MOST:
                raise Conflict(f"there are {MOST} silences", hint="end those nobody needs")
            silence = Silence(
                max(self._known, default=0) + 1,
                found,
                begin,
                ends,
                now,
                by,
                comment[:MAX_COMMENT],
            )
            return await self._keep("created", by, silence)

    async def end(self, silence_id: int, by: str) -> dict[str, Any]:
        """End one now; one that is over stays as it is.

        Raises:
            NotFound: There is none of this id.
            StorageError: It could not be kept.
        """
        async with self._lock:
            now = self._now()
            silence = self._known.get(silence_id)
            if silence is None:
                msg = f"there is no silence {silence_id}"
                raise NotFound(msg, hint="GET /api/alarms/silences lists them")
            if silence.state(now) == "expired":
                return silence.as_dict(now)
            ended = replace(silence, starts=min(silence.starts, now), ends=now, ended_by=by)
            return await self._keep("ended", by, ended)

    async def _keep(self, what: str, by: str, silence: Silence) -> dict[str, Any]:
        now = self._now()
        await self._store.save(silence, now - KEPT_S)
        self._known[silence.id] = silence
        shown = silence.as_dict(now)
        self._tell(what, by, shown)
        return shown

    def _forget(self, now: float) -> None:
        newest = max(self._known, default=0)  # its id must not come again
        for key in [k for k, one in self._known.items() if one.ends < now - KEPT_S]:
            if key != newest:
                del self._known[key]


def _matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    found: list[Matcher] = []
    for text in texts:
        try:
            found += parse_matchers(text)
        except BadMatcher as error:
            raise BadInput(str(error), code="BAD_MATCHER", hint=error.hint) from None
    return tuple(found)
