"""Which project a test on the command line is about, and running it in a worker process."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ionpy_auto.cli.output import progress_bar
from ionpy_auto.cli.serving import checkout_home
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.files import Home, find_home, is_checkout, shipped_path, shipped_root
from ionpy_auto.projects.library import Library
from ionpy_auto.projects.project import PROJECT_FILE
from ionpy_auto.simulation.jobs import Kind, in_worker


def home_of(option: str | None) -> Home:
    """The home given, or the one ``demo`` and ``serve`` use here."""
    if option or not is_checkout() or not checkout_home(shipped_root()).root.is_dir():
        return find_home(option)
    return checkout_home(shipped_root())


def project_of(file: Path | None, project: str, home: Home) -> Path:
    """The project folder: around a file, by name, or the only one there is.

    Raises:
        BadInput: It cannot be told which.
    """
    if file is not None and not project:
        folder = file.resolve().parent.parent
        if (folder / PROJECT_FILE).is_file():
            return folder
    if project and (Path(project) / PROJECT_FILE).is_file():
        return Path(project).resolve()
    library = Library(home.root / "projects", shipped_path("projects"), SystemClock())
    if project:
        return library.find(project)[0].folder
    found = sorted((home.root / "projects").glob(f"*/{PROJECT_FILE}"))
    if len(found) == 1:
        return found[0].parent
    names = ", ".join(path.parent.name for path in found) or "none"
    msg = "which project is meant?"
    raise BadInput(msg, hint=f"give --project; {home.root} has: {names}")


def flow_of(flow: str, folder: Path, home: Home) -> tuple[str, Path]:
    """Text and file of a flow: a path, or an id looked for in project, home and shipped.

    Raises:
        BadInput: There is none.
    """
    path = Path(flow)
    if path.suffix == ".yaml" and path.is_file():
        return path.read_text(encoding="utf-8"), path
    for base in (folder / "flows", home.root / "rules", shipped_path("rules")):
        for candidate in sorted(base.glob("*.yaml")) if base.is_dir() else ():
            text = candidate.read_text(encoding="utf-8", errors="replace")
            if id_of(text) == flow:
                return text, candidate
    msg = f"there is no flow {flow!r} in {folder.name}"
    raise BadInput(msg, hint="give the path of a file, or another --project")


def id_of(text: str) -> str:
    """The id a flow's text gives itself."""
    for line in text.splitlines():
        if line.startswith("id:"):
            return line.removeprefix("id:").partition("#")[0].strip().strip("'\"")
    return ""


def pair(text: str) -> tuple[str, str]:
    """Name and value of ``--param``.

    Raises:
        BadInput: It has no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadInput(f"--param {text!r} is not name=value", hint="like --param cycles=2")
    return name, value


def work(kind: Kind, job: Mapping[str, Any], title: str, *, quiet: bool) -> dict[str, Any]:
    """The result of a job; Ctrl+C ends its process."""
    with progress_bar(title, quiet=quiet) as tell:
        return asyncio.run(in_worker(kind, job, SystemClock(), tell, limit_s=86_400.0))
