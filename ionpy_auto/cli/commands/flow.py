"""``flow``: protocols of other programs as flows, and flows as protocols."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ionpy_auto.automation.interchange import Heading, export_flow, import_protocol
from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import err, out
from ionpy_auto.core.errors import BadInput, Rejected
from ionpy_auto.core.files import write_atomic
from ionpy_auto.engine.offline import flow_of

app = typer.Typer(help="Protocols of other programs as flows, and flows as protocols.")
Output = Annotated[Path | None, typer.Option("--out", help="File to write; else the terminal.")]


@app.command("import")
def take(
    file: Annotated[Path, typer.Argument(help="The protocol.")],
    file_format: Annotated[str, typer.Option("--format", help="unicycler or pybamm.")] = "auto",
    target: Output = None,
    flow_id: Annotated[str, typer.Option("--id", help="Of the flow; from its title else.")] = "",
    cell: Annotated[str, typer.Option(help="For example cells/inr18650-25r.")] = "",
    channel: Annotated[str, typer.Option(help="The channel it is written for.")] = "CH1",
) -> None:
    """Make a flow of a protocol. What could not be carried over is said on standard error."""
    if not file.is_file():
        msg = f"there is no file {file}"
        raise BadInput(msg, hint="give the file with the protocol")
    text = file.read_bytes().decode("utf-8", errors="replace")
    imported = import_protocol(text, file_format, Heading(flow_id, cell, channel))
    _give(imported.text, target)
    for loss in imported.losses:
        err.print(str(loss), markup=False)


@app.command("export")
def give(
    flow: Annotated[str, typer.Argument(help="A flow file, or the id of a flow of the server.")],
    file_format: Annotated[str, typer.Option("--format", help="unicycler.")] = "unicycler",
    target: Output = None,
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
) -> None:
    """Make a protocol of a flow. What could not be carried over is said on standard error."""
    path = Path(flow)
    if path.is_file():
        typed, findings = flow_of(path)
        if typed is None:
            msg = f"{flow} has errors"
            raise Rejected(msg, hint="ionpy-auto check says where", findings=findings)
        text, losses = export_flow(typed, file_format)
        said = [str(loss) for loss in losses]
    elif path.suffix:
        msg = f"there is no file {flow}"
        raise BadInput(msg, hint="give a flow file, or the id of a flow of the server")
    else:
        query = f"/api/flows/{quote(flow, safe='')}/export?format={quote(file_format)}"
        answer: Any = Client(server).call("GET", query)
        text = answer["text"]
        said = [f"{x['place']}: {x['kind']}: {x['message']}" for x in answer["losses"]]
    _give(text, target)
    for line in said:
        err.print(line, markup=False)


def _give(text: str, target: Path | None) -> None:
    if target is None:
        out.print(text, markup=False, end="")
    else:
        write_atomic(target.resolve(), text)
