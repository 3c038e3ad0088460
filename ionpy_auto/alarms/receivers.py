"""Receivers: names people use for one or several addresses, and how each of them is reached."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from ionpy_auto.alarms.channels import CHANNELS, PLACEHOLDER, Channel, Kit, Target
from ionpy_auto.alarms.outbox_store import Entry
from ionpy_auto.alarms.outward import refused
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.errors import IonpyError, NotFound

Fill = Callable[[Entry, str], str]
"""Puts into a text what only he who gets it may see."""
SCHEMES: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Way:
    """One address of a receiver.

    Attributes:
        channel: Registered name of the channel.
        number: Which of the receiver's addresses of this channel, from 0.
        written: The target as written, secrets still under their names.
    """

    channel: str
    number: int
    written: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The address without its secrets."""
        try:
            return CHANNELS.get(self.channel).target.model_validate(self.written).shown
        except ValidationError:
            return "…"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A name and its addresses.

    Attributes:
        fallback: The receiver that is told what this one could not be told; empty: the pages.
        title: Template of the first line; empty: the usual one.
        message: Template of the rest; empty: the usual one.
    """

    name: str
    ways: tuple[Way, ...] = ()
    fallback: str = ""
    title: str = ""
    message: str = ""

    def way(self, channel: str, number: int) -> Way | None:
        """One of its addresses."""
        for way in self.ways:
            if (way.channel, way.number) == (channel, number):
                return way
        return None


class Receivers:
    """Knows all receivers and hands messages to their channels.

    Args:
        kit: What channels may use.
        secrets: What ``${NAME}`` stands for.
    """

    def __init__(self, kit: Kit, secrets: Secrets) -> None:
        self.kit = kit
        self._secrets = secrets
        self.fill: Fill = lambda _entry, text: text
        self._channels: dict[str, Channel] = {}
        self._written: dict[str, Receiver] = {}
        self._always = {name: Receiver(name, (Way(name, 0),)) for name in ("browser", "log")}

    @property
    def names(self) -> list[str]:
        """Receivers that people may name besides addresses."""
        return sorted({*self._always, *self._written})

    def take(self, receivers: Mapping[str, Receiver]) -> None:
        """From now on these, besides those that are always there."""
        self._written = dict(receivers)

    def get(self, name: str) -> Receiver | None:
        """A receiver by its name."""
        return self._written.get(name) or self._always.get(name)

    def address(self, to: str) -> tuple[Receiver, dict[str, Any], str]:
        """The receiver for what a rule names, the address if it is one, and a remark.

        A receiver nobody knows becomes the log, and the remark says so.
        """
        known = self.get(to)
        if known is not None:
            return known, {}, ""
        if to.startswith(SCHEMES):
            way = Way("webhook", 0, {"url": to})
            return Receiver(way.shown, (way,)), {"url": to}, ""
        return self._always["log"], {}, f"no receiver {to!r}: written to the log"

    def fallback(self, name: str) -> Receiver:
        """Who is told what a receiver could not be told."""
        receiver = self.get(name)
        other = self.get(receiver.fallback) if receiver is not None else None
        return other if other is not None and other.name != name else self._always["browser"]

    async def deliver(self, entry: Entry) -> None:
        """Hand a message over.

        Raises:
            IonpyError: It did not arrive.
        """
        letter = entry.letter()
        title, message = self.fill(entry, letter.title), self.fill(entry, letter.message)
        letter = replace(letter, title=title, message=message)
        await self.channel(entry.channel).deliver(self._target(entry), letter)

    def _target(self, entry: Entry) -> Target:
        written: Mapping[str, Any] = entry.target
        if not written:
            receiver = self.get(entry.receiver)
            way = receiver.way(entry.channel, entry.way) if receiver is not None else None
            if way is None:
                msg = f"receiver {entry.receiver!r} has no such address any more"
                hint = "see receivers in config/alarms.yaml"
                raise NotFound(msg, hint=hint, args={"final": True})
            written = {key: self._resolved(value) for key, value in way.written.items()}
        try:
            return CHANNELS.get(entry.channel).target.model_validate(written)
        except ValidationError as error:
            msg = f"the address is none: {error.errors()[0]['msg']}"
            raise refused(msg) from None

    def _resolved(self, value: Any) -> Any:  # noqa: ANN401 - whatever is written
        """A value with its secrets.

        Raises:
            NotFound: There is no such secret; it may come, so this is tried again.
        """
        if isinstance(value, list):
            return [self._resolved(one) for one in value]
        if not isinstance(value, str):
            return value
        return PLACEHOLDER.sub(lambda found: self._secrets.get(found[1]), value)

    def channel(self, name: str) -> Channel:
        """A channel, made at first use."""
        if name not in self._channels:
            self._channels[name] = CHANNELS.get(name)(self.kit)
        return self._channels[name]

    def shown(self, paths: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """All receivers with what the outbox knows of their paths."""
        known = list(paths)
        return [
            self._shown(name, [p for p in known if p["receiver"] == name]) for name in self.names
        ]

    def _shown(self, name: str, paths: list[Mapping[str, Any]]) -> dict[str, Any]:
        receiver = self.get(name) or Receiver(name)
        errors = [path["error"] for path in paths if path["error"]]
        return {
            "name": name,
            "channels": [{"kind": way.channel, "address": way.shown} for way in receiver.ways],
            "fallback": receiver.fallback,
            "ok": all(path["ok"] for path in paths),
            "last_sent": max((path["last_sent"] or 0.0 for path in paths), default=0.0) or None,
            "last_error": errors[-1] if errors else "",
        }

    async def test(self, name: str) -> list[dict[str, Any]]:
        """Send a test message to each address of a receiver, past the outbox.

        Raises:
            NotFound: There is no such receiver.
        """
        receiver = self.get(name)
        if receiver is None:
            msg = f"there is no receiver {name!r}"
            raise NotFound(msg, hint=f"known: {', '.join(self.names)}")
        return [await self._test(receiver, way) for way in receiver.ways]

    async def _test(self, receiver: Receiver, way: Way) -> dict[str, Any]:
        clock = self.kit.clock
        now, began, error = clock.now(), clock.monotonic(), ""
        entry = Entry(
            key=f"test/{uuid.uuid4().hex}",
            receiver=receiver.name,
            channel=way.channel,
            title="[TEST] ionpy_auto",
            message=f"A test message to {receiver.name}. Nothing is wrong.",
            created=now,
            next_try=now,
            way=way.number,
        )
        try:
            await self.deliver(entry)
        except IonpyError as problem:
            error = problem.message
        return {
            "channel": way.channel,
            "address": way.shown,
            "ok": not error,
            "error": error,
            "ms": round((clock.monotonic() - began) * 1000),
        }
