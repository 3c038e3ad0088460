"""A plan as the text of a flow, as a person would have written it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ionpy_auto.automation.flow_reader import FLOW_ID
from ionpy_auto.automation.interchange._plan import (
    Amount,
    Drive,
    Loop,
    Loss,
    Mark,
    Plan,
    PlanStep,
    Rest,
    duration,
    number,
    walk,
)
from ionpy_auto.core.errors import BadInput

GENERATED: Final = re.compile(r"(charge|discharge|rest|cycles)(-\d+)?")
"""Ids that were made here: they carry nothing the protocol said."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
"""Of the ids a flow may have, those that need no quotes."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _./()+-]*[A-Za-z0-9)]")


@dataclass(frozen=True, slots=True)
class Heading:
    """What the protocol does not say.

    Attributes:
        id: Of the flow; made from the title when empty.
        cell: ``cells/<name>``; without it rates become currents.
        channel: Rebound when a run starts.
    """

    id: str = ""
    cell: str = ""
    channel: str = "CH1"

    def __post_init__(self) -> None:
        if self.id and not FLOW_ID.fullmatch(self.id):
            msg = f"{self.id!r} is no id of a flow"
            raise BadInput(msg, hint="small letters, digits and dashes, at most 64")
        for what, word in (("cell", self.cell), ("channel", self.channel)):
            if word and not re.fullmatch(r"[\w./-]{1,100}", word):
                msg = f"{word!r} is no name of a {what}"
                raise BadInput(msg, hint="for example cells/inr18650-25r, and CH1")


def write_flow(plan: Plan, heading: Heading, losses: list[Loss]) -> str:
    """The text of a flow.

    Args:
        plan: Its steps.
        heading: Id, cell and channel.
        losses: What was lost so far, for the comment; what the names lose is added.
    """
    body = _Body(losses)
    body.steps(plan.steps, 1)
    lines = ["version: 1", f"id: {heading.id or slug(plan.title)}"]
    if plan.title:
        lines.append(f"title: {quoted(plan.title)}")
    lines += [f"cell: {heading.cell}"] if heading.cell else []
    lines += [f"channel: {heading.channel}"] if heading.channel else []
    lines += _record(plan)
    if _discharges_first(plan):
        lines.append("cycle: {begins: discharge, ends: charge}")
    lines += _limits(plan)
    lost = [loss for loss in losses if loss.kind == "lost"]
    comment = [f"# not carried over: {_one_line(str(loss))}" for loss in lost]
    return "\n".join([*lines, "", *comment, "sequence:", *body.lines, ""])


def slug(title: str) -> str:
    """An id of a flow.

    >>> slug("LG M50 (2.5 Ah)")
    'lg-m50-2-5-ah'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:64].strip("-") or "protocol"


def quoted(text: str) -> str:
    """A text as a YAML scalar."""
    if _PLAIN.fullmatch(text):
        return text
    return json.dumps(_one_line(text), ensure_ascii=False)


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def _record(plan: Plan) -> list[str]:
    every = [f"{key}: {value}" for key, value in plan.record if key == "every"]
    changes = [f"{key}: {value}" for key, value in plan.record if key != "every"]
    if changes:
        every.append(f"on_change: {{{', '.join(changes)}}}")
    return [f"record: {{{', '.join(every)}}}"] if every else []


def _limits(plan: Plan) -> list[str]:
    if not plan.guards:
        return []
    hold = f", for: {duration(plan.delay_s)}" if plan.delay_s else ""
    return [
        "",
        "limits:",
        *(f"  - {{id: {guard.id}, trip: {guard.when}{hold}}}" for guard in plan.guards),
    ]


def _discharges_first(plan: Plan) -> bool:
    """Whether the first loop with a drive in it, else the protocol, begins with a discharge."""
    loops: Iterator[Sequence[PlanStep]] = (s.steps for s in plan.walk() if isinstance(s, Loop))
    for steps in (*loops, plan.steps):
        first = next((s for s in walk(list(steps)) if isinstance(s, Drive)), None)
        if first is not None:
            return first.direction == "discharge"
    return False


@dataclass
class _Body:
    """The lines below ``sequence``, and the ids that are taken."""

    losses: list[Loss]
    lines: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def steps(self, steps: Sequence[PlanStep], depth: int) -> None:
        """Write some steps."""
        indent = "  " * depth
        for step in steps:
            if isinstance(step, Mark):
                self.lines.append(f"{indent}- marker: {quoted(self._said(step))}")
            elif isinstance(step, Rest):
                name = self._id(step.id, "rest", step.place)
                self.lines.append(f"{indent}- {{id: {name}, rest: {duration(step.time_s)}}}")
            elif isinstance(step, Loop):
                self.lines += [
                    f"{indent}- id: {self._id(step.id, 'cycles', step.place)}",
                    f"{indent}  repeat: {step.count}",
                    f"{indent}  do:",
                ]
                self.steps(step.steps, depth + 2)
            else:
                self._drive(step, indent)

    def _drive(self, drive: Drive, indent: str) -> None:
        verb = drive.direction or "charge"
        set_ = [f"{_kind(drive.level)}: {drive.level}"] if drive.level is not None else []
        set_ += [f"voltage: {Amount(drive.hold, 'V')}"] if drive.hold is not None else []
        self.lines += [
            f"{indent}- id: {self._id(drive.id, verb, drive.place)}",
            f"{indent}  {verb}: {{{', '.join(set_)}}}",
            f"{indent}  until:",
            *(f"{indent}    - {{{end}}}" for end in _ends(drive)),
        ]

    def _id(self, wished: str, kind: str, place: str) -> str:
        """The wished id, else a free one of the kind."""
        if wished and _NAME.fullmatch(wished) and wished not in self.taken:
            self.taken.add(wished)
            return wished
        name, count = kind, 1
        while name in self.taken:
            count += 1
            name = f"{kind}-{count}"
        self.taken.add(name)
        if wished:
            self.losses.append(Loss("changed", place, f"the name {wished!r} became {name!r}"))
        return name

    def _said(self, mark: Mark) -> str:
        text = _one_line(mark.text).replace("{{", "{ {").replace("$", "").strip()[:200] or "mark"
        if text != mark.text:
            message = f"the words {mark.text[:40]!r} became {text[:40]!r}"
            self.losses.append(Loss("changed", mark.place, message))
        return text


def _kind(level: Amount) -> str:
    return "power" if level.unit in {"W", "mW"} else "current"


def _ends(drive: Drive) -> Iterator[str]:
    ends, is_charge = drive.ends, drive.direction != "discharge"
    if ends.voltage is not None:
        op = ">=" if is_charge else "<="
        yield f"name: voltage, when: voltage {op} {Amount(ends.voltage, 'V')}"
    if ends.current is not None:
        point = "current" if is_charge else "abs(current)"
        yield f"name: taper, phase: cv, when: {point} <= {ends.current}"
    if ends.time_s is not None:
        yield f"name: time, when: step.time >= {duration(ends.time_s)}"
    if ends.added_s is not None:
        yield f"name: guard, when: step.time > {duration(ends.added_s)}, verdict: fail"


__all__ = ["GENERATED", "Heading", "number", "quoted", "slug", "write_flow"]
