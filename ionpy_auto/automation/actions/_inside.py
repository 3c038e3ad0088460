"""Actions inside an action: run in order, in a context with names of its own.

A rule hands its actions a `Frame`, which remembers over a restart how far the lists inside are; in
a sequence there is none, and a list simply runs.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ionpy_auto.automation.actions.wait_for import WaitFor
from ionpy_auto.automation.context import ActionContext, Lab
from ionpy_auto.automation.environment import LocalEnvironment
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.core.commands import Origin, Outcome
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Environment


class Frame(Protocol):
    """What an action with actions inside keeps about itself while it is under way."""

    @property
    def state(self) -> MutableMapping[str, Any]:
        """JSON of its own."""

    def is_inside(self, name: str) -> bool:
        """Whether the list of this name has begun, maybe before a restart."""

    async def run(
        self, nodes: Sequence[ActionNode], context: ActionContext, name: str
    ) -> list[dict[str, Any]]:
        """Run what is left of a list."""


def frame_of(context: ActionContext) -> Frame | None:
    """The frame of the action that runs in this context; None where nothing is kept."""
    frame: Frame | None = getattr(context, "frame", None)
    return frame


def kept_of(context: ActionContext) -> MutableMapping[str, Any]:
    """What the action may write down about itself."""
    frame = frame_of(context)
    return {} if frame is None else frame.state


async def act_all(
    nodes: Sequence[ActionNode], context: ActionContext, name: str
) -> list[dict[str, Any]]:
    """Run actions in order; the first error ends the list.

    Args:
        nodes: The actions.
        context: Of the action they stand in, maybe with further names.
        name: Of the list, as its block's ``lists`` has it.

    Raises:
        IonpyError: Of the action that failed.
    """
    frame = frame_of(context)
    if frame is not None:
        return await frame.run(nodes, context, name)
    done: list[dict[str, Any]] = []
    jumps: dict[str, int] = {}
    index = 0
    while index < len(nodes):
        node = nodes[index]
        if node.enabled:
            result = dict(await node.block.act(context))
            done.append({"verb": node.verb, "result": result})
            index = next_index(nodes, index, result, jumps)
        else:
            index += 1
    return done


def next_index(
    nodes: Sequence[ActionNode], index: int, result: object, jumps: MutableMapping[str, int]
) -> int:
    """Which action of a list comes after one with this result.

    Raises:
        Rejected: A ``wait_for`` went on elsewhere so often as it may.
    """
    block = nodes[index].block
    if not isinstance(block, WaitFor) or not isinstance(result, Mapping) or "goto" not in result:
        return index + 1
    count = jumps[str(index)] = jumps.get(str(index), 0) + 1
    if block.max is not None and count > block.max:
        raise block.timed_out(f"also after going on at {block.goto!r} {block.max} times")
    return next(number for number, node in enumerate(nodes) if node.id == block.goto)


@dataclass(frozen=True)
class Within:
    """A context with further names (`ActionContext`)."""

    outer: ActionContext
    names: Mapping[str, Scalar | None]

    @property
    def frame(self) -> Frame | None:
        """That of the outer context."""
        return frame_of(self.outer)

    @property
    def lab(self) -> Lab:
        """The project."""
        return self.outer.lab

    @property
    def origin(self) -> Origin:
        """In whose name it acts."""
        return self.outer.origin

    @property
    def env(self) -> Environment:
        """The names of the outer context behind those of this one."""
        own = {name: _constant(value) for name, value in self.names.items()}
        return LocalEnvironment(self.outer.env, own)

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices of the run."""
        return self.outer.leased_devices

    def resolve(self, name: str) -> str:
        """From a written name to an address."""
        return self.outer.resolve(name)

    async def write(self, point: str, value: Scalar) -> Outcome:
        """Write as the outer context."""
        return await self.outer.write(point, value)


@dataclass(frozen=True)
class Framed(Within):
    """A context with a frame of its own."""

    own: Frame

    @property
    def frame(self) -> Frame:
        """Of the action that runs in this context."""
        return self.own


class _Constant:
    """A name that does not change."""

    def __init__(self, value: Scalar | None) -> None:
        self._value = value

    def __call__(self) -> Scalar | None:
        return self._value


_constant = _Constant
