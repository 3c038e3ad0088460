"""A flow under review: its channel, its limits and its instruments, for the checks of a flow."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ionpy_auto.automation.flow import ActionNode, End, Flow, Limit, RuleNode, StepNode
from ionpy_auto.automation.sequences.instruments import Instrument, numeric
from ionpy_auto.automation.sequences.limits import effective_limits
from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.devices import Numeric, Role
from ionpy_auto.devices.manager import DeviceManager

Check = Callable[["Review"], Iterator[Finding]]
"""What each file of `sequences/checks/` offers as ``check``."""

SIGNS: Final = {"charge": "positive", "discharge": "negative"}


@dataclass
class Review:
    """See the module's first line.

    Args:
        flow: Typed, bound to its channel.
        channel: Its wiring, if known.
        devices: For the ranges of instruments; None leaves them out.
    """

    flow: Flow
    channel: ChannelFile | None
    devices: DeviceManager | None

    def __post_init__(self) -> None:
        self.channel_id = self.flow.channel or "channel"
        cell = self.flow.names.cell
        self.limits = effective_limits(cell, self.channel, self.channel_id, self.flow.limits)
        self.around: dict[str, tuple[Limit, ...]] = {}
        self._note_limits((*self.flow.sequence, *self.flow.closing), ())

    def _note_limits(self, nodes: Sequence[StepNode], outer: tuple[Limit, ...]) -> None:
        """`around`: the limits of each step and of those it is inside."""
        for node in nodes:
            self.around[node.id] = (*outer, *node.limits)
            self._note_limits(node.children, self.around[node.id])

    def finding(
        self,
        where: StepNode | RuleNode | ActionNode | End | Limit,
        code: str,
        message: str,
        /,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        **args: Any,  # noqa: ANN401 - JSON
    ) -> Finding:
        """A finding at the place of what it is about; ``args`` are the values it names."""
        return Finding(
            code=code,
            message=message,
            hint=hint,
            file=self.flow.file,
            line=where.line,
            column=where.column or 1,
            path=where.path,
            severity=severity,
            args=args,
        )

    def driving(self) -> Iterator[StepNode]:
        """All steps that drive the cell."""
        return (node for node in self.flow.steps() if node.drives)

    def instrument(self, direction: str) -> Instrument | None:
        """The supply of a charge, the load of a discharge, if it is known here."""
        if self.channel is None or self.devices is None:
            return None
        device = self.channel.source if direction == "charge" else self.channel.sink
        if not device or device not in self.devices.stacks:
            return None
        if direction == "charge":
            return Instrument(device, Role.OUTPUT, self.devices, self.channel.source_output)
        return Instrument(device, Role.INPUT, self.devices, self.channel.sink_output)

    def meter(self, point: str | None) -> Numeric | None:
        """The declaration of a measured point, if it is known here."""
        return numeric(self.devices, point) if self.devices is not None and point else None
