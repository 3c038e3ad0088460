"""The worker process: one job in on standard input, progress and the result out as JSON lines.

    {"progress": 0.41, "message": "…"}      any number of them
    {"result": {…}}  or  {"error": {…}}     the last line

It makes way for everybody else (`nice`), has a ceiling of memory and processor time, and ends when
its parent does: standard input reaches its end then. No way leads out of it into the network.
"""

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from ionpy_auto.core.errors import BadInput, IonpyError, Unavailable

MEMORY_BYTES: Final = 3 * 2**30
NICE: Final = 10
ORPHANED: Final = 3

Tell = Callable[[float, str], None]
Work = Callable[[Mapping[str, Any], Tell], Awaitable[dict[str, Any]]]


async def _backtest(content: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from ionpy_auto.simulation.backtest import BacktestJob, backtest  # noqa: PLC0415 - as needed

    return await backtest(BacktestJob(**content), tell)


async def _simulate(content: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from ionpy_auto.simulation.simulate import SimulateJob, simulate  # noqa: PLC0415 - as needed

    return await simulate(SimulateJob(**content), tell)


async def _script(content: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from ionpy_auto.simulation.script import (  # noqa: PLC0415 - as needed
        ScriptJob,
        simulate_script,
    )

    return await simulate_script(ScriptJob(**content), tell)


async def _preflight(content: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from ionpy_auto.simulation.preflight import (  # noqa: PLC0415 - as needed
        PreflightJob,
        preflight,
    )

    return await preflight(PreflightJob(**content), tell)


WORKS: Final[Mapping[str, Work]] = {
    "backtest": _backtest,
    "simulate": _simulate,
    "script": _script,
    "preflight": _preflight,
}


def main() -> None:
    """Do one job."""
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever prints must not break the protocol
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(50),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    def say(line: Mapping[str, Any]) -> None:
        print(json.dumps(line, allow_nan=False), file=out, flush=True)

    job = json.loads(sys.stdin.readline())
    _keep_small(float(job["limit_s"]))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        say({"result": asyncio.run(_do(job, say))})
    except IonpyError as error:
        say(_told(error))
    except MemoryError:
        msg = "the test needs too much memory"
        say(_told(Unavailable(msg, code="OUT_OF_MEMORY", hint="test a shorter time")))


def _told(error: IonpyError) -> dict[str, Any]:
    return {"error": {**error.as_dict(), "kind": type(error).__name__}}


async def _do(job: Mapping[str, Any], say: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    work = WORKS.get(str(job["kind"]))
    if work is None:
        msg = f"there is no test {job['kind']!r}"
        raise BadInput(msg)

    def tell(share: float, message: str) -> None:
        say({"progress": min(max(share, 0.0), 1.0), "message": message})

    sys.addaudithook(_stay_inside)  # once the loop has its own pipes
    return await work(job["job"], tell)


def _keep_small(limit_s: float) -> None:
    """Lowest claims on the machine; a system that knows no such limits goes without."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICE)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        seconds = int(limit_s) + 5
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _stay_inside(event: str, arguments: tuple[Any, ...]) -> None:
    """A test reaches nobody: no message, no broker, no instrument, whatever a block tries."""
    del arguments
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}:
        msg = "a test of a flow reaches nobody"
        raise PermissionError(msg)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
