"""What a person should know of a prediction before the run is started."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ionpy_auto.automation.flow import Flow, StepNode
from ionpy_auto.core.errors import IonpyError

NEAR_K: Final = 3.0
_CLOCK: Final = frozenset({"step.time"})
_BY_PERSON_OR_END: Final = frozenset({"done", "hours", "refused", ""})


def findings_of(
    found: Mapping[str, Any], flow: Flow, refused: IonpyError | None
) -> list[dict[str, Any]]:
    """All findings, the gravest first; each code once per step.

    Args:
        found: The result of a prediction.
        flow: As it was run.
        refused: Why it was not started, if so.
    """
    made = [*_of_run(found, refused), *_of_steps(found, flow), *_of_start(found)]
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in made:
        kept = seen.setdefault((finding["code"], finding["step"]), finding)
        kept["times"] += kept is not finding
    order = ("error", "warning", "info")
    return sorted(seen.values(), key=lambda finding: order.index(finding["severity"]))


def _finding(
    code: str, severity: str, message: str, hint: str = "", step: str = "", **args: object
) -> dict[str, Any]:
    """JSON form; browsers translate by code and args."""
    return {
        "code": code,
        "severity": severity,
        "message": message,
        "hint": hint,
        "step": step,
        "args": args,
        "times": 1,
    }


def _of_run(found: Mapping[str, Any], refused: IonpyError | None) -> Iterator[dict[str, Any]]:
    if refused is not None:
        yield _finding("refused", "error", refused.message, refused.hint, reason=refused.message)
    elif found["outcome"] == "unfinished":
        hours = found["duration_s"] / 3600.0
        text = f"it has not come to its end after {hours:.1f} h"
        yield _finding("unfinished", "error", text, "look for a loop without an end", hours=hours)
    elif found["ended_by"] not in _BY_PERSON_OR_END:
        step = found["steps"][-1]["step_id"] if found["steps"] else ""
        yield _finding(
            "tripped",
            "error",
            f"the run is broken off by {found['ended_by']}: {found['message']}",
            "change the step or the limit",
            step,
            limit=found["ended_by"],
            reason=found["message"],
        )
    for given in found["answers"]:
        text, answer = given["text"], given["answer"]
        message = f"a person is asked “{text}”; the prediction answers {answer}"
        yield _finding("asks", "info", message, step=text, text=text, answer=answer)
    for alarm in found["alarms"]:
        if not alarm["key"].startswith("run:"):
            yield _finding("alarm", "warning", f"alarm: {alarm['text']}", text=alarm["text"])


def _of_steps(found: Mapping[str, Any], flow: Flow) -> Iterator[dict[str, Any]]:
    nodes = {node.id: node for node in flow.steps()}
    limits = {row["quantity"]: row for row in found["limits"]}
    for step in found["steps"]:
        node, name = nodes.get(step["step_id"]), step["title"] or step["step_id"]
        if step["ended_by"] == "already_above":
            yield _finding(
                "already-above",
                "warning",
                f"{name}: the cell is at this voltage already, nothing is charged",
                step=step["step_id"],
                name=name,
            )
        elif node is not None and _is_guard(node, step["ended_by"]):
            yield _finding(
                "guard-end",
                "warning",
                f"{name}: ended by its guard ({step['ended_by']}) after {step['duration_s']:.0f} s",
                "the end that is meant was not reached: check current, voltage and capacity",
                step["step_id"],
                name=name,
                end=step["ended_by"],
                seconds=step["duration_s"],
            )
        elif step["verdict"] == "fail":
            yield _finding(
                "step-failed",
                "warning",
                f"{name}: fails by {step['ended_by']} or a measurement",
                step=step["step_id"],
                name=name,
                end=step["ended_by"],
            )
        yield from _warm(step, name, limits)


def _is_guard(node: StepNode, ended_by: str) -> bool:
    """Whether an end stands for "this should not happen": by the clock, beside others."""
    end = next((end for end in node.until if end.name == ended_by), None)
    if end is None:
        return False
    return end.verdict == "fail" or (len(node.until) > 1 and end.when.points <= _CLOCK)


def _warm(
    step: Mapping[str, Any], name: str, limits: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    if step["charge_ah"] == step["discharge_ah"] or step["t_max"] is None:
        return
    direction = "charge" if step["charge_ah"] > step["discharge_ah"] else "discharge"
    limit = limits.get(f"{direction}_temp_max")
    if limit is not None and limit["value"] - NEAR_K < step["t_max"] < limit["value"]:
        yield _finding(
            "near-limit",
            "warning",
            f"{name}: {step['t_max']:.1f} °C is close to {limit['value']:g} °C ({limit['origin']})",
            "cool the cell, or take less current",
            step["step_id"],
            name=name,
            value=step["t_max"],
            limit=limit["value"],
        )


def _of_start(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if found["start"]["source"] == "assumed":
        soc = found["start"]["soc"]
        yield _finding(
            "soc-assumed",
            "info",
            f"the state of charge is not known: {soc:.0%} is assumed",
            "give it, or predict on the running server",
            soc=soc,
        )
