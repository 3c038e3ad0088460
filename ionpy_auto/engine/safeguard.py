"""What the interlocks of an open project reach for: outputs, alarms and the audit."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ionpy_auto.core.commands import Mode
from ionpy_auto.core.safety import drive_safe

if TYPE_CHECKING:
    from ionpy_auto.engine.workbench import Workbench


class Safeguard:
    """Hands for `automation.interlocks.Interlocks`.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench

    def unsafe_devices(self, devices: Sequence[str]) -> list[str]:
        """Those with an output that is on; in shadow only what this installation switched on."""
        manager = self._bench.devices
        ours_only = self._bench.mode.mode is Mode.SHADOW
        found = []
        for device in devices:
            stack = manager.stacks.get(device)
            if stack is None:
                continue
            ours = bool(manager.store.switched_on(device))
            seen_on = any(stack.is_unsafe(entity) for entity in stack.safe_entities())
            if ours or (seen_on and not ours_only):
                found.append(device)
        return found

    async def drive_safe(self, devices: Sequence[str]) -> bool:
        """Take devices to their safe state; whether all came there."""
        writers = [w for w in self._bench.devices.safe_writers() if w.device_id in devices]
        results = await drive_safe(writers, self._bench.clock)
        return all(result.ok for result in results)

    def alarm(self, key: str, text: str, *, active: bool) -> None:
        """Raise or clear an alarm."""
        self._bench.automation.server_alarm(key, text, active=active)

    def audit(self, kind: str, by: str, detail: Mapping[str, Any]) -> None:
        """Write down what a person or an interlock did."""
        self._bench.engine.audit.event(kind, by, dict(detail))
