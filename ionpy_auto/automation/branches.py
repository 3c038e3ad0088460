"""What ``parallel`` holds: lists of steps or of actions that run at the same time."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from ionpy_auto.automation.fields import Plain, Reading, fail, noted
from ionpy_auto.automation.flow_reader import FlowReader
from ionpy_auto.language import ListNode

MAX_BRANCHES: Final = 16


class Branches(Plain):
    """The type of a list whose entries are a step (or action), or a list of them.

    Args:
        noun: What a branch consists of.
    """

    def __init__(self, noun: Literal["step", "action"]) -> None:
        self._noun = noun
        one = {"$ref": f"#/$defs/{noun}"}
        self.schema: Mapping[str, Any] = {
            "type": "array",
            "minItems": 2,
            "maxItems": MAX_BRANCHES,
            "items": {"anyOf": [one, {"type": "array", "items": one}]},
        }

    def read(self, value: object, reading: Reading) -> tuple[object, ...]:
        """Type the branches, each with the reader of its nodes."""
        node, reader = getattr(value, "node", None), reading.reader
        if not isinstance(node, ListNode) or not isinstance(reader, FlowReader):
            hint = f"- [{self._noun}, {self._noun}]"
            raise fail("wrong_type", "a list of branches is needed here", hint)
        if not 2 <= len(node.items) <= MAX_BRANCHES:
            msg = f"parallel takes 2 to {MAX_BRANCHES} branches"
            raise fail("range", msg)
        before = len(reading.findings)
        typed: Callable[[ListNode, str], tuple[object, ...]]
        typed = reader.steps if self._noun == "step" else reader.actions
        branches = []
        for item in node.items:
            is_list = isinstance(item, ListNode)
            alone = item if is_list else ListNode((item,), item.start, item.end, item.path)
            branches.append(typed(alone, "branch"))
        if not all(branches):
            if len(reading.findings) == before:
                raise fail("missing_key", "a branch is empty")
            raise noted()
        return tuple(branches)
