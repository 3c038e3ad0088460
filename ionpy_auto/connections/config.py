"""``connections.json``: which shared endpoints a project has and how they are reached.

Each entry is judged by itself: a bad one never stops the others, and what could not be read stays
in the file as it stands when it is written again. A password never stands here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ionpy_auto.connections.kinds import KINDS
from ionpy_auto.core.errors import ConfigInvalid, Finding, Severity
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.language.json_lines import line_at, lines_of, problems_of

VERSION = 1
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MAX_ENTRIES = 100


class ConnectionConfig(BaseModel):
    """One connection."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(pattern=f"^{ID.pattern}$", description="Never changes; rules refer to it.")
    name: str = Field("", max_length=200, description="What people see; the id by default.")
    kind: str = Field(min_length=1, max_length=32, description="mqtt")
    enabled: bool = Field(True, description="false: never started.")
    auto_start: bool = Field(True, description="false: started by a person only.")
    endpoint: str = Field(min_length=1, max_length=300, description="host:port")
    standby: list[str] = Field(
        default_factory=list, max_length=8, description="Kept for later; there is no fail-over."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Of the kind.")
    max_pps: int = Field(
        500, ge=1, le=100_000, description="Messages per second that are handed on."
    )
    limits: dict[str, float] = Field(default_factory=dict, description="Kept for later.")

    @property
    def shown(self) -> str:
        """What people see."""
        return self.name or self.id

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that is written and answered."""
        return {**self.model_dump(), "name": self.shown}


@dataclass(slots=True)
class ConnectionsFile:
    """What a ``connections.json`` holds.

    Attributes:
        connections: The readable ones, in order.
        findings: What is wrong, with path and line.
        unread: Raw entries of the unreadable ones; they are kept when the file is written.
    """

    connections: list[ConnectionConfig]
    findings: list[Finding]
    unread: list[Any]


def parse_connection(raw: object) -> ConnectionConfig:
    """One connection from what came over REST.

    Raises:
        ConfigInvalid: Carries a finding per field.
    """
    config, findings = _judge(raw, "connection", {})
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if config is None or errors:
        first = errors[0]
        raise ConfigInvalid(f"{first.path}: {first.message}", hint=first.hint, findings=errors)
    return config


def load_connections(path: Path) -> ConnectionsFile:
    """Read a ``connections.json``; a missing file is an empty one.

    Raises:
        ConfigInvalid: The file is no such JSON object, or written by a newer program.
    """
    try:
        content = read_json(path)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ConnectionsFile([], [], [])
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise ConfigInvalid(msg, args={"file": path.name}) from error
    if not isinstance(content, dict) or not isinstance(content.get("connections"), list):
        msg = f"{path.name} must hold an object with a list of connections"
        raise ConfigInvalid(msg, args={"file": path.name, "path": "connections"})
    version = content.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        msg = f"{path.name} has version {version}; this program knows {VERSION}"
        raise ConfigInvalid(msg, hint="open it with the newer program that wrote it")
    return _judge_all(content["connections"], lines_of(text), path.name)


def save_connections(path: Path, file: ConnectionsFile) -> None:
    """Write a ``connections.json`` atomically, the previous one beside it as ``.bak``.

    Raises:
        StorageError: The disk refused; the old file is untouched.
    """
    entries = [config.as_dict() for config in file.connections] + file.unread
    write_json(path, {"version": VERSION, "connections": entries}, backup=True)


def connections_schema() -> dict[str, Any]:
    """JSON Schema of the file, with the parameters of every kind."""
    entry = ConnectionConfig.model_json_schema()
    forms = []
    for name in KINDS:
        params = KINDS.get(name).Params.model_json_schema(ref_template=f"#/$defs/{name}_{{model}}")
        inner = params.pop("$defs", {})
        entry.setdefault("$defs", {}).update({f"{name}_{key}": one for key, one in inner.items()})
        properties = {"kind": {"const": name}, "params": params}
        forms.append({"properties": properties})
    entry["properties"]["kind"]["enum"] = KINDS.names()
    defs = entry.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "connections.json",
        "type": "object",
        "properties": {
            "version": {"const": VERSION},
            "connections": {"type": "array", "items": {**entry, "anyOf": forms}},
        },
        "required": ["connections"],
        "$defs": defs,
    }


def _judge_all(entries: list[Any], lines: Mapping[str, int], file: str) -> ConnectionsFile:
    result = ConnectionsFile([], [], [])
    seen: dict[str, str] = {}
    for number, raw in enumerate(entries):
        where = f"connections.{number}"
        config, findings = _judge(raw, where, lines)
        if config is not None and config.id in seen:
            text = f"id {config.id!r} stands twice, first at {seen[config.id]}"
            findings.append(_finding("duplicate-id", text, f"{where}.id", lines))
            config = None
        elif number >= MAX_ENTRIES:
            text = f"more than {MAX_ENTRIES} connections"
            findings.append(_finding("too-many", text, where, lines))
            config = None
        result.findings += [replace(finding, file=file) for finding in findings]
        if config is None:
            result.unread.append(raw)
        else:
            seen[config.id] = where
            result.connections.append(config)
    return result


def _judge(
    raw: object, where: str, lines: Mapping[str, int]
) -> tuple[ConnectionConfig | None, list[Finding]]:
    try:
        config = ConnectionConfig.model_validate(raw)
    except ValidationError as error:
        return None, problems_of(error, where, lines)
    if config.kind not in KINDS:
        known = ", ".join(KINDS)
        text = f"there is no kind {config.kind!r}"
        return None, [_finding("unknown-kind", text, f"{where}.kind", lines, f"there is: {known}")]
    kind = KINDS.get(config.kind)
    findings = []
    try:
        kind.Params.model_validate_json(json.dumps(config.params), strict=True)
    except ValidationError as error:
        return None, problems_of(error, f"{where}.params", lines)
    if problem := kind.endpoint_problem(config.endpoint):
        return None, [_finding("wrong-field", problem, f"{where}.endpoint", lines)]
    for field in ("standby", "limits"):
        if getattr(config, field):
            text = f"{field} is kept, but does nothing yet"
            finding = _finding("not-available", text, f"{where}.{field}", lines)
            findings.append(replace(finding, severity=Severity.WARNING))
    return config, findings


def _finding(
    code: str, message: str, path: str, lines: Mapping[str, int], hint: str = ""
) -> Finding:
    line = line_at(path, lines)
    return Finding(code=code, message=message, hint=hint, path=path, line=line)
