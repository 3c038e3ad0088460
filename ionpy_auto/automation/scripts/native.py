"""Trusted native scripts: real Python with all its packages, in a process of its own.

Such a script may do whatever the user of the server may: files, network, other processes. So it
runs only after an administrator has read and trusted exactly this text, and it is marked in its
first lines (``# ionpy: native``). The project it reaches by the same API as every script, over a
pipe: writes pass the gate in its name. When it is stopped, it is killed with what it has started.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from ionpy_auto.automation.scripts.pace import Pace
from ionpy_auto.automation.scripts.sandbox import (
    MAX_PENDING,
    SETTLE_S,
    Host,
    Sandbox,
    ScriptFailed,
    WorkerLost,
    in_script,
)
from ionpy_auto.core.clock import Clock, SystemClock
from ionpy_auto.core.errors import Finding, Unavailable

log = structlog.get_logger(__name__)

WORKER: Final = Path(__file__).with_name("native_worker.py")
MARK: Final = re.compile(r"^#[ \t]*ionpy:[ \t]*native[ \t]*$")
MARK_LINES: Final = 5
LONGEST_S: Final = 3_600.0
"""A native script without a ``timeout_s`` of its own is ended after so long."""
MEMORY: Final = 4 * 2**30
MESSAGE_BYTES: Final = 2 * 2**20
CHECK_S: Final = 10.0
DRAIN_S: Final = 2.0
"""So long the pipes of a killed process may take to end."""
WINDOWS: Final = sys.platform == "win32"


def is_native(text: str) -> bool:
    r"""Whether a script says of itself that it is native.

    >>> is_native("# ionpy: native\nimport numpy"), is_native("print(1)  # ionpy: native")
    (True, False)
    """
    return any(MARK.match(line) for line in text.split("\n", MARK_LINES)[:MARK_LINES])


class Interpreters:
    """Checks and runs every script in its place (as `Sandbox` does).

    Args:
        sandbox: For all others.
        clock: Of the project.
    """

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self.sandbox = sandbox
        self._clock = clock
        self._native: dict[str, int] = {}

    @property
    def workers(self) -> dict[str, int]:
        """Process ids by name of the running script."""
        return {**self.sandbox.workers, **self._native}

    async def stop(self) -> None:
        """End what the sandbox keeps; native processes end with their runs."""
        await self.sandbox.stop()

    async def check(self, name: str, text: str) -> list[Finding]:
        """All findings of a text; nothing of it is run. Of a native one only the syntax."""
        if not is_native(text):
            return await self.sandbox.check(name, text)
        with self._clock.hold():
            return await _check(name, text)

    async def run(
        self,
        name: str,
        text: str,
        host: Host,
        output: Callable[[str, str], None],
        params: Mapping[str, Any],
    ) -> None:
        """Run a script to its end; see `Sandbox.run`."""
        if is_native(text):
            job = {"name": name, "text": text, "params": dict(params), "memory": MEMORY}
            try:
                await _Native(self._clock, host, output, self._native).run(job)
            finally:
                self._native.pop(name, None)
        else:
            await self.sandbox.run(name, text, host, output, params)


async def _check(name: str, text: str) -> list[Finding]:
    if "\0" in text:
        return [Finding(code="invalid-syntax", message="a text holds no NUL", file=f"{name}.py")]
    process = await _start()
    try:
        async with SystemClock().timeout(CHECK_S):  # another process knows no other time
            request = json.dumps({"check": True, "name": name, "text": text})
            said, _ = await process.communicate(request.encode() + b"\n")
    except TimeoutError:
        return [Finding(code="too-complex", message="the check took too long", file=f"{name}.py")]
    finally:
        await _end(process)
    answer = _message(said.splitlines()[-1]) if said else {}
    if answer.get("done"):
        return []
    return [
        Finding(
            code="invalid-syntax",
            message=str(answer.get("failed", "the check broke down")),
            file=f"{name}.py",
            line=int(answer.get("line", 0)),
            column=int(answer.get("column", 0)),
        )
    ]


async def _start() -> asyncio.subprocess.Process:
    """A fresh interpreter that reads nothing of the user's and inherits no secrets.

    Raises:
        Unavailable: It does not start.
    """
    more: dict[str, Any] = {"start_new_session": True}
    if WINDOWS:
        more = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-X", "utf8", str(WORKER)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=MESSAGE_BYTES,
            env={k: v for k, v in os.environ.items() if not k.startswith("IONPY_")},
            **more,
        )
    except (OSError, NotImplementedError) as error:  # the latter: a loop without processes
        msg = f"no process for the script: {type(error).__name__} {error}"
        raise Unavailable(msg, hint="see the machine's memory and the server's log") from error


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process and all it has started."""
    if WINDOWS:
        if process.returncode is None:
            command = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
            subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own words
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process and wait until it is gone.

    The wait of asyncio ends with the pipes: one that is full is read out first, else it would never
    end; one that a stray child still holds is closed.
    """
    _kill(process)
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
    with contextlib.suppress(TimeoutError):
        async with SystemClock().timeout(DRAIN_S):
            await asyncio.gather(*map(_drop, pipes))
            await process.wait()
            return
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public way
    await process.wait()


async def _drop(pipe: asyncio.StreamReader) -> None:
    while await pipe.read(65_536):
        pass


def _message(line: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        msg = "the script wrote into its link to the server"
        raise ScriptFailed(msg)
    return content


@dataclass
class _Native:
    """One native script on its way."""

    clock: Clock
    host: Host
    output: Callable[[str, str], None]
    workers: dict[str, int]
    pending: set[asyncio.Task[None]] = field(default_factory=set)
    quick: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pace = Pace(self.clock)

    async def run(self, job: Mapping[str, Any]) -> None:
        """To its end; however that comes the process is gone when this returns.

        Raises:
            ScriptFailed: An error of the script.
            WorkerLost: The process is gone.
        """
        process = await _start()
        self.workers[job["name"]] = process.pid
        assert process.stderr is not None  # noqa: S101 - a pipe
        noise = asyncio.ensure_future(self._listen(process.stderr))
        try:
            job = {**job, "functions": sorted(self.host.names)}
            await self._send(process, job)
            await self._converse(process)
        finally:
            _kill(process)
            await self._settle()
            noise.cancel()
            await asyncio.gather(noise, return_exceptions=True)
            await _end(process)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """What libraries print past the script."""
        while text := await stream.read(4_096):
            self.output("stderr", text.decode("utf-8", "replace"))

    async def _send(self, process: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
        assert process.stdin is not None  # noqa: S101 - a pipe
        with contextlib.suppress(ConnectionError):  # its end is seen where it is read
            process.stdin.write(json.dumps(message).encode() + b"\n")
            await process.stdin.drain()

    async def _converse(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                msg = "a message of the script is too large"
                raise ScriptFailed(msg) from None
            if not line:
                code = await process.wait()
                msg = f"the process of the script ended with {code}"
                raise WorkerLost(msg)
            message = _message(line)
            if message.get("done"):
                return
            if "failed" in message:
                kind = "memory" if message.get("kind") == "memory" else "error"
                line_number = message.get("line")
                at = line_number if isinstance(line_number, int) else 0
                raise ScriptFailed(str(message["failed"])[:500], kind, at)
            await self._take(process, message)

    async def _take(self, process: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
        """One call, or a piece of output; who says too much waits in its pipe."""
        if "out" in message:
            stream = "stderr" if message["out"] == "stderr" else "stdout"
            await self.pace.spend(1)
            self.output(stream, str(message.get("text", "")))
            return
        name, number = message.get("name"), message.get("call")
        args, kwargs = message.get("args"), message.get("kwargs")
        is_call = isinstance(name, str) and isinstance(args, list) and isinstance(kwargs, dict)
        if not is_call or name not in self.host.names or not isinstance(number, int):
            msg = "the script wrote into its link to the server"
            raise ScriptFailed(msg)
        while len(self.pending) >= MAX_PENDING:
            await asyncio.wait(self.pending, return_when=asyncio.FIRST_COMPLETED)
        work = self._answer(process, number, str(name), tuple(args or ()), kwargs or {})
        task = asyncio.ensure_future(work)
        for known in (self.pending, *([self.quick] if self.host.is_quick(str(name)) else [])):
            known.add(task)
            task.add_done_callback(known.discard)

    async def _answer(
        self,
        process: asyncio.subprocess.Process,
        number: int,
        name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        try:
            answer: dict[str, Any] = {"result": await self.host.call(name, args, kwargs)}
        except Exception as error:  # noqa: BLE001 - it belongs to the script now
            told = in_script(error)
            answer = {"error": {"type": told["exc_type"], "message": told.get("message", "")}}
        await self._send(process, {"id": number, **answer})

    async def _settle(self) -> None:
        """Let a write that has begun come to its read-back; end everything else."""
        for task in self.pending - self.quick:
            task.cancel()
        try:
            if self.quick:
                async with self.clock.timeout(SETTLE_S):
                    await asyncio.wait(set(self.quick))
        except TimeoutError:
            log.warning("a call of a script did not end in time and was cut")
        finally:
            left = set(self.pending)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
