"""Links that acknowledge once: for the phone of somebody who cannot log in where they are.

A token is made of the key of its message and a secret of this installation, so that every try of a
message carries the same one; the database holds only its hash. Looking at the page changes nothing
(programs that check mails look, too); the button does, once.
"""

import base64
import hashlib
import hmac
import secrets as random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from sqlmodel import Session, col, delete, update

from ionpy_auto.alarms.messages import ACK
from ionpy_auto.alarms.models import AckLinkRow
from ionpy_auto.alarms.outbox_store import Entry
from ionpy_auto.connections.secrets import PREFIX, Secrets
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

SECRET: Final = "alarm-links"  # noqa: S105 - its name
LASTS_S: Final = 3 * 86_400.0
KEPT_S: Final = 30 * 86_400.0
WINDOW_S: Final = 60.0
MOST_CALLS: Final = 60
MOST_MISSES: Final = 20
MAX_NAME: Final = 80
PATH: Final = "/alarm-ack/"

HERE: Final = frozenset({"browser", "log"})
"""Channels whose readers are here anyway, and may be many."""

Acknowledge = Callable[[int, str, str], Awaitable[object]]
"""Acknowledges the alarm with an id, for somebody, with a comment."""


class TooManyTries(IonpyError):
    """Somebody tries tokens."""

    code = "TOO_MANY_TRIES"
    status = 429


class AckLinks:
    """Makes links and honours them.

    Args:
        database: Of the project.
        clock: Links end after `LASTS_S`.
        secrets: Keep what tokens are made of.
        public_url: Where people reach this server; empty: there are no links.
        acknowledge: Does it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        secrets: Secrets,
        public_url: str,
        acknowledge: Acknowledge,
    ) -> None:
        self._database = database
        self._clock = clock
        self._secrets = secrets
        self._url = public_url.rstrip("/")
        self._acknowledge = acknowledge
        self._secret = b""
        self._calls: deque[float] = deque(maxlen=MOST_CALLS)
        self._misses: deque[float] = deque(maxlen=MOST_MISSES)

    def start(self) -> None:
        """Read the secret, or make one; not for the event loop. Without one there are no links."""
        if not self._url:
            return
        try:
            self._secret = self._found_or_made().encode()
        except IonpyError as error:
            log.error("no links to acknowledge", reason=error.message)  # noqa: TRY400

    def _found_or_made(self) -> str:
        try:
            return self._secrets.get(PREFIX + SECRET)
        except NotFound:
            made = random.token_hex(32)
            self._secrets.put(SECRET, made)
            return made

    # -- made -------------------------------------------------------------------------------

    def rows(self, entries: Sequence[tuple[Entry, list[int]]]) -> list[AckLinkRow]:
        """The links of messages about alarms with these ids, to be stored along with them."""
        now = self._clock.now()
        return [
            AckLinkRow(
                token_hash=_hash(self._token(entry.key)),
                message=entry.key,
                receiver=entry.receiver,
                alarms=ids,
                created=now,
                expires=now + LASTS_S,
            )
            for entry, ids in entries
            if self._secret
            and ids
            and ACK in entry.message + entry.title
            and entry.channel not in HERE
        ]

    @staticmethod
    def put(session: Session, rows: Sequence[AckLinkRow], now: float) -> None:
        """Store links, and forget old ones; inside a write of somebody else."""
        for row in rows:
            session.merge(row)
        session.exec(delete(AckLinkRow).where(col(AckLinkRow.created) < now - KEPT_S))

    def fill(self, entry: Entry, text: str) -> str:
        """A text of a message with its link."""
        if ACK not in text:
            return text
        if not self._secret or entry.channel in HERE:
            return text.replace(ACK, "in the browser")
        key = entry.key.partition("/instead/")[0]
        return text.replace(ACK, f"{self._url}{PATH}{self._token(key)}")

    def _token(self, key: str) -> str:
        mac = hmac.new(self._secret, key.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:24]).decode()

    # -- used -------------------------------------------------------------------------------

    async def look(self, token: str) -> dict[str, Any]:
        """What a link is about: ``{receiver, alarms, state, used_by}``; changes nothing.

        Raises:
            NotFound: There is no such link.
            TooManyTries: Too many were looked at.
        """
        row = await self._row(token)
        return self._shown(row)

    async def use(self, token: str, name: str) -> dict[str, Any]:
        """Acknowledge the alarms of a link; a link that is used or over changes nothing.

        Raises:
            NotFound: There is no such link.
            TooManyTries: Too many were tried.
            StorageError: The acknowledgement is not durable; the link still works.
        """
        row = await self._row(token)
        shown = self._shown(row)
        if shown["state"] != "open":
            return shown
        who = " ".join(name.split())[:MAX_NAME] or "somebody"
        for alarm in row.alarms:
            try:
                await self._acknowledge(alarm, f"{who} (link)", f"by the link to {row.receiver}")
            except NotFound:
                log.info("an alarm of a link is over", alarm=alarm)
        now, name_hash = self._clock.now(), row.token_hash

        def work(session: Session) -> None:
            mark = update(AckLinkRow).where(col(AckLinkRow.token_hash) == name_hash)
            session.exec(mark.values(used=now, used_by=who))

        await self._database.write(work)
        row.used, row.used_by = now, who
        return {**self._shown(row), "state": "done"}

    async def _row(self, token: str) -> AckLinkRow:
        now = self._clock.monotonic()
        if _is_full(self._calls, now) or _is_full(self._misses, now):
            msg = "too many links were tried"
            raise TooManyTries(msg, hint="wait a minute, or acknowledge in the browser")
        self._calls.append(now)
        wanted = _hash(token)
        row = await self._database.read(lambda session: session.get(AckLinkRow, wanted))
        if row is None:
            self._misses.append(now)
            raise NotFound("there is no such link", hint="acknowledge in the browser")
        return row

    def _shown(self, row: AckLinkRow) -> dict[str, Any]:
        is_over = row.expires < self._clock.now()
        return {
            "receiver": row.receiver,
            "alarms": list(row.alarms),
            "state": "used" if row.used is not None else "expired" if is_over else "open",
            "used_by": row.used_by,
            "used": row.used,
        }


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _is_full(times: deque[float], now: float) -> bool:
    return len(times) == times.maxlen and now - times[0] < WINDOW_S
