"""``driver``: look at drivers, check one of your own, trust it on a server."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ionpy_auto.cli.client import DEFAULT, Client
from ionpy_auto.cli.output import err, out, print_json
from ionpy_auto.core.errors import BadInput, Conflict

COLORS = {"+": "green", "-": "red", "@": "cyan"}
ServerOption = Annotated[str, typer.Option("--server", help="Address of the server.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
NameArgument = Annotated[str, typer.Argument(help="Name of the driver.")]

app = typer.Typer(help="Look at drivers, check one of your own, trust it on a server.")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The driver's folder.")],
    params: Annotated[str, typer.Option(help="Its parameters as JSON.")] = "{}",
    as_json: JsonOption = False,
) -> None:
    """Run the driver on its simulator through the conformance suite. Exit code 1: a finding."""
    from ionpy_auto.testing.driver_folder import check_folder  # noqa: PLC0415 - for this word only

    if not folder.is_dir():
        msg = f"there is no folder {folder}"
        raise BadInput(msg, hint="give the folder with driver.py or device.yaml in it")
    try:
        values = json.loads(params)
    except ValueError as error:
        msg = f"--params is no JSON: {error}"
        raise BadInput(msg, hint="""for example --params '{"file": "run.csv"}'""") from None
    if not isinstance(values, dict):
        msg = "--params must be an object"
        raise BadInput(msg, hint="""for example --params '{"file": "run.csv"}'""")
    results = asyncio.run(check_folder(folder, values))
    if as_json:
        print_json([result._asdict() for result in results])
    else:
        for result in results:
            out.print(str(result), style=None if result.ok else "red", markup=False)
    raise typer.Exit(0 if all(result.ok for result in results) else 1)


@app.command("list")
def list_drivers(server: ServerOption = DEFAULT, as_json: JsonOption = False) -> None:
    """All drivers a server knows, and whether they may run."""
    with Client(server) as client:
        items = client.call("GET", "/api/config/drivers")["items"]
    if as_json:
        print_json(items)
        return
    table = Table("driver", "category", "state", box=None)
    for item in items:
        table.add_row(item["name"], item["category"], _state(item))
    out.print(table)


def _state(item: dict[str, Any]) -> str:
    if item["error"]:
        return f"broken: {item['error']}"
    if item["shipped"]:
        return "shipped"
    return "trusted" if item["trusted"] else "not trusted"


@app.command()
def trust(
    name: NameArgument,
    server: ServerOption = DEFAULT,
    read: Annotated[str, typer.Option("--hash", help="Of what was read; asks no question.")] = "",
) -> None:
    """Show what changed since it was trusted, ask, and trust it."""
    with Client(server) as client:
        url = f"/api/config/drivers/{name}/trust"
        found = client.call("GET", url)
        if found["trusted"]:
            err.print(f"{found['name']} may run already", markup=False)
            return
        if read and read != found["hash"]:
            msg = f"{found['path']} has the hash {found['hash']}"
            raise Conflict(msg, code="CONTENT_CHANGED", hint="read it again")
        if not read:
            ask(found)
        client.call("POST", url, {"hash": found["hash"]})
    err.print(f"{found['name']} is trusted", markup=False)


def ask(found: dict[str, Any]) -> None:
    """Show the difference and ask; leaves the program unless the answer is yes."""
    for line in found["diff"].split("\n"):
        out.print(line, style=COLORS.get(line[:1]), markup=False)
    out.print(f"hash {found['hash']}", markup=False)
    typer.confirm(f"Trust {found['path']}? It may do all that this server may", abort=True)


@app.command()
def distrust(name: NameArgument, server: ServerOption = DEFAULT) -> None:
    """Let it run no more; its devices go to their safe state and are disconnected."""
    with Client(server) as client:
        answer = client.call("DELETE", f"/api/config/drivers/{name}/trust")
    err.print(f"{answer['name']} is not trusted any more", markup=False)
