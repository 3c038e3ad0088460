"""``mqtt``: a message as JSON to a topic of a broker, acknowledged before it counts as sent."""

import json
import re
import ssl
from hashlib import sha256
from typing import ClassVar, Final, Literal

from pydantic import Field, SecretStr, field_validator

from ionpy_auto.alarms.channels import Kit, Letter, Target, has_placeholder
from ionpy_auto.connections.topics import topic_problem
from ionpy_auto.core.errors import Unavailable

TIMEOUT_S: Final = 10.0
_BROKER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")


class MqttTarget(Target):
    """A topic of a broker."""

    broker: str = Field(description="host:port")
    topic: str = Field(max_length=1000)
    username: str = ""
    password: SecretStr = Field(SecretStr(""), description="${NAME}: a secret.")
    tls: bool = Field(False, description="Encrypted, with the system's authorities.")
    qos: Literal[1, 2] = Field(1, description="At least once, or exactly once.")
    retain: bool = Field(False, description="The broker keeps the last one for who comes later.")

    @field_validator("qos", mode="before")
    @classmethod
    def _number(cls, written: object) -> object:
        return int(written) if isinstance(written, str) and written.isdecimal() else written

    @field_validator("broker")
    @classmethod
    def _is_broker(cls, text: str) -> str:
        if not has_placeholder(text) and not _BROKER.fullmatch(text):
            msg = "write host:port, for example broker.example.org:1883"
            raise ValueError(msg)
        return text

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, text: str) -> str:
        if problem := topic_problem(text):
            raise ValueError(problem)
        return text

    @property
    def shown(self) -> str:
        """Broker and topic."""
        return f"{self.broker} {self.topic}"


class MqttChannel:
    """Publishes, over a connection of its own that lasts for one message."""

    word: ClassVar[str] = "mqtt"
    target: ClassVar[type[Target]] = MqttTarget

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def deliver(self, target: MqttTarget, letter: Letter) -> None:
        """Publish it; the key stands in the payload."""
        import aiomqtt  # noqa: PLC0415 - only when used

        name, _, number = target.broker.rpartition(":")
        host, port = name.strip("[]"), int(number)
        address = (await self._kit.outward.require(host, port)).strip("[]")
        body = {
            **letter.content,
            "key": letter.key,
            "status": letter.status,
            "severity": letter.severity,
            "title": letter.title,
            "message": letter.message,
            "time": self._kit.clock.now(),
        }
        client = aiomqtt.Client(
            host if target.tls else address,  # a certificate is held against the name
            port,
            identifier=f"ionpy-{sha256(letter.key.encode()).hexdigest()[:16]}",
            username=target.username or None,
            password=target.password.get_secret_value() or None,
            tls_context=ssl.create_default_context() if target.tls else None,
            timeout=TIMEOUT_S,
        )
        with self._kit.clock.hold():
            try:
                async with client:
                    payload = json.dumps(body)
                    await client.publish(target.topic, payload, target.qos, target.retain)
            except (TimeoutError, aiomqtt.MqttError, OSError) as error:
                msg = f"{target.broker}: {str(error)[:200] or type(error).__name__}"
                raise Unavailable(msg, code="NOT_DELIVERED", hint="check the broker") from error
