"""What a person accepts for a channel although it lowers protection (SEC-10).

An acceptance belongs to one project, one channel, and the hash of the channel file as it was when
the person read it: another file with the same text elsewhere, or a changed file, asks again. It
stands in the server database with name and date, never in the project.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from sqlmodel import Session

from ionpy_auto.auth.models import KeyValueRow
from ionpy_auto.core.clock import Clock

T = TypeVar("T")
KEY: Final = "channel_acceptances"


class Database(Protocol):
    """What acceptances need of a database."""

    async def write(self, fn: Callable[[Session], T]) -> T:
        """Run ``fn`` in a transaction; returns after COMMIT."""

    async def read(self, fn: Callable[[Session], T]) -> T:
        """Run ``fn`` on a read-only connection."""


class Acceptances:
    """See the module's first lines.

    Args:
        database: The server's database.
        clock: Stamps who accepted when.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, dict[str, Any]] = {}

    async def load(self) -> None:
        """Remember what was accepted.

        Raises:
            StorageError: The database cannot be read.
        """

        def work(session: Session) -> dict[str, Any]:
            row = session.get(KeyValueRow, KEY)
            return dict(row.value) if row and isinstance(row.value, dict) else {}

        self._known = await self._database.read(work)

    def of(self, project: str, channel: str, digest: str) -> Mapping[str, Mapping[str, Any]]:
        """Item → ``{by, at, hash, note}``, for exactly this text of the channel file."""
        found = self._known.get(f"{project}/{channel}", {})
        return {item: entry for item, entry in found.items() if entry.get("hash") == digest}

    async def give(
        self, project: str, channel: str, item: str, entry: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Keep an acceptance (``by``, ``hash``, ``note``); durable when this returns."""
        stamped = {**entry, "at": self._clock.now()}
        place = f"{project}/{channel}"
        await self._save({**self._known, place: {**self._known.get(place, {}), item: stamped}})
        return stamped

    async def withdraw(self, project: str, channel: str, item: str) -> bool:
        """Forget one; returns whether there was one."""
        place = f"{project}/{channel}"
        left = dict(self._known.get(place, {}))
        was = left.pop(item, None) is not None
        if was:
            await self._save({**self._known, place: left})
        return was

    async def _save(self, known: dict[str, dict[str, Any]]) -> None:
        updated = self._clock.now()

        def work(session: Session) -> None:
            session.merge(KeyValueRow(key=KEY, value=known, updated=updated))

        await self._database.write(work)
        self._known = known
