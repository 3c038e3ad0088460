"""``parallel``: several lists of steps at the same time."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from ionpy_auto.automation.blocks import Action, Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Plain, Reading, fail, noted
from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.flow_reader import FlowReader
from ionpy_auto.language import ListNode

MAX_BRANCHES = 16
Branch = tuple[StepNode, ...]


class _Branches(Plain):
    """A list whose entries are a step, or a list of steps."""

    schema: Mapping[str, Any] = {
        "type": "array",
        "minItems": 2,
        "maxItems": MAX_BRANCHES,
        "items": {
            "anyOf": [
                {"$ref": "#/$defs/step"},
                {"type": "array", "items": {"$ref": "#/$defs/step"}},
            ]
        },
    }

    def read(self, value: object, reading: Reading) -> tuple[Branch, ...]:
        node, reader = getattr(value, "node", None), reading.reader
        if not isinstance(node, ListNode) or not isinstance(reader, FlowReader):
            raise fail("wrong_type", "a list of branches is needed here", "- [step, step]")
        if not 2 <= len(node.items) <= MAX_BRANCHES:
            msg = f"parallel takes 2 to {MAX_BRANCHES} branches"
            raise fail("range", msg)
        before = len(reading.findings)
        branches = []
        for item in node.items:
            is_list = isinstance(item, ListNode)
            alone = item if is_list else ListNode((item,), item.start, item.end, item.path)
            branches.append(reader.steps(alone, "branch"))
        if not all(branches):
            if len(reading.findings) == before:
                raise fail("missing_key", "a branch is empty")
            raise noted()
        return tuple(branches)


@step
class ParallelSteps(Step):
    """Run several lists of steps at the same time."""

    shorthand = "branches"
    is_control = True
    uses_channel = False
    branches: Annotated[tuple[Branch, ...], _Branches()]

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
