"""What people do with alarms: acknowledge, take that back, shelve, take out of service, reset.

Everything here is durable when it returns. An alarm that cannot take it (it is acknowledged
already, it is not latched) stays as it is, and the answer shows how that is.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.book import Book, unseen
from ionpy_auto.alarms.history import Wanted
from ionpy_auto.alarms.states import LONGEST_SHELF_S, Happening, Overlay, OverlayKind, after
from ionpy_auto.core.errors import BadInput
from ionpy_auto.language import format_duration

MAX_COMMENT: Final = 2_000
Shown = dict[str, Any]


class People:
    """See the module's first lines.

    Args:
        book: All alarms.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    async def _done(self, alarm: Alarm) -> Shown:
        await self._book.ledger.flush()
        return self._book.shown(alarm)

    async def acknowledge(self, alarm_id: int, by: str, comment: str = "") -> Shown:
        """Somebody has seen it; durable when this returns.

        Raises:
            NotFound: No such alarm is waiting for it.
            StorageError: It is acknowledged here, but the record of it could not be written yet.
        """
        return await self._done(self._seen(self._book.with_id(alarm_id), by, comment))

    def _seen(self, old: Alarm, by: str, comment: str) -> Alarm:
        state = after(old.state, Happening.ACKNOWLEDGED, latching=old.latching)
        if state is old.state:
            return old
        changed = old._replace(
            state=state,
            seen=old.level,
            ack_time=self._book.clock.now(),
            ack_by=by,
            comment=comment[:MAX_COMMENT],
        )
        return self._book.keep(changed, "acknowledged", by)

    async def acknowledge_ids(self, ids: Iterable[int], by: str, comment: str = "") -> int:
        """Acknowledge those of these alarms that are there and wait for it; how many those are.

        Raises:
            StorageError: They are acknowledged here, but could not be written yet.
        """
        chosen = frozenset(ids)
        return await self._acknowledge(lambda alarm: alarm.id in chosen, by, comment)

    async def acknowledge_shown(self, wanted: Wanted, by: str, comment: str = "") -> int:
        """Acknowledge all that fit a filter and are neither hidden nor covered."""
        book = self._book

        def is_meant(alarm: Alarm) -> bool:
            return not alarm.overlay and not book.is_hidden(alarm) and wanted.fits(alarm)

        return await self._acknowledge(is_meant, by, comment)

    async def _acknowledge(self, is_meant: Callable[[Alarm], bool], by: str, comment: str) -> int:
        book = self._book
        found = [a for a in book.alarms.values() if a.state.is_unacked and is_meant(a)]
        for alarm in found:
            self._seen(alarm, by, comment)
        await book.ledger.flush()
        return len(found)

    async def unacknowledge(self, alarm_id: int, by: str, comment: str = "") -> Shown:
        """The acknowledgement was a mistake: somebody must look again.

        Raises:
            NotFound: No such alarm.
        """
        old = self._book.with_id(alarm_id)
        state = after(old.state, Happening.UNACKNOWLEDGED)
        if state is old.state:
            return self._book.shown(old)
        changed = unseen(old)._replace(state=state, comment=comment[:MAX_COMMENT])
        return await self._done(self._book.keep(changed, "unacknowledged", by))

    async def reset(self, alarm_id: int, by: str, comment: str = "") -> Shown:
        """Release a latched alarm.

        Raises:
            NotFound: No such alarm.
        """
        old = self._book.with_id(alarm_id)
        state = after(old.state, Happening.RESET)
        if state is old.state:
            return self._book.shown(old)
        changed = old._replace(state=state, comment=comment[:MAX_COMMENT])
        return await self._done(self._book.keep(changed, "reset", by))

    async def shelve(self, alarm_id: int, by: str, reason: str, minutes: float) -> Shown:
        """Put an alarm aside for a while; again: for another while from now on.

        It comes out again when its time is over, or when it gets worse than it is now.

        Raises:
            NotFound: No such alarm.
            BadInput: No reason, or longer than its priority allows.
        """
        old = self._book.with_id(alarm_id)
        longest = LONGEST_SHELF_S.get(old.priority, LONGEST_SHELF_S[2])
        if not 0 < minutes * 60.0 <= longest:
            msg = f"an alarm of priority {old.priority} is shelved for {format_duration(longest)}"
            raise BadInput(f"{msg} at most", code="SHELF_TOO_LONG", hint="give fewer minutes")
        until = self._book.clock.now() + minutes * 60.0
        cover = Overlay(OverlayKind.SHELVED, _reason(reason), by, until, old.severity)
        changed = old._replace(cover=cover, comment=cover.reason)
        return await self._done(self._book.keep(changed, "shelved", by))

    async def unshelve(self, alarm_id: int, by: str, comment: str = "") -> Shown:
        """Take an alarm from the shelf: who does so has seen it.

        Raises:
            NotFound: No such alarm.
        """
        old = self._book.with_id(alarm_id)
        if old.cover is None or old.cover.kind is not OverlayKind.SHELVED:
            return self._book.shown(old)
        changed = old._replace(comment=comment[:MAX_COMMENT])
        if after(old.state, Happening.UNSHELVED) is not old.state:
            now = self._book.clock.now()
            changed = changed._replace(ack_time=now, ack_by=by, seen=old.level)
        return await self._done(self._book.lift(changed, Happening.UNSHELVED, "unshelved", by))

    async def out_of_service(self, alarm_id: int, by: str, reason: str) -> Shown:
        """Take an alarm out for maintenance, until somebody puts it back.

        Raises:
            NotFound: No such alarm.
            BadInput: No reason.
        """
        old = self._book.with_id(alarm_id)
        cover = Overlay(OverlayKind.OUT_OF_SERVICE, _reason(reason), by)
        changed = old._replace(cover=cover, comment=cover.reason)
        return await self._done(self._book.keep(changed, "out_of_service", by))

    async def return_to_service(self, alarm_id: int, by: str, comment: str = "") -> Shown:
        """The maintenance is over; an active alarm must be looked at.

        Raises:
            NotFound: No such alarm.
        """
        old = self._book.with_id(alarm_id)
        if old.cover is None or old.cover.kind is not OverlayKind.OUT_OF_SERVICE:
            return self._book.shown(old)
        changed = old._replace(comment=comment[:MAX_COMMENT])
        back = self._book.lift(changed, Happening.RETURNED, "returned", by)
        return await self._done(back)


def _reason(text: str) -> str:
    reason = text.strip()[:MAX_COMMENT]
    if not reason:
        raise BadInput("say why", code="REASON_REQUIRED", hint="give a reason")
    return reason
