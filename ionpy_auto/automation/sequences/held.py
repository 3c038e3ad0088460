"""Runs that wait for a person after a crash: found at the start, shown, resumed or ended.

A held run keeps its channel: nobody else starts there. It holds no lease, so instruments can be
looked at and operated by hand; what that does to the cell shows when it is resumed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.context import AlarmCall, Lab
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.sequences.journal import Journal, Kept
from ionpy_auto.automation.sequences.prestart import Check
from ionpy_auto.automation.sequences.resume import (
    Held,
    MayResume,
    Recording,
    Revival,
    kept_flow,
    request_of,
)
from ionpy_auto.automation.sequences.run import Run, RunRequest
from ionpy_auto.core.bus import Event
from ionpy_auto.core.errors import Conflict, IonpyError, NotFound
from ionpy_auto.core.files import revision_of
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.manager import DeviceManager

log = structlog.get_logger(__name__)

POWER_LOSS = "the server ended without notice (crash or power loss) while it was under way"


class RunDesk(Protocol):
    """The part of the run manager that makes and starts runs."""

    def make(self, request: RunRequest, flow: Flow, run_id: str = "") -> Run:
        """A run that has not begun."""

    def check_flow(self, flow: Flow) -> None:
        """Raises Rejected: the flow has errors."""

    def check_armed(self, flow: Flow) -> None:
        """Raises Conflict: panic, or shadow."""

    async def go_on(self, run: Run, revival: Revival, patience_s: float) -> None:
        """Lease, check, go on; a refusal gives everything back."""

    async def end_held(self, run: Run, revival: Revival) -> None:
        """Safe state and ``finally`` of a run that does not go on."""

    def reserve(self, channel_id: str, run_id: str) -> None:
        """Nobody else starts on this channel."""

    def unreserve(self, channel_id: str, run_id: str) -> None:
        """The channel is free again."""


class HeldRuns:
    """See the module's first lines.

    Args:
        lab: Alarms and events.
        devices: Their instruments.
        site: What flows refer to.
        journal: Where they are kept.
        desk: Starts them again.
        tasks: Parent of what happens by itself.
    """

    may_resume: MayResume
    recording: Recording | None = None
    patience_s = 1800.0

    def __init__(
        self,
        lab: Lab,
        devices: DeviceManager,
        site: Site,
        journal: Journal,
        desk: RunDesk,
        tasks: Tasks,
    ) -> None:
        self._lab = lab
        self._devices = devices
        self._site = site
        self._journal = journal
        self._desk = desk
        self._tasks = tasks
        self._runs: dict[str, Held] = {}
        self._found_on: set[str] = set()
        self._began = lab.clock.now()

    # --- finding ------------------------------------------------------------------------------

    def watch(self) -> Callable[[], None]:
        """Hear from now on which devices are found on; before they are connected."""
        self._began = self._lab.clock.now()
        return self._lab.bus.tap("event/device_unsafe", self._on_unsafe)

    def _on_unsafe(self, event: Event) -> None:
        device = str(event.payload.get("device_id", ""))
        self._found_on.add(device)
        for held in self._runs.values():
            if held.proven_off and device in self._devices_of(held):
                held.proven_off = False
                self._tell(held)

    def _devices_of(self, held: Held) -> tuple[str, ...]:
        channel = self._site.channel(held.channel) if held.channel else None
        return channel.devices if channel is not None else ()

    async def find(self) -> list[str]:
        """Take what a crash left open; returns the ids. Nothing is switched on by it."""
        found = await self._journal.unfinished()
        for kept in found:
            reason = _cannot_go_on(kept)
            if reason:
                await self._journal.close(str(kept.row["id"]), reason)
            else:
                await self._take(kept)
        return [str(kept.row["id"]) for kept in found]

    async def _take(self, kept: Kept) -> None:
        before = kept.row["held"] or {}
        was_off = kept.checkpoint.get("side", "off") == "off" and before.get("outputs") != "unknown"
        held = Held(kept, POWER_LOSS, before.get("since") or self._began)
        held.proven_off = was_off and not self._found_on.intersection(self._devices_of(held))
        self._runs[held.id] = held
        if held.channel:
            self._desk.reserve(held.channel, held.id)
        what = self._what_next(held)
        await self._hold(held)
        if what == "abort":
            self._tasks.start("end held", self._end_by_itself(held))
        elif what == "resume":
            self._tasks.start("resume held", self._resume_by_itself(held))

    def _what_next(self, held: Held) -> str:
        """What becomes of it: ``hold``, ``abort`` or ``resume``."""
        if held.kept.row["state"] == "stopping":
            held.reason = "the server ended while the run was ending"
            return "abort"
        try:
            flow = kept_flow(held.kept, self._site)
        except IonpyError as error:
            held.refused = error.message
            return "hold"
        if flow.on_power_loss != "resume" or held.kept.row["held"]:
            return "abort" if flow.on_power_loss == "abort" else "hold"
        refused = self.may_resume(flow)
        if refused is None and held.unknown:
            refused = f"nobody knows whether step {held.unknown} was done"
        held.refused = refused or ""
        return "hold" if refused else "resume"

    async def _resume_by_itself(self, held: Held) -> None:
        try:
            await self.resume(held.id, "power_loss: resume", self.patience_s)
        except IonpyError as error:
            log.warning("run not resumed", run=held.id, reason=error.message)

    async def _end_by_itself(self, held: Held) -> None:
        await self.end(held.id, "power_loss", held.reason)

    # --- telling ------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Held]:
        return iter(self._runs.values())

    def get(self, run_id: str) -> Held | None:
        """A held run."""
        return self._runs.get(run_id)

    async def _hold(self, held: Held) -> None:
        self._tell(held)
        call = AlarmCall(
            key=f"run:held:{held.id}",
            severity="warning",
            text=f"{held.kept.row['title']} waits for a person: {held.message}",
            cause=(f"run:{held.id}",),
        )
        await self._alarm(call)

    async def _alarm(self, call: AlarmCall) -> None:
        try:
            await self._lab.alarm(call)
        except Exception:
            log.exception("alarm not raised", alarm=call.key, text=call.text)

    def _tell(self, held: Held) -> None:
        clock = self._lab.clock
        self._journal.hold(held.id, held.details(), held.message)
        mono = clock.monotonic()
        self._lab.bus.publish(Event("run", held.as_dict(), clock.utc_at(mono), mono, ()))

    # --- deciding -----------------------------------------------------------------------------

    def _claim(self, run_id: str) -> Held:
        held = self._runs.get(run_id)
        if held is None:
            raise NotFound(f"run {run_id} is not held", hint="see the list of runs")
        if held.is_busy:
            msg = f"run {run_id} is being resumed or ended"
            raise Conflict(msg, code="RUN_BUSY", hint="wait for the answer")
        held.is_busy = True
        return held

    async def resume(self, run_id: str, by: str, patience_s: float = 0.0) -> Run:
        """Go on where it was broken off, after all the checks of a start and some more.

        Args:
            run_id: A held run.
            by: Who decided.
            patience_s: How long a cell that still relaxes is waited for.

        Raises:
            NotFound: It is not held.
            Conflict: Panic, shadow, or somebody else is at it.
            Rejected: What does not hold; the run stays held.
        """
        held = self._claim(run_id)
        try:
            run, revival = self._restore(held, by)
            self._desk.check_flow(run.flow)
            self._desk.check_armed(run.flow)
            if self.recording is not None and held.channel:
                since = float(held.kept.checkpoint["timestamp"])
                revival.recorded = await self.recording.last_row(held.channel, since, held.since)
            await self._desk.go_on(run, revival, patience_s)
        except IonpyError as error:
            held.refused = error.message
            self._tell(held)
            raise
        finally:
            held.is_busy = False
        await self._let_go(held)
        return run

    async def end(self, run_id: str, ended_by: str, message: str) -> Mapping[str, Any]:
        """End it: safe state, ``finally``, verdict ``aborted``.

        Raises:
            NotFound: It is not held.
            Conflict: Somebody else is at it.
        """
        held = self._claim(run_id)
        try:
            run, revival = self._restore(held, "")
        except IonpyError as error:
            # What it was made of is gone: nothing of it can be run any more.
            await self._journal.close(run_id, f"{message}; without finally: {error.message}")
            await self._let_go(held)
            return await self._journal.run(run_id)
        run.ended_by, run.message = held.kept.row["ended_by"] or ended_by, message
        try:
            await self._desk.end_held(run, revival)
        finally:
            held.is_busy = False
        await self._let_go(held)
        return run.as_dict()

    async def _let_go(self, held: Held) -> None:
        self._runs.pop(held.id, None)
        if held.channel:
            self._desk.unreserve(held.channel, held.id)
        await self._alarm(AlarmCall(key=f"run:held:{held.id}", active=False))

    def _restore(self, held: Held, by: str) -> tuple[Run, Revival]:
        """The run as it was, made of the texts it was started with.

        Raises:
            Rejected: Its channel has changed, or a device is missing.
        """
        flow = kept_flow(held.kept, self._site)
        run = self._desk.make(request_of(held.kept), flow, held.id)
        revival = Revival(held, by)
        revival.prepare(run)
        return run, revival

    def checks(self, revival: Revival, run: Run, text: str | None) -> list[Check]:
        """What must hold besides the checks of a start.

        Args:
            revival: Of the run.
            run: Restored.
            text: Its channel's file as it is now.
        """
        found = list(revival.checks(run, self._devices))
        kept = revival.held.kept.files.get("channel")
        if kept is not None and text is not None:
            same = revision_of(text) == kept.revision
            text = f"{kept.name} is as it was" if same else f"{kept.name} has changed since"
            hint = "put the file back as it was, or abort the run"
            found.append(Check("channel file", same, same, text, "CHANNEL_CHANGED", hint))
        return found


def _cannot_go_on(kept: Kept) -> str:
    """Why a run that was left open is simply closed."""
    if kept.row["state"] == "queued":
        return "it waited for its channel when the server ended; start it anew"
    if kept.row["started"] is None:
        return "the server ended before its first step; start it anew"
    if not kept.checkpoint or "flow" not in kept.files:
        return "nothing was stored from which it could go on"
    return ""
