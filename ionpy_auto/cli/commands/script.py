"""``script``: check a script here; list, run and stop scripts on a server."""

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ionpy_auto.automation.scripts.native import Interpreters
from ionpy_auto.automation.scripts.sandbox import STUBS, Sandbox
from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import CheckFormat, err, out, print_findings, print_json
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput, Finding, Severity

POLL_S = 0.3

app = typer.Typer(
    help="Check a script here; list, run and stop scripts on a server.", no_args_is_help=True
)
Server = Annotated[str, typer.Option(help="Address of the server.")]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Python files.", exists=True)],
    style: Annotated[CheckFormat, typer.Option("--format", help="How to show findings.")] = "text",
) -> None:
    """Check syntax and types against the script API, without a server. Exit code 1: errors."""
    findings = asyncio.run(_check(files))
    print_findings(findings, style)
    raise typer.Exit(1 if any(f.severity is Severity.ERROR for f in findings) else 0)


async def _check(files: list[Path]) -> list[Finding]:
    clock = SystemClock()
    sandbox = Interpreters(Sandbox(clock), clock)
    try:
        found = []
        for file in files:
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                msg = f"{file} cannot be read: {error}"
                raise BadInput(msg, hint="give a UTF-8 text file") from error
            found += await sandbox.check(file.stem, text)
        return found
    finally:
        await sandbox.stop()


@app.command("api")
def api() -> None:
    """Print what a script may call, as typed Python stubs."""
    print(STUBS, end="")


@app.command("list")
def list_scripts(server: Server = DEFAULT, as_json: Json = False) -> None:
    """List the scripts of the open project."""
    items = Client(server).call("GET", "/api/scripts")["items"]
    if as_json:
        print_json(items)
        return
    for item in items:
        out.print(f"{item['name']}  {item['lines']} lines", markup=False)


@app.command("runs")
def runs(
    server: Server = DEFAULT,
    limit: Annotated[int, typer.Option(help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the newest runs of scripts."""
    items = Client(server).call("GET", f"/api/scripts/runs?limit={limit}")["items"]
    if as_json:
        print_json(items)
        return
    table = Table("run", "script", "state", "ended by", "message")
    for item in items:
        row = (item["id"], item["script"], item["state"], item["ended_by"], item["message"])
        table.add_row(*(text.replace("[", r"\[") for text in row))
    out.print(table)


@app.command("run")
def run(
    name: Annotated[str, typer.Argument(help="Name of the script.")],
    server: Server = DEFAULT,
    param: Annotated[list[str] | None, typer.Option(help="name=value, several times.")] = None,
    safe: Annotated[
        list[str] | None, typer.Option(help="Device to be left safe, several times.")
    ] = None,
    timeout_s: Annotated[float | None, typer.Option(help="End it after so long.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the end, show its output.")] = True,
    as_json: Json = False,
) -> None:
    """Run a script on a server. Exit code 0: reached its end, 1: not, 2: refused."""
    body = {
        "parameters": parameters(param or []),
        "safe": safe or [],
        "timeout_s": timeout_s,
    }
    with Client(server) as client:
        started = client.call("POST", f"/api/scripts/{name}/run", body)
        ended = follow(client, started["id"], quiet=as_json) if wait else started
    if as_json:
        print_json(ended)
    else:
        at = f" in line {ended['line']}" if ended["line"] else ""
        text = f"run {ended['id']}: {ended['state']}  {ended['message']}{at}"
        err.print(text, markup=False)
    raise typer.Exit(0 if not wait or ended["state"] == "done" else 1)


@app.command("stop")
def stop(
    run_id: Annotated[str, typer.Argument(help="Id of the run.")], server: Server = DEFAULT
) -> None:
    """Stop a run, whatever it is doing."""
    ended = Client(server).call("DELETE", f"/api/scripts/runs/{run_id}")
    err.print(f"run {ended['id']}: {ended['state']}", markup=False)


@app.command("trust")
def trust(
    name: Annotated[str, typer.Argument(help="Name of the script.")],
    server: Server = DEFAULT,
    digest: Annotated[
        str, typer.Option("--hash", help="Hash of what was read before: asks no question.")
    ] = "",
) -> None:
    """Show a native script, or what changed in it, and trust it."""
    with Client(server) as client:
        read = digest or _read(client, name)
        if read:
            client.call("POST", f"/api/scripts/{name}/trust", {"hash": read})
            err.print(f"{name} is trusted", markup=False)


def _read(client: Client, name: str) -> str:
    """The hash of what a person has read and agreed to; empty when there is nothing to trust."""
    shown = client.call("GET", f"/api/scripts/{name}/trust")
    if shown["trusted"] or not shown["native"]:
        why = "is trusted" if shown["trusted"] else "runs in the sandbox and needs no trust"
        err.print(f"{name} {why}", markup=False)
        return ""
    for line in shown["diff"].split("\n"):
        out.print(line, markup=False, highlight=False)
    question = f"Trust {name}? It may do whatever the user of the server may"
    typer.confirm(question, abort=True, err=True)
    return str(shown["hash"])


@app.command("distrust")
def distrust(
    name: Annotated[str, typer.Argument(help="Name of the script.")], server: Server = DEFAULT
) -> None:
    """Trust a native script no more; runs of it are stopped."""
    with Client(server) as client:
        client.call("DELETE", f"/api/scripts/{name}/trust")
    err.print(f"{name} is not trusted", markup=False)


def parameters(texts: list[str]) -> dict[str, Any]:
    """``name=value`` pairs; a value that reads as a number, true or false is one.

    Raises:
        BadInput: One has no ``=``.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            msg = f"--param {text!r} is not name=value"
            raise BadInput(msg, hint="for example --param current=0.5")
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        values[name] = read if isinstance(read, bool | int | float) else value
    return values


def follow(client: Client, run_id: str, *, quiet: bool) -> dict[str, Any]:
    """Show what it prints until it has ended; Ctrl+C leaves it running."""
    last = 0.0
    while True:
        state: dict[str, Any] = client.call("GET", f"/api/scripts/runs/{run_id}")
        new = [line for line in state["output"] if line["t"] > last]
        for line in () if quiet else new:
            out.print(line["text"], markup=False)
        last = new[-1]["t"] if new else last
        if state["state"] != "running":
            return state
        time.sleep(POLL_S)
