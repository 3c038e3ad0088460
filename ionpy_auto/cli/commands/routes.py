"""``routes``: who is told of an alarm, tried out before it happens."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.tree import Tree

from ionpy_auto.alarms import heartbeat
from ionpy_auto.alarms.receiver_reader import ReceiverReader
from ionpy_auto.alarms.routing import Route, Routing, read_routing
from ionpy_auto.alarms.routing.matchers import BadMatcher, parse_matcher
from ionpy_auto.alarms.routing.ways import explain
from ionpy_auto.cli.output import CheckFormat, err, out, print_findings, print_json
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput, Finding, Severity
from ionpy_auto.core.files import find_home

app = typer.Typer(help="Who is told of an alarm: the routing file, tried out before it happens.")

Config = Annotated[
    Path | None, typer.Option("--config", help="The file; config/alarms.yaml of the home else.")
]
HomeOption = Annotated[str | None, typer.Option("--home", help="Folder with the file.")]
Style = Annotated[Literal["text", "json"], typer.Option("--format", help="For whom.")]


@app.command("test")
def way(
    labels: Annotated[
        list[str] | None, typer.Argument(help="Labels of an alarm: severity=critical …")
    ] = None,
    config: Config = None,
    home: HomeOption = None,
    at: Annotated[str, typer.Option(help="When, like 2026-05-01T22:30; now else.")] = "",
    verify: Annotated[
        str, typer.Option(help="Receivers it must reach, in their order: lab,oncall.")
    ] = "",
    style: Style = "text",
) -> None:
    """Show which receivers an alarm with these labels reaches, and why.

    Exit code 1: the file has errors, or --verify names other receivers.
    """
    given = dict(_label(text) for text in labels or [])
    routing = _routing(config, home)
    answer = explain(routing, given, _time(at), lambda _labels, _now: "", {})
    reached = [way["receiver"] for way in answer["ways"]]
    if style == "json":
        print_json(answer)
    else:
        _print_ways(answer)
    wanted = [name.strip() for name in verify.split(",") if name.strip()]
    if verify and wanted != reached:
        err.print(f"expected {', '.join(wanted)}; it reaches {', '.join(reached)}", markup=False)
        raise typer.Exit(1)


@app.command("check")
def check(
    config: Config = None,
    home: HomeOption = None,
    style: Annotated[CheckFormat, typer.Option("--format", help="For whom.")] = "text",
) -> None:
    """Look for errors in the file. Exit code 1: there is one."""
    _, findings = _read(config, home)
    print_findings(findings, style)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if style == "text":
        err.print(f"{errors} errors, {len(findings) - errors} other findings")
    raise typer.Exit(1 if errors else 0)


@app.command("show")
def show(config: Config = None, home: HomeOption = None, style: Style = "text") -> None:
    """Show the tree of routes. Exit code 1: the file has errors."""
    routing = _routing(config, home)
    if style == "json":
        print_json({"tree": routing.route.as_dict(), "receivers": sorted(routing.receivers)})
    else:
        out.print(_tree(routing.route))


def _read(config: Path | None, home: str | None) -> tuple[Routing | None, list[Finding]]:
    path = config if config is not None else find_home(home).root / "config" / "alarms.yaml"
    if not path.is_file():
        msg = f"there is no file {path}"
        raise BadInput(msg, hint="give it with --config; the server makes one when it starts")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8", hint="save it as UTF-8") from None
    reader = ReceiverReader(Secrets(path.with_name("secrets.json")))
    extras = {heartbeat.KEY: heartbeat.read_heartbeat}
    return read_routing(text, str(path), check=reader.check, extras=extras)


def _routing(config: Path | None, home: str | None) -> Routing:
    routing, findings = _read(config, home)
    if routing is None:
        _refuse(findings)
    return routing


def _refuse(findings: list[Finding]) -> NoReturn:
    for finding in findings:
        err.print(str(finding), markup=False)
    raise typer.Exit(1)


def _label(text: str) -> tuple[str, str]:
    try:
        label = parse_matcher(text)
    except BadMatcher:
        label = None
    if label is None or label.operator != "=":
        raise BadInput(f"{text!r} is no label", hint="write name=value")
    return label.name, label.value


def _time(text: str) -> float:
    if not text:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no time", hint="write 2026-05-01T22:30") from None
    return moment.timestamp()


def _print_ways(answer: dict[str, Any]) -> None:
    for way in answer["ways"]:
        steps = [f"then {one['to']} after {one['after']:g} s" for one in way["escalate"]]
        out.print(", ".join([way["receiver"], *steps]), markup=False)
        out.print(f"  line {way['line']}: {' > '.join(way['path'])}", markup=False)
        for reason in way["reasons"]:
            out.print(f"  {reason}", markup=False)
    for other in answer["not_taken"]:
        place = f"line {other['line']}: {' > '.join(other['path'])}"
        out.print(f"not {place}: {other['reason']}", markup=False, style="dim")


def _tree(route: Route, inside: Tree | None = None) -> Tree:
    words = f"{route.path[-1]} → {route.receiver}" + (" (continue)" if route.continues else "")
    words = words.replace("[", r"\[")
    node = Tree(words) if inside is None else inside.add(words)
    for child in route.routes:
        _tree(child, node)
    return node
