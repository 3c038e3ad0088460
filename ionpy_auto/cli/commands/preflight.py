"""``preflight``: what a run will do, predicted before anything moves."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ionpy_auto.cli.output import err, out, print_json
from ionpy_auto.cli.testing import flow_of, home_of, id_of, pair, project_of, work

GOOD = frozenset({"pass", "not_set"})


def run(
    flow: Annotated[str, typer.Argument(help="Id of a flow, or a flow file.")],
    project: Annotated[str, typer.Option(help="Name, id or folder of the project.")] = "",
    soc: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="State of charge at the start, 0 to 1.")
    ] = None,
    voltage: Annotated[
        float | None, typer.Option(min=0.0, help="Or the voltage of the rested cell [V].")
    ] = None,
    channel: Annotated[str, typer.Option(help="Channel to bind.")] = "",
    param: Annotated[list[str] | None, typer.Option(help="name=value, several times.")] = None,
    home: Annotated[str | None, typer.Option(help="The home with the project.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Predict curve, duration, energy and limits of a run on simulated instruments.

    Exit code 0: passes, 1: does not pass, is refused or not finished, 2: cannot be predicted.
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
        "channel": channel,
        "parameters": dict(pair(one) for one in param or ()),
        "soc": soc,
        "voltage": voltage,
    }
    result = work("preflight", job, f"preflight {job['flow']}", quiet=as_json)
    if as_json:
        print_json(result)
    else:
        show(result)
    is_good = result["outcome"] == "finished" and result["verdict"] in GOOD
    raise typer.Exit(0 if is_good else 1)


def show(result: dict[str, Any]) -> None:
    """Steps as a table, then limits, findings and the sum."""
    if result["steps"]:
        table = Table(
            "step", "cycle", "from", "lasts", "ended by", "Ah", "Wh", "V at end", "max °C"
        )
        for step in result["steps"]:
            table.add_row(
                *(step["step_id"], str(step["cycle"]), hours(step["start_s"])),
                *(hours(step["duration_s"]), step["ended_by"]),
                *(f"{step['ah']:.3f}", f"{step['wh']:.2f}"),
                *(number(step["v_end"], 3), number(step["t_max"], 1)),
            )
        out.print(table)
    for limit in result["limits"]:
        value = limit["value"]
        shown = f"{value:g} {limit['unit']}" if isinstance(value, float) else value
        out.print(f"limit {limit['quantity']}: {shown} ({limit['origin']})", markup=False)
    for finding in result["findings"]:
        hint = f" ({finding['hint']})" if finding["hint"] else ""
        out.print(f"{finding['severity']}: {finding['message']}{hint}", markup=False)
    energy, start = result["energy"], result["start"]
    err.print(
        f"{result['outcome']} {result['verdict']} after {hours(result['duration_s'])}; "
        f"{energy['in_wh']:.2f} Wh in, {energy['out_wh']:.2f} Wh out, "
        f"about {energy['mains_wh']:.1f} Wh from the mains; "
        f"began at {start['soc']:.0%} ({start['source']})",
        markup=False,
    )


def hours(seconds: float) -> str:
    """``12:34:56``."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def number(value: float | None, digits: int) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"
