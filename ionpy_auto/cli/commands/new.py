"""``new``: begin something from a template that runs as it is."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ionpy_auto.cli.output import out
from ionpy_auto.cli.scaffold import check_name, write_driver
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.files import find_home
from ionpy_auto.devices.catalogue import Catalogue


class Kind(StrEnum):
    """What a driver begins as."""

    SCPI = "scpi"
    MODBUS = "modbus"
    VIRTUAL = "virtual"
    YAML = "yaml"


app = typer.Typer(help="Begin something of your own from a template that runs as it is.")


@app.callback()
def group() -> None:
    """Begin something of your own from a template that runs as it is."""


@app.command()
def driver(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits, underscores.")],
    kind: Annotated[Kind, typer.Option(help="What it begins as.")] = Kind.SCPI,
    folder: Annotated[Path | None, typer.Option(help="Where; drivers/ of the home.")] = None,
    home: Annotated[str | None, typer.Option(help="Folder for all that is written.")] = None,
) -> None:
    """Write a driver with its simulator, README and test; nothing is ever overwritten."""
    target = folder if folder is not None else find_home(home).root / "drivers"
    check_name(name, Catalogue((target,)))
    try:
        written = write_driver(kind, name, target)
    except OSError as error:
        msg = f"{target / name} cannot be written: {error.strerror or error}"
        raise BadInput(msg, hint="choose another --folder") from None
    for path in written:
        out.print(f"wrote {path}", markup=False)
    first = written[0].parent / ("device.yaml" if kind is Kind.YAML else "driver.py")
    steps = (
        f"replace the example by your device: {first}",
        f"check it: ionpy-auto driver check {target / name}",
        f"trust it, with the server running: ionpy-auto driver trust {name}",
        f'add a device with "driver": "{name}"; docs/how-to/write-a-driver.md tells the rest',
    )
    for number, step in enumerate(steps, start=1):
        out.print(f"{number}. {step}", markup=False)
