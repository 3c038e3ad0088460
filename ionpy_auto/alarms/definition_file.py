"""The project's ``alarms.yaml``: read when it changes, written with its revision, never lost.

A text with errors, or a file that is gone, changes nothing: the last good text stays in force,
also over a restart, and an alarm says so. To have no definitions, write an empty list.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.definitions import (
    FILE,
    Definition,
    Split,
    limited_points,
    read_definitions,
)
from ionpy_auto.alarms.sources import Desk, EntityOf, Figures
from ionpy_auto.alarms.watcher import Watcher
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.errors import Finding, Rejected, Severity, StaleRevision
from ionpy_auto.core.files import revision_of, write_atomic
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import Environment, Scope

log = structlog.get_logger(__name__)

KEY: Final = f"server/{FILE}"
MEMORY: Final = f"file:{FILE}"
LOOK_S: Final = 2.0
RECHECK_S: Final = 0.2
DEVICE_EVENTS: Final = ("event/device_added", "event/device_updated", "event/device_removed")


@dataclass(frozen=True)
class Surroundings:
    """What definitions and sources refer to.

    Attributes:
        path: The file; it need not exist.
        scope: Names and units as they are now.
        split: Device and entity of a point.
        env: Values now.
        entity_of: The entity of a point.
        figures: Of the server.
    """

    path: Path
    scope: Callable[[], Scope]
    split: Split
    env: Environment
    entity_of: EntityOf
    figures: Figures


class DefinitionFile:
    """See the module's first lines.

    Args:
        around: What definitions refer to.
        desk: Of the sources.
    """

    def __init__(self, around: Surroundings, desk: Desk) -> None:
        self._around = around
        self._desk = desk
        self._clock = desk.clock
        self._tasks = Tasks("alarms file", desk.clock)
        self._writing = asyncio.Lock()
        self.watcher = Watcher(desk.book, desk.bus, desk.clock, around.env)
        self.text = ""  # as it stands in the file
        self.good = ""  # in force
        self.findings: list[Finding] = []
        self.definitions: tuple[Definition, ...] = ()
        self._stamp: tuple[int, int] | None = None
        self._timer: Timer | None = None
        self._leave: Callable[[], None] | None = None

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Put in force what was before the restart, then what stands in the file."""
        self.good = str(self._desk.memory.get(MEMORY, {}).get("text", ""))
        self._desk.claimed |= limited_points(self.good)
        self.watcher.start()
        self._read()
        self._leave = self._desk.bus.tap(DEVICE_EVENTS, self._devices_changed)
        self._tasks.keep("look", self._look_for_ever)

    def settled(self) -> None:
        """All devices are loaded: what nobody defines any more is over."""
        self._recheck()
        self.watcher.drop_others(one.key for one in self.definitions)

    async def stop(self) -> None:
        """Read and watch no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.stop()
        await self.watcher.stop()

    async def _look_for_ever(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S * self._clock.pace)
            if self._stamp_now() != self._stamp:
                self._read()

    def _devices_changed(self, event: Event) -> None:
        """Points come and go, and their units are known only then."""
        del event
        if self._timer is None:
            self._timer = self._clock.call_at(self._clock.monotonic() + RECHECK_S, self._recheck)

    # -- reading ----------------------------------------------------------------------------

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            stat = self._around.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _read(self) -> None:
        """Take what stands in the file, if it is good."""
        self._stamp = self._stamp_now()
        if self._stamp is None:
            self.text, self.findings = "", []
            if self.good.strip():
                self._trouble(f"{FILE} is gone; its last definitions stay in force")
            self._put_in_force(self.good)
            return
        try:
            self.text = self._around.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot read {FILE}: {error}"
            self.findings = [Finding(code="unreadable", message=message, file=FILE)]
        else:
            _, self.findings = self._typed(self.text)
        errors = [f for f in self.findings if f.severity is Severity.ERROR]
        if errors:
            self._trouble(f"{errors[0]}; the last good definitions stay in force")
            self._put_in_force(self.good)
            return
        self._desk.book.clear(KEY, actor=FILE)
        self._put_in_force(self.text)

    def _typed(self, text: str) -> tuple[tuple[Definition, ...], list[Finding]]:
        return read_definitions(text, self._around.scope(), self._around.split)

    def _trouble(self, text: str) -> None:
        log.warning("alarm definitions", problem=text)
        call = Alarm(0, KEY, source="server", severity="critical", text=text[:500])
        self._desk.book.raise_(call)

    def _put_in_force(self, text: str) -> None:
        definitions, findings = self._typed(text)
        if any(f.severity is Severity.ERROR for f in findings):
            log.error("the last good alarm definitions cannot be read any more")
            return  # what is watched goes on
        if text != self.good:
            self.good = text
            self._desk.book.ledger.remember(MEMORY, {"text": text})
        self.definitions = definitions
        self._desk.claimed.clear()
        self._desk.claimed.update(limited_points(text))
        memory = self._desk.memory
        self.watcher.follow(definitions, lambda key: dict(memory.get(key, {})) or None)

    def _recheck(self) -> None:
        self._timer = None
        if self._leave is None:
            return
        if self._stamp is not None and self.text != self.good:
            self._read()
        else:
            _, self.findings = self._typed(self.text)
            self._put_in_force(self.good)

    # -- what people do ---------------------------------------------------------------------

    async def write(self, text: str, etag: str) -> dict[str, Any]:
        """Write the file and put it in force.

        Raises:
            StaleRevision: It changed since it was read.
            Rejected: It has errors; nothing was written.
            StorageError: The disk refused; nothing has changed.
        """
        async with self._writing:
            if self._stamp_now() != self._stamp:
                self._read()
            if etag != revision_of(self.text):
                msg = f"{FILE} has changed since it was read"
                args = {"current_revision": revision_of(self.text)}
                raise StaleRevision(msg, hint="read it again", args=args)
            _, findings = self._typed(text)
            errors = [f for f in findings if f.severity is Severity.ERROR]
            if errors:
                raise Rejected(
                    f"{FILE}: {errors[0].message}",
                    code="ALARMS_INVALID",
                    hint="see the findings",
                    findings=findings,
                )
            with self._clock.hold():
                await asyncio.to_thread(write_atomic, self._around.path, text, backup=True)
            self._read()
            return self.as_dict()

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        status = self.watcher.status()
        return {
            "file": FILE,
            "text": self.text,
            "etag": revision_of(self.text),
            "in_force": self.text == self.good,
            "findings": [finding.as_dict() for finding in self.findings],
            "items": [
                {**one.as_dict(), "now": status.get(one.key, {})} for one in self.definitions
            ],
        }
