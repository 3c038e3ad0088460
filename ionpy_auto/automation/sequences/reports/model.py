"""What a report of a run says in any format: built from what is stored, never invented."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from ionpy_auto.automation.sequences.steps import VERDICTS, worst

FORMAT: Final = "ionpy-auto-run-report"
VERSION: Final = 1

DEFINITIONS: Final = (
    (
        "CE",
        (
            "discharge Ah / preceding charge Ah; valid only if the discharge before that charge "
            "had the same end, else first or partial"
        ),
    ),
    ("EE", "the same in Wh"),
    ("mean V", "Wh / Ah of a charge or a discharge"),
    ("mid V", "voltage at half the Ah of the largest step of a direction"),
    ("CV share", "Ah in phase CV / charge Ah"),
    (
        "DCIR",
        (
            "|V(t) − V(0−)| / |I(t) − I(0−)| at t after the measured edge, V interpolated to I; "
            "iec61960: (V1 − V2) / (I2 − I1) of 0.2 C for 10 s and 1 C for 1 s; fewer than 10 "
            "samples in the pulse are inconclusive"
        ),
    ),
    ("±", "expanded uncertainty, k = 2 (about 95 %), from the accuracy classes of the meters"),
    (
        "partial",
        "a gap made an amount unknown, or one half of the cycle is missing; drawn hollow",
    ),
    ("signs", "current and power are positive into the cell; amounts of a step are magnitudes"),
    (
        "gap",
        (
            "samples farther apart than 3 polls (at least 2 s) are not bridged; with outputs "
            "proven off the time counts 0"
        ),
    ),
)
"""How each figure is defined (SEQ-23); keys of the translation."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run.

    Attributes:
        at: UTC, Unix seconds.
        kind: ``alarm``, ``marker``, ``gap``, ``resumed``, ``prompt`` or ``warning``.
        text: One sentence.
        severity: Of an alarm.
        by: A person, where one was there.
    """

    at: float
    kind: str
    text: str
    severity: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A curve that nothing was left out of: each bucket with its lowest and highest value.

    Attributes:
        t: Seconds from the start of the run.
        low: Lowest value in each bucket; None where there was none.
        high: Highest value.
    """

    t: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """See the module's first lines. JSON-shaped throughout, so that each format says the same.

    Attributes:
        run: Identity, times, state and the worst verdict of the run and all below it.
        sheet: SEQ-26; None in it is "not known".
        hashes: Role (flow, cell, channel) to name and revision of the text that was run.
        steps: As executed; `verdict` of each is the worst of its own and its measures.
        counters: Our Ah of a step beside the instrument's own.
        contact: Voltage between instrument and cell over current.
        series: ``voltage``, ``current``, ``temp`` over the time of the run.
        loops: Voltage over Ah of some charges and discharges.
        omitted: What a large run leaves out of its pictures, as name and count.
    """

    run: Mapping[str, Any]
    sheet: Mapping[str, Any]
    hashes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bindings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    limits: Sequence[Mapping[str, Any]] = ()
    protections: Sequence[Mapping[str, Any]] = ()
    checks: Sequence[Mapping[str, Any]] = ()
    steps: Sequence[Mapping[str, Any]] = ()
    cycles: Sequence[Mapping[str, Any]] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    counters: Sequence[Mapping[str, Any]] = ()
    contact: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    events: Sequence[Event] = ()
    gaps: Sequence[Mapping[str, Any]] = ()
    leakage: Mapping[str, float | None] = field(default_factory=dict)
    accepted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    calls: Sequence[Mapping[str, Any]] = ()
    series: Mapping[str, Series] = field(default_factory=dict)
    loops: Sequence[Mapping[str, Any]] = ()
    prediction: Mapping[str, Any] | None = None
    omitted: Mapping[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst of all."""
        return str(self.run["verdict"])

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        content["events"] = [
            {"at": e.at, "kind": e.kind, "text": e.text, "severity": e.severity, "by": e.by}
            for e in self.events
        ]
        content["series"] = {
            name: {"t": one.t, "min": one.low, "max": one.high} for name, one in self.series.items()
        }
        definitions = [{"name": name, "text": text} for name, text in DEFINITIONS]
        return {"format": FORMAT, "version": VERSION, **content, "definitions": definitions}


def verdict_of(word: str) -> str:
    """A stored verdict; those of old rows are written otherwise.

    >>> verdict_of("NotSet"), verdict_of("Pass"), verdict_of("nonsense")
    ('not_set', 'pass', 'not_set')
    """
    lower = "not_set" if word == "NotSet" else word.lower()
    return lower if lower in VERDICTS else "not_set"


def step_verdict(step: Mapping[str, Any]) -> str:
    """The worst of a step and its measures."""
    words = [step.get("verdict") or "", *(one["verdict"] for one in step.get("measures", ()))]
    return worst(*map(verdict_of, words))


def run_verdict(stored: str, steps: Iterable[Mapping[str, Any]], *, is_over: bool) -> str:
    """The worst of a run and all its steps; a pass is one only when the run is over (SEQ-9)."""
    found = worst(verdict_of(stored), *map(step_verdict, steps))
    return "not_set" if found == "pass" and not is_over else found
