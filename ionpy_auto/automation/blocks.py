"""Blocks: triggers, conditions, actions and steps, each one class in one file of its folder.

A block declares its parameters as a pydantic model with the types of `fields`; JSON Schema, editor
form and check follow from it. The file's name is the verb people write (``steps/rest.py`` is
``rest``), unless the module says ``NAME = "if"``. A duplicate verb is an error.

    @step
    class Rest(Step):
        \"\"\"Leave the cell alone for a time.\"\"\"

        shorthand = "duration"          # so that ``rest: 30 min`` works
        duration: Seconds

        async def run(self, context: StepContext) -> None:
            ...
"""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, ClassVar, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from ionpy_auto.automation.context import (
    ActionContext,
    Drive,
    Firing,
    RuleContext,
    StepContext,
)
from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.registry import Registry
from ionpy_auto.language import Expression, Value

B = TypeVar("B", bound="type[Block]")


class Block(BaseModel):
    """Base of all blocks.

    Class attributes:
        shorthand: The field that a single value (or a list) behind the verb stands for.
        companions: Keys beside the verb that belong to it (``do`` of ``repeat``).
        free_keys: Field that takes the whole map behind the verb (``set: {point: value}``).
        instead: Keys behind the verb of a step that say the action of the same name is meant.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )

    shorthand: ClassVar[str] = ""
    companions: ClassVar[tuple[str, ...]] = ()
    free_keys: ClassVar[str] = ""
    instead: ClassVar[frozenset[str]] = frozenset()
    block_kind: ClassVar[str] = ""

    def sentence(self) -> str:
        """What it does, as a person would say it, in one line of English."""
        return (type(self).__doc__ or type(self).__name__).splitlines()[0].rstrip(".")

    def watched(self) -> tuple[Expression, ...]:
        """Expressions it decides by: what it depends on, and the answer to "why"."""
        return ()


class Trigger(Block):
    """Makes a rule look."""

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Call ``fire`` whenever it triggers; returns the way to leave."""
        raise NotImplementedError


class ConditionBlock(Block):
    """A check that is more than an expression."""

    def holds(self, context: RuleContext) -> Value:
        """True, False or UNKNOWN, now."""
        raise NotImplementedError


class Action(Block):
    """Does something; every action may also stand as a step.

    Class attributes:
        interruption: What a pause, a skip and a stop of a run do to it where it stands as a step:
            ``""`` wait for its end, which is near; ``end`` a skip and a stop end it; ``restart``
            a pause also ends it, and it begins anew when the run goes on.
    """

    interruption: ClassVar[Literal["", "end", "restart"]] = ""

    def needs_intent(self) -> bool:
        """Whether it must be durably written down that a rule does it, before it does.

        False only where a person need not look after a crash: nothing was switched, kept or
        promised, and who was told acts on its own account. It is never done twice either way.
        """
        return True

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Do it; what is returned stands in the trace.

        Raises:
            IonpyError: It was refused or failed; the rest of the list is not run.
        """
        raise NotImplementedError

    def writes(self) -> tuple[str, ...]:
        """Addresses it may write, for the check."""
        return tuple(point for node in self.inner() for point in node.block.writes())

    def outputs(self) -> tuple[str, ...]:
        """Those of `writes` that reach an instrument."""
        return tuple(point for point in self.writes() if not point.startswith("var."))

    def lists(self) -> Mapping[str, tuple[Any, ...]]:
        """Lists of actions inside it, by a name that places of switches are made of."""
        return {}

    def inner(self) -> tuple[Any, ...]:
        """Nodes of the actions inside it."""
        return tuple(node for nodes in self.lists().values() for node in nodes)


class Step(Block):
    """A part of a sequence.

    Class attributes:
        needs_end: A check error without an end of its own.
        is_control: It only says which steps come next: it takes no row of its own.
        uses_channel: It may switch the channel; only one of several branches may do so.
        takes_time: False when it is over at once.
    """

    needs_end: ClassVar[bool] = False
    is_control: ClassVar[bool] = False
    uses_channel: ClassVar[bool] = True
    takes_time: ClassVar[bool] = True
    goes_on: ClassVar[bool] = True

    def drives(self) -> tuple[Drive, ...]:
        """What it asks of the channel at its strongest, one for each way it drives the cell.

        Empty for a step that leaves the outputs off. Signs, limits, ranges, prerequisites and the
        direction a step counts in follow from it.
        """
        return ()

    def sources(self) -> Mapping[str, str]:
        """Files it was made from, with the hash of each, for the run's record."""
        return {}

    @property
    def own_id(self) -> str:
        """The id it gives its step, where none is written."""
        return ""

    def parts(self) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """Lists of the steps inside it, each with its name."""
        return ()

    def figures(self) -> tuple[str, ...]:
        """Names it adds to ``step.*`` for its measures, declared in `names.LOCAL_UNITS`."""
        return ()

    async def run(self, context: StepContext) -> None:
        """Drive the step until one of its ends, which the context watches.

        Raises:
            IonpyError: It cannot go on; the run goes to its ``finally``.
        """
        raise NotImplementedError


def _mark(kind: str) -> Callable[[B], B]:
    def mark(block: B) -> B:
        block.block_kind = kind
        return block

    return mark


trigger: Final = _mark("trigger")
condition: Final = _mark("condition")
action: Final = _mark("action")
step: Final = _mark("step")


def _pick(kind: str) -> Callable[[ModuleType], type[Any]]:
    def pick(module: ModuleType) -> type[Any]:
        own = [
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, Block)
            and thing.__module__ == module.__name__
            and vars(thing).get("block_kind") == kind
        ]
        if len(own) != 1:
            msg = f"{module.__name__} holds {len(own)} blocks marked @{kind}, one is needed"
            raise ConfigInvalid(msg)
        return own[0]

    return pick


TRIGGERS: Final[Registry[type[Trigger]]] = Registry(
    "trigger", "ionpy_auto.automation.triggers", _pick("trigger")
)
CONDITIONS: Final[Registry[type[ConditionBlock]]] = Registry(
    "condition", "ionpy_auto.automation.conditions", _pick("condition")
)
ACTIONS: Final[Registry[type[Action]]] = Registry(
    "action", "ionpy_auto.automation.actions", _pick("action")
)
STEPS: Final[Registry[type[Step]]] = Registry("step", "ionpy_auto.automation.steps", _pick("step"))
