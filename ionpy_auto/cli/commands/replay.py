"""``replay``: charge, energy and cycles of a recording."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from ionpy_auto.automation.sequences.recording import replay
from ionpy_auto.cli.output import out, print_json
from ionpy_auto.core.errors import BadInput


def run(
    file: Annotated[Path, typer.Argument(help="CSV with time, voltage, current.")],
    current_sign: Annotated[
        Literal["charge", "discharge"] | None,
        typer.Option(help="Which direction a positive current is."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Play a recording through the integrator at full speed and print steps and cycles."""
    if current_sign is None:
        msg = "the sign of the current is unknown"
        raise BadInput(msg, hint="give --current-sign charge or --current-sign discharge")
    if not file.is_file():
        msg = f"there is no file {file}"
        raise BadInput(msg, hint="give the path of a CSV file")
    result = replay(file, current_sign)
    if as_json:
        print_json(result)
        return
    table = Table("step", "kind", "charge Ah", "discharge Ah", "charge Wh", "discharge Wh", "s")
    for number, step in enumerate(result["steps"], 1):
        figures = [f"{step[key]:.6f}" for key in ("charge_ah", "discharge_ah")]
        figures += [f"{step[key]:.5f}" for key in ("charge_wh", "discharge_wh")]
        table.add_row(str(number), step.get("kind", ""), *figures, f"{step['duration_s']:.1f}")
    out.print(table)
