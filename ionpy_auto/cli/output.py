"""How the command line speaks: one line per error, findings like a compiler, JSON for programs."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ionpy_auto.cli.sarif import sarif
from ionpy_auto.core.errors import Finding, IonpyError, Severity

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

CheckFormat = Literal["text", "json", "github", "sarif"]


def setup_logging(level: str = "WARNING") -> None:
    """Readable lines on a terminal, JSON lines elsewhere; control characters are escaped."""
    is_terminal = sys.stderr.isatty()
    last: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if is_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def print_json(content: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(content, ensure_ascii=False, indent=2))


def fail(error: IonpyError, code: int) -> NoReturn:
    """Say what is wrong and what to do, then leave with an exit code."""
    for finding in error.findings:
        err.print(str(finding), markup=False)
    err.print(f"error: {error.message}", style="bold red", markup=False)
    if error.hint:
        err.print(f"hint: {error.hint}", markup=False)
    sys.exit(code)


def print_findings(findings: Iterable[Finding], style: CheckFormat) -> None:
    """Findings for people, programs or a code review."""
    found = list(findings)
    if style == "json":
        print_json([finding.as_dict() for finding in found])
        return
    if style == "sarif":
        print_json(sarif(found, Path.cwd()))
        return
    for finding in found:
        if style == "github":
            level = "error" if finding.severity is Severity.ERROR else "warning"
            text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
            place = f"file={_property(finding.file)},line={finding.line},col={finding.column}"
            print(f"::{level} {place}::{_data(text)}")
        else:
            color = {"error": "red", "warning": "yellow"}.get(finding.severity, "cyan")
            out.print(str(finding), style=color, markup=False)


def _data(text: str) -> str:
    """A message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A value in front of the message: its separators are escaped too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[float, str], None]]:
    """A bar on a terminal, nothing elsewhere; yields what is told of progress."""
    if quiet or not err.is_terminal:
        yield lambda share, message: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task(title, total=1.0, said="")

        def tell(share: float, message: str) -> None:
            progress.update(task, completed=share, said=message)

        yield tell
