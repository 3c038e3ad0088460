"""The `Lab` of automation: what rules, runs and scripts may ask of the open project."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ionpy_auto.automation.context import (
    AlarmCall,
    HookBoard,
    PointRange,
    RunCall,
    ScriptCall,
    TopicBoard,
    VariableShelf,
    WebCall,
)
from ionpy_auto.automation.sequences.run import RunRequest
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.commands import Command, Origin, Outcome
from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.core.safety import drive_safe
from ionpy_auto.core.samples import LiveValues, Scalar
from ionpy_auto.storage.export import ExportRequest

if TYPE_CHECKING:
    from ionpy_auto.engine.workbench import Workbench


class WorkbenchLab:
    """Hands every wish to the room that owns it; all writes go through the gate."""

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench

    @property
    def clock(self) -> Clock:
        """The project's time."""
        return self._bench.clock

    @property
    def bus(self) -> Bus:
        """Where samples and events travel."""
        return self._bench.bus

    @property
    def values(self) -> LiveValues:
        """Latest samples."""
        return self._bench.values

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Write a point through the gate."""
        device, entity = self._bench.split(point)
        return await self._bench.gate.write(Command(device, entity, value, origin))

    async def marker(
        self, label: str, *, device: str | None = None, color: str | None = None, notes: str = ""
    ) -> Mapping[str, Any]:
        """Set a marker now."""
        return await self._bench.markers.add(label, device_id=device, color=color, notes=notes)

    async def alarm(self, call: AlarmCall) -> Mapping[str, Any]:
        """Raise or clear an alarm."""
        fields = asdict(call)
        if fields.pop("active"):
            return await self._bench.automation.alarms.raise_alarm(**fields)
        return await self._bench.automation.alarms.clear(call.key, cause=call.cause)

    async def export(
        self, *, file_format: str, device: str | None, session_id: int | None
    ) -> Mapping[str, Any]:
        """Write an export of a session, the running one by default."""
        request = ExportRequest(file_format, session_id, device)
        return await self._bench.export_session(request)

    async def notify(self, to: str, title: str, message: str) -> Mapping[str, Any]:
        """Hand a message to a receiver."""
        return await self._bench.automation.outbox.send(to, title, message)

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start recording."""
        return await self._bench.sessions.start(name, conditions)

    async def stop_session(self) -> Mapping[str, Any]:
        """Stop recording."""
        return await self._bench.sessions.stop()

    async def safe_state(
        self, devices: Sequence[str] | None, owner: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        """Drive devices to their safe state, proven by read-back."""
        manager, leases = self._bench.devices, self._bench.gate.leases
        chosen = manager.safe_writers()
        if devices is not None and owner:
            chosen = manager.safe_writers_for(owner, devices, leases)
        elif devices is not None:
            chosen = [writer for writer in chosen if writer.device_id in devices]
        unknown = set(devices or ()) - set(self._bench.devices.stacks)
        if unknown:
            msg = f"there is no device {', '.join(sorted(unknown))}"
            raise BadInput(msg, code="DEVICE_NOT_FOUND")
        return [asdict(result) for result in await drive_safe(chosen, self._bench.clock)]

    async def panic(self, by: str, reason: str) -> None:
        """All outputs off, latched."""
        await self._bench.panic(by, reason)

    @property
    def topics(self) -> TopicBoard:
        """Messages of brokers."""
        return self._bench.automation.topics

    @property
    def variables(self) -> VariableShelf:
        """The project's variables."""
        return self._bench.automation.variables

    @property
    def hooks(self) -> HookBoard:
        """Where posts from outside are heard."""
        return self._bench.automation.hooks

    def range_of(self, point: str) -> PointRange | None:
        """Range and resolution of a number that can be written."""
        return self._bench.site.range_of(point)

    async def acknowledge(self, key: str, by: str, comment: str) -> Mapping[str, Any]:
        """Acknowledge the active alarm with this key."""
        alarms = self._bench.automation.alarms
        for alarm in alarms.active():
            if alarm["key"] == key:
                return await alarms.acknowledge(alarm["id"], by, comment)
        msg = f"there is no active alarm {key!r}"
        raise NotFound(msg, hint="it may be over; GET /api/alarms lists the active ones")

    async def start_run(self, call: RunCall) -> Mapping[str, Any]:
        """Start a sequence after all its checks."""
        request = RunRequest(
            sequence=call.sequence,
            channel=call.channel,
            parameters=call.parameters,
            queue=call.queue,
            actor=call.actor,
        )
        return await self._bench.automation.start_run(request)

    async def stop_run(self, run_id: str, *, abort: bool, by: str) -> Mapping[str, Any]:
        """End a run in order, or break it off."""
        return await self._bench.automation.runs.end_run(run_id, abort=abort, by=by)

    def active_runs(self) -> Sequence[Mapping[str, Any]]:
        """Runs that are not finished."""
        return [run.as_dict() for run in self._bench.automation.active_runs()]

    async def request(self, call: WebCall) -> Mapping[str, Any]:
        """Send a request to another machine."""
        answer = await self._bench.automation.webhook.request(
            call.method, call.url, call.body, call.content_type, call.timeout_s
        )
        return {"status": answer.status, "body": answer.body}

    async def script(self, call: ScriptCall, origin: Origin) -> Mapping[str, Any]:
        """Start a script; with ``wait``, return once it has ended."""
        return await self._bench.automation.scripts.call(call, origin)
