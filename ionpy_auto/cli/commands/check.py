"""``check``: flow files, before anything moves."""

from pathlib import Path
from typing import Annotated

import typer

from ionpy_auto.cli.output import CheckFormat, err, print_findings
from ionpy_auto.core.errors import BadInput, Severity
from ionpy_auto.engine.offline import check_path


def run(
    paths: Annotated[list[Path], typer.Argument(help="Flow files or project folders.")],
    style: Annotated[CheckFormat, typer.Option("--format", help="For whom.")] = "text",
) -> None:
    """Check flow files and whole projects; made for CI and pre-commit. Exit code 1: findings."""
    findings = []
    count = 0
    for path in paths:
        if not path.exists():
            msg = f"there is no {path}"
            raise BadInput(msg, hint="give flow files or project folders")
        for found in check_path(path):
            count += 1
            findings += found
    print_findings(findings, style)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if style == "text":
        err.print(f"{count} files, {errors} errors, {len(findings) - errors} other findings")
    raise typer.Exit(1 if errors else 0)
