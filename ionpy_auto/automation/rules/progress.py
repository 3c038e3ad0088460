"""How far a list of actions is, and the lists inside the action that is under way in it.

The same small thing nests: a firing has one for its branch, an ``if``, a round of ``repeat`` and
each branch of ``parallel`` have one of their own. All of it is JSON when it is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.automation.flow import ActionNode

BRANCHES = ("then", "else")
ONE_AFTER_THE_OTHER = frozenset({*BRANCHES, "do"})
"""Lists of which nothing can go on when one action in them was broken off."""


@dataclass(eq=False)
class Progress:
    """One list at work.

    Attributes:
        index: Of the action that is next, or under way.
        is_acting: It may have had an effect, and nobody has seen its end.
        deadline: Monotonic end of the ``wait`` it is.
        results: Of the actions so far.
        jumps: How often each ``wait_for`` went on elsewhere, by index.
        state: What the action under way keeps about itself.
        lists: The lists inside it that have begun, by name.
    """

    index: int = 0
    is_acting: bool = False
    deadline: float | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    jumps: dict[str, int] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, "Progress"] = field(default_factory=dict)

    @property
    def is_begun(self) -> bool:
        """Whether the action under way goes on with something from before a restart."""
        return self.is_acting or self.deadline is not None or bool(self.state or self.lists)

    @property
    def is_broken(self) -> bool:
        """Whether nothing can go on: an action was under way of which nobody knows what it did."""
        inner = [one for name, one in self.lists.items() if name in ONE_AFTER_THE_OTHER]
        return self.is_acting or any(one.is_broken for one in inner)

    def go(self, index: int) -> None:
        """On to another action."""
        self.index, self.is_acting, self.deadline = index, False, None
        self.state, self.lists = {}, {}

    def told(self) -> list[dict[str, Any]]:
        """Results so far, with those of the branch of an ``if`` it is in."""
        inner = [one.told() for name, one in self.lists.items() if name in BRANCHES]
        return [*self.results, *(answer for answers in inner for answer in answers)]

    def broken_in(self, nodes: Sequence[ActionNode]) -> list[ActionNode]:
        """The actions that were under way."""
        if self.index >= len(nodes):
            return []
        node = nodes[self.index]
        if self.is_acting:
            return [node]
        lists = node.block.lists()
        return [
            found
            for name, one in self.lists.items()
            for found in one.broken_in(lists.get(name, ()))
        ]

    def as_kept(self, mono: float) -> dict[str, Any]:
        """JSON form; times to come are kept as what is left of them."""
        kept: dict[str, Any] = {"index": self.index, "results": self.results}
        if self.is_acting:
            kept["acting"] = True
        if self.deadline is not None:
            kept["left"] = max(self.deadline - mono, 0.0)
        if self.jumps:
            kept["jumps"] = dict(self.jumps)
        if self.state:
            kept["state"] = dict(self.state)
        if self.lists:
            kept["lists"] = {name: one.as_kept(mono) for name, one in self.lists.items()}
        return kept

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any], mono: float, missed: float) -> "Progress":
        """Go on with `as_kept`.

        Args:
            kept: The JSON form.
            mono: Now.
            missed: Seconds without a server; they count for a ``wait``.
        """
        left = kept.get("left")
        lists: Mapping[str, Any] = kept.get("lists", {})
        return cls(
            index=int(kept["index"]),
            is_acting=bool(kept.get("acting")),
            deadline=None if left is None else mono + max(float(left) - missed, 0.0),
            results=list(kept["results"]),
            jumps=dict(kept.get("jumps", {})),
            state=dict(kept.get("state", {})),
            lists={name: cls.from_kept(one, mono, missed) for name, one in lists.items()},
        )
