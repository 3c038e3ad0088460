"""Tests that take long: each in a worker process, one after the other, with progress and cancel."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import (
    BadInput,
    Conflict,
    DeviceError,
    Finding,
    Forbidden,
    IonpyError,
    NotFound,
    Rejected,
    Severity,
    StorageError,
    Unavailable,
)
from ionpy_auto.core.jobs import Job, JobQueue, JobWords
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.engine import Engine

LIMIT_S: Final = 600.0
LINE_BYTES: Final = 64 * 2**20
TAIL: Final = 2000
WORDS: Final = JobWords(
    event="simulation",
    one="test",
    many="tests",
    unknown_hint="GET /api/simulations lists them; old ones are forgotten",
    broken={"code": "INTERNAL_ERROR", "message": "the test broke down", "hint": ""},
)

Kind = Literal["backtest", "simulate", "preflight", "script"]
Progress = Callable[[float, str], None]

_KINDS: Final[Mapping[str, type[IonpyError]]] = {
    kind.__name__: kind
    for kind in (
        *(BadInput, Conflict, DeviceError, Forbidden),
        *(NotFound, Rejected, StorageError, Unavailable),
    )
}


async def in_worker(
    kind: Kind, job: Mapping[str, Any], clock: Clock, tell: Progress, limit_s: float = LIMIT_S
) -> dict[str, Any]:
    """The result of a job done in a process of its own; a cancelled caller ends the process.

    Args:
        kind: Of the job.
        job: What the worker needs to know, as JSON.
        clock: Real time, for the limit.
        tell: Hears of progress.
        limit_s: Most wall time [s].

    Raises:
        IonpyError: What went wrong there; ``WORKER_DIED`` when it ended without a word,
            ``WORKER_TIMEOUT`` when it took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ionpy_auto.simulation.worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
        env=_environment(),
    )
    try:
        async with clock.timeout(limit_s):
            return await _converse(process, {"kind": kind, "job": job, "limit_s": limit_s}, tell)
    except TimeoutError:
        msg = f"the test took longer than {limit_s:g} s"
        raise Unavailable(msg, code="WORKER_TIMEOUT", hint="test a shorter time") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """The worker finds this very program, wherever the server was started."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


async def _converse(
    process: asyncio.subprocess.Process, request: Mapping[str, Any], tell: Progress
) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101 - all three are pipes
    assert process.stdout is not None  # noqa: S101 - as above
    assert process.stderr is not None  # noqa: S101 - as above
    said = asyncio.ensure_future(_tail(process.stderr))
    try:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
        async for line in process.stdout:
            answer = json.loads(line)
            if "result" in answer:
                result: dict[str, Any] = answer["result"]
                return result
            if "error" in answer:
                raise _error_of(answer["error"])
            tell(answer["progress"], answer["message"])
        code = await process.wait()
        raise _death(code, await said)
    finally:
        said.cancel()


async def _tail(stream: asyncio.StreamReader) -> str:
    """The end of what was said; all is read, so that nobody waits for room."""
    kept = b""
    while chunk := await stream.read(65536):
        kept = (kept + chunk)[-TAIL:]
    return kept.decode(errors="replace")


def _error_of(content: Mapping[str, Any]) -> IonpyError:
    kind = _KINDS.get(str(content.get("kind")), IonpyError)
    findings = [
        Finding(**{**finding, "severity": Severity(finding["severity"])})
        for finding in content.get("findings", ())
    ]
    return kind(
        str(content["message"]),
        code=str(content["code"]),
        hint=str(content.get("hint", "")),
        args=content.get("args"),
        findings=findings,
    )


def _death(code: int, said: str) -> IonpyError:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    msg = f"the worker process {how}{': ' if last else ''}{last}"
    return Unavailable(msg, code="WORKER_DIED", hint="start it again; nothing was changed")


@dataclass
class SimulationJob(Job):
    """One test somebody asked for.

    Attributes:
        about: What is tested, to be shown.
    """

    kind: Kind
    about: Mapping[str, Any]
    progress: float = 0.0
    message: str = ""
    result: dict[str, Any] | None = None

    def as_dict(self, *, whole: bool = True) -> dict[str, Any]:
        """JSON form; lists leave the result out."""
        shown = {
            "id": self.id,
            "kind": self.kind,
            "about": dict(self.about),
            "created": self.created,
            "state": self.state,
            "progress": round(self.progress, 3),
            "message": self.message,
            "error": self.error,
        }
        return {**shown, "result": self.result} if whole else shown


class Simulations(JobQueue[SimulationJob]):
    """The tests of a server.

    Args:
        tasks: Parent of what runs.
        clock: Real time.
        tell: Hears ``simulation`` events.
    """

    def __init__(
        self, tasks: Tasks, clock: Clock, tell: Callable[[str, Mapping[str, Any]], None]
    ) -> None:
        super().__init__(tasks, tell, WORDS)
        self._clock = clock

    def start(self, kind: Kind, job: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
        """Start a test, or let it wait for its turn.

        Raises:
            Conflict: Too many are waiting.
        """
        made = self.admit(
            lambda number: SimulationJob(number, self._clock.now(), kind, about),
            code="TOO_MANY_TESTS",
        )
        self.run(made, kind, lambda: self._test(made, job))
        return made.as_dict()

    async def _test(self, made: SimulationJob, job: Mapping[str, Any]) -> None:
        def tell(share: float, message: str) -> None:
            made.progress, made.message = share, message
            self.changed(made)

        made.result = await in_worker(made.kind, job, self._clock, tell)
        made.progress = 1.0


_of: WeakKeyDictionary[Engine, Simulations] = WeakKeyDictionary()


def simulations_of(engine: Engine) -> Simulations:
    """The tests of an engine; made at first use, ended with it."""
    if engine not in _of:
        _of[engine] = Simulations(engine.tasks, engine.clock, engine.event)
    return _of[engine]
