"""``serve``: the server."""

from typing import Annotated

import typer

from ionpy_auto.cli.serving import load, serve
from ionpy_auto.core.files import find_home


def run(
    home: Annotated[str | None, typer.Option(help="Folder for all that is written.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one.")] = None,
    project: Annotated[str, typer.Option(help="Project (slug or id) to open.")] = "",
    log_level: Annotated[str | None, typer.Option(help="DEBUG, INFO, WARNING, ERROR.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = False,
) -> None:
    """Start the server on this machine."""
    found = find_home(home)
    settings = load(found, host=host, port=port, log_level=log_level)
    serve(found, settings, project=project, browser=browser, search=False)
