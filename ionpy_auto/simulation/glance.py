"""What expressions are worth just now, as an editor shows them beside a field.

Nothing is followed, sent or kept: points are looked up, windows are taken from the recent history.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ionpy_auto.automation.names import Names
from ionpy_auto.automation.rules.scope import plain
from ionpy_auto.core.errors import Finding
from ionpy_auto.core.samples import Scalar
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.language import UNKNOWN, Environment, Expression

MOST: Final = 32
"""Expressions in one look."""
LONGEST: Final = 2000
"""Characters of one."""
_HEADS_OF_RUNS: Final = ("step.", "cycle.", "run.", "loop.", "trigger.", "event.")


def glance(
    bench: Workbench,
    expressions: Sequence[str],
    flow: str = "",
    head: Mapping[str, str] | None = None,
    parameters: Mapping[str, bool | int | float | str] | None = None,
) -> dict[str, Any]:
    """The value of each expression now, or why it is unknown.

    Args:
        bench: The open project.
        expressions: As written in a flow.
        flow: Id of the flow they stand in; the names of its run are those of the run.
        head: ``channel`` and ``cell`` of the flow.
        parameters: What ``$name`` stands for.

    Returns:
        ``{at, run, items}``, one item for each expression.
    """
    runs = [run for run in bench.automation.active_runs() if flow and run.flow.id == flow]
    env: Environment = runs[0].env if runs else bench.automation.env
    channel, cell = (head or {}).get("channel", ""), (head or {}).get("cell", "")
    names = Names(
        bench.site,
        channel_id=channel,
        channel=bench.site.channel(channel) if channel else None,
        cell=bench.site.cell(cell) if cell else None,
        parameters=dict(parameters or {}),
    )
    looking = _Looking(bench, env)
    items = [_worth(text, runs[0].names if runs else names, looking) for text in expressions]
    return {"at": bench.clock.now(), "run": runs[0].id if runs else None, "items": items}


def _worth(text: str, names: Names, env: "_Looking") -> dict[str, Any]:
    findings: list[Finding] = []
    expression = Expression.parse(text, names.scope(), findings)
    if expression is None:
        told = [finding.as_dict() for finding in findings]
        return {"ok": False, "known": False, "value": None, "unit": "", "why": [], "findings": told}
    value = expression.evaluate(env)
    is_known = value is not UNKNOWN
    why = [] if is_known else [reason for slot in expression.slots if (reason := env.missing(slot))]
    return {
        "ok": True,
        "known": is_known,
        "value": plain(value),
        "unit": expression.unit,
        "why": why,
        "findings": [],
    }


class _Looking:
    """An environment that starts nothing: `LiveEnvironment` follows points for long spans."""

    def __init__(self, bench: Workbench, env: Environment) -> None:
        self._bench = bench
        self._env = env

    def value(self, address: str) -> Scalar | None:
        """As it is."""
        return self._env.value(address)

    def age(self, address: str) -> float | None:
        """As it is."""
        return self._env.age(address)

    def window(self, function: str, address: str, seconds: float) -> Scalar | None:
        """From the recent history; a longer span is unknown here."""
        if function != "spread":
            return self._env.window(function, address, seconds)
        newest = self._bench.values.latest.get(address)
        if newest is None:
            return None
        track = self._bench.recent.since(address, newest.mono - seconds)
        numbers = [value for value in track.values if isinstance(value, int | float)]
        is_full = bool(track.mono) and track.mono[0] <= newest.mono - seconds + 1e-9
        whole = is_full and len(numbers) == len(track.values)
        return float(max(numbers) - min(numbers)) if whole else None

    def missing(self, slot: Any) -> dict[str, str] | None:  # noqa: ANN401 - a slot
        """What is not known of a slot, and why: no run, no value, its quality, or no history."""
        name = slot.name or slot.address
        sample = self._bench.values.latest.get(slot.address)
        if slot.function == "value" and self._env.value(slot.address) is not None:
            return None
        if slot.address.startswith(_HEADS_OF_RUNS):
            return {"name": name, "reason": "no-run"}
        if sample is None:
            return {"name": name, "reason": "no-value"}
        if sample.known is None:
            return {"name": name, "reason": str(sample.quality.name).lower()}
        if slot.function in {"value", "age", "is_stale"}:
            return None
        return {"name": name, "reason": "no-history"}
