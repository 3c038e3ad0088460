"""``run``: start a sequence on a server and wait for its verdict."""

import time
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import err, print_json
from ionpy_auto.core.errors import BadInput

POLL_S = 0.5
GOOD = frozenset({"pass", "not_set"})


def run(
    sequence: Annotated[str, typer.Argument(help="Id of the flow.")],
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
    channel: Annotated[str, typer.Option(help="Channel to bind.")] = "",
    bind: Annotated[
        list[str] | None, typer.Option(help="cell_id=…, capacity=measured, several times.")
    ] = None,
    param: Annotated[list[str] | None, typer.Option(help="name=value, several times.")] = None,
    key: Annotated[str, typer.Option(help="Idempotency key: started once only.")] = "",
    wait: Annotated[bool, typer.Option(help="Wait for the end.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Start a sequence and wait for its verdict. Exit code 0: passed, 1: not, 2: refused."""
    client = Client(server)
    body = {
        "sequence": sequence,
        "bindings": {**parse(bind or []), **({"channel": channel} if channel else {})},
        "parameters": parse(param or []),
    }
    headers = {"Idempotency-Key": key} if key else {}
    started = client.call("POST", "/api/runs", body, headers)
    finished = follow(client, started["id"], quiet=as_json) if wait else started
    if as_json:
        steps = client.call("GET", f"/api/runs/{started['id']}/steps")["items"]
        cycles = client.call("GET", f"/api/runs/{started['id']}/cycles")["items"]
        print_json({**finished, "steps": steps, "cycles": cycles})
    elif wait:
        err.print(f"run {finished['id']}: {finished['verdict']}  {finished.get('message', '')}")
    else:
        err.print(f"run {finished['id']} started")
    raise typer.Exit(0 if not wait or finished["verdict"] in GOOD else 1)


def parse(texts: list[str]) -> dict[str, str]:
    """``name=value`` pairs.

    Raises:
        BadInput: One has no ``=``.
    """
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            msg = f"--param {text!r} is not name=value"
            raise BadInput(msg, hint="for example --param cycles=3")
        values[name] = value
    return values


def described(state: dict[str, Any]) -> str:
    """One line: where a run stands; of one that waits for a person, what it waits for."""
    if state["state"] == "held":
        return f"held: {state['message']} (POST /api/runs/{state['id']}/resume or /abort)"
    return f"{state['state']}: {state.get('step_title') or '…'}"


def follow(client: Client, run_id: str, *, quiet: bool) -> dict[str, Any]:
    """Show progress until the run has finished; Ctrl+C leaves it running."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>5.1f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=quiet) as progress:
        task = progress.add_task("starting", total=1.0)
        while True:
            state: dict[str, Any] = client.call("GET", f"/api/runs/{run_id}")
            progress.update(
                task,
                completed=state.get("progress") or 0.0,
                description=described(state),
            )
            if state["state"] == "finished":
                return state
            time.sleep(POLL_S)
