"""Server settings: one file, overridden by the environment, with a documented schema.

``<home>/config/settings.json`` holds what differs from the defaults; ``IONPY_<NAME>`` overrides a
field, the command line overrides both. Unknown keys are an error, so a typing mistake is seen.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.files import read_json


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
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL", description="SQLite durability of recordings; FULL survives a power cut."
    )
    max_body: int = Field(2**20, ge=1024, description="Largest request body in bytes.")
    max_upload: int = Field(20 * 2**20, ge=1024, description="Largest upload in bytes.")
    webhook_allow: tuple[str, ...] = Field(
        (), description="host or host:port that webhooks may reach although it is loopback."
    )


def load_settings(
    path: Path | None, environment: Mapping[str, str] = os.environ, **overrides: object
) -> Settings:
    """Settings from file, environment and overrides (None means: not given).

    Raises:
        ConfigInvalid: With the field's path and what it should be.
    """
    values: dict[str, Any] = {}
    if path is not None and path.exists():
        content = read_json(path)
        if not isinstance(content, dict):
            msg = f"{path.name} must hold one JSON object"
            raise ConfigInvalid(msg)
        values.update(content)
    for field in Settings.model_fields:
        text = environment.get(f"IONPY_{field.upper()}")
        if text is not None:
            values[field] = text
    values.update({key: value for key, value in overrides.items() if value is not None})
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        msg = f"settings: {field}: {first['msg']}"
        raise ConfigInvalid(
            msg, hint="see docs/reference/settings.md", args={"field": field}
        ) from None
