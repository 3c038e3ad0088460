"""What is known of a rule beyond one attachment, and how it is kept over a restart."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.automation.rules.job import Job
from ionpy_auto.automation.rules.store import KeptRule, Trace
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.samples import Scalar

MAX_REASONS = 50


@dataclass
class Record:
    """What is known of a rule.

    Attributes:
        text: The rule as written, to see whether a reload changed it.
        enabled: Runtime switch; None: as the file says.
        actions: Runtime switches of single actions, by place.
        actions_of: The rule as its file had it when they were switched.
        suspended: Why it was taken out, else empty.
        cooling: Monotonic end of the quiet time, by device (empty without ``per: device``).
        once_in: The session or run it last fired in, by device.
        skipped: Reasons why firings did not act, counted.
        looks: Samples it has looked at.
        seeing: Count the samples for those that only look where a limit is crossed.
        stopped: The last firing of each of these reasons, with the values seen.
        kept: What triggers remember, with the monotonic time of it.
        jobs: Firings that act or wait for their turn, by number.
        waiting: The same from before a restart, until their rule is there again.
        alarmed: An alarm tells of something that was pending and was dropped.
    """

    text: str = ""
    enabled: bool | None = None
    actions: dict[str, bool] = field(default_factory=dict)
    actions_of: str = ""
    suspended: str = ""
    fired: int = 0
    looks: int = 0
    seeing: dict[object, Callable[[], int]] = field(default_factory=dict)
    timed: int = 0  # of the looks; only these count into spent_s
    spent_s: float = 0.0
    last_fired: float | None = None
    cooling: dict[str, float] = field(default_factory=dict)
    once_in: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    stopped: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    waiting: list[Job] = field(default_factory=list)
    alarmed: bool = False
    recent: deque[Trace] = field(default_factory=lambda: deque(maxlen=50))

    def skip(self, reason: str, seen: Mapping[str, Any]) -> None:
        """Count a firing that did not act, and remember the last one."""
        if reason in self.skipped or len(self.skipped) < MAX_REASONS:
            self.skipped[reason] = self.skipped.get(reason, 0) + 1
            self.stopped[reason] = seen

    def renew(self, text: str) -> None:
        """Another version of the rule: what belongs to the old one is forgotten.

        Counters, switches and firings under way stay; those of single actions as long as the file
        has the same text.
        """
        self.text, self.suspended = text, ""
        self.kept.clear()
        self.cooling.clear()
        self.once_in.clear()

    @property
    def evaluations(self) -> int:
        """Samples that concerned it, also those of which it was clear that they change nothing."""
        return self.looks + sum(count() for count in self.seeing.values())

    @property
    def is_holding(self) -> bool:
        """Whether a hold time or a count of samples goes on."""
        return any(is_pending(state) for _, state in self.kept.values())

    @property
    def is_pending(self) -> bool:
        """Whether something goes on that a restart must know of."""
        return bool(self.jobs) or self.is_holding

    def as_kept(self, clock: Clock) -> KeptRule:
        """What outlives a restart, as it is now."""
        mono = clock.monotonic()
        jobs = {job.number: job for job in (*self.waiting, *self.jobs.values())}
        state = {
            "text": self.text,
            "actions": dict(self.actions),
            "actions_of": self.actions_of,
            "suspended": self.suspended,
            "alarmed": self.alarmed,
            "fired": self.fired,
            "last_fired": self.last_fired,
            "cooling": {lane: end - mono for lane, end in self.cooling.items() if end > mono},
            "once_in": dict(self.once_in),
            "skipped": dict(self.skipped),
            "kept": {key: held_until(found, mono) for key, found in self.kept.items()},
            "jobs": [jobs[number].as_kept(clock) for number in sorted(jobs)],
        }
        return KeptRule(self.enabled, state, clock.now())

    @classmethod
    def from_kept(cls, row: KeptRule, clock: Clock) -> "Record":
        """Go on with `as_kept`: cooling ends when it should, holds rest until a value is known."""
        state, mono = row.state, clock.monotonic()
        missed = max(clock.now() - row.updated, 0.0)
        kept: dict[str, tuple[float, Mapping[str, Any]]] = {}
        for key, value in state.get("kept", {}).items():
            if key.endswith("/last"):
                continue  # what changed while nobody looked is no change that was seen
            before = {"before": row.updated} if is_pending(value) else {}
            kept[key] = (mono, {**before, **value})
        return cls(
            text=str(state.get("text", "")),
            enabled=row.enabled,
            actions=dict(state.get("actions", {})),
            actions_of=str(state.get("actions_of", "")),
            suspended=str(state.get("suspended", "")),
            alarmed=bool(state.get("alarmed")),
            fired=int(state.get("fired", 0)),
            last_fired=state.get("last_fired"),
            cooling={lane: mono + left - missed for lane, left in state.get("cooling", {}).items()},
            once_in=dict(state.get("once_in") or {}),
            skipped=dict(state.get("skipped", {})),
            kept=kept,
            waiting=[Job.from_kept(job, clock) for job in state.get("jobs", ())],
        )


def is_pending(state: Mapping[str, Any]) -> bool:
    """Whether a kept condition is about to be met."""
    return state.get("held") is not None and not state.get("met")


def held_until(found: tuple[float, Mapping[str, Any]], mono: float) -> dict[str, Any]:
    """A kept state as it is at a later time of the same clock.

    A hold from before a restart (``before``) stands still until it is taken up.
    """
    since, state = found
    held: Scalar | None = state.get("held")
    if not isinstance(held, float | int) or "before" in state:
        return dict(state)
    return {**state, "held": held + max(mono - since, 0.0)}
