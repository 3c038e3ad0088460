"""One condition of a start with what was found, and what all conditions may look at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.limits import Limits
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Sample, Scalar

Window = Callable[[str, str, float], Scalar | None]
"""``window(function, point, seconds)``: recent history of a point."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition with what was found.

    Attributes:
        name: What people read.
        ok: None: worth saying, but no reason to refuse.
        value: What was measured or read.
        text: One sentence.
        code: Stable word for what is wrong, for programs.
        hint: What to do when it does not hold.
    """

    name: str
    ok: bool | None
    value: Scalar | None
    text: str
    code: str
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "name": self.name,
            "ok": self.ok,
            "value": self.value,
            "text": self.text,
            "code": self.code,
            "hint": "" if self.ok else self.hint,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A run that is under way beside the one that is about to start.

    Attributes:
        owner: Its name in leases.
        channel: Which it drives.
        flow: What it runs.
        limits: In force.
    """

    owner: str
    channel: CyclerChannel
    flow: Flow
    limits: Limits

    @property
    def directions(self) -> frozenset[str]:
        """``charge`` and ``discharge``, as far as steps drive the cell."""
        return directions_of(self.flow)


def directions_of(flow: Flow) -> frozenset[str]:
    """``charge`` and ``discharge``, as far as steps drive the cell."""
    return frozenset(d for step in flow.steps() for d in step.directions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is about to be started, and what is known of its surroundings.

    Attributes:
        channel: Wired and fresh.
        flow: What is to be run.
        limits: In force.
        window: Recent history.
        clock_step: Seconds by which UTC has jumped against the monotonic clock since the last
            look.
        last_stamp: UTC of the newest stored row of a run; None when nothing is stored.
        free_bytes: Free room where the project is stored; None when nothing is stored.
        duration_s: How long the run may take, if that can be told.
        others: Runs that were there before.
        mains_w: What the mains gives [W]; None when nobody has said so.
    """

    channel: CyclerChannel
    flow: Flow
    limits: Limits
    window: Window
    clock_step: float = 0.0
    last_stamp: float | None = None
    free_bytes: int | None = None
    duration_s: float | None = None
    others: Sequence[Neighbour] = ()
    mains_w: float | None = None

    @property
    def directions(self) -> frozenset[str]:
        """``charge`` and ``discharge``, as far as steps drive the cell."""
        return directions_of(self.flow)

    def last(self, point: str) -> Sample | None:
        """The latest sample of any point."""
        device, _, key = point.rpartition(".")
        stack = self.channel.devices.stacks.get(device)
        slot = stack.slots.get(key) if stack is not None else None
        return slot.last if slot is not None else None


def refuse(checks: Iterable[Check]) -> None:
    """Raise when one of them does not hold.

    Raises:
        Rejected: With all of them; ``args.codes`` says which do not hold.
    """
    found = list(checks)
    failed = [check for check in found if check.ok is False]
    if failed:
        hints = [check.hint for check in failed if check.hint]
        msg = f"not started: {'; '.join(check.text for check in failed)}"
        raise Rejected(
            msg,
            code="START_REFUSED",
            hint=hints[0] if hints else "see the checks",
            args={
                "codes": [check.code for check in failed],
                "checks": [check.as_dict() for check in found],
            },
        )
