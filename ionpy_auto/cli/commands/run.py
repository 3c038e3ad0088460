"""``run``: start a sequence on a server and wait for its verdict."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.following import OPEN, Follower, exit_code
from ionpy_auto.cli.output import err, fail, print_json
from ionpy_auto.client import ReportKind, Run
from ionpy_auto.client.http import ServerLost
from ionpy_auto.core.errors import BadInput, IonpyError

PATIENCE_S = 60.0
"""How long a server may be away, for a restart for example."""
STOP_PATIENCE_S = 120.0
KINDS: Mapping[str, ReportKind] = {".html": "html", ".pdf": "pdf", ".json": "json"}


def run(
    sequence: Annotated[str, typer.Argument(help="Id of the flow.")],
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
    channel: Annotated[str, typer.Option(help="Channel to bind.")] = "",
    bind: Annotated[
        list[str] | None, typer.Option(help="cell_id=…, capacity=measured, several times.")
    ] = None,
    param: Annotated[list[str] | None, typer.Option(help="name=value, several times.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="name=value, kept with the run, several times.")
    ] = None,
    session: Annotated[
        str, typer.Option(help="Number of the running session, or name of a new one.")
    ] = "",
    callback_url: Annotated[str, typer.Option(help="Is told at the end.")] = "",
    queue: Annotated[bool, typer.Option("--queue", help="Wait for a busy channel.")] = False,
    key: Annotated[str, typer.Option(help="Idempotency key: started once only.")] = "",
    answer: Annotated[
        list[str] | None, typer.Option(help="step=value for a question, several times.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the end.")] = True,
    timeout: Annotated[
        float | None, typer.Option(help="Longest wait in seconds; the run goes on.")
    ] = None,
    stop_on_interrupt: Annotated[
        bool, typer.Option("--stop-on-interrupt", help="Ctrl+C and SIGTERM stop the run.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML into this file.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the report: .html, .pdf or .json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Start a sequence and wait for its verdict.

    Exit code 0: passed, 1: failed or inconclusive, 2: refused, 3: aborted, 4: error, 5: not known
    (held, out of time, no server).
    """
    answers = parse(answer or [], "--answer")
    wish: dict[str, Any] = {
        "channel": channel or None,
        "bindings": parse(bind or [], "--bind"),
        "parameters": parse(param or [], "--param"),
        "conditions": parse(condition or [], "--condition"),
        "session": int(session) if session.isdecimal() else session or None,
        "callback_url": callback_url or None,
        "queue": queue,
        "key": key or None,
    }
    files: dict[ReportKind, Path | None] = {"junit": junit, report_kind(report): report}
    started = start(server, sequence, wish)
    client = Client(server, patience_s=PATIENCE_S)
    if not wait:
        print_json(started) if as_json else err.print(f"run {started['id']} started")
        raise typer.Exit(0)
    err.print(f"run {started['id']} on {server}", markup=False)
    follower = Follower(client, answers, quiet=as_json)
    code, last = watch(follower, client, started["id"], timeout, stop=stop_on_interrupt)
    if last is not None:
        tell(client, last, files, as_json=as_json)
    raise typer.Exit(code)


def start(server: str, sequence: str, wish: dict[str, Any]) -> Run:
    """Start, or leave with the exit code that says why not."""
    try:
        Client(server).call("GET", "/api/health")  # no server is said at once, without patience
        return Client(server, patience_s=PATIENCE_S).runs.start(sequence, **wish)
    except ServerLost as error:
        fail(error, OPEN)
    except IonpyError as error:
        for finding in error.findings:
            err.print(str(finding), markup=False)
        fail(error, 2)


def watch(
    follower: Follower, client: Client, run_id: str, timeout: float | None, *, stop: bool
) -> tuple[int, Run | None]:
    """Exit code, and the run as it was seen last; None when nobody answers."""
    if stop:  # a cancelled CI job sends one of the two
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        found = follower.follow(run_id, timeout)
    except TimeoutError as error:
        err.print(f"{error}; it goes on: ionpy-auto runs wait {run_id}", markup=False)
        return OPEN, client.runs.get(run_id)
    except ServerLost as error:
        err.print(f"{error.message}; the run may go on", style="bold red", markup=False)
        return OPEN, None
    except KeyboardInterrupt:
        if not (stop or _wants_stop(run_id)):
            err.print(f"run {run_id} goes on: ionpy-auto runs stop {run_id}", markup=False)
            return 130, None
        client.runs.stop(run_id)
        return 130, follower.follow(run_id, STOP_PATIENCE_S)
    return exit_code(found), found


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _wants_stop(run_id: str) -> bool:
    """Ask the person at the terminal; a program is not asked."""
    if not sys.stdin.isatty():
        return False
    try:
        return typer.confirm(f"Stop run {run_id}?", default=False, err=True)
    except (typer.Abort, KeyboardInterrupt):
        return False


def tell(
    client: Client, found: Run, files: Mapping[ReportKind, Path | None], *, as_json: bool
) -> None:
    """The verdict, and the files that were asked for."""
    for kind, path in files.items():
        if path is None:
            continue
        try:
            path.write_bytes(client.runs.report(found["id"], kind))
            err.print(f"written: {path}", markup=False)
        except (IonpyError, OSError) as error:  # the verdict stands all the same
            err.print(f"not written: {path}: {error}", style="bold red", markup=False)
    if as_json:
        steps, cycles = client.runs.steps(found["id"]), client.runs.cycles(found["id"])
        print_json({**found, "steps": steps, "cycles": cycles})
    else:
        word = found["verdict"] if found["state"] == "finished" else found["state"]
        err.print(f"run {found['id']}: {word}  {found.get('message', '')}", markup=False)


def report_kind(path: Path | None) -> ReportKind:
    """The kind of report a file name asks for.

    Raises:
        BadInput: None.
    """
    suffix = ".html" if path is None else path.suffix
    if suffix not in KINDS:
        raise BadInput(f"--report {path} is no report", hint="name it .html, .pdf or .json")
    return KINDS[suffix]


def parse(texts: list[str], option: str = "--param") -> dict[str, str]:
    """``name=value`` pairs.

    Raises:
        BadInput: One has no ``=``.
    """
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            msg = f"{option} {text!r} is not name=value"
            raise BadInput(msg, hint=f"for example {option} cycles=3")
        values[name] = value
    return values
