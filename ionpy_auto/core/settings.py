"""Server settings: one file, overridden by the environment, with a documented schema.

``<home>/config/settings.json`` holds what differs from the defaults; ``IONPY_<NAME>`` overrides a
field, the command line overrides both. Unknown keys are an error, so a typing mistake is seen.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.files import read_json

# Stands in the content security policy: nothing but scheme, host and port.
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")


class Settings(BaseModel):
    """What an installation may choose.

    Durations are seconds, sizes bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; loopback needs no login.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port; 0 takes a free one.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Further host names (without port) browsers may use to reach us."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What is written to the log, and everything graver."
    )
    synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL", description="SQLite durability of recordings; FULL survives a power cut."
    )
    max_body: int = Field(2**20, ge=1024, description="Largest request body in bytes.")
    max_upload: int = Field(20 * 2**20, ge=1024, description="Largest upload in bytes.")
    webhook_allow: tuple[str, ...] = Field(
        (), description="host or host:port that webhooks may reach although it is loopback."
    )
    public_url: str = Field(
        "", description="Where people reach this server, for links in messages: https://lab:8000"
    )
    frame_origins: tuple[str, ...] = Field(
        (),
        description="Where pages and camera pictures on dashboards may come from: http://cam:8080",
    )
    guard: Literal["on", "off"] = Field(
        "on", description="A second process switches outputs off when the server dies or hangs."
    )

    @field_validator("frame_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                msg = f"{origin!r} is no origin like http://cam:8080"
                raise ValueError(msg)
        return origins


def load_settings(
    path: Path | None, environment: Mapping[str, str] = os.environ, **overrides: object
) -> Settings:
    """Settings from file, environment and overrides (None means: not given).

    Raises:
        ConfigInvalid: With the field's path and what it should be.
    """
    values = {} if path is None or not path.exists() else _from_file(path)
    values |= _from_environment(environment)
    values |= {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explained("settings", error) from None


def _from_file(path: Path) -> dict[str, Any]:
    """What the file says; strictly typed, so ``true`` is no port and ``"8000"`` neither."""
    content = read_json(path)
    if not isinstance(content, dict):
        msg = f"{path.name} must hold one JSON object"
        raise ConfigInvalid(msg)
    try:
        checked = Settings.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        raise _explained(path.name, error) from None
    return checked.model_dump(exclude_unset=True)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """What ``IONPY_*`` variables say; several values of one field are separated by commas."""
    values: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        text = environment.get(f"IONPY_{name.upper()}")
        if text is None:
            continue
        is_list = isinstance(field.default, tuple)
        values[name] = [w.strip() for w in text.split(",") if w.strip()] if is_list else text
    return values


def _explained(place: str, error: ValidationError) -> ConfigInvalid:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    msg = f"{place}: {field}: {first['msg']}"
    return ConfigInvalid(msg, hint="see docs/reference/settings.md", args={"field": field})
