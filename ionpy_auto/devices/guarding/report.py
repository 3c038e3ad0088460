"""What the guard did, kept in the home until the next server has told it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.devices.guarding.rescue import Rescued

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1
FILE = "guard-report.json"
LOCK = "guard.lock"
MOST = 20
"""Older reports nobody fetched are dropped."""


@dataclass(frozen=True, slots=True)
class Report:
    """One time the guard acted.

    Attributes:
        project: Id of the project that was open.
        at: UTC when the server was found gone.
        cause: ``died`` or ``hung``.
        server: Process number of the server.
        fenced: The server was certainly gone before a port was opened.
        finished: False while the guard is at work, and for ever when it was killed as well.
        devices: What came of each.
    """

    project: str
    at: float
    cause: str
    server: int
    fenced: bool
    finished: bool
    devices: Sequence[Rescued] = ()


def write_report(folder: Path, report: Report) -> None:
    """Add a report, or replace the unfinished one of the same time; a full disk only costs it.

    Args:
        folder: ``var`` of the home.
        report: What is known by now.
    """
    others = [r for r in _read(folder) if r.get("at") != report.at]
    try:
        _write(folder, [*others[1 - MOST :], asdict(report)])
    except (IonpyError, OSError) as error:
        log.error("the report could not be written", error=str(error))  # noqa: TRY400


def take_reports(folder: Path, project: str) -> list[dict[str, Any]]:
    """The reports of a project, oldest first; they are in the file no longer after this."""
    reports = _read(folder)
    mine = [report for report in reports if report.get("project") == project]
    others = [report for report in reports if report not in mine]
    try:
        if others and mine:
            _write(folder, others)
        elif mine:
            (folder / FILE).unlink(missing_ok=True)
    except (IonpyError, OSError) as error:
        log.warning("the guard's reports will be told again", error=str(error))
    return mine


def in_words(report: dict[str, Any]) -> str:
    """A report as one sentence for people."""
    why = "did not answer any more" if report.get("cause") == "hung" else "had died"
    parts = []
    for device in report.get("devices", ()):
        outputs = ", ".join(map(str, device.get("outputs", ())))
        if device.get("proven"):
            came_to = "switched off"
        elif device.get("ok"):
            came_to = "switched off, which the device cannot confirm"
        else:
            came_to = f"NOT proven off: {device.get('detail') or 'no answer'}"
        parts.append(f"{device.get('device')} {outputs} {came_to}")
    done = "; ".join(parts) or "what it reached is not known"
    half = "" if report.get("finished") else "; it could not finish"
    return f"guard acted because the server {why}: {done}{half}"


def _read(folder: Path) -> list[dict[str, Any]]:
    path = folder / FILE
    try:
        content = read_json(path)
    except FileNotFoundError:
        return []
    except (IonpyError, OSError) as error:
        log.error("the guard's reports are unreadable", error=str(error))  # noqa: TRY400
        return []
    reports = content.get("reports") if isinstance(content, dict) else None
    return [r for r in reports if isinstance(r, dict)] if isinstance(reports, list) else []


def _write(folder: Path, reports: list[dict[str, Any]]) -> None:
    content = {"schema_version": SCHEMA_VERSION, "reports": reports}
    write_json(folder / FILE, content, backup=False)
