"""``report``: what a run found, as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ionpy_auto.automation.sequences import reports
from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import err


def run(
    run_id: Annotated[str, typer.Argument(help="Id of the run.")],
    file_format: Annotated[
        str, typer.Option("--format", help="html, pdf, json or junit; from --out by default.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write, - for stdout; run-ID.… by default.")
    ] = None,
    lang: Annotated[str, typer.Option(help="en or de.")] = "en",
    database: Annotated[
        Path | None, typer.Option(help="A data.db or its project, without a server; only read.")
    ] = None,
    server: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT,
) -> None:
    """Write the report of a run as HTML, PDF, JSON or JUnit XML, from a server or a project."""
    name = file_format or _by_suffix(to)
    if database is not None:
        file = database / "data.db" if database.is_dir() else database
        body, made = reports.render(file, run_id, name, lang)
    else:
        made = reports.renderer(name)
        path = f"/api/runs/{run_id}/report?format={name}&lang={lang}"
        body = Client(server).download(path).content
    if to is not None and str(to) == "-":
        sys.stdout.buffer.write(body)
        return
    target = to or Path(f"run-{run_id}{made.suffix}")
    target.write_bytes(body)
    err.print(f"{target}: {len(body)} bytes")


def _by_suffix(to: Path | None) -> str:
    """The format a file's name asks for; HTML where it says nothing."""
    suffix = to.suffix if to is not None else ""
    fitting = (name for name in reports.formats() if reports.renderer(name).suffix == suffix)
    return next(fitting, "html")
