"""``simulate``: a flow on virtual devices, as fast as the clock jumps."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ionpy_auto.cli.output import err, out, print_json
from ionpy_auto.cli.testing import flow_of, home_of, id_of, pair, project_of, work

GOOD = frozenset({"pass", "not_set"})


def run(
    flow: Annotated[str, typer.Argument(help="Id of a flow, or a flow file.")],
    hours: Annotated[
        float | None, typer.Option(min=0.001, max=1000.0, help="Most virtual hours.")
    ] = None,
    channel: Annotated[str, typer.Option(help="Channel to bind.")] = "",
    param: Annotated[list[str] | None, typer.Option(help="name=value, several times.")] = None,
    project: Annotated[str, typer.Option(help="Name, id or folder of the project.")] = "",
    home: Annotated[str | None, typer.Option(help="The home with the project.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Run sequence and rules of a flow on the simulators of its devices; no port is opened.

    Exit code 0: passed, 1: not passed, not finished or failed, 2: refused.
    """
    place = home_of(home)
    file = Path(flow) if flow.endswith(".yaml") else None
    folder = project_of(file, project, place)
    text, _ = flow_of(flow, folder, place)
    job = {
        "folder": str(folder),
        "home": str(place.root),
        "flow": id_of(text),
        "text": text,
        "hours": hours,
        "channel": channel,
        "parameters": dict(pair(one) for one in param or ()),
    }
    result = work("simulate", job, f"simulate {job['flow']}", quiet=as_json)
    if as_json:
        print_json(result)
    else:
        show(result)
    is_good = result["outcome"] == "finished" and (result["verdict"] or "not_set") in GOOD
    raise typer.Exit(0 if is_good else 1)


def show(result: dict[str, Any]) -> None:
    """The steps as a table, then rules and outcome."""
    if result["steps"]:
        table = Table("step", "kind", "cycle", "ended by", "Ah", "s", "verdict")
        for step in result["steps"]:
            table.add_row(
                *(step["step_id"], step["kind"], str(step["cycle"]), step["ended_by"]),
                *(f"{step['ah']:.4f}", f"{step['duration_s']:.0f}", step["verdict"]),
            )
        out.print(table)
    for rule in result["rules"]:
        out.print(f"{rule['id']}: {rule['fired']} firings", markup=False)
    for alarm in result["alarms"]:
        out.print(f"alarm {alarm['key']}: {alarm['text']}", markup=False)
    run = result["run"] or {}
    said = " ".join(filter(None, [result["verdict"], run.get("ended_by"), run.get("message")]))
    err.print(f"{result['outcome']} after {result['duration_s'] / 3600:.2f} h {said}", markup=False)
