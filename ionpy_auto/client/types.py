"""What a server answers, as types: plain dictionaries, so nothing a newer server adds is lost."""

from typing import Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

Scalar = bool | int | float | str
State = Literal["queued", "starting", "running", "paused", "held", "stopping", "finished"]
Verdict = Literal["not_set", "pass", "inconclusive", "fail", "aborted", "error"]
ReportKind = Literal["html", "json", "pdf", "junit"]
Item = TypeVar("Item")


class Page(NamedTuple, Generic[Item]):
    """A part of a list.

    Attributes:
        items: In the order of the server.
        total: How many there are in all.
    """

    items: list[Item]
    total: int


class Prompt(TypedDict):
    """A question a run asks a person."""

    step: str
    text: str
    kind: Literal["confirm", "choice", "value"]
    choices: list[str]
    unit: str | None
    min: float | None
    max: float | None
    since: float  # [Unix s]
    timeout_s: float | None


class Run(TypedDict):
    """One execution of a sequence."""

    id: str
    sequence: str
    title: str
    state: State
    verdict: Verdict
    started: float | None  # [Unix s]
    ended: float | None  # [Unix s]
    ended_by: str
    message: str
    session_id: int | None
    parameters: dict[str, Any]
    bindings: dict[str, Any]
    conditions: dict[str, Any]
    step_id: str
    step_title: str
    phase: str
    progress: float | None  # 0 … 1
    eta_s: float | None
    totals: dict[str, Any]
    held: dict[str, Any] | None
    prompts: NotRequired[list[Prompt]]
    live: dict[str, Any] | None


class Step(TypedDict):
    """One executed step."""

    index: int
    step_id: str
    kind: str
    title: str
    cycle: int
    started: float  # [Unix s]
    ended: float | None  # [Unix s]
    ended_by: str
    verdict: Verdict
    measures: list[dict[str, Any]]


class Cycle(TypedDict):
    """Figures of a cycle."""

    cycle: int
    charge_ah: float
    discharge_ah: float
    charge_wh: float
    discharge_wh: float
    ce: float | None
    partial: bool


class RunEvent(NamedTuple):
    """Something that happened in a run.

    Attributes:
        kind: ``run``, ``run_step``, ``run_cycle`` or ``run_prompt``.
        content: The run, step, cycle or question.
    """

    kind: str
    content: dict[str, Any]


class Value(TypedDict):
    """Latest value of an entity, in its SI unit."""

    value: Scalar | None
    unit: str
    quality: str
    timestamp: float | None  # [Unix s]
    alarm_state: str


class Outcome(TypedDict):
    """What became of a write."""

    read_back: NotRequired[Scalar | None]


class Device(TypedDict):
    """A device of the open project."""

    id: str
    driver: str


class Session(TypedDict):
    """A recording."""

    id: int
    name: str
    status: str
    created: float  # [Unix s]
    stopped: float | None  # [Unix s]
    conditions: dict[str, Any]
    notes: str


class Flow(TypedDict):
    """A flow file."""

    id: str
    text: str
    revision: str
    findings: list[dict[str, Any]]


class History(TypedDict):
    """Recorded values: one list of times, one list per entity."""

    t: list[float]  # [Unix s]
    series: dict[str, list[Any]]
    resolution_s: float
