"""The `Lab` of automation: what rules, runs and scripts may ask of the open project."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ionpy_auto.automation.context import AlarmCall, TopicBoard
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.commands import Command, Origin, Outcome
from ionpy_auto.core.errors import BadInput
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
        return await self._bench.automation.notifier.send(to, title, message)

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start recording."""
        return await self._bench.sessions.start(name, conditions)

    async def stop_session(self) -> Mapping[str, Any]:
        """Stop recording."""
        return await self._bench.sessions.stop()

    async def safe_state(self, devices: Sequence[str] | None) -> Sequence[Mapping[str, Any]]:
        """Drive devices to their safe state, proven by read-back."""
        chosen = [
            writer
            for writer in self._bench.devices.safe_writers()
            if devices is None or writer.device_id in devices
        ]
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
