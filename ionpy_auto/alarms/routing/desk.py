"""The alarm routing file of a server: read, followed while it changes, and written.

``config/alarms.yaml`` is made with an explained example when there is none. A file with errors is
never put in force: the last good one stays, also over a restart, and an alarm says so.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
import watchfiles

from ionpy_auto.alarms.routing.example import EXAMPLE, LAST_RESORT
from ionpy_auto.alarms.routing.labels import Labels
from ionpy_auto.alarms.routing.reader import Extras, ReceiverCheck, read_routing
from ionpy_auto.alarms.routing.silences import Silences
from ionpy_auto.alarms.routing.tree import Routing
from ionpy_auto.alarms.routing.ways import explain
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, Finding, Rejected, Severity, StorageError
from ionpy_auto.core.files import revision_of, write_atomic
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

FILE: Final = "alarms.yaml"
LAST_GOOD: Final = "alarms.last-good.yaml"
DEBOUNCE_MS: Final = 200


class Hearers(Protocol):
    """Who hears of what becomes of the file."""

    def alarm(self, text: str, *, active: bool) -> None:
        """Raise or clear the alarm that says that the file is bad."""

    def changed(self, what: str, by: str, detail: Mapping[str, Any]) -> None:
        """Write down, and tell, that another file is in force."""


class RoutingDesk:
    """Keeps the routing.

    Args:
        config: The folder of the file.
        kept: The folder for the last good one.
        clock: Held while a file is written.
        silences: Those of the server.
        hearers: Hear of errors and changes.
    """

    def __init__(
        self, config: Path, kept: Path, clock: Clock, silences: Silences, hearers: Hearers
    ) -> None:
        self.path = config / FILE
        self.silences = silences
        self.findings: list[Finding] = []
        self.routing: Routing = _last_resort()
        self.text = ""  # of the routing in force
        self._kept = kept / LAST_GOOD
        self._clock = clock
        self._hearers = hearers
        self._tasks = Tasks("alarm routing", clock)
        self._followers: list[Callable[[Routing], None]] = []
        self._check: ReceiverCheck | None = None
        self._extras: Extras = ()
        self._seen: str | None = None
        self._writing = asyncio.Lock()

    # -- life -------------------------------------------------------------------------------

    def start(self, *, watch: bool = True) -> None:
        """Make the file if there is none, read it, and follow it.

        Raises:
            StorageError: The example cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            write_atomic(self.path, EXAMPLE)
        self.look("start")
        if self.is_bad and not self.text and self._kept.is_file():
            with suppress(OSError, UnicodeDecodeError):
                self._take(self._kept.read_bytes().decode(), "start")
        if watch:
            self._tasks.keep("watch", self._watch)

    async def stop(self) -> None:
        """Follow no more."""
        await self._tasks.stop()

    async def _watch(self) -> None:
        changes = watchfiles.awatch(
            self.path.parent,
            watch_filter=lambda _, path: Path(path).name == FILE,
            debounce=DEBOUNCE_MS,
            recursive=False,
        )
        async for _ in changes:
            async with self._writing:
                self.look()

    def follow(self, hear: Callable[[Routing], None]) -> Callable[[], None]:
        """Hear each routing that is put in force from now on; returns how to leave."""
        self._followers.append(hear)

        def leave() -> None:
            if hear in self._followers:
                self._followers.remove(hear)

        return leave

    def know(self, check: ReceiverCheck, extras: Extras = ()) -> None:
        """Take over what is known of channels, and of further keys; what was read is read again."""
        self._check, self._extras = check, extras
        if self._seen is not None:
            self._seen = None
            self.look("start")

    # -- the file ---------------------------------------------------------------------------

    @property
    def is_bad(self) -> bool:
        """Whether the file on disk is not the one in force, because it has errors."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def look(self, by: str = "file") -> None:
        """Read the file; put it in force when it has no errors."""
        try:
            text = self.path.read_bytes().decode()  # line ends as they are
        except (OSError, UnicodeDecodeError) as error:
            self._seen = None
            reason = "it is not UTF-8" if isinstance(error, ValueError) else str(error.strerror)
            message = f"{FILE} cannot be read: {reason}"
            self.findings = [Finding(code="unreadable", message=message, file=FILE)]
            self._say()
            return
        if text == self._seen:
            return
        self._seen = text
        routing, self.findings = self._read(text)
        if routing is not None:
            self._put_in_force(text, routing, by)
        self._say()

    def _read(self, text: str) -> tuple[Routing | None, list[Finding]]:
        return read_routing(text, FILE, check=self._check, extras=self._extras)

    def _take(self, text: str, by: str) -> None:
        routing, _ = self._read(text)
        if routing is not None:
            self._put_in_force(text, routing, by)

    def _put_in_force(self, text: str, routing: Routing, by: str) -> None:
        if text != self.text and by != "start":
            self._hearers.changed("alarm_routing_changed", by, {"etag": revision_of(text)})
        self.text, self.routing = text, routing
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._kept, text)
        except (OSError, StorageError) as error:
            log.warning("the last good alarm routing is not kept", error=str(error))
        for hear in list(self._followers):
            hear(routing)

    def _say(self) -> None:
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        if errors:
            log.warning("alarm routing has errors; the last good one stays", first=str(errors[0]))
        text = f"alarm routing: {errors[0]}; the last good one is in force" if errors else ""
        self._hearers.alarm(text, active=bool(errors))

    def say_again(self) -> None:
        """Tell the alarm once more, to somebody who was not there."""
        if self.is_bad:
            self._say()

    async def write(self, text: str, etag: str, by: str) -> dict[str, Any]:
        """Write the file and put it in force.

        Raises:
            Conflict: The file changed since it was read.
            Rejected: It has errors; nothing was written.
            StorageError: The disk refused; nothing has changed.
        """
        async with self._writing:
            current = self._etag()
            if etag != current:
                msg = f"{FILE} changed since it was read"
                args = {"etag": current}
                raise Conflict(msg, code="STALE_ETAG", hint="read it again", args=args)
            routing, findings = self._read(text)
            if routing is None:
                errors = [finding for finding in findings if finding.severity is Severity.ERROR]
                msg = f"{FILE}: {errors[0].message}"
                hint = "see the findings"
                raise Rejected(msg, code="ROUTING_INVALID", hint=hint, findings=findings)
            with self._clock.hold():
                await asyncio.to_thread(write_atomic, self.path, text, backup=True)
            self._seen, self.findings = text, findings
            self._put_in_force(text, routing, by)
            self._say()
            return self.as_dict()

    def _etag(self) -> str:
        try:
            return revision_of(self.path.read_bytes())
        except OSError:
            return ""

    # -- to be looked at --------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """The file as it is on disk, what is wrong with it, and what is in force."""
        try:
            text = self.path.read_bytes().decode(errors="replace")
        except OSError:
            text = ""
        errors = [str(one) for one in self.findings if one.severity is Severity.ERROR]
        return {
            "file": FILE,
            "text": text,
            "etag": self._etag(),
            "findings": [finding.as_dict() for finding in self.findings],
            "in_force": text == self.text,
            "tree": self.routing.route.as_dict(),
            "receivers": sorted(self.routing.receivers),
            "inhibit_rules": [rule.as_dict() for rule in self.routing.inhibit_rules],
            "time_intervals": {
                name: [part.as_dict() for part in interval.parts]
                for name, interval in self.routing.intervals.items()
            },
            "problems": errors,
        }

    def explain(self, labels: Labels, now: float, firing: Mapping[str, Labels]) -> dict[str, Any]:
        """The way an alarm with these labels takes at a time (see `ways.explain`)."""
        return explain(self.routing, labels, now, self.silences.covering, firing)


def _last_resort() -> Routing:
    routing, _ = read_routing(LAST_RESORT, FILE)
    assert routing is not None  # noqa: S101  # a text of ours, tested
    return routing
