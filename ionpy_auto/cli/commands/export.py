"""``export``: download a recording."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import err
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.files import write_atomic

SESSIONS = "/api/projects/active/sessions"


def run(
    session: Annotated[int | None, typer.Argument(help="Number of the session.")] = None,
    run_id: Annotated[str, typer.Option("--run", help="Id of a run, instead.")] = "",
    device: Annotated[str, typer.Option(help="One device or channel; all by default.")] = "",
    file_format: Annotated[str, typer.Option("--format", help="csv, json or bdf.")] = "csv",
    dialect: Annotated[str, typer.Option(help="en or de (decimal comma).")] = "en",
    institution: Annotated[str, typer.Option(help="For the file name of a BDF.")] = "",
    output: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
) -> None:
    """Write an export of a session or a run on the server and download it."""
    if (session is None) == (not run_id):
        msg = "neither a session nor a run, or both"
        raise BadInput(msg, hint="give the number of a session, or --run with the id of a run")
    asked = {"format": file_format, "dialect": dialect, "institution": institution}
    asked |= {"device": device} if device else {}
    where = f"/api/runs/{quote(run_id, safe='')}" if run_id else f"{SESSIONS}/{session}"
    answer = Client(server).download(f"{where}/export?{urlencode(asked)}")
    disposition = answer.headers.get("content-disposition", "")
    name = disposition.partition('filename="')[2].partition('"')[0] or f"export.{file_format}"
    path = output or Path(Path(name).name)
    if path.exists() and output is None:
        msg = f"{path} exists"
        raise BadInput(msg, hint="give --output")
    write_atomic(path.resolve(), answer.content)
    err.print(f"{path}: {len(answer.content)} bytes")
