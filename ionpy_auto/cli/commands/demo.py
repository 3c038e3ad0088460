"""``demo``: the server with the demo project on the virtual bench."""

from typing import Annotated

import typer

from ionpy_auto.cli.serving import checkout_home, load, serve
from ionpy_auto.core.files import find_home, is_checkout, shipped_root

PROJECT = "akku-charakterisierung"


def run(
    home: Annotated[str | None, typer.Option(help="Folder for all that is written.")] = None,
    port: Annotated[int, typer.Option(help="First TCP port to try; 0 takes any.")] = 8000,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
    log_level: Annotated[str | None, typer.Option(help="DEBUG, INFO, WARNING, ERROR.")] = None,
) -> None:
    """Start the server with the demo project: a virtual cell, nothing real is switched."""
    found = find_home(home) if home or not is_checkout() else checkout_home(shipped_root())
    settings = load(found, port=port, log_level=log_level)
    serve(found, settings, project=PROJECT, browser=browser, search=True)
