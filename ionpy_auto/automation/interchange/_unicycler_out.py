"""The sequence of a flow as a protocol of aurora-unicycler, and what it does not know.

Numbers are taken from the typed flow; whether a current was written as a rate is looked up in the
text, so that ``0.5 C`` stays a rate.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from ionpy_auto.automation.blocks import Step
from ionpy_auto.automation.context import Drive
from ionpy_auto.automation.flow import End, Flow, Limit, StepNode
from ionpy_auto.automation.interchange._plan import Loss
from ionpy_auto.automation.interchange._text import GENERATED
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import Bound, UnitError, parse_quantity, plain, read_with_findings

VERSION: Final = "0.4.6"
_RATED_END: Final = re.compile(r"(?:abs\(current\)|current)\s*[<>]=?\s*-?\s*(\S+(?:\s*C)?)")
_BEYOND: Final = {
    "power": "constant power",
    "resistance": "constant resistance",
}


def write_protocol(flow: Flow) -> tuple[str, list[Loss]]:
    """A flow as unicycler JSON.

    Raises:
        Rejected: Nothing of its sequence has a counterpart.
    """
    writing = _Writing(flow)
    writing.steps(flow.sequence)
    if not any(step["step"] not in {"tag", "loop"} for step in writing.method):
        msg = f"nothing in the sequence of {flow.id!r} has a counterpart in unicycler"
        raise Rejected(msg, hint="; ".join(str(loss) for loss in writing.losses[:3]))
    writing.around()
    cell = flow.names.cell
    data = {
        "unicycler": {"version": VERSION},
        "sample": {
            "name": writing.raw.get("title") or "$NAME",
            "capacity_mAh": None if cell is None else _thousand(cell.capacity),
        },
        "record": writing.record(),
        "safety": writing.safety(),
        "method": writing.method,
    }
    return json.dumps(data, indent=4, ensure_ascii=False) + "\n", writing.losses


def _thousand(value: float) -> float:
    """In thousandths: 0.05 A are 50.0 mA, not 50.00000000000001."""
    return float(round(Decimal(repr(value)) * 1000, 9))


@dataclass
class _Found:
    """The ends of a step, by what they bound; raw where they were written as rates."""

    time_s: float | None = None
    voltage: float | None = None
    taper: dict[str, float] = field(default_factory=dict)


@dataclass
class _Writing:
    flow: Flow
    losses: list[Loss] = field(default_factory=list)
    method: list[dict[str, Any]] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        node, _ = read_with_findings(self.flow.text)
        self.raw: Any = plain(node) if node is not None else {}
        self.channel = self.flow.channel or "channel"

    def lose(self, where: StepNode | Limit, message: str, kind: Any = "lost") -> None:  # noqa: ANN401 - a Kind
        """Note what is not carried over."""
        path = where.path if isinstance(where, StepNode) else "limits"
        self.losses.append(Loss(kind, f"{path} ({where.id})", message, where.line))

    def written(self, node: StepNode, key: str) -> str:
        """What the text says for a key of the step's verb."""
        value = self.raw
        for part in [*node.path.split("."), node.verb]:
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return ""
        return str(value.get(key, "")) if isinstance(value, dict) else ""

    # -- steps ----------------------------------------------------------------------------------

    def steps(self, nodes: Sequence[StepNode]) -> None:
        """Carry some steps over."""
        for node in nodes:
            if not node.enabled:
                self.lose(node, "the step is switched off")
            elif node.verb in _CARRIED:
                self._around_step(node)
                _CARRIED[node.verb](self, node)
            else:
                word = "step" if isinstance(node.block, Step) else "action"
                self.lose(node, f"the {word} {node.verb!r}")

    def _around_step(self, node: StepNode) -> None:
        if node.limits:
            self.lose(node, "the limits of the step")
        if node.measure:
            self.lose(node, f"what it measures: {', '.join(m.name for m in node.measure)}")

    def tag(self, node: StepNode) -> None:
        """A marker is a tag that no loop goes back to."""
        label = _marker_text(node.block)
        if label in self.tags:
            self.lose(node, f"a second marker {label[:40]!r}: tags differ from each other")
            return
        self.tags.add(label)
        self.method.append({"id": None, "step": "tag", "tag": label})

    def repeat(self, node: StepNode) -> None:
        """A tag, the steps, and a loop back."""
        block: Any = node.block
        if not block.count or block.until is not None or block.as_long is not None:
            self.lose(node, "a repeat that is not just counted, with all its steps")
            return
        tag = node.id
        while tag in self.tags:
            tag += "-2"
        self.tags.add(tag)
        begin = len(self.method)
        self.method.append({"id": None, "step": "tag", "tag": tag})
        self.steps(node.children)
        if len(self.method) <= begin + 1:
            del self.method[begin]
            self.lose(node, "a repeat around nothing that was carried over")
            return
        self.method.append({"id": None, "step": "loop", "loop_to": tag, "cycle_count": block.count})

    def rest(self, node: StepNode) -> None:
        """Open circuit for a time."""
        found = self._ends(node, None)
        block: Any = node.block
        planned: float | None = block.duration
        times = [time for time in (planned, found.time_s) if time]
        if not times:
            self.lose(node, "a rest without a time")
            return
        self.method.append(
            {"id": _id(node), "step": "open_circuit_voltage", "until_time_s": min(times)}
        )

    def drive(self, node: StepNode) -> None:
        """Constant current, constant voltage, or the one and then the other."""
        beyond = [word for key, word in _BEYOND.items() if getattr(node.block, key, None)]
        if beyond:
            self.lose(node, f"a {node.verb} at {beyond[0]}")
            return
        drive = node.drives[0]
        found = self._ends(node, drive)
        if drive.current is None:
            self._hold(node, drive, found, _id(node))
            return
        if drive.voltage is not None and found.voltage is not None:
            self.lose(node, "its end by voltage: the voltage is held")
        until = found.voltage if drive.voltage is None else drive.voltage
        if until is None and found.time_s is None:
            self.lose(node, "the step: unicycler needs an end by voltage or time")
            return
        self.method.append(
            {
                "id": _id(node),
                "step": "constant_current",
                **self._level(node, drive),
                "until_time_s": found.time_s,
                "until_voltage_V": until,
            }
        )
        if drive.voltage is not None:
            if found.time_s is not None:
                self.lose(node, "its time bounds each of the two phases by itself", "changed")
            self._hold(node, drive, found, None)

    def _hold(self, node: StepNode, drive: Drive, found: _Found, step_id: str | None) -> None:
        if found.time_s is None and not found.taper:
            self.lose(node, "the held voltage: unicycler needs an end by current or time")
            return
        self.method.append(
            {
                "id": step_id,
                "step": "constant_voltage",
                "voltage_V": drive.voltage,
                "until_time_s": found.time_s,
                "until_rate_C": found.taper.get("C"),
                "until_current_mA": found.taper.get("mA"),
            }
        )

    def _level(self, node: StepNode, drive: Drive) -> dict[str, float | None]:
        sign = 1.0 if drive.direction == "charge" else -1.0
        rate = _rate(self.written(node, "current"))
        if rate is not None:
            return {"rate_C": sign * rate, "current_mA": None}
        return {"rate_C": None, "current_mA": sign * _thousand(drive.current or 0.0)}

    # -- ends -----------------------------------------------------------------------------------

    def _ends(self, node: StepNode, drive: Drive | None) -> _Found:
        found = _Found()
        for end in node.until:
            bounds = end.when.bounds()
            if not bounds or not all(self._take(bound, end, drive, found) for bound in bounds):
                self.lose(node, f"the end {end.text!r}")
                continue
            if end.when.hold or end.when.samples > 1:
                self.lose(node, f"for how long the end {end.text!r} must hold")
            if end.goto:
                self.lose(node, f"where the end {end.text!r} leads to")
            if end.verdict not in {"", "pass"}:
                self.lose(node, f"the verdict {end.verdict!r} of the end {end.text!r}")
        return found

    def _take(self, bound: Bound, end: End, drive: Drive | None, found: _Found) -> bool:
        if bound.point == "step.time" and bound.op in {">", ">="}:
            found.time_s = min(bound.limit, found.time_s or bound.limit)
            return True
        if drive is None:
            return False
        is_charge = drive.direction == "charge"
        rising = {">", ">="} if is_charge else {"<", "<="}
        if bound.point == f"{self.channel}.voltage" and bound.op in rising and not end.phase:
            closest = min if is_charge else max
            found.voltage = closest(bound.limit, found.voltage or bound.limit)
            return True
        points = {f"abs({self.channel}.current)", f"{self.channel}.current"}
        if bound.point in points and drive.voltage is not None and not found.taper:
            return _take_taper(bound, end, found)
        return False

    # -- around ---------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """How densely it is recorded."""
        record = self.flow.record
        changes = record.on_change if record is not None else None
        if changes is not None and changes.temp is not None:
            self.losses.append(Loss("lost", "record", "recording by a change of temperature"))
        volts = changes.voltage if changes is not None else None
        amps = changes.current if changes is not None else None
        return {
            "current_mA": None if amps is None else _thousand(amps),
            "voltage_V": volts,
            "time_s": 1.0 if record is None else record.every,
        }

    def safety(self) -> dict[str, float | None]:
        """Limits of the flow that unicycler knows."""
        result: dict[str, float | None] = dict.fromkeys((*_GUARDS.values(), "delay_s"))
        delays: list[float] = []
        for limit in self.flow.limits:
            keys = self._guards(limit)
            if not keys or any(result[key] is not None for key in keys):
                self.lose(limit, f"the limit {limit.text!r}")
                continue
            result.update(keys)
            delays.append(limit.trip.hold)
            if limit.trip.samples > 1:
                self.lose(limit, f"for how many samples the limit {limit.text!r} must hold")
        if delays and max(delays) > 0.0:
            result["delay_s"] = min(delays) or None
            if min(delays) != max(delays):
                self.losses.append(Loss("changed", "limits", "all limits hold the shortest time"))
        return result

    def _guards(self, limit: Limit) -> dict[str, float]:
        found: dict[str, float] = {}
        for bound in limit.trip.bounds():
            point = bound.point.removeprefix(f"{self.channel}.")
            key = _GUARDS.get((point, bound.op[0]))
            if key is None:
                return {}
            found[key] = bound.limit if key.endswith("_V") else _thousand(bound.limit)
        return found

    def around(self) -> None:
        """What stands around the sequence and has no counterpart."""
        flow = self.flow
        for what, is_there in (
            ("the rules", bool(flow.rules)),
            ("the steps of finally", bool(flow.closing)),
            ("the start value of the state of charge", flow.soc is not None),
        ):
            if is_there:
                self.losses.append(Loss("lost", "flow", what))
        for parameter in flow.parameters:
            message = f"parameter {parameter.name!r} stands with its value of now"
            self.losses.append(Loss("changed", "parameters", message))


def _take_taper(bound: Bound, end: End, found: _Found) -> bool:
    """A falling current; a rate where it was written as one."""
    if bound.op not in ({"<", "<="} if bound.limit >= 0.0 else {">", ">="}):
        return False
    written = _RATED_END.search(end.text)
    rate = _rate(written[1]) if written else None
    found.taper = {"mA": _thousand(abs(bound.limit))} if rate is None else {"C": rate}
    return True


def _rate(text: str) -> float | None:
    """The number of a C-rate, if the text is one."""
    try:
        quantity = parse_quantity(text)
    except UnitError:
        return None
    return quantity.value if quantity.unit.name == "C" else None


def _marker_text(block: Any) -> str:  # noqa: ANN401 - the action ``marker``
    return str(block.label.source)


def _id(node: StepNode) -> str | None:
    """The id a person gave."""
    return None if GENERATED.fullmatch(node.id) else node.id


_GUARDS: Final = {
    ("voltage", ">"): "max_voltage_V",
    ("voltage", "<"): "min_voltage_V",
    ("current", ">"): "max_current_mA",
    ("current", "<"): "min_current_mA",
    ("step.ah", ">"): "max_capacity_mAh",
}
_CARRIED: Final = {
    "marker": _Writing.tag,
    "repeat": _Writing.repeat,
    "rest": _Writing.rest,
    "charge": _Writing.drive,
    "discharge": _Writing.drive,
}
