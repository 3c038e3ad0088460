"""``devices``: what is there on this machine and in its network."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from ionpy_auto.cli.output import err, out, print_json
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput, Unavailable
from ionpy_auto.core.files import find_home
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.aside import Aside
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.inventory import INVENTORIES, Site
from ionpy_auto.devices.inventory.tcp import Scans, own_subnet
from ionpy_auto.devices.known import load_known

COLUMNS = {
    "serial": ("port", "description", "known", "often", "drivers", "hint"),
    "usb": ("vid", "pid", "class", "manufacturer", "product", "known", "hint"),
    "hid": ("vid", "pid", "manufacturer", "product", "path", "known"),
    "visa": ("resource", "manufacturer", "model", "serial", "firmware", "hint"),
    "scan": ("host", "port", "service", "latency_ms", "drivers"),
}
LOOK_EVERY_S = 0.1


def run(
    what: Annotated[
        Literal["ports", "usb", "hid", "visa", "scan"],
        typer.Argument(help="Serial ports, USB, HID, VISA instruments, or a scan of the network."),
    ] = "ports",
    subnet: Annotated[str, typer.Option(help="For scan: like 192.168.1.0/24.")] = "",
    tcp_port: Annotated[
        list[int] | None, typer.Option(help="For scan: one port, several times.")
    ] = None,
    timeout_s: Annotated[float, typer.Option(help="For scan: patience with one port.")] = 0.5,
    backend: Annotated[str, typer.Option(help="For visa: @py, @ivi or file.yaml@sim.")] = "",
    home: Annotated[str | None, typer.Option(help="Folder with known devices of your own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show ports, USB and HID devices and VISA instruments, or scan a private network.

    Exit code 1: what is needed to look is not installed.
    """
    kind = "serial" if what == "ports" else what
    site = site_of(find_home(home).root, {"backend": backend})
    if kind == "scan":
        answer = asyncio.run(scan(site, subnet, tcp_port or [], timeout_s))
        items = answer["hits"]
    else:
        answer = asyncio.run(look(kind, site))
        items = answer["items"]
    if as_json:
        print_json(answer)
    else:
        print_items(kind, items, answer)
    raise typer.Exit(0 if answer.get("available", True) else 1)


def site_of(home: Path, options: dict[str, str]) -> Site:
    """Known devices of this installation; no device of a server is known here."""
    files = Catalogue((home / "drivers",)).files()
    known = load_known([*(file.path.parent for file in files), home])
    for problem in known.problems:
        err.print(problem, style="yellow", markup=False)
    return Site(known, (), frozenset(file.name for file in files if not file.error), options)


async def look(kind: str, site: Site) -> dict[str, Any]:
    """One kind of inventory.

    Raises:
        Unavailable: It takes too long.
    """
    found = INVENTORIES.get(kind)
    try:
        return await Aside(SystemClock()).run(kind, lambda: found.look(site), found.limit_s)
    except TimeoutError:
        raise Unavailable(
            f"looking for {kind} took longer than {found.limit_s:g} s",
            hint="a device or its driver hangs; unplug what is new",
        ) from None


async def scan(site: Site, subnet: str, ports: list[int], timeout_s: float) -> dict[str, Any]:
    """Scan to the end.

    Raises:
        BadInput: The network or a port is refused.
    """
    if not all(1 <= port <= 65535 for port in ports) or not 0 < timeout_s <= 5:
        raise BadInput("a port or the timeout is out of range", hint="ports 1 to 65535, up to 5 s")
    wanted = subnet or own_subnet()
    if not wanted:
        msg = "this machine stands in no private network"
        raise BadInput(msg, hint="give one: --subnet 192.168.1.0/24")
    clock = SystemClock()
    scans = Scans(Tasks("scan", clock), clock)
    number = scans.begin(site, wanted, ports, timeout_s).id
    while (answer := scans.get(number))["state"] == "running":
        await clock.sleep(LOOK_EVERY_S)
    return answer


def print_items(kind: str, items: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    """A table; below it what helps."""
    columns = COLUMNS[kind]
    table = Table(*columns)
    for item in items:
        table.add_row(*(words(item.get(column)) for column in columns))
    if items:
        out.print(table)
    else:
        out.print(answer.get("message") or "nothing found", markup=False)
    for text in (answer.get("hint"), answer.get("help") if not items else ""):
        if text:
            out.print(text, markup=False)


def words(value: object) -> str:
    """A cell; brackets that devices send are no markup."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return text.replace("[", r"\[")
