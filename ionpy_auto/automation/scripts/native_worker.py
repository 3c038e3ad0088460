"""Runs one trusted native script; this file is a program of its own and imports nothing of ours.

It speaks JSON lines: what the server says comes on standard input, what the script asks goes out on
the standard output it found; what the script prints goes out as messages too, and what libraries
write to the bare descriptor lands on standard error. When the server is gone, so is this process.
"""

import ast
import asyncio
import contextlib
import io
import json
import os
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

if sys.platform != "win32":
    import resource

LONGEST = 1_000_000  # characters of one message
PIECE = 8_000


class Server:
    """The other end of the pipe."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    def say(self, message: dict[str, Any]) -> None:
        """Send one message; who sends too much waits here."""
        text = json.dumps(message, allow_nan=True)
        if len(text) > LONGEST:
            msg = "TOO_LARGE: a message to the server is too large"
            raise ValueError(msg)
        with self._lock:
            self._out.write(text + "\n")
            self._out.flush()

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take answers up, in a thread of its own."""
        self._loop = loop
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        for line in sys.stdin:
            answer = json.loads(line)
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the loop is over
                    self._loop.call_soon_threadsafe(self._answered, answer)
        os._exit(3)  # the server is gone: nothing may go on

    def _answered(self, answer: dict[str, Any]) -> None:
        waiting = self._waiting.pop(answer["id"], None)
        if waiting is None or waiting.done():
            return
        error = answer.get("error")
        if error is None:
            waiting.set_result(answer.get("result"))
        else:
            kinds = {"ValueError": ValueError, "TypeError": TypeError}
            waiting.set_exception(kinds.get(error["type"], RuntimeError)(error["message"]))

    async def ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Call a function of the API."""
        self._number += 1
        number = self._number
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self.say({"call": number, "name": name, "args": args, "kwargs": kwargs})
        except TypeError as error:
            del self._waiting[number]
            msg = f"WRONG_ARGUMENT: {name}: {error}"
            raise ValueError(msg) from None
        return await future


class Printed(io.TextIOBase):
    """Standard output and error as the script sees them."""

    def __init__(self, server: Server, stream: str) -> None:
        self._server = server
        self._stream = stream

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Send it in pieces."""
        for at in range(0, len(text), PIECE):
            self._server.say({"out": self._stream, "text": text[at : at + PIECE]})
        return len(text)


def function_of(server: Server, name: str) -> Callable[..., Awaitable[Any]]:
    """One function of the API."""

    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the stubs say
        return await server.ask(name, args, kwargs)

    call.__name__ = call.__qualname__ = name
    return call


def compiled(text: str, name: str) -> Any:  # noqa: ANN401 - a code object
    """The script with ``await`` at its top level."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(text, f"{name}.py", "exec", flags=flags, dont_inherit=True)


def bound(memory: int) -> None:
    """Bounds where the system has them; a script needs no core file."""
    if sys.platform == "win32":
        return
    for what, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(what)
            most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(what, (most, most))


async def run(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    """The script to its end; what became of it."""
    server.listen(asyncio.get_running_loop())
    names: dict[str, Any] = {name: function_of(server, name) for name in job["functions"]}
    names |= {"__name__": "__main__", "__builtins__": __builtins__, "params": job["params"]}
    file = f"{job['name']}.py"
    try:
        work = eval(compiled(job["text"], job["name"]), names)  # noqa: S307 - an administrator trusts it
        if work is not None:
            await work
    except SyntaxError as error:
        return {"failed": f"SyntaxError: {error.msg}", "line": error.lineno or 0}
    except SystemExit as error:
        if error.code in {None, 0}:
            return {"done": True}
        return {"failed": f"it left with {error.code!r}", "line": 0}
    except BaseException as error:  # noqa: BLE001 - whatever it was, the server is told
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        kind = "memory" if isinstance(error, MemoryError) else "error"
        text = f"{type(error).__name__}: {error}"[:500]
        return {"failed": text, "line": (lines or [0])[-1] or 0, "kind": kind}
    return {"done": True}


def main() -> None:
    """One job."""
    server = Server()
    job = json.loads(sys.stdin.readline())
    if job.get("check"):
        try:
            compiled(job["text"], job["name"])
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
            text = getattr(error, "msg", "") or str(error) or type(error).__name__
            server.say({"failed": text, "line": line, "column": column})
        else:
            server.say({"done": True})
        return
    bound(int(job["memory"]))
    sys.stdout, sys.stderr = Printed(server, "stdout"), Printed(server, "stderr")
    result = asyncio.run(run(server, job))
    server.say(result)
    os._exit(0)  # threads of the script do not keep it


if __name__ == "__main__":
    main()
