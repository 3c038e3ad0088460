"""``recount``: a recorded run counted again from its rows."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ionpy_auto.automation.sequences.recount import AMOUNTS, recount
from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import out, print_json


def run(
    run_id: Annotated[str, typer.Argument(help="Id of the run.")],
    database: Annotated[
        Path | None, typer.Option(help="A data.db, without a server; it is only read.")
    ] = None,
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Count a recorded run again and compare. Exit code 0: it agrees, 1: it does not."""
    if database is not None:
        result = recount(database, run_id)
    else:
        result = Client(server).call("GET", f"/api/runs/{run_id}/recount")
    if as_json:
        print_json(result)
    else:
        table = Table("step", "charge Ah", "recounted", "discharge Ah", "recounted", "")
        for step in result["steps"]:
            stored, again = step["stored"], step["recounted"] or dict.fromkeys(AMOUNTS, 0.0)
            figures = [
                f"{part[name]:.6f}"
                for name in ("charge_ah", "discharge_ah")
                for part in (stored, again)
            ]
            table.add_row(step["step_id"], *figures, "agrees" if step["agrees"] else "differs")
        out.print(table)
    raise typer.Exit(0 if result["agrees"] else 1)
