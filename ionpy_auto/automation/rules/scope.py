"""Where a rule lives: for ever, or once per run; what its blocks may see and do."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.context import Firing, Lab
from ionpy_auto.automation.environment import LocalEnvironment
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.names import LOCAL_UNITS
from ionpy_auto.automation.rules.cause import STARTUP
from ionpy_auto.core.commands import Origin, Outcome, Priority
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Environment

log = structlog.get_logger(__name__)

FROZEN = tuple(name for name in LOCAL_UNITS if name.startswith(("step.", "cycle.")))


class RunScope(Protocol):
    """A run, as its rules see it."""

    @property
    def run_id(self) -> str:
        """Id of the run."""

    @property
    def flow(self) -> Flow:
        """The flow as the run reads it, bound to its channel; its run-scoped rules apply."""

    @property
    def env(self) -> Environment:
        """Points, ``run.*``, ``step.*`` and ``cycle.*``."""

    @property
    def origin(self) -> Origin:
        """In whose name the run writes."""

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices it holds."""

    @property
    def steps(self) -> Sequence[str]:
        """Ids of the steps it is in, outermost first; empty between steps."""

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Write inside the run's lease and limits; the set-point counts as the run's own."""


class AlwaysScope:
    """Of rules that apply while their flow is active."""

    run_id: str | None = None
    leased_devices: Sequence[str] = ()
    steps: Sequence[str] = ()

    def __init__(self, lab: Lab, env: Environment, flow: Flow) -> None:
        self._lab = lab
        self.env = env
        self.flow = flow

    def origin_of(self, rule_id: str, cause: tuple[str, ...]) -> Origin:
        """``rule:<flow>/<id>``."""
        return Origin(Priority.RULE, f"rule:{rule_id}", cause=cause)

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Write through the gate."""
        return await self._lab.write(point, value, origin)


class WithinRun:
    """Of rules that exist once per run."""

    def __init__(self, run: RunScope) -> None:
        self._run = run
        self.run_id: str | None = run.run_id
        self.flow = run.flow
        self.env = run.env

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices of the run."""
        return self._run.leased_devices

    @property
    def steps(self) -> Sequence[str]:
        """Steps the run is in."""
        return self._run.steps

    def origin_of(self, rule_id: str, cause: tuple[str, ...]) -> Origin:
        """``run:<id>``: the set-points of its rules are the run's own."""
        del rule_id
        return replace(self._run.origin, cause=cause)

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Write through the run."""
        return await self._run.write(point, value, origin)


RuleHome = AlwaysScope | WithinRun


def firing_env(home: RuleHome, firing: Firing) -> Environment:
    """What conditions and actions of one firing see.

    ``trigger.*`` are the values of the firing. In a run ``step.*`` and ``cycle.*`` stay those of
    the step the firing is about: actions may still work when the next step has begun.
    """
    own: dict[str, Scalar | None] = {}
    if firing.trigger.startswith("run "):
        if isinstance(home, WithinRun):
            own.update({name: home.env.value(name) for name in FROZEN})
        own.update(_told(firing.values))
    own.update({f"trigger.{key}": value for key, value in firing.values.items()})
    return LocalEnvironment(home.env, {name: _constant(value) for name, value in own.items()})


def _told(values: Mapping[str, Scalar | None]) -> dict[str, Scalar | None]:
    """What the event itself says about its step."""
    told: dict[str, Scalar | None] = {"step.id": values.get("step")}
    for key, value in values.items():
        if value is not None and key != "id":
            told[f"step.{key}"] = value
    return {name: value for name, value in told.items() if name in LOCAL_UNITS}


def _constant(value: Scalar | None) -> Callable[[], Scalar | None]:
    return lambda: value


@dataclass(frozen=True)
class Acting:
    """What the actions of one firing may do (`ActionContext`)."""

    lab: Lab
    origin: Origin
    env: Environment
    home: RuleHome
    note_write: Callable[[str, tuple[str, ...]], None]
    writing: set[asyncio.Future[Outcome]]

    def resolve(self, name: str) -> str:
        """From a written name to an address."""
        return self.home.flow.names.resolve(name)

    async def write(self, point: str, value: Scalar) -> Outcome:
        """Write through the gate, or through the run.

        A write that has begun is carried out also when its rule is cancelled meanwhile: half a
        write leaves an output nobody knows the state of.

        Raises:
            Rejected: The chain began with the opening of the project: no output may be switched
                before a person has looked.
        """
        refuse_after_startup(self.origin, f"{point} was not written")
        self.note_write(point, self.origin.cause)
        work = asyncio.ensure_future(self.home.write(point, value, self.origin))
        self.writing.add(work)
        work.add_done_callback(self._written)
        return await asyncio.shield(work)

    def _written(self, work: asyncio.Future[Outcome]) -> None:
        self.writing.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            log.info("write refused or failed", by=self.origin.id, reason=str(error))

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices of the run; empty for ``scope: always``."""
        return self.home.leased_devices


def refuse_after_startup(origin: Origin, what: str) -> None:
    """Raises Rejected when a chain of cause began with the opening of the project."""
    if STARTUP in origin.cause[:1]:
        hint = "start what drives outputs by hand"
        raise Rejected(f"{what}: it began with the start", code="STARTUP_WRITE", hint=hint)


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """A result as JSON takes it; unknown is None."""
    if value is None or isinstance(value, bool | float | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [plain(inner) for inner in value]
    return None
