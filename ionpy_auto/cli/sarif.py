"""SARIF 2.1.0: findings as code-scanning services read them, GitHub's among them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ionpy_auto import __version__
from ionpy_auto.core.errors import Finding, Severity

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def sarif(findings: Sequence[Finding], root: Path) -> dict[str, Any]:
    """One run of the check as a SARIF log.

    Args:
        findings: In any order.
        root: Paths are given relative to this folder, the top of the repository.
    """
    codes = sorted({finding.code for finding in findings})
    driver = {
        "name": "ionpy-auto check",
        "semanticVersion": __version__.partition("+")[0],
        "rules": [_rule(code, findings) for code in codes],
    }
    results = [_result(finding, codes.index(finding.code), root) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _level(severity: Severity) -> str:
    return LEVELS.get(severity, "note")


def _rule(code: str, findings: Sequence[Finding]) -> dict[str, Any]:
    first = next(finding for finding in findings if finding.code == code)
    words = code.replace("-", " ").replace("_", " ")
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in words.split()),
        "shortDescription": {"text": words.capitalize()},
        "fullDescription": {"text": f"ionpy-auto check found: {words}."},
        "help": {"text": "See the message of each result for what to do."},
        "defaultConfiguration": {"level": _level(first.severity)},
        "properties": {"tags": ["flow"], "precision": "very-high"},
    }


def _result(finding: Finding, rule: int, root: Path) -> dict[str, Any]:
    text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    uri = _uri(finding.file, root)
    line, column = max(finding.line, 1), max(finding.column, 1)
    same = hashlib.sha256(f"{uri}|{finding.code}|{finding.path or line}|{text}".encode())
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _level(finding.severity),
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {
                        "startLine": line,
                        "startColumn": column,
                        "endLine": line,
                        "endColumn": column + 1,  # where it ends is not known
                    },
                }
            }
        ],
        "partialFingerprints": {"flowFinding/v1": same.hexdigest()[:32]},
    }


def _uri(file: str, root: Path) -> str:
    """A path as a URI reference; relative to the top where it lies below."""
    path = Path(file or "unknown")
    if path.is_absolute() and path.is_relative_to(root):
        path = path.relative_to(root)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
