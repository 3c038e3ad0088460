"""Actions inside an action: run in order, in a context with names of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ionpy_auto.automation.context import ActionContext, Lab
from ionpy_auto.automation.environment import LocalEnvironment
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.core.commands import Origin, Outcome
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Environment


async def act_all(nodes: Iterable[ActionNode], context: ActionContext) -> list[dict[str, Any]]:
    """Run actions in order; the first error ends the list.

    Raises:
        IonpyError: Of the action that failed.
    """
    return [
        {"verb": node.verb, "result": dict(await node.block.act(context))}
        for node in nodes
        if node.enabled
    ]


@dataclass(frozen=True)
class Within:
    """A context with further names (`ActionContext`)."""

    outer: ActionContext
    names: Mapping[str, Scalar | None]

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


class _Constant:
    """A name that does not change."""

    def __init__(self, value: Scalar | None) -> None:
        self._value = value

    def __call__(self) -> Scalar | None:
        return self._value


_constant = _Constant
