"""``devices.json``: which devices a project has, how they are reached and how they are polled.

One bad device never stops the others: each is judged by itself, and what could not be read stays
in the file as it stands when it is written again. The flat form ``transport{type, port, …}`` is
written, ``transport{type, params{}}`` is read too.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ionpy_auto.core.errors import ConfigInvalid, Finding, Severity
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.language.json_lines import line_at, lines_of, problems_of

SCHEMA_VERSION = 1
NEW_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Block(BaseModel):
    """A transport or a framing: its type and its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(min_length=1, max_length=64)
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _accept_flat(cls, value: object) -> object:
        """``{type, a, b}`` and ``{type, params{a, b}}`` say the same; both at once do too."""
        if not isinstance(value, Mapping):
            return value
        inner = value.get("params", {})
        if not isinstance(inner, Mapping):
            return value
        flat = {k: v for k, v in value.items() if k not in {"type", "params"}}
        twice = sorted(set(flat) & set(inner))
        if twice:
            msg = f"{twice[0]!r} stands both beside and inside params"
            raise ValueError(msg)
        kept = {"type": value["type"]} if "type" in value else {}
        return {**kept, "params": {**inner, **flat}}

    def flat(self) -> dict[str, Any]:
        """The form that is written."""
        return {"type": self.type, **self.params}


class Logging(BaseModel):
    """How a device logs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    override_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = None


class Calibration(BaseModel):
    """When a device was calibrated, and until when that holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: dt.date | None = None
    due: dt.date | None = None
    by: str = Field("", max_length=200, description="Laboratory and number of the certificate.")


class DeviceConfig(BaseModel):
    """One device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=128, description="Never changes; data refers to it.")
    driver: str = Field(min_length=1, max_length=128)
    enabled: bool = Field(True, description="false: not loaded.")
    auto_start: bool = Field(True, description="false: loaded, but not connected by itself.")
    alias: str = Field("", max_length=200, description="What people see; the id by default.")
    color: str = Field("#0ea5e9", max_length=32)
    icon: str = Field("developer-board", max_length=64)
    description: str = Field("", max_length=4000)
    location: str = Field("", max_length=200)
    transport: Block
    framing: Block | None = Field(None, description="From the driver's blueprint by default.")
    polling_interval_ms: int = Field(1000, ge=20, le=86_400_000)
    params: dict[str, Any] = Field(default_factory=dict, description="Of the driver.")
    on_comm_loss: Literal["safe", "hold"] = Field(
        "safe",
        description="When the link is lost while an output is on: switch it off as soon as the "
        "device can be reached, or leave it (only with a watchdog of its own).",
    )
    safe_group: str = Field(
        "",
        max_length=64,
        description="Devices of one group go to their safe state together when one is lost.",
    )
    watchdog_s: float | None = Field(
        None,
        gt=0,
        le=3600,
        description="Of the device's own watchdog; ten polls, but at least 5 s, by default.",
    )
    calibration: Calibration = Field(default_factory=lambda: Calibration(by=""))
    logging: Logging = Logging()

    @model_validator(mode="before")
    @classmethod
    def _strict_words(cls, value: object) -> object:
        """``"yes"`` is no bool and ``"500"`` no number: this file has types."""
        if isinstance(value, Mapping):
            for key in ("enabled", "auto_start"):
                if key in value and not isinstance(value[key], bool):
                    msg = f"{key} must be true or false"
                    raise ValueError(msg)
            interval = value.get("polling_interval_ms", 1000)
            if isinstance(interval, bool) or not isinstance(interval, int):
                msg = "polling_interval_ms must be a whole number"
                raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueErrors
        return value

    @property
    def shown(self) -> str:
        """What people see."""
        return self.alias or self.id

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that is written: flat, complete."""
        content = self.model_dump(exclude={"transport", "framing", "calibration"})
        calibration = self.calibration.model_dump(mode="json", exclude_defaults=True)
        if calibration:
            content["calibration"] = calibration
        content["alias"] = self.shown
        content["transport"] = self.transport.flat()
        if self.framing is not None:
            content["framing"] = self.framing.flat()
        return content


@dataclass(slots=True)
class DevicesFile:
    """What a ``devices.json`` holds.

    Attributes:
        devices: The readable ones, in order.
        findings: What is wrong, with path and line; a device with an error is not in ``devices``.
        unread: Raw entries of the unreadable ones; they are kept when the file is written.
    """

    devices: list[DeviceConfig]
    findings: list[Finding]
    unread: list[Any]


def parse_device(raw: object) -> DeviceConfig:
    """One device from what came over REST.

    Raises:
        ConfigInvalid: Carries a finding per field; also for an id that new devices may not have.
    """
    config, findings = _judge(raw, "device", {})
    if config is not None and not NEW_ID.fullmatch(config.id):
        findings = [Finding(code="bad-id", message=_id_message(config.id), path="id")]
    errors = [f for f in findings if f.severity is Severity.ERROR]
    if config is None or not NEW_ID.fullmatch(config.id):
        first = errors[0]
        raise ConfigInvalid(f"{first.path}: {first.message}", hint=first.hint, findings=errors)
    return config


def load_devices(path: Path) -> DevicesFile:
    """Read a ``devices.json``; a missing file is an empty one.

    Raises:
        ConfigInvalid: The file is no JSON object, or written by a newer program.
    """
    if not path.exists():
        return DevicesFile([], [], [])
    content = read_json(path)
    if isinstance(content, list):  # the oldest form: the bare list
        content = {"schema_version": SCHEMA_VERSION, "devices": content}
    if not isinstance(content, dict) or not isinstance(content.get("devices"), list):
        msg = f"{path.name} must hold an object with a list of devices"
        raise ConfigInvalid(msg, args={"file": path.name, "path": "devices"})
    version = content.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        msg = f"{path.name} has schema_version {version}; this program knows {SCHEMA_VERSION}"
        raise ConfigInvalid(msg, hint="open it with the newer program that wrote it")
    return _judge_all(content["devices"], lines_of(path.read_text(encoding="utf-8-sig")), path)


def _judge_all(entries: list[Any], lines: Mapping[str, int], path: Path) -> DevicesFile:
    result = DevicesFile([], [], [])
    ids: dict[str, str] = {}
    for number, raw in enumerate(entries):
        where = f"devices.{number}"
        config, findings = _judge(raw, where, lines)
        if config is not None and config.id in ids:
            text = f"id {config.id!r} stands twice, first at {ids[config.id]}"
            findings.append(_finding("duplicate-id", text, f"{where}.id", lines))
            config = None
        result.findings += [_with_file(f, path.name) for f in findings]
        if config is None:
            result.unread.append(raw)
        else:
            ids[config.id] = where
            result.devices.append(config)
    return result


def _judge(
    raw: object, where: str, lines: Mapping[str, int]
) -> tuple[DeviceConfig | None, list[Finding]]:
    try:
        config = DeviceConfig.model_validate(raw)
    except ValidationError as error:
        return None, problems_of(error, where, lines)
    if NEW_ID.fullmatch(config.id):
        return config, []
    warning = _finding("bad-id", _id_message(config.id), f"{where}.id", lines, Severity.WARNING)
    return config, [warning]


def _id_message(device_id: str) -> str:
    return f"id {device_id!r:.140} should be 1 to 64 letters, digits, - or _"


def _finding(
    code: str,
    message: str,
    path: str,
    lines: Mapping[str, int],
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        code=code, message=message, path=path, line=line_at(path, lines), severity=severity
    )


def _with_file(finding: Finding, file: str) -> Finding:
    return Finding(**{**finding.as_dict(), "file": file, "severity": finding.severity})


def save_devices(path: Path, devices: list[DeviceConfig], unread: list[Any] | None = None) -> None:
    """Write a ``devices.json`` atomically, the previous one beside it as ``.bak``.

    Raises:
        StorageError: The disk refused; the old file is untouched.
    """
    entries = [device.as_dict() for device in devices] + list(unread or ())
    write_json(path, {"schema_version": SCHEMA_VERSION, "devices": entries}, backup=True)
