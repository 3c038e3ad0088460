"""``doctor``: is this machine ready?"""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import typer
from serial.tools import list_ports

from ionpy_auto.cli.output import out, print_json
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.files import Home, find_home, shipped_path, write_atomic
from ionpy_auto.devices.catalogue import Catalogue

FREE_BYTES = 2 * 2**30


class Check(NamedTuple):
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


def run(
    home: Annotated[str | None, typer.Option(help="Folder for all that is written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at this installation and say what is missing. Exit code 1: something is."""
    checks = list(examine(find_home(home)))
    if as_json:
        print_json([check._asdict() for check in checks])
    else:
        for check in checks:
            mark = "[green]ok  [/green]" if check.ok else "[red]FAIL[/red]"
            hint = f"  → {check.hint}" if check.hint and not check.ok else ""
            out.print(f"{mark} {check.name}: {check.detail}{hint}")
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def examine(home: Home) -> Iterator[Check]:
    """All checks."""
    version = sys.version.split()[0]
    yield Check("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    yield Check("SQLite", sqlite3.sqlite_version_info >= (3, 37), sqlite3.sqlite_version)
    yield _home(home)
    ui = shipped_path("ui", "dist", "index.html")
    yield Check("Browser UI", ui.is_file(), "built" if ui.is_file() else "missing", "./ionpy demo")
    drivers = Catalogue((home.root / "drivers",)).describe()
    broken = [driver for driver in drivers if driver["error"]]
    names = ", ".join(driver["error"] for driver in broken)
    yield Check("Drivers", not broken, names or "all readable", "see the named files")
    yield _ports()


def _home(home: Home) -> Check:
    try:
        home.create()
        probe = home.folder("var") / "doctor"
        write_atomic(probe, "writable\n")
        probe.unlink()
        free = shutil.disk_usage(home.root).free
    except (OSError, IonpyError) as error:
        return Check("Home", ok=False, detail=f"{home.root}: {error}", hint="choose another --home")
    detail = f"{home.root}, {free / 2**30:.1f} GiB free"
    return Check("Home", free > FREE_BYTES, detail, "free some disk space")


def _ports() -> Check:
    ports = [port.device for port in list_ports.comports()]
    return Check("Serial ports", ok=True, detail=", ".join(ports) or "none")
