"""``run``: a run starts, changes its step, counts a cycle or ends."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.triggers._events import matches, on_event, scalars
from ionpy_auto.core.bus import Event

JUST_S = 1.0
ATTACHED_S = 5.0
SENTENCES = {
    "started": "a run starts",
    "step_started": "{} starts",
    "step_ended": "{} ends",
    "cycle": "a cycle is complete",
    "finished": "a run is over",
}


@trigger
class RunTrigger(Trigger):
    """Something happens in a run."""

    shorthand = "what"
    what: Literal["started", "step_started", "step_ended", "cycle", "finished"]
    step: Annotated[str | None, Field(description="only this step")] = None
    verdict: Annotated[str | None, Field(description="only with this verdict")] = None
    ended_by: Annotated[str | None, Field(description="only when this end ended the step")] = None
    sequence: Annotated[str | None, Field(description="only runs of this flow")] = None

    def sentence(self) -> str:
        """As a person would say it."""
        step = f"step {self.step}" if self.step else "a step"
        text = SENTENCES[self.what].format(step)
        return f"{text} by {self.ended_by}" if self.ended_by else text

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to the events of runs; a run-scoped rule hears only its own."""
        started: set[str] = set()

        def look(event: Event) -> Firing | None:
            payload = event.payload
            run = run_of(event)
            if context.run_id is not None and run != context.run_id:
                return None
            # The rules of a run are attached when it starts, and hear of it a little later.
            fresh = JUST_S if context.run_id is None else ATTACHED_S
            if what_happened(event, started, fresh) != self.what or not self._fits(payload):
                return None
            values = {**scalars(payload), "run": run, "step": step_of(payload)}
            return Firing(f"run {self.what}", values, event.cause)

        return on_event(context, ("run", "run_step", "run_cycle"), look, fire)

    def _fits(self, payload: Mapping[str, Any]) -> bool:
        verdict = payload.get("verdict")
        return (
            matches(self.step, step_of(payload))
            and matches(self.ended_by, payload.get("ended_by"))
            and matches(self.sequence, payload.get("sequence"))
            and matches(self.verdict, verdict, str(verdict).lower())
        )


def run_of(event: Event) -> str:
    """Id of the run an event is about."""
    payload = event.payload
    names = ("run", "run_id", "id") if event.kind == "run" else ("run", "run_id")
    return next((str(payload[n]) for n in names if payload.get(n) is not None), "")


def step_of(payload: Mapping[str, Any]) -> str:
    """Id of the step an event is about."""
    return str(payload.get("step") or payload.get("step_id") or "")


def what_happened(event: Event, started: set[str], fresh: float = JUST_S) -> str:
    """Which word of the trigger an event stands for.

    Args:
        event: Of a run.
        started: Remembers the runs seen.
        fresh: Seconds for which a start is news.
    """
    payload = event.payload
    if event.kind == "run_step":
        began = payload.get("event") == "started" or payload.get("ended") is None
        return "step_started" if began else "step_ended"
    if event.kind == "run_cycle":
        return "cycle"
    run, state = run_of(event), payload.get("state")
    if state == "running" and run not in started:
        started.add(run)
        # Running runs tell of themselves again and again: a rule loaded later has missed the start.
        began = payload.get("started")
        is_new = not isinstance(began, float | int) or event.timestamp - began < fresh
        return "started" if is_new else ""
    if state == "finished":
        started.discard(run)
        return "finished"
    return ""
