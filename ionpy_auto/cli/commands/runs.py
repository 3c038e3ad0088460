"""``runs``: look at the runs of a server, and tell them what to do."""

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.table import Table

from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.commands.run import PATIENCE_S, parse, report_kind, tell, watch
from ionpy_auto.cli.following import Follower, answer_of, duration
from ionpy_auto.cli.output import err, out, print_json
from ionpy_auto.client import ReportKind, Run, State, Verdict
from ionpy_auto.core.errors import BadInput

RunId = Annotated[str, typer.Argument(help="Id of the run.")]
Server = Annotated[str, typer.Option(help="Address of the server.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]

app = typer.Typer(help="Runs of a server: list, show, wait, stop.", no_args_is_help=True)


@app.command("list")
def list_runs(
    state: Annotated[str, typer.Option(help="running, held, finished …")] = "",
    verdict: Annotated[str, typer.Option(help="pass, fail, inconclusive …")] = "",
    sequence: Annotated[str, typer.Option(help="Id of the flow.")] = "",
    channel: Annotated[str, typer.Option(help="It drives.")] = "",
    cell_id: Annotated[str, typer.Option(help="Of the cell on the bench.")] = "",
    text: Annotated[str, typer.Option(help="Somewhere in title, bindings, conditions.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
    server: Server = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Runs, newest first."""
    found = Client(server).runs.list(
        limit=limit,
        state=cast("State | None", state or None),  # the server says what is possible
        verdict=cast("Verdict | None", verdict or None),
        sequence=sequence or None,
        channel=channel or None,
        cell_id=cell_id or None,
        text=text or None,
    )
    if as_json:
        print_json(found.items)
        return
    table = Table("run", "sequence", "state", "verdict", "step", "left")
    for run in found.items:
        left = duration(run["eta_s"]) if run["state"] != "finished" else ""
        cells = (run["id"], run["sequence"], run["state"], run["verdict"], run["step_title"], left)
        table.add_row(*map(str, cells))
    out.print(table)
    if found.total > len(found.items):
        out.print(f"{found.total} in all")


@app.command()
def show(run_id: RunId, server: Server = DEFAULT, as_json: AsJson = False) -> None:
    """One run with its steps."""
    client = Client(server)
    run, steps = client.runs.get(run_id), client.runs.steps(run_id)
    if as_json:
        print_json({**run, "steps": steps, "cycles": client.runs.cycles(run_id)})
        return
    tell_state(run)
    table = Table("step", "kind", "ended by", "verdict")
    for step in steps:
        table.add_row(step["step_id"], step["kind"], step["ended_by"], step["verdict"])
    out.print(table)


@app.command()
def wait(
    run_id: RunId,
    timeout: Annotated[float | None, typer.Option(help="Longest wait in seconds.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML into this file.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the report: .html, .pdf or .json.")
    ] = None,
    server: Server = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Wait for a run; exit codes as of run."""
    files: dict[ReportKind, Path | None] = {"junit": junit, report_kind(report): report}
    Client(server).runs.get(run_id)  # an unknown one, or no server, is said at once
    client = Client(server, patience_s=PATIENCE_S)
    follower = Follower(client, {}, quiet=as_json)
    code, found = watch(follower, client, run_id, timeout, stop=False)
    if found is not None:
        tell(client, found, files, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def answer(
    run_id: RunId,
    answers: Annotated[list[str], typer.Argument(help="step=value, several.")],
    by: Annotated[str, typer.Option(help="Who answers, for the record.")] = "",
    server: Server = DEFAULT,
) -> None:
    """Answer questions of a run."""
    client = Client(server)
    for step, value in parse(answers, "answer").items():
        prompts = {one["step"]: one for one in client.runs.get(run_id).get("prompts") or ()}
        if step not in prompts:
            msg = f"run {run_id} asks nothing at {step!r}"
            raise BadInput(msg, hint=f"it asks at: {', '.join(prompts) or 'nothing'}")
        client.runs.answer(run_id, answer_of(prompts[step], value), step=step, by=by)
    err.print("answered")


@app.command()
def pause(run_id: RunId, server: Server = DEFAULT) -> None:
    """Outputs off, proven; the step's clock stops."""
    tell_state(Client(server).runs.pause(run_id))


@app.command()
def resume(run_id: RunId, server: Server = DEFAULT) -> None:
    """Go on after a pause, or with a held run."""
    tell_state(Client(server).runs.resume(run_id))


@app.command()
def skip(run_id: RunId, server: Server = DEFAULT) -> None:
    """End the present step."""
    tell_state(Client(server).runs.skip(run_id))


@app.command()
def stop(run_id: RunId, server: Server = DEFAULT) -> None:
    """End in order, behind finally."""
    tell_state(Client(server).runs.stop(run_id))


@app.command()
def abort(run_id: RunId, server: Server = DEFAULT) -> None:
    """Outputs off now."""
    tell_state(Client(server).runs.abort(run_id))


@app.command()
def report(
    run_id: RunId,
    output: Annotated[Path, typer.Option(help="File: .html, .pdf, .json, or .xml for JUnit.")],
    server: Server = DEFAULT,
) -> None:
    """Write the report of a run."""
    kind: ReportKind = "junit" if output.suffix == ".xml" else report_kind(output)
    if output.exists():
        raise BadInput(f"{output} exists", hint="choose another name")
    output.write_bytes(Client(server).runs.report(run_id, kind))
    err.print(f"written: {output}", markup=False)


def tell_state(run: Run) -> None:
    """One line about a run."""
    word = run["verdict"] if run["state"] == "finished" else run["state"]
    out.print(f"run {run['id']}: {word}  {run['message']}".rstrip(), markup=False)
