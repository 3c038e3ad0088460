"""Messages of brokers as rules hear and send them: with the chain of cause, over a broker and back.

A message carries no chain of ours. What a rule published lately is recognised by topic and
content when the broker sends it back, and continues the chain of the rule that sent it; so two
rules that answer each other over a broker are cut like those that answer each other over a point.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ionpy_auto.automation.rules.cause import ECHO_S
from ionpy_auto.connections import Message, Publication, Wish
from ionpy_auto.core.clock import Clock

MAX_REMEMBERED = 1000


class Brokers(Protocol):
    """What `Topics` asks of the connections."""

    def listen(self, wish: Wish, tell: Callable[[Message], None]) -> Callable[[], None]:
        """Be told of messages; returns the way to leave."""

    async def publish(self, what: Publication) -> Mapping[str, Any]:
        """Send a message now, or not at all."""


class Topics:
    """See the module's first lines (`context.TopicBoard`).

    Args:
        brokers: The project's connections.
        wall: Real time: a broker answers in no other.
    """

    def __init__(self, brokers: Brokers, wall: Clock) -> None:
        self._brokers = brokers
        self._wall = wall
        self._sent: OrderedDict[tuple[str, bytes], tuple[float, tuple[str, ...]]] = OrderedDict()

    def listen(
        self, wish: Wish, tell: Callable[[Message, tuple[str, ...]], None]
    ) -> Callable[[], None]:
        """Be told of messages, with the chain of rules that sent them."""
        return self._brokers.listen(wish, lambda message: tell(message, self.chain_of(message)))

    async def publish(self, what: Publication, cause: tuple[str, ...]) -> Mapping[str, Any]:
        """Send a message; its chain is remembered before it leaves."""
        key = (what.topic, what.payload)
        self._sent[key] = (self._wall.monotonic(), cause)
        self._sent.move_to_end(key)
        while len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)
        return await self._brokers.publish(what)

    def chain_of(self, message: Message) -> tuple[str, ...]:
        """The chain of whoever of us sent this message; empty when nobody did lately."""
        found = self._sent.get((message.topic, message.payload))
        if found is None or self._wall.monotonic() - found[0] > ECHO_S:
            return ()
        return found[1]
