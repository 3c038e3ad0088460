"""``probe``: try a device, step by step, without adding it anywhere."""

import asyncio
import json
import logging
from typing import Annotated, Any

import typer

from ionpy_auto.cli.client import Client
from ionpy_auto.cli.output import out, print_json
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.files import find_home
from ionpy_auto.devices.aside import Aside
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.probe import Prober, Surroundings, parse_probe
from ionpy_auto.devices.trust import TrustStore

USAGE_STEPS = frozenset({"driver", "parameters"})
MARKS = {True: "[green]ok  [/green]", False: "[red]FAIL[/red]", None: "[dim]-   [/dim]"}


def run(
    driver: Annotated[str, typer.Argument(help="Name or alias of the driver, like rd6012.")],
    port: Annotated[str, typer.Option(help="Serial port: /dev/ttyUSB0, COM3.")] = "",
    baudrate: Annotated[int | None, typer.Option(help="Of the serial port.")] = None,
    tcp: Annotated[str, typer.Option(help="Network address: host:port.")] = "",
    resource: Annotated[str, typer.Option(help="VISA resource: TCPIP::host::INSTR.")] = "",
    transport: Annotated[str, typer.Option(help="When none of the above says it.")] = "",
    set_transport: Annotated[
        list[str] | None, typer.Option(help="name=value of the transport, several times.")
    ] = None,
    framing: Annotated[str, typer.Option(help="From the driver's blueprint by default.")] = "",
    set_framing: Annotated[
        list[str] | None, typer.Option(help="name=value of the framing, several times.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="name=value of the driver, several times.")
    ] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Probe its simulator.")] = False,
    server: Annotated[str, typer.Option(help="Let this server probe, on its machine.")] = "",
    home: Annotated[str | None, typer.Option(help="Folder with drivers of your own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Try a device: driver, port, greeting, one reading. Nothing is written to it.

    Exit code 0: it works, 1: port or device do not, 2: driver or parameters are wrong.
    """
    kind, way = transport_of(port, tcp, resource, transport)
    way |= values_of(set_transport or [], "--set-transport")
    if baudrate is not None:
        way["baudrate"] = baudrate
    body: dict[str, Any] = {
        "driver": driver,
        "transport_type": kind,
        "transport_params": way,
        "params": values_of(param or [], "--param"),
    }
    framing_values = values_of(set_framing or [], "--set-framing")
    if framing or framing_values:
        body |= {"framing_type": framing or None, "framing_params": framing_values}
    if server and simulate:
        msg = "--simulate is decided by the project the server has open"
        raise BadInput(msg, hint="leave out --server or --simulate")
    answer = Client(server).call("POST", "/api/devices/probe", body) if server else None
    show(answer or asyncio.run(locally(body, home, simulate=simulate)), as_json=as_json)


async def locally(body: dict[str, Any], home: str | None, *, simulate: bool) -> dict[str, Any]:
    """Probe from this process."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the steps say it better
    clock = SystemClock()
    folder = find_home(home).root
    trusted = TrustStore(folder, clock).is_trusted
    catalogue = Catalogue((folder / "drivers",), trusted)
    prober = Prober(catalogue, clock, Aside(clock))
    return await prober.probe(parse_probe(body), Surroundings(simulate=simulate))


def transport_of(port: str, tcp: str, resource: str, transport: str) -> tuple[str, dict[str, Any]]:
    """Transport and its place from the options.

    Raises:
        BadInput: None or several of them, or an address without a port number.
    """
    given = [word for word in (port, tcp, resource) if word]
    if len(given) > 1 or not (given or transport):
        raise BadInput(
            "give exactly one of --port, --tcp, --resource, or --transport",
            hint="for example --port /dev/ttyUSB0",
        )
    if port:
        return transport or "serial", {"port": port}
    if resource:
        return transport or "visa", {"resource": resource}
    if not tcp:
        return transport, {}
    host, _, number = tcp.rpartition(":")
    if not host or not (number.isascii() and number.isdigit()):
        raise BadInput(f"{tcp!r} is no address", hint="write it like 192.168.1.40:502")
    return transport or "tcp", {"host": host.strip("[]"), "port": int(number)}


def values_of(texts: list[str], option: str) -> dict[str, Any]:
    """``name=value`` pairs; what reads as JSON counts as such.

    Raises:
        BadInput: One has no ``=``.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"{option} {text!r} is not name=value", hint=f"like {option} retries=2")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values


def show(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print the steps, then leave with the exit code."""
    if as_json:
        print_json(answer)
    else:
        for step in answer["steps"]:
            print_step(step)
        for key, value in answer["first_values"].items():
            shown = "-" if value["value"] is None else value["value"]
            doubt = "" if value["quality"] == "good" else f"  ({value['quality']})"
            out.print(f"     {key:20} {shown} {value['unit']}{doubt}", markup=False)
    if answer["success"]:
        raise typer.Exit(0)
    failed = next((step["id"] for step in answer["steps"] if step["ok"] is False), "")
    raise typer.Exit(2 if failed in USAGE_STEPS else 1)


def print_step(step: dict[str, Any]) -> None:
    """One line per step, its detail and its hint below."""
    out.print(f"{MARKS[step['ok']]} {step['id']:10} ", end="")
    took = f"  {step['duration_ms']:.0f} ms" if step["ok"] is not None else ""
    out.print(f"{step['message']}{took}", markup=False)
    for mark, text in (("", step["detail"]), ("→ ", step["hint"])):
        if text:
            out.print(f"                {mark}{text}", markup=False)
