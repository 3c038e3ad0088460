"""``export``: download a recording."""

from pathlib import Path
from typing import Annotated

import typer

from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import err
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.files import write_atomic


def run(
    session: Annotated[int, typer.Argument(help="Number of the session.")],
    device: Annotated[str, typer.Option(help="One device or channel; all by default.")] = "",
    file_format: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    dialect: Annotated[str, typer.Option(help="en or de (decimal comma).")] = "en",
    output: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
) -> None:
    """Write an export of a session on the server and download it."""
    query = f"format={file_format}&dialect={dialect}" + (f"&device={device}" if device else "")
    client = Client(server)
    answer = client.download(f"/api/projects/active/sessions/{session}/export?{query}")
    disposition = answer.headers.get("content-disposition", "")
    name = disposition.partition('filename="')[2].partition('"')[0] or f"session-{session}.csv"
    path = output or Path(Path(name).name)
    if path.exists() and output is None:
        msg = f"{path} exists"
        raise BadInput(msg, hint="give --output")
    write_atomic(path.resolve(), answer.content)
    err.print(f"{path}: {len(answer.content)} bytes")
