"""``parallel``: several lists of steps at the same time."""

from collections.abc import Collection
from typing import Annotated

from ionpy_auto.automation.blocks import Action, Step, step
from ionpy_auto.automation.branches import Branches
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.flow import StepNode

Branch = tuple[StepNode, ...]


@step
class ParallelSteps(Step):
    """Run several lists of steps at the same time."""

    shorthand = "branches"
    is_control = True
    uses_channel = False
    branches: Annotated[tuple[Branch, ...], Branches("step")]

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{len(self.branches)} branches at the same time"

    def parts(self) -> tuple[tuple[str, Branch], ...]:
        """Its branches, by number."""
        return tuple((str(number), nodes) for number, nodes in enumerate(self.branches, 1))

    async def run(self, context: StepContext) -> None:
        """Wait for all branches; the first that fails ends the others."""
        devices = context.leased_devices
        driving = [n for n, nodes in enumerate(self.branches) if uses_channel(nodes, devices)]
        await context.branches(self.branches, driving[0] if driving else 0)


def uses_channel(nodes: Branch, devices: Collection[str] = ()) -> bool:
    """Whether some steps may switch or set the channel.

    Args:
        nodes: A branch.
        devices: Supply and load of the channel, where they are known.
    """
    return any(_uses(node, devices) for top in nodes for node in top.walk())


def _uses(node: StepNode, devices: Collection[str]) -> bool:
    if not node.enabled:
        return False
    if isinstance(node.block, Action):
        return any(
            point.rpartition(".")[0] in devices or point.startswith("channel.")
            for point in node.block.outputs()
        )
    return node.block.uses_channel
