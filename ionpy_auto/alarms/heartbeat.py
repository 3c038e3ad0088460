"""A sign of life to somebody outside, who raises the alarm when it stays away.

Nobody can say himself that he is dead. A beat leaves only while what delivers alarms is seen to
work: the loop turned in time, alarms get their rows, and dispatcher and outbox took their turns.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from ionpy_auto.alarms.outward import Ask, Outward
from ionpy_auto.alarms.routing.words import duration
from ionpy_auto.connections.secrets import NAME, PREFIX, Secrets
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import Fields, Node, UnitError

log = structlog.get_logger(__name__)

KEY: Final = "heartbeat"
"""Where it stands in the routing file."""
EVERY_S: Final = 30.0
LEAST_S: Final = 5.0
MOST_LAG_S: Final = 5.0

Vital = Callable[[], str]
"""Why something does not work; empty when it does."""


@dataclass(frozen=True, slots=True)
class HeartbeatConfig:
    """Where beats go.

    Attributes:
        url: As written; may be ``secret:<name>``.
        every_s: Between two of them.
    """

    url: str
    every_s: float = EVERY_S


def read_heartbeat(node: Node | None, fields: Fields) -> HeartbeatConfig | None:
    """What stands under ``heartbeat``; what is wrong becomes a finding."""
    if node is None:
        return None
    inner = Fields(node, fields.file, fields.findings)
    url = inner.text("url", required=True)
    every = _seconds(inner)
    inner.unknown()
    if url and not url.startswith(("http://", "https://", PREFIX)):
        inner.add("bad-url", "this is no http or https URL", inner.get("url"))
        return None
    if every is None or every < LEAST_S:
        inner.add("wrong-value", f"at least {LEAST_S:g} s lie between two", inner.get("every"))
        return None
    return HeartbeatConfig(url, every) if url else None


def _seconds(fields: Fields) -> float | None:
    node = fields.text_node("every")
    if node is None:
        return EVERY_S
    try:
        return duration(node.text)
    except UnitError as error:
        fields.add("wrong-value", error.message, node, error.hint)
        return EVERY_S


class Heartbeat:
    """Sends them.

    Args:
        outward: Sends requests.
        clock: Real time: who waits for them lives in it.
        secrets: What ``secret:<name>`` stands for.
        vitals: What must work, by name.
        about: What else a beat tells.
    """

    def __init__(
        self,
        outward: Outward,
        clock: Clock,
        secrets: Secrets,
        vitals: Mapping[str, Vital],
        about: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._outward = outward
        self._clock = clock
        self._secrets = secrets
        self._vitals = dict(vitals)
        self._about = about
        self._tasks = Tasks("heartbeat", clock)
        self._config: HeartbeatConfig | None = None
        self._late_s = 0.0
        self.sent = 0
        self.missed = 0
        self.error = ""

    async def follow(self, config: HeartbeatConfig | None) -> None:
        """From now on this; None: no beats."""
        if config == self._config:
            return
        self._config = config
        await self._tasks.stop()
        if config is not None:
            self._tasks.keep("beat", self._beat)

    async def stop(self) -> None:
        """No more beats: the server is stopped on purpose, and the one outside will ask why."""
        await self._tasks.stop()

    async def _beat(self) -> None:
        while self._config is not None:
            await self.beat(self._config)
            before = self._clock.monotonic()
            await self._clock.sleep(self._config.every_s)
            self._late_s = self._clock.monotonic() - before - self._config.every_s

    def sick(self) -> str:
        """What does not work; empty when all does."""
        if self._late_s > MOST_LAG_S:
            return f"loop: {self._late_s:.1f} s late"
        found = ((name, vital()) for name, vital in self._vitals.items())
        return "; ".join(f"{name}: {why}" for name, why in found if why)

    async def beat(self, config: HeartbeatConfig) -> None:
        """One sign of life, if there is life; a failure is logged once."""
        error = self.sick()
        if not error:
            body = {"source": "ionpy_auto", "time": self._clock.now(), **self._about()}
            try:
                await self._outward.ask(Ask("POST", self._url(config), json.dumps(body)))
            except IonpyError as problem:
                error = problem.message
        if error and error != self.error:
            log.warning("no sign of life was sent", reason=error)
        self.error = error
        self.sent += not error
        self.missed += bool(error)

    def _url(self, config: HeartbeatConfig) -> str:
        name = config.url.removeprefix(PREFIX)
        is_secret = config.url.startswith(PREFIX) and NAME.fullmatch(name)
        return self._secrets.get(config.url) if is_secret else config.url

    def status(self) -> dict[str, Any]:
        """How it goes."""
        return {
            "on": self._config is not None,
            "sent": self.sent,
            "missed": self.missed,
            "error": self.error,
        }
