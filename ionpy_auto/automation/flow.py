"""A flow file, typed: limits, a sequence, rules, or any of the three.

`flow_reader.read_flow` turns a text into one. The text is typed anew for each run, with the channel
it is bound to and the parameters it was started with, so a model never holds ``$names``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ionpy_auto.automation.blocks import Action, Block, ConditionBlock, Step, Trigger
from ionpy_auto.automation.context import Drive, DriveDirection
from ionpy_auto.automation.fields import Amps, Kelvin, Seconds, Volts
from ionpy_auto.automation.names import Names, NoSite
from ionpy_auto.core.files import revision_of
from ionpy_auto.language import Condition, Expression

MAX_GAP_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class End:
    """One end of a step.

    Attributes:
        name: Stored as ``ended_by``.
        when: The condition.
        phase: Counts only in this phase; empty for any.
        verdict: Given to the step when this end fires.
        goto: Id of the step to go on with; empty for the next.
        max: How often ``goto`` is followed in one run; afterwards the next step comes.
        text: As written.
    """

    name: str
    when: Condition
    phase: str = ""
    verdict: str = ""
    goto: str = ""
    text: str = ""
    line: int = 0
    max: int = 0
    column: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that trips the run: unknown counts as tripped."""

    id: str
    trip: Condition
    text: str
    origin: str = "flow"
    line: int = 0
    column: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure taken at the end of a step, with limits that give a verdict."""

    name: str
    value: Expression
    low: Expression | None = None
    high: Expression | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StepNode:
    """One entry of a sequence.

    Attributes:
        id: Unique in the flow; made from the place where none was written.
        verb: Name of the block.
        block: A `Step`, or an `Action` that stands as a step.
        path: Dotted way to the node in the file.
        verdict: Of the step, where its end gives none.
        parts: Lists of steps inside, each with its name (``do``, ``then``, ``else``, ``1``).
    """

    id: str
    name: str
    verb: str
    block: Step | Action
    enabled: bool = True
    until: tuple[End, ...] = ()
    limits: tuple[Limit, ...] = ()
    measure: tuple[Measure, ...] = ()
    path: str = ""
    line: int = 0
    column: int = 0
    verdict: str = ""
    parts: tuple[tuple[str, tuple["StepNode", ...]], ...] = ()

    @property
    def children(self) -> tuple["StepNode", ...]:
        """Steps inside, of all lists."""
        return tuple(child for _, nodes in self.parts for child in nodes)

    @property
    def is_control(self) -> bool:
        """Whether it only says which steps come next."""
        return isinstance(self.block, Step) and self.block.is_control

    def walk(self) -> Iterator["StepNode"]:
        """This step and all inside it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def drives(self) -> tuple[Drive, ...]:
        """What it asks of the channel; empty when it does not drive the cell."""
        return self.block.drives() if isinstance(self.block, Step) else ()

    @property
    def directions(self) -> frozenset[DriveDirection]:
        """The directions it drives the cell in: none, one or both."""
        return frozenset(drive.direction for drive in self.drives)

    @property
    def direction(self) -> Literal["charge", "discharge", ""]:
        """The one direction it counts in; empty when it drives in none or in both."""
        return next(iter(self.directions)) if len(self.directions) == 1 else ""

    def as_dict(self) -> dict[str, Any]:
        """The outline for REST."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.verb,
            "sentence": self.block.sentence(),
            "until": [end.text for end in self.until],
            "enabled": self.enabled,
            "line": self.line,
            "children": [child.as_dict() for child in self.children],
            "parts": [{"name": part, "steps": [n.id for n in nodes]} for part, nodes in self.parts],
        }


@dataclass(frozen=True, slots=True)
class ActionNode:
    """One entry of ``then`` or ``else``; ``id`` is what a ``wait_for`` may go on with."""

    verb: str
    block: Action
    enabled: bool = True
    line: int = 0
    column: int = 0
    id: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class TriggerNode:
    """One entry of ``when``."""

    id: str
    verb: str
    block: Trigger
    line: int = 0
    column: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class RuleNode:
    """One rule.

    Attributes:
        id: ``<flow-id>/<rule-id>``.
        checks: ``if``: all must hold.
        scope: ``run`` exists once per run of the flow, ``always`` while the flow is active.
        during: Ids of steps that narrow ``run``.
        mode: What a firing does while the last one still acts.
        max_gap: Seconds nobody looked after which ``on_gap`` decides what becomes of the pending.
    """

    id: str
    title: str
    when: tuple[TriggerNode, ...]
    checks: tuple[Expression | ConditionBlock, ...]
    then: tuple[ActionNode, ...]
    otherwise: tuple[ActionNode, ...]
    scope: Literal["run", "always"]
    during: tuple[str, ...] = ()
    enabled: bool = True
    mode: Literal["single", "restart", "queued", "parallel"] = "single"
    max: int = 10
    per_device: bool = False
    cooldown: float = 0.0
    once: Literal["", "session", "run"] = ""
    max_gap: float = MAX_GAP_S
    on_gap: Literal["reset", "fire", "alarm"] = "reset"
    line: int = 0
    column: int = 0
    path: str = ""

    @property
    def sentence(self) -> str:
        """``when … then …`` in one line."""
        when = " or ".join(t.block.sentence() for t in self.when)
        then = ", ".join(a.block.sentence() for a in self.then)
        return f"When {when}: {then}"

    @property
    def check_texts(self) -> list[str]:
        """Each condition of ``if`` in words, or as written."""
        return [
            check.source if isinstance(check, Expression) else check.sentence()
            for check in self.checks
        ]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of ``parameters``."""

    name: str
    default: str | None
    low: str = ""
    high: str = ""
    unit: str = ""
    help: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "name": self.name,
            "default": self.default,
            "min": self.low or None,
            "max": self.high or None,
            "unit": self.unit,
            "help": self.help,
        }


class Record(Block):
    """How densely the run is recorded; never touches what is integrated."""

    every: Seconds = 1.0
    on_change: "OnChange | None" = None


class OnChange(Block):
    """A change by this much is recorded at once."""

    voltage: Volts | None = None
    current: Amps | None = None
    temp: Kelvin | None = None


class CycleDefinition(Block):
    """What a cycle is, and how its efficiency is computed."""

    begins: Literal["charge", "discharge"] = "charge"
    ends: Literal["charge", "discharge"] = "discharge"
    ce: Literal["discharge/charge", "charge/discharge"] = "discharge/charge"


@dataclass(frozen=True)
class Flow:
    """A typed flow file.

    Attributes:
        on_power_loss: What becomes of a run that a crash broke off.
        power_loss_line: Where the file says so.
    """

    id: str
    text: str
    file: str = ""
    title: str = ""
    description: str = ""
    cell: str = ""
    channel: str = ""
    soc: float | None = None
    on_power_loss: Literal["hold", "resume", "abort"] = "hold"
    power_loss_line: int = 1
    parameters: tuple[Parameter, ...] = ()
    record: Record | None = None
    cycle: CycleDefinition | None = None
    limits: tuple[Limit, ...] = ()
    sequence: tuple[StepNode, ...] = ()
    closing: tuple[StepNode, ...] = ()
    rules: tuple[RuleNode, ...] = ()
    names: Names = field(default_factory=lambda: Names(NoSite()))

    @property
    def revision(self) -> str:
        """Content hash of the whole text."""
        return revision_of(self.text)

    def steps(self) -> Iterator[StepNode]:
        """All steps of the sequence, also those inside loops."""
        for node in self.sequence:
            yield from node.walk()

    def all_steps(self) -> Iterator[StepNode]:
        """Those of the sequence and of ``finally``."""
        for node in (*self.sequence, *self.closing):
            yield from node.walk()

    def calls(self) -> Iterator[tuple[StepNode, "Flow"]]:
        """The steps that call another flow, each with that flow."""
        for node in self.all_steps():
            called = getattr(node.block, "flow", None)
            if isinstance(called, Flow):
                yield node, called

    @property
    def counters(self) -> frozenset[str]:
        """Names of the loops' counters."""
        found = (getattr(node.block, "counter", None) for node in self.all_steps())
        return frozenset(name for name in found if name)

    @property
    def prompts(self) -> frozenset[str]:
        """Ids of the steps that ask a person."""
        return frozenset(node.id for node in self.all_steps() if node.verb == "prompt")

    def outline(self) -> dict[str, Any]:
        """What the browser shows beside the text."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "cell": self.cell,
            "channel": self.channel,
            "parameters": [parameter.as_dict() for parameter in self.parameters],
            "limits": [{"id": x.id, "text": x.text, "line": x.line} for x in self.limits],
            "steps": [node.as_dict() for node in self.sequence],
            "finally": [node.as_dict() for node in self.closing],
            "rules": [
                {
                    "id": rule.id,
                    "title": rule.title,
                    "sentence": rule.sentence,
                    "scope": rule.scope,
                    "during": list(rule.during),
                    "enabled": rule.enabled,
                    "line": rule.line,
                }
                for rule in self.rules
            ],
        }


Record.model_rebuild()
