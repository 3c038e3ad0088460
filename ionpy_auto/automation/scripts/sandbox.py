"""The sandbox: a script's interpreter in a worker process, driven one turn at a time.

Only this file knows pydantic-monty. A turn is what the interpreter computes between two calls of
the API; it is bounded in time and memory, and the project's clock is held while it lasts. Between
turns the script waits for answers, for hours if it likes. A worker serves one script and is thrown
away; a script that is cancelled loses its worker at once, whatever it was doing.

Files, network, environment and imports are asked of the host by the interpreter and are refused
there: nothing is mounted and no module is offered.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import pydantic_monty as monty
import structlog

from ionpy_auto.automation.scripts.pace import CALLS_PER_S, Pace
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Finding, IonpyError, Severity, Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

STUBS: Final = Path(__file__).with_name("script_api.pyi").read_text(encoding="utf-8")
"""The API as typed stubs: for the check, and for completion in editors."""

MAX_PENDING: Final = 64
SETTLE_S: Final = 5.0
SHARE: Final = 0.02
"""Of the loop's time that taking over large arguments may cost."""
HARD_TURN_S: Final = 30.0
CHECKOUT_S: Final = 20.0
STOP_HERE: Final = "stop_here"
MODULES: Final = frozenset(
    {
        *("asyncio", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses"),
        *("datetime", "decimal", "functools", "hashlib", "itertools", "json", "math", "os"),
        *("pathlib", "random", "re", "sys", "time", "tomllib", "typing"),
    }
)
"""What a script can import; ``os``, ``pathlib`` and ``sys`` are there and reach nothing."""
_IMPORT: Final = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_HEAD: Final = f"{STOP_HERE}()\n"
_CHECK_STUBS: Final = f"{STUBS}\ndef {STOP_HERE}() -> None: ...\n"
_POLICY: Final[monty.OSPolicy] = {"sleep": "call_host", "datetime": "call_host"}
_SLEEPS: Final = frozenset({"time.sleep", "asyncio.sleep"})
_TIMES: Final = _SLEEPS | {"time.time", "datetime.now", "date.today"}
_MUST_AWAIT: Final = frozenset({"unused-awaitable"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one script.

    Attributes:
        turn_s: Seconds of computing between two calls of the API.
        memory: Bytes.
        depth: Of calls.
        workers: Scripts at once, and checks beside them.
    """

    turn_s: float = 2.0
    memory: int = 16 * 2**20
    depth: int = 200
    workers: int = 8


class Host(Protocol):
    """What answers a script's calls."""

    @property
    def names(self) -> frozenset[str]:
        """Functions a script may call."""

    def is_quick(self, name: str) -> bool:
        """Whether a call ends soon by itself: it is then not cut when the script ends."""

    async def call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what crosses into the sandbox is plain data of any kind
        """Answer a call.

        Raises:
            IonpyError: It was refused; the script sees a RuntimeError or ValueError.
            ValueError: A wrong argument.
            TypeError: A wrong signature.
        """


class ScriptFailed(Exception):
    """The script ended with an error of its own, or at a limit.

    Attributes:
        kind: ``error``, ``time``, ``memory``, ``recursion``.
        line: Where, 1-based; 0 when unknown.
    """

    def __init__(self, message: str, kind: str = "error", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.line = line


class WorkerLost(Exception):
    """The worker process ended while the script was running."""


class Sandbox:
    """The pool of workers; it is opened with the first script.

    Args:
        clock: Held while a worker computes; sleeps and times of scripts are its own.
        limits: Bounds of every script.

    Attributes:
        workers: Process ids by name of the running script, for whoever looks after the machine.
    """

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self.limits = limits or Limits()
        self.workers: dict[str, int] = {}
        self._pool: monty.AsyncMonty | None = None
        self._opening = asyncio.Lock()

    async def stop(self) -> None:
        """End all workers."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with self._clock.hold():
                await pool.__aexit__(None, None, None)

    async def _open(self) -> monty.AsyncMonty:
        async with self._opening:
            if self._pool is None:
                pool = monty.AsyncMonty(
                    min_processes=0,
                    max_processes=self.limits.workers,
                    checkout_timeout=CHECKOUT_S,
                    request_timeout=HARD_TURN_S,
                    max_checkouts_per_worker=1,
                )
                try:
                    await pool.__aenter__()
                except (OSError, monty.MontyError) as error:
                    raise _no_sandbox(error) from error
                self._pool = pool
            return self._pool

    @asynccontextmanager
    async def _worker(self, name: str, *, check: bool) -> AsyncIterator[monty.AsyncMontySession]:
        """A fresh worker; the clock is held while it comes and goes.

        Raises:
            Unavailable: There is no sandbox, or no free worker.
        """
        with self._clock.hold():
            pool = await self._open()
            checkout = pool.checkout(
                script_name=f"{name}.py",
                limits=self._limits(),
                os_policy=_POLICY,
                type_check=check,
                type_check_stubs=_CHECK_STUBS if check else None,
                type_check_format="json" if check else None,
            )
            session = await self._entered(checkout)
        try:
            yield session
        finally:
            with self._clock.hold():
                await checkout.__aexit__(*sys.exc_info())

    @staticmethod
    async def _entered(checkout: monty.AsyncMontySession) -> monty.AsyncMontySession:
        try:
            return await checkout.__aenter__()
        except TimeoutError:
            msg = "all workers for scripts are busy"
            raise Unavailable(msg, hint="stop another script first") from None
        except RuntimeError as error:
            raise _no_sandbox(error) from error

    def _limits(self) -> monty.ResourceLimits:
        return {
            "max_turn_duration_secs": self.limits.turn_s,
            "max_memory": self.limits.memory,
            "max_recursion_depth": self.limits.depth,
            "max_suspensions": 10**12,  # calls are paced by the API instead
        }

    # -- check ------------------------------------------------------------------------------

    async def check(self, name: str, text: str) -> list[Finding]:
        """Syntax and types of a script against the API, without running any of it."""
        file = f"{name}.py"
        if "\0" in text:
            return [Finding(code="invalid-syntax", message="a text holds no NUL", file=file)]
        try:
            async with self._worker(name, check=True) as worker:
                # The first thing done is to stop: the types are checked before, the text after
                # the first line is compiled and never run.
                with self._clock.hold():
                    await worker.feed_start(_HEAD + text, print_callback=_nowhere)
        except monty.MontyTypingError as error:
            return _typed_findings(error, file)
        except monty.MontyCrashedError:
            return [Finding(code="too-complex", message="the check broke down", file=file)]
        except monty.MontyError as error:
            frames = _frames(error)
            line = frames[-1].line - 1 if frames else 0
            column = frames[-1].column if frames else 0
            message = _first_line(error)
            code = "not-supported" if "does not yet support" in message else "invalid-syntax"
            message = message.replace("The monty syntax parser", "The sandbox")
            return [
                Finding(code=code, message=message, file=file, line=max(line, 0), column=column)
            ]
        return _import_findings(text, file)

    # -- run --------------------------------------------------------------------------------

    async def run(
        self,
        name: str,
        text: str,
        host: Host,
        output: Callable[[str, str], None],
        params: Mapping[str, Any],
    ) -> None:
        """Run a script to its end.

        A cancellation ends the worker at once; quick calls under way (a write) are finished first.

        Raises:
            ScriptFailed: An error of the script, or a limit.
            WorkerLost: The process is gone.
            Unavailable: There is no sandbox, or no free worker.
        """
        try:
            async with self._worker(name, check=False) as session:
                pid = session.worker_pid
                self.workers[name] = pid or 0
                with _watched(pid) as gone:
                    start = session.feed_start(
                        text, inputs={"params": dict(params)}, print_callback=output
                    )
                    await _Drive(self._clock, host, gone).to_end(start)
        except monty.MontyCrashedError as error:
            if error.timed_out:
                raise ScriptFailed(_too_long(self.limits), "time") from error
            raise WorkerLost(_first_line(error)) from error
        except monty.MontyError as error:
            raise self._failed(error) from error
        finally:
            self.workers.pop(name, None)

    def _failed(self, error: monty.MontyError) -> ScriptFailed:
        frames = _frames(error)
        line = frames[-1].line if frames else 0
        inner, text = error.exception(), _first_line(error)
        if isinstance(inner, TimeoutError) and "time limit exceeded" in text:
            return ScriptFailed(_too_long(self.limits), "time", line)
        if isinstance(inner, MemoryError):
            limit = self.limits.memory // 2**20
            return ScriptFailed(f"it needs more than {limit} MB of memory", "memory", line)
        if isinstance(inner, RecursionError):
            return ScriptFailed(text, "recursion", line)
        return ScriptFailed(text, "error", line)


@dataclass
class _Drive:
    """One script on its way: answers the interpreter until it has nothing more to ask."""

    clock: Clock
    host: Host
    gone: "asyncio.Future[None]"
    pending: dict[int, asyncio.Task[Any]] = field(default_factory=dict)
    quick: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pace = Pace(self.clock)

    async def to_end(self, first: Awaitable[Any]) -> None:
        try:
            step = await self._turn(first)
            while not isinstance(step, monty.MontyComplete):
                step = await self._answer(step)
        finally:
            await self._settle()

    async def _turn(self, work: Awaitable[T]) -> T:
        with self.clock.hold():
            return await work

    async def _answer(self, step: Any) -> Any:  # noqa: ANN401 - one of three snapshots of monty
        await self.pace.spend(1)
        if isinstance(step, monty.AsyncNameLookupSnapshot):
            name = step.variable_name
            if step.object_id is None and name in self.host.names:
                return await self._turn(step.resume(value=_named(name)))
            return await self._turn(step.resume())
        if isinstance(step, monty.AsyncFutureSnapshot):
            return await self._turn(step.resume(await self._settled(step.pending_call_ids)))
        if not isinstance(step, monty.AsyncFunctionSnapshot):
            msg = f"unexpected state of the interpreter: {type(step).__name__}"
            raise ScriptFailed(msg)
        if step.is_os_function:
            return await self._ask_system(step)
        return await self._ask_host(step)

    async def _ask_host(self, step: monty.AsyncFunctionSnapshot) -> Any:  # noqa: ANN401
        name = str(step.function_name)
        args, kwargs = await self._taken(step)
        if step.object_id is not None or name not in self.host.names:
            return await self._turn(
                step.resume(_error(f"name '{name}' is not defined", "NameError"))
            )
        task = self._begin(step.call_id, self._called(name, args, kwargs))
        if task is None:
            return await self._turn(step.resume(_error(_too_many(), "RuntimeError")))
        if self.host.is_quick(name):
            self.quick.add(task)
            task.add_done_callback(self.quick.discard)
        return await self._turn(step.resume({"future": ...}))

    async def _taken(
        self, step: monty.AsyncFunctionSnapshot
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """The arguments; making ours of large ones costs the loop time, which the script pays."""
        before = time.thread_time()
        args, kwargs = step.args, step.kwargs
        await self.pace.spend((time.thread_time() - before) / SHARE * CALLS_PER_S)
        return args, kwargs

    def _begin(
        self, call_id: int, work: "Callable[[], Awaitable[Any]]"
    ) -> "asyncio.Task[Any] | None":
        waiting = sum(not task.done() for task in self.pending.values())
        if waiting >= MAX_PENDING or len(self.pending) >= 100 * MAX_PENDING:
            return None
        task = asyncio.ensure_future(work())
        self.pending[call_id] = task
        return task

    def _called(
        self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Callable[[], Awaitable[Any]]:
        async def work() -> Any:  # noqa: ANN401
            try:
                return {"return_value": await self.host.call(name, args, kwargs)}
            except Exception as error:  # noqa: BLE001 - it belongs to the script now
                return in_script(error)

        return work

    async def _ask_system(self, step: monty.AsyncFunctionSnapshot) -> Any:  # noqa: ANN401
        """Time comes from the project's clock; nothing else of the system is there."""
        name = str(step.function_name)
        if name not in _TIMES:
            return await self._turn(step.resume_not_handled())
        args, _ = await self._taken(step)
        if name in _SLEEPS:
            return await self._sleep(step, name, args)
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        if name == "time.time":
            is_utc = args[:1] in {("time.time",), ("time.time_ns",)}
            seconds = self.clock.now() if is_utc else self.clock.monotonic()
            return await self._turn(step.resume({"return_value": seconds}))
        if name == "datetime.now":
            return await self._turn(step.resume({"return_value": _in_zone(now, args)}))
        today = date(now.year, now.month, now.day)
        return await self._turn(step.resume({"return_value": today}))

    async def _sleep(
        self, step: monty.AsyncFunctionSnapshot, name: str, args: tuple[Any, ...]
    ) -> Any:  # noqa: ANN401
        task = self._begin(step.call_id, self._called("wait", args[:1], {}))
        if task is None:
            return await self._turn(step.resume(_error(_too_many(), "RuntimeError")))
        if name == "asyncio.sleep":
            return await self._turn(step.resume({"future": ...}))
        results = await self._settled([step.call_id])
        return await self._turn(step.resume(results[step.call_id]))

    async def _settled(self, call_ids: list[int]) -> dict[int, Any]:
        """At least one answer; all that are there."""
        tasks = {number: self.pending[number] for number in call_ids if number in self.pending}
        await asyncio.wait({*tasks.values(), self.gone}, return_when=asyncio.FIRST_COMPLETED)
        if self.gone.done():
            msg = "the worker process ended"
            raise WorkerLost(msg)
        done = {number: task.result() for number, task in tasks.items() if task.done()}
        for number in done:
            del self.pending[number]
        return done

    async def _settle(self) -> None:
        """Let a write that has begun come to its read-back; end everything else."""
        for task in self.pending.values():
            if task not in self.quick:
                task.cancel()
        try:
            if self.quick:
                async with self.clock.timeout(SETTLE_S):
                    await asyncio.wait(set(self.quick))
        except TimeoutError:
            log.warning("a call of a script did not end in time and was cut")
        finally:
            for task in self.pending.values():
                task.cancel()
            await asyncio.gather(*self.pending.values(), return_exceptions=True)


def _no_sandbox(error: Exception) -> Unavailable:
    msg = f"the sandbox for scripts does not start: {error}"
    return Unavailable(
        msg, code="NO_SANDBOX", hint="install pydantic-monty again, with its runtime"
    )


def in_script(error: Exception) -> monty.ExternalExceptionData:
    """An error as the script sees it: a standard exception whose message begins with our code."""
    if isinstance(error, IonpyError):
        hint = f" ({error.hint})" if error.hint else ""
        kind: monty.ExcType = "ValueError" if error.status in {400, 404, 422} else "RuntimeError"
        return _error(f"{error.error_code}: {error.message}{hint}", kind)
    if isinstance(error, TypeError):
        return _error(str(error), "TypeError")
    if isinstance(error, ValueError):
        return _error(str(error), "ValueError")
    log.error("a call of a script failed", exc_info=error)
    return _error(f"INTERNAL_ERROR: {type(error).__name__}", "RuntimeError")


def _error(message: str, kind: monty.ExcType) -> monty.ExternalExceptionData:
    return {"exc_type": kind, "message": message}


def _too_many() -> str:
    return f"TOO_MANY_CALLS: more than {MAX_PENDING} calls at once (await some of them first)"


def _too_long(limits: Limits) -> str:
    return (
        f"it computed for more than {limits.turn_s:g} s without a call of the API; "
        "await wait(...) in long loops"
    )


def _named(name: str) -> Callable[..., Awaitable[None]]:
    """A function the interpreter can hold; calling it comes back here under its name."""

    async def stand_in() -> None: ...

    stand_in.__name__ = stand_in.__qualname__ = name
    return stand_in


def _in_zone(now: datetime, args: tuple[Any, ...]) -> datetime:
    zone = args[0] if args else None
    return now.astimezone(zone) if isinstance(zone, tzinfo) else now.replace(tzinfo=None)


def _nowhere(stream: str, text: str) -> None:
    del stream, text


def _frames(error: monty.MontyError) -> list[monty.Frame]:
    has_frames = isinstance(error, monty.MontyRuntimeError | monty.MontySyntaxError)
    return error.traceback() if has_frames else []  # type: ignore[attr-defined]  # checked above


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500]


def _typed_findings(error: monty.MontyTypingError, file: str) -> list[Finding]:
    try:
        entries = json.loads(error.display())
    except ValueError:
        return [Finding(code="type-error", message=_first_line(error), file=file)]
    return [_typed_finding(entry, file) for entry in entries]


def _typed_finding(entry: Mapping[str, Any], file: str) -> Finding:
    code, place = str(entry.get("code") or "type-error"), entry.get("location") or {}
    must_await = code in _MUST_AWAIT
    is_error = must_await or entry.get("severity") == "error"
    return Finding(
        code=code,
        message=str(entry.get("message", "")),
        hint="write await before the call; without it nothing is waited for" if must_await else "",
        file=file,
        line=max(int(place.get("row") or 0) - 1, 0),  # our first line is not the author's
        column=int(place.get("column") or 0),
        severity=Severity.ERROR if is_error else Severity.WARNING,
    )


def _mark(gone: "asyncio.Future[None]") -> None:
    if not gone.done():
        gone.set_result(None)


def _import_findings(text: str, file: str) -> list[Finding]:
    """Imports that will fail; the type check takes unknown modules for ones the host offers.

    Looked for line by line: a text in quotes may look like an import, so they are warnings.
    """
    return [
        Finding(
            code="no-module",
            message=f"there is no module {found[1]!r} in the sandbox",
            hint="a script has the API and a part of the standard library",
            file=file,
            line=text.count("\n", 0, found.start(1)) + 1,
            column=found.start(1) - text.rfind("\n", 0, found.start(1)),
            severity=Severity.WARNING,
        )
        for found in _IMPORT.finditer(text)
        if found[1] not in MODULES
    ]


@contextmanager
def _watched(pid: int | None) -> "Iterator[asyncio.Future[None]]":
    """A future that is done once the process has ended; only Linux can tell at once.

    Elsewhere the end is noticed when the script's present call is answered.
    """
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    descriptor = -1
    if sys.platform == "linux" and pid is not None:
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            descriptor = -1
    if descriptor >= 0:
        loop.add_reader(descriptor, _mark, gone)
    try:
        yield gone
    finally:
        if descriptor >= 0:
            loop.remove_reader(descriptor)
            os.close(descriptor)
