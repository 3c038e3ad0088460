"""``backtest``: what the rules of a flow would have done over a recording."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ionpy_auto.cli.output import err, out, print_json
from ionpy_auto.cli.testing import flow_of, home_of, id_of, project_of, work
from ionpy_auto.core.errors import BadInput


def run(
    flow: Annotated[str, typer.Argument(help="Id of a flow, or a flow file.")],
    session: Annotated[int | None, typer.Option(help="Number of the recording.")] = None,
    begin: Annotated[str, typer.Option("--from", help="First time, ISO 8601.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last time, ISO 8601.")] = "",
    rule: Annotated[str, typer.Option(help="List only the firings of this rule.")] = "",
    project: Annotated[str, typer.Option(help="Name, id or folder of the project.")] = "",
    home: Annotated[str | None, typer.Option(help="The home with the project.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most firings to list.")] = 1000,
    timezone: Annotated[
        str, typer.Option(help="Of times of day, as Europe/Berlin; this machine's by default.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Play a recording through the rules of a flow; nothing is switched, written or sent.

    Exit code 0: done, 1: it failed or a rule was suspended, 2: refused.
    """
    if session is None and not begin and not end:
        msg = "which recording?"
        raise BadInput(msg, hint="give --session, or --from and --to")
    place = home_of(home)
    file = Path(flow) if flow.endswith(".yaml") else None
    folder = project_of(file, project, place)
    text, path = flow_of(flow, folder, place)
    flow_id = id_of(text)
    job = {
        "folder": str(folder),
        "home": str(place.root),
        "text": text,
        "file": str(path),
        "rule": rule if "/" in rule or not rule else f"{flow_id}/{rule}",
        "session_id": session,
        "start": _unix(begin),
        "end": _unix(end),
        "limit": limit,
        "timezone": timezone,
    }
    result = work("backtest", job, f"back-test {flow_id}", quiet=as_json)
    if as_json:
        print_json(result)
    else:
        show(result)
    raise typer.Exit(1 if any(one["suspended"] for one in result["rules"]) else 0)


def _unix(text: str) -> float | None:
    """A written time; without an offset it is local."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        msg = f"{text!r} is no time"
        raise BadInput(msg, hint="write 2026-11-21T22:30") from None


def show(result: dict[str, Any]) -> None:
    """One line per firing, its actions below; the rules at the end."""
    for firing in result["firings"]:
        at = datetime.fromtimestamp(firing["at"], UTC).astimezone()
        out.print(f"{at:%Y-%m-%d %H:%M:%S}  {firing['rule']}  {_values(firing)}", markup=False)
        for action in firing["actions"]:
            mark = "" if action["ok"] else f"  FAILS: {action['message']}"
            out.print(f"    would {action['sentence']}{mark}", markup=False)
    for rule in result["rules"]:
        skipped = ", ".join(f"{count} {why}" for why, count in rule["skipped"].items())
        more = f" ({skipped})" if skipped else ""
        bad = f"  SUSPENDED: {rule['suspended']}" if rule["suspended"] else ""
        err.print(f"{rule['id']}: {rule['fired']} firings{more}{bad}", markup=False)
    for note in result["notes"]:
        err.print(f"note: {note}", markup=False)


def _values(firing: dict[str, Any]) -> str:
    """What it decided by: values alone; that a comparison holds is seen from them."""
    told = {name: value for name, value in firing["values"].items() if " " not in name}
    if len(told) > 1:
        told.pop("value", None)
    return ", ".join(f"{name} = {value}" for name, value in told.items())
