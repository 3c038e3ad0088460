"""A firing that acts, or waits for its turn: how far it is, and what goes on after a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.automation.context import Firing
from ionpy_auto.automation.rules.progress import Progress
from ionpy_auto.automation.rules.scope import plain
from ionpy_auto.automation.rules.store import Trace
from ionpy_auto.core.clock import Clock
from ionpy_auto.language import Environment


@dataclass(eq=False)
class Job:
    """One firing.

    Attributes:
        number: Of the firing, counted by its rule.
        chain: What led here, its own rule last.
        branch: ``then`` or ``else``.
        text: The rule as it was written when it fired; another version does not go on with it.
        lane: Device it is about, for ``per: device``.
        run: The run it belongs to, if any.
        progress: How far its list of actions is.
        lost: Answers of actions of which nobody knows how far they came.
        env: Names as they were when it fired; None after a restart.
        before: UTC at which it was last known to be alive, of one kept from before a restart.
        must_last: Were it lost in a crash, something would happen twice: the store has it and
            would go on with it, or its rule would fire anew.
    """

    number: int
    trigger: str
    firing: Firing
    chain: tuple[str, ...]
    branch: str
    seen: list[dict[str, Any]]
    at: float
    text: str = ""
    lane: str = ""
    run: str | None = None
    progress: Progress = field(default_factory=Progress)
    lost: list[dict[str, Any]] = field(default_factory=list)
    session: int | None = None
    spent: float = 0.0
    began: float | None = None
    before: float | None = None
    env: Environment | None = None
    must_last: bool = False

    def as_kept(self, clock: Clock) -> dict[str, Any]:
        """JSON form; times to come are kept as what is left of them."""
        self.must_last = True  # whoever asked is about to store it
        mono = clock.monotonic()
        return {
            "number": self.number,
            "trigger": self.trigger,
            "kind": self.firing.trigger,
            "values": plain(self.firing.values),
            "chain": list(self.chain),
            "branch": self.branch,
            "seen": self.seen,
            "at": self.at,
            "text": self.text,
            "lane": self.lane,
            "run": self.run,
            "progress": self.progress.as_kept(mono),
            "session": self.session,
            "spent": self.duration(mono),
            "saved": clock.now() if self.before is None else self.before,
        }

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any], clock: Clock) -> "Job":
        """Go on with `as_kept`; time that passed without the server counts for a ``wait``."""
        saved = float(kept["saved"])
        missed = max(clock.now() - saved, 0.0)
        return cls(
            number=kept["number"],
            trigger=kept["trigger"],
            firing=Firing(kept["kind"], kept["values"]),
            chain=tuple(kept["chain"]),
            branch=kept["branch"],
            seen=kept["seen"],
            at=kept["at"],
            text=kept["text"],
            lane=kept["lane"],
            run=kept["run"],
            progress=Progress.from_kept(kept["progress"], clock.monotonic(), missed),
            session=kept["session"],
            spent=kept["spent"],
            before=saved,
            must_last=True,
        )

    def duration(self, mono: float) -> float:
        """Seconds its actions have taken so far, without the time between two servers."""
        return self.spent + (0.0 if self.began is None else mono - self.began)

    def trace(self, rule: str, outcome: str, mono: float, **more: Any) -> Trace:  # noqa: ANN401 - JSON
        """The record of it."""
        return Trace(
            rule,
            self.at,
            self.trigger,
            outcome,
            self.duration(mono),
            self.chain[:-1],
            self.session,
            {
                "values": plain(self.firing.values),
                "if": self.seen,
                "branch": self.branch,
                "actions": [*self.progress.told(), *self.lost],
                **({"device": self.lane} if self.lane else {}),
                **more,
            },
        )
