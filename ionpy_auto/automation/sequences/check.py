"""What can be known to be wrong with a flow before it runs, beyond its grammar (SEQ-11).

Ranges of cell and instruments, ends that never come, signs that cannot be meant, jumps into the
void. Each finding points to the line of the step or rule it is about.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.flow import End, Flow, Limit, RuleNode, StepNode
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.sequences.instruments import Instrument, numeric
from ionpy_auto.automation.sequences.limits import effective_limits
from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.core.errors import Finding, IonpyError, Severity
from ionpy_auto.devices import Role
from ionpy_auto.devices.entities import ValidWhen
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.language import Bound, Condition, format_quantity

THROUGHPUT: Final = frozenset(
    {
        *("step.time", "step.ah", "step.wh", "step.charge_ah", "step.discharge_ah", "cycle.time"),
        *("cycle.charge_ah", "cycle.discharge_ah", "run.time", "run.charge_ah", "run.discharge_ah"),
    }
)
"""What bounds a step however the cell behaves."""
FEW_COUNTS: Final = 10.0
NO_COUNTS: Final = 2.0
ACCURACIES: Final = 3.0


def check_flow(flow: Flow, site: Site, devices: DeviceManager | None = None) -> list[Finding]:
    """Findings about a flow that reads well.

    Args:
        flow: Typed, bound to its channel.
        site: Devices, channels and cells.
        devices: For the ranges of instruments; None leaves them out.
    """
    del site
    checker = _Checker(flow, flow.names.channel, devices)
    return [*checker.sequence(), *checker.jumps(), *checker.rules()]


@dataclass
class _Checker:
    flow: Flow
    channel: ChannelFile | None
    devices: DeviceManager | None

    def __post_init__(self) -> None:
        self.channel_id = self.flow.channel or "channel"
        cell = self.flow.names.cell
        self.limits = effective_limits(cell, self.channel, self.channel_id, self.flow.limits)

    def _finding(
        self,
        where: StepNode | RuleNode | End | Limit,
        code: str,
        message: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Finding:
        column = where.column if isinstance(where, StepNode) else 1
        return Finding(
            code=code,
            message=message,
            hint=hint,
            file=self.flow.file,
            line=where.line,
            column=column,
            path=where.path if isinstance(where, StepNode) else "",
            severity=severity,
        )

    # --- steps --------------------------------------------------------------------------------

    def sequence(self) -> Iterator[Finding]:
        """All steps, one by one."""
        for node in self.flow.steps():
            yield from self._step(node)
        for node in self.flow.closing:
            if node.drives:
                hint = "finally makes safe; put it into the sequence"
                yield self._finding(node, "drives-in-finally", f"{node.id} drives the cell", hint)

    def _step(self, node: StepNode) -> Iterator[Finding]:
        if node.verb == "rest":
            yield from self._rest(node)
        if not node.drives:
            return
        for direction in sorted(node.directions):
            yield from self._outputs(node, direction)
        for drive in node.drives:
            yield from self._amounts(node, drive)
        yield from self._bounded(node)
        for end in node.until:
            yield from self._end(node, end, node.direction)
        for limit in node.limits:
            yield from self._sign(limit, limit.trip, node.direction)

    def _outputs(self, node: StepNode, direction: str) -> Iterator[Finding]:
        if not self.flow.channel:
            hint = "channel: CH1"
            yield self._finding(node, "no-channel", f"{direction} needs a channel", hint)
        elif self.channel is not None:
            has = self.channel.source if direction == "charge" else self.channel.sink
            if not has:
                part = "source" if direction == "charge" else "sink"
                message = f"{self.flow.channel} has no {part}"
                yield self._finding(node, f"no-{part}", message, f"add {part}: to the channel file")

    def _amounts(self, node: StepNode, drive: Drive) -> Iterator[Finding]:
        """Current and voltage against limits and ranges."""
        direction, current, voltage = drive.direction, drive.current, drive.voltage
        if current is not None:
            yield from self._above(node, current, f"{direction}_current", "A")
            role = Role.SET_CURRENT if direction == "charge" else Role.LOAD_LEVEL
            yield from self._out_of_range(node, direction, role, current, "A")
        if voltage is not None:
            yield from self._above(node, voltage, "voltage_max", "V")
            yield from self._out_of_range(node, direction, Role.SET_VOLTAGE, voltage, "V")
            yield from self._above_charge_voltage(node, voltage)
        elif direction == "charge" and self.limits.high("voltage_max") == inf:
            hint = "give a voltage, or a cell with limits"
            yield self._finding(node, "no-bound", "nothing bounds the voltage", hint)
        if direction == "charge" and current is None:
            yield from self._open_current(node)

    def _open_current(self, node: StepNode) -> Iterator[Finding]:
        if self.limits.high("charge_current") == inf:
            hint = "give a current, or a cell with limits"
            yield self._finding(node, "no-bound", "nothing bounds the current", hint)

    def _above(self, node: StepNode, value: float, quantity: str, unit: str) -> Iterator[Finding]:
        row = self.limits.rows.get(quantity)
        if row is not None and value > row.value:
            shown, limit = format_quantity(value, unit), format_quantity(row.value, unit)
            message = f"{shown} is above the limit {limit} ({row.origin})"
            yield self._finding(node, "above-limit", message, "limits can only be tightened")

    def _above_charge_voltage(self, node: StepNode, voltage: float) -> Iterator[Finding]:
        cell = self.flow.names.cell
        top = cell.charge_voltage * cell.series if cell is not None else inf
        if voltage > top + 1e-9:
            message = f"the cell is charged to {format_quantity(top, 'V')}"
            hint = f"{format_quantity(voltage, 'V')} ages it faster"
            yield self._finding(
                node, "above-charge-voltage", message, hint, severity=Severity.WARNING
            )

    def _out_of_range(
        self, node: StepNode, direction: str, role: Role, value: float, unit: str
    ) -> Iterator[Finding]:
        instrument = self._instrument(direction)
        if instrument is None:
            return
        try:
            highest = instrument.highest(role)
        except IonpyError:
            return  # not loaded: the start will say so
        if value > highest:
            message = f"{instrument.device} reaches only {format_quantity(highest, unit)}"
            yield self._finding(node, "out-of-range", message, "use another instrument")

    def _instrument(self, direction: str) -> Instrument | None:
        if self.channel is None or self.devices is None:
            return None
        device = self.channel.source if direction == "charge" else self.channel.sink
        if not device or device not in self.devices.stacks:
            return None
        switch = Role.OUTPUT if direction == "charge" else Role.INPUT
        return Instrument(device, switch, self.devices)

    def _bounded(self, node: StepNode) -> Iterator[Finding]:
        """Every charge and discharge needs an end by time or charge (SEQ-17)."""
        conditions = [end.when for end in node.until]
        conditions += [limit.trip for limit in (*node.limits, *self.flow.limits)]
        points = {point for condition in conditions for point in condition.points}
        if not points & THROUGHPUT:
            hint = "add to until: {name: time, when: step.time > 4 h, verdict: fail}"
            message = f"step {node.id!r} has no end by time or charge"
            yield self._finding(node, "no-time-end", message, hint)

    def _rest(self, node: StepNode) -> Iterator[Finding]:
        """A rest needs a voltage that is valid with the output off (SEQ-13)."""
        if self.channel is None or self.devices is None:
            return
        entity = numeric(self.devices, self.channel.voltage.source)
        if entity is not None and entity.valid_when is ValidWhen.OUTPUT_ON:
            message = f"{self.channel.voltage.source} shows nothing while the output is off"
            hint = "take the voltage from a meter, the load, or the battery terminal"
            yield self._finding(node, "blind-rest", message, hint)

    # --- ends ---------------------------------------------------------------------------------

    def _end(self, node: StepNode, end: End, direction: str) -> Iterator[Finding]:
        yield from self._sign(end, end.when, direction)
        has_voltage = getattr(node.block, "voltage", None) is not None
        if end.phase == "cv" and not (direction == "charge" and has_voltage):
            message = f"end {end.name!r} waits for phase cv, which this step never enters"
            yield self._finding(end, "never-ends", message, "give the charge a voltage")
        for bound in end.when.bounds():
            yield from self._never(node, end, bound)
            yield from self._resolution(end, bound, direction)

    def _never(self, node: StepNode, end: End, bound: Bound) -> Iterator[Finding]:
        """An end that lies behind what the supply holds, or behind a limit that trips first."""
        if bound.point != f"{self.channel_id}.voltage":
            return
        voltage = getattr(node.block, "voltage", None)
        if bound.op in {">", ">="} and isinstance(voltage, float) and bound.limit > voltage:
            message = f"the supply holds {format_quantity(voltage, 'V')}: {end.text} never comes"
            yield self._finding(end, "never-ends", message, "end by current in phase cv")
        low, high = self.limits.low("voltage_min"), self.limits.high("voltage_max")
        if not low <= bound.limit <= high:
            message = f"a limit trips before {end.text}"
            hint = f"limits: {low:g} … {high:g} V"
            yield self._finding(end, "behind-limit", message, hint, severity=Severity.WARNING)

    def _resolution(self, end: End, bound: Bound, direction: str) -> Iterator[Finding]:
        """A bound of a few counts of its meter ends at random (SEQ-17)."""
        point = bound.point.removeprefix("abs(").removesuffix(")")
        if point != f"{self.channel_id}.current" or self.channel is None or self.devices is None:
            return
        current = self.channel.current
        where = current.source or (current.charge if direction == "charge" else current.discharge)
        entity = numeric(self.devices, where) if where else None
        if entity is None:
            return
        size, shown = abs(bound.limit), format_quantity(abs(bound.limit), "A")
        if size < NO_COUNTS * entity.grain:
            message = f"{shown} is less than two counts of {where}"
            yield self._finding(end, "below-resolution", message, "choose a larger bound")
        elif size < max(FEW_COUNTS * entity.grain, ACCURACIES * (entity.accuracy or 0.0)):
            error = (entity.accuracy or entity.grain) / size
            message = f"{shown} is near the resolution of {where}: ± {error:.0%}"
            yield self._finding(end, "near-resolution", message, severity=Severity.WARNING)

    def _sign(self, where: End | Limit, condition: Condition, direction: str) -> Iterator[Finding]:
        """Current is positive into the cell: such a bound is met at once, or never (SEQ-14)."""
        for bound in condition.bounds():
            if bound.point != f"{self.channel_id}.current":
                continue
            wrong = bound.limit > 0 if direction == "discharge" else bound.limit < 0
            if wrong and direction:
                message = f"current is {_SIGNS[direction]} in a {direction} step"
                yield self._finding(where, "current-sign", message, "write abs(current)")

    # --- jumps and rules ----------------------------------------------------------------------

    def jumps(self) -> Iterator[Finding]:
        """Every ``goto`` leads to a step of its own list or of one around it."""
        yield from self._jumps_in(self.flow.sequence, frozenset())

    def _jumps_in(self, nodes: Sequence[StepNode], around: frozenset[str]) -> Iterator[Finding]:
        reachable = around | {node.id for node in nodes}
        known = {node.id for node in self.flow.steps()}
        for node in nodes:
            for end in node.until:
                if end.goto and end.goto not in known:
                    hint = f"steps: {', '.join(sorted(known))}"
                    yield self._finding(end, "unknown-step", f"no step {end.goto!r}", hint)
                elif end.goto and end.goto not in reachable:
                    message = f"{end.goto!r} stands inside a loop"
                    hint = "go to the loop itself"
                    yield self._finding(end, "goto-into-loop", message, hint)
            yield from self._jumps_in(node.children, reachable)

    def rules(self) -> Iterator[Finding]:
        """A rule of a run names its channel's devices by their part, so it can be rebound."""
        if self.channel is None:
            return
        parts = {self.channel.source: "channel.source", self.channel.sink: "channel.sink"}
        lines = self.flow.text.splitlines()
        for number, rule in enumerate(self.flow.rules):
            if rule.scope != "run":
                continue
            later = [r.line for r in self.flow.rules[number + 1 :]]
            end = min((line - 1 for line in later), default=len(lines))
            for device, part in parts.items():
                if device:
                    yield from self._literal(lines[rule.line - 1 : end], rule, device, part)

    def _literal(
        self, lines: Sequence[str], rule: RuleNode, device: str, part: str
    ) -> Iterator[Finding]:
        pattern = re.compile(rf"(?<![\w.]){re.escape(device)}\.")
        for offset, line in enumerate(lines):
            if line.startswith("x-layout"):
                return
            match = pattern.search(line.partition(" #")[0])
            if match is not None:
                yield Finding(
                    code="literal-device",
                    message=f"{device} is bound by the channel",
                    hint=f"write {part}. instead of {device}.",
                    file=self.flow.file,
                    line=rule.line + offset,
                    column=match.start() + 1,
                    severity=Severity.WARNING,
                )


_SIGNS: Final = {"charge": "positive", "discharge": "negative"}
