"""All a script may do: `script_api.pyi` says it in types, this file answers the calls.

Every argument comes from a sandbox that may hold anything: it is checked for type and size before
it goes further. Calls are paced by their weight, so a script in a tight loop slows itself down and
nobody else. Writes go through the gate like everyone's, in the name ``script:<name>``.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Protocol

import structlog
from pydantic import ConfigDict, Field, PlainValidator, ValidationError, validate_call

from ionpy_auto.automation.context import AlarmCall, Lab
from ionpy_auto.automation.names import Names, Site
from ionpy_auto.automation.rules.cause import CURRENT
from ionpy_auto.automation.scripts.output import Output
from ionpy_auto.automation.scripts.pace import Pace
from ionpy_auto.core.commands import Origin
from ionpy_auto.core.errors import Conflict, Finding, NotFound, Rejected, Severity
from ionpy_auto.core.samples import Scalar, Snapshot
from ionpy_auto.language import Environment, Expression

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
LONGEST_S: Final = 366 * 86_400.0
QUERY_ROWS: Final = 20_000

_strict = validate_call(config=ConfigDict(strict=True))

Point = Annotated[str, Field(min_length=1, max_length=200)]
Word = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=2_000)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]


def _scalar(value: object) -> object:
    """A value of a point as it came; an integer no float can hold would change on its way."""
    is_whole = type(value) is int and -(2**53) <= value <= 2**53
    is_text = type(value) is str and len(value) <= 1_000
    if is_whole or is_text or type(value) in {bool, float}:
        return value
    msg = "a number, True, False or a short text is needed"
    raise ValueError(msg)


Writable = Annotated[Any, PlainValidator(_scalar)]

WEIGHTS: Final[Mapping[str, float]] = {
    "write": 5,
    "wait_for": 5,
    "log": 2,
    "marker": 25,
    "alarm": 25,
    "notify": 50,
    "query": 50,
    "session": 50,
    "run": 100,
    "export": 250,
}
"""What a call takes out of the bucket besides the one every question takes."""

LONG: Final = frozenset({"wait", "wait_for", "run", "query"})
"""Calls that may last; they are cut when the script ends."""


class Desk(Protocol):
    """What the open project offers to scripts besides the `Lab`; implemented in the engine."""

    @property
    def lab(self) -> Lab:
        """What rules may do."""

    @property
    def site(self) -> Site:
        """Devices and channels there are."""

    @property
    def env(self) -> Environment:
        """Values of expressions."""

    def note_write(self, point: str, chain: tuple[str, ...]) -> None:
        """So that a rule that reacts to the point continues the chain of cause."""

    async def start_run(
        self, sequence: str, channel: str, parameters: Mapping[str, Any], actor: str
    ) -> str:
        """Start a sequence; returns the id of the run."""

    async def run_ended(self, run_id: str, *, wait: bool) -> Mapping[str, Any]:
        """The run as it is, or, with ``wait``, once it has finished."""

    async def history(
        self, point: str, seconds: float, points: int | None, rows: int
    ) -> tuple[Sequence[float], Sequence[Any]]:
        """Times and values recorded lately."""


class ScriptApi:
    """Answers the calls of one run of one script.

    Args:
        desk: The project.
        origin: In whose name it acts.
        output: Gets its log lines.
    """

    def __init__(self, desk: Desk, origin: Origin, output: Output) -> None:
        self._desk = desk
        self._lab = desk.lab
        self._origin = origin
        self._output = output
        self._pace = Pace(desk.lab.clock)
        self.closed = False
        self.calls = 0
        self._functions: dict[str, Callable[..., Awaitable[Any]]] = {
            name: getattr(self, f"_{name}")
            for name in (
                *("read", "read_number", "sample", "write", "wait", "wait_for", "marker"),
                *("alarm", "notify", "export", "log", "run", "session", "query"),
            )
        }

    @property
    def names(self) -> frozenset[str]:
        """Functions a script may call."""
        return frozenset(self._functions)

    def is_quick(self, name: str) -> bool:
        """Whether a call ends soon by itself."""
        return name not in LONG

    async def call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - plain data of any kind
        """Answer a call.

        Raises:
            Conflict: The script was stopped.
            IonpyError: It was refused.
            ValueError: A wrong argument.
            TypeError: A wrong signature.
        """
        await self._pace.spend(WEIGHTS.get(name, 0))
        if self.closed:
            msg = "the script was stopped"
            raise Conflict(msg, code="SCRIPT_STOPPED")
        self.calls += 1
        CURRENT.set(self._origin.cause)  # of this call's own task
        function = self._functions[name]
        inspect.signature(function).bind(*args, **kwargs)
        try:
            return await function(*args, **kwargs)
        except ValidationError as error:
            raise ValueError(_in_words(name, error)) from None

    # -- values -----------------------------------------------------------------------------

    def _require_point(self, point: str) -> None:
        if point not in self._lab.values.latest and self._desk.site.unit_of(point) is None:
            msg = f"there is no point {point!r}"
            raise NotFound(msg, code="POINT_NOT_FOUND", hint="points are written device.entity")

    @_strict
    async def _read(self, point: Point) -> Scalar | None:
        self._require_point(point)
        return self._desk.env.value(point)

    @_strict
    async def _read_number(self, point: Point) -> float:
        value = await self._read(point)
        if isinstance(value, bool) or not isinstance(value, int | float):
            msg = f"{point} is {'unknown' if value is None else 'no number'} now"
            raise Rejected(msg, code="NO_VALUE", hint="read() gives None while it is unknown")
        return float(value)

    @_strict
    async def _sample(self, point: Point) -> dict[str, Any]:
        self._require_point(point)
        found = self._lab.values.latest.get(point)
        if found is None:
            unit = self._desk.site.unit_of(point)
            return {
                **dict.fromkeys(("value", "age", "timestamp", "alarm")),
                "quality": "unknown",
                "unit": unit,
            }
        return {
            "value": self._desk.env.value(point),
            "quality": str(found.quality.value),
            "unit": found.unit,
            "age": self._lab.clock.monotonic() - found.mono,
            "timestamp": found.timestamp,
            "alarm": str(found.alarm.value),
        }

    @_strict
    async def _write(self, point: Point, value: Writable) -> dict[str, Any]:
        self._desk.note_write(point, self._origin.cause)
        outcome = await self._lab.write(point, value, self._origin)
        return {
            "outcome": outcome.kind.value,
            "sent": outcome.sent,
            "read_back": outcome.read_back,
        }

    @_strict
    async def _query(
        self,
        point: Point,
        seconds: Seconds = 600.0,
        points: Annotated[int, Field(ge=2, le=QUERY_ROWS)] | None = None,
    ) -> dict[str, list[Any]]:
        self._require_point(point)
        times, values = await self._desk.history(point, seconds, points, QUERY_ROWS)
        return {"t": list(times), "value": list(values)}

    # -- time -------------------------------------------------------------------------------

    @_strict
    async def _wait(self, seconds: Seconds) -> None:
        await self._lab.clock.sleep(seconds)

    @_strict
    async def _wait_for(self, condition: Text, timeout_s: Seconds) -> bool:
        findings: list[Finding] = []
        expression = Expression.parse(
            condition, Names(self._desk.site).scope(), findings, want="bool"
        )
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if expression is None or errors:
            msg = errors[0].message if errors else "no expression"
            raise Rejected(msg, code="EXPRESSION_INVALID", findings=findings)
        return await self._becomes_true(expression, timeout_s)

    async def _becomes_true(self, expression: Expression, seconds: float) -> bool:
        clock, env = self._lab.clock, self._desk.env
        end = clock.monotonic() + seconds
        news = asyncio.Event()
        sources = {
            point[:at] for point in expression.points for at, c in enumerate(point) if c == "."
        }

        def look(snapshot: Snapshot) -> None:
            if snapshot.source in sources:
                news.set()

        leave = self._lab.bus.tap("sample/", look)
        try:
            while expression.evaluate(env) is not True:
                left = end - clock.monotonic()
                if left <= 0:
                    return False
                news.clear()
                try:
                    # Ages and windows change without a sample.
                    async with clock.timeout(min(left, LOOK_EVERY_S)):
                        await news.wait()
                except TimeoutError:
                    continue
        finally:
            leave()
        return True

    # -- telling ----------------------------------------------------------------------------

    @_strict
    async def _marker(
        self, label: Text, device: Word | None = None, notes: Text = ""
    ) -> Mapping[str, Any]:
        return _row(await self._lab.marker(label, device=device, notes=notes))

    @_strict
    async def _alarm(
        self,
        text: Text,
        key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "script",
        severity: Literal["info", "warning", "critical"] = "warning",
        active: bool = True,
    ) -> Mapping[str, Any]:
        call = AlarmCall(
            key=f"{self._origin.id}/{key}",
            active=active,
            severity=severity,
            text=text,
            cause=self._origin.cause,
        )
        return _row(await self._lab.alarm(call))

    @_strict
    async def _notify(self, message: Text, to: Text = "log", title: Word = "") -> Mapping[str, Any]:
        return _row(await self._lab.notify(to, title or self._origin.id, message))

    @_strict
    async def _log(
        self, message: Text, level: Literal["info", "warning", "error"] = "info"
    ) -> None:
        self._output.add("log", message)
        getattr(log, level)(message, by=self._origin.id)

    # -- doing ------------------------------------------------------------------------------

    @_strict
    async def _export(
        self,
        file_format: Word = "csv",
        device: Word | None = None,
        session_id: int | None = None,
    ) -> Mapping[str, Any]:
        return _row(
            await self._lab.export(file_format=file_format, device=device, session_id=session_id)
        )

    @_strict
    async def _run(
        self,
        sequence: Word,
        channel: Word = "",
        parameters: dict[Word, Writable] | None = None,
        wait: bool = True,
    ) -> Mapping[str, Any]:
        # Not torn by the end of the script: a run either has begun or has not.
        begun = asyncio.ensure_future(
            self._desk.start_run(sequence, channel, parameters or {}, self._origin.id)
        )
        run_id = await asyncio.shield(begun)
        return _row(await self._desk.run_ended(run_id, wait=wait))

    @_strict
    async def _session(self, do: Literal["start", "stop"], name: Word = "") -> Mapping[str, Any]:
        if do == "stop":
            return _row(await self._lab.stop_session())
        return _row(await self._lab.start_session(name, {"started_by": self._origin.id}))


def _row(content: Mapping[str, Any]) -> dict[str, Any]:
    """A row of any room as a script can hold it."""
    return {str(key): _plain(value) for key, value in content.items()}


def _plain(content: object) -> Any:  # noqa: ANN401 - dicts, lists and scalars
    """Everything else as text."""
    if isinstance(content, Mapping):
        return _row(content)
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if content is None or type(content) in {bool, int, float, str}:
        return content
    return str(content)


def _in_words(name: str, error: ValidationError) -> str:
    """The first thing that is wrong, in one line."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = first["loc"][0] if first["loc"] else ""
    return f"WRONG_ARGUMENT: {name}: {place}: {first['msg']}"
