"""``webhook``: POST a message as JSON to a URL; for alarms in the form Alertmanager posts."""

import json
import re
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ionpy_auto.alarms.channels import Kit, Letter, Target, has_placeholder
from ionpy_auto.alarms.outward import Ask

_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)


class WebhookTarget(Target):
    """A URL, which often is a secret by itself."""

    short: ClassVar[str] = "url"

    url: SecretStr = Field(description="http or https; without user and password.")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if not has_placeholder(text) and not _URL.fullmatch(text):
            msg = "this is no http or https URL"
            raise ValueError(msg)
        return url

    @property
    def shown(self) -> str:
        """Scheme and host."""
        parts = urlsplit(self.url.get_secret_value())
        if not parts.scheme or not parts.netloc or has_placeholder(parts.netloc):
            return "…"
        rest = "/…" if parts.path.strip("/") or parts.query else ""
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{rest}"


class WebhookChannel:
    """Posts messages."""

    word: ClassVar[str] = "webhook_configs"
    target: ClassVar[type[Target]] = WebhookTarget

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def deliver(self, target: WebhookTarget, letter: Letter) -> None:
        """Post it; the key stands in the header ``Idempotency-Key`` and in the body."""
        body = {
            **letter.content,
            "key": letter.key,
            "title": letter.title,
            "message": letter.message,
            "time": self._kit.clock.now(),
        }
        await self._kit.outward.ask(
            Ask(
                "POST",
                target.url.get_secret_value(),
                json.dumps(body),
                headers={"Idempotency-Key": letter.key},
            )
        )
