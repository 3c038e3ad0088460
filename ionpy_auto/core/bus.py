"""Bounded, topic-filtered road for everything measured or happened.

Two ways to listen. A *tap* is a plain function called in the publisher's turn: for the recorder,
limits and rules, which must see every sample before anything else happens. A *subscription* is a
bounded queue with one wake-up per loop turn: for everything that may be slow. What a full queue
does is named when subscribing, and what it loses is counted where people can see it.

Topics are ``sample/<source>`` for snapshots and ``event/<kind>`` for events; a subscription takes
exact topics or prefixes that end in ``/`` (``sample/``, ``event/``).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import structlog

from ionpy_auto.core.errors import Unavailable
from ionpy_auto.core.samples import Snapshot

log = structlog.get_logger(__name__)

DEFAULT_BOUND = 500


class Event(NamedTuple):
    """Something happened.

    Attributes:
        kind: Lower-case word, for example ``run_step`` or ``device_added``.
        payload: JSON-able values.
        timestamp: UTC, Unix seconds.
        mono: Monotonic seconds of the clock.
        cause: Ids of what led here, oldest first (``rule:hot/1``), to follow and cut loops.
    """

    kind: str
    payload: Mapping[str, Any]
    timestamp: float
    mono: float
    cause: tuple[str, ...] = ()


Message = Snapshot | Event
Tap = Callable[[Any], None]


class Overflow(StrEnum):
    """What a full subscription does with the next message."""

    DROP_OLDEST = "drop_oldest"  # telemetry: the newest counts
    DROP_NEWEST = "drop_newest"  # the beginning counts
    COALESCE = "coalesce"  # only the latest per topic is kept
    CLOSE = "close"  # lossless or nothing: the subscriber is cut off and must start again


def topic_of(message: Message) -> str:
    """The topic a message is published under."""
    if isinstance(message, Snapshot):
        return f"sample/{message.source}"
    return f"event/{message.kind}"


class Subscription:
    """A bounded queue of messages; ``wait()`` for some, or take what is there with ``drain()``."""

    def __init__(self, bus: "Bus", name: str, policy: Overflow, bound: int) -> None:
        self.name = name
        self.policy = policy
        self.bound = bound
        self.dropped = 0
        self.closed = False
        self._bus = bus
        self._queue: deque[Message] = deque()
        self._latest: dict[str, Message] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue) or len(self._latest)

    def offer(self, message: Message) -> None:
        """Take a message in, following the overflow policy. Never blocks, never raises."""
        queue = self._queue
        if queue and len(queue) < self.bound:  # the way nearly every message takes
            queue.append(message)
            return
        if self.closed:
            return
        if self.policy is Overflow.COALESCE:
            key = topic_of(message)
            if self._latest.pop(key, None) is not None:
                self.dropped += 1
            self._latest[key] = message  # moves to the end: oldest first stays true
        elif len(queue) < self.bound:
            queue.append(message)
        else:
            self._overflow(message)
        self._wake.set()

    def _overflow(self, message: Message) -> None:
        self.dropped += 1
        if self.policy is Overflow.DROP_OLDEST:
            self._queue.popleft()
            self._queue.append(message)
        elif self.policy is Overflow.CLOSE:
            log.warning("subscriber too slow, closed", subscriber=self.name, bound=self.bound)
            self.close()

    def drain(self) -> list[Message]:
        """All waiting messages, oldest first."""
        messages = list(self._queue) + list(self._latest.values())
        self._queue.clear()
        self._latest.clear()
        self._wake.clear()
        return messages

    async def wait(self) -> list[Message]:
        """At least one message, all that are waiting.

        Raises:
            Unavailable: The subscription was closed, by its owner or because it was too slow.
        """
        while not self._queue and not self._latest:
            if self.closed:
                msg = f"subscription {self.name} is closed"
                raise Unavailable(msg)
            self._wake.clear()
            await self._wake.wait()
        return self.drain()

    def close(self) -> None:
        """Leave the bus; a waiting reader is woken."""
        self.closed = True
        self._bus.leave(self)
        self._wake.set()


class _Listener:
    """One registration of a tap; a function may be registered twice and leave once."""

    __slots__ = ("function",)

    def __init__(self, function: Tap) -> None:
        self.function: Tap | None = function


def _checked(topics: str | Iterable[str]) -> tuple[str, ...]:
    """Each topic once; a topic nobody ever publishes is a typing mistake."""
    keys = tuple(dict.fromkeys((topics,) if isinstance(topics, str) else topics))
    for key in keys:
        if not key.startswith(("sample/", "event/")):
            msg = f"topic {key!r} must start with sample/ or event/"
            raise ValueError(msg)
    return keys


class Bus:
    """Delivers messages to taps at once and to subscriptions through their queues."""

    def __init__(self) -> None:
        self._taps: dict[str, list[_Listener]] = {}
        self._queues: dict[str, list[Subscription]] = {}
        self._routes: dict[str, tuple[tuple[_Listener, ...], tuple[Subscription, ...]]] = {}
        self.published = 0
        self.tap_errors = 0

    def publish(self, message: Message) -> None:
        """Hand a message to everyone who listens; a failing tap never stops the others.

        Queues get it first (their readers wake a turn later), so that what a tap publishes in
        answer stands behind its cause.
        """
        self.published += 1
        topic = topic_of(message)
        route = self._routes.get(topic)
        if route is None:
            route = self._routes[topic] = self._resolve(topic)
        for queue in route[1]:
            queue.offer(message)
        for listener in route[0]:
            tap = listener.function
            if tap is None:  # left while this message was on its way
                continue
            try:
                tap(message)
            except Exception:
                self.tap_errors += 1
                log.exception("listener failed", topic=topic, listener=repr(tap))

    def _resolve(self, topic: str) -> tuple[tuple[_Listener, ...], tuple[Subscription, ...]]:
        """Who gets a topic; one that listens to it in two ways (prefix, exact) gets it once."""
        keys = [topic[: at + 1] for at, letter in enumerate(topic) if letter == "/"]
        keys += [topic] if topic not in keys else []
        taps = dict.fromkeys(t for key in keys for t in self._taps.get(key, ()))
        queues = dict.fromkeys(q for key in keys for q in self._queues.get(key, ()))
        return tuple(taps), tuple(queues)

    def tap(self, topics: str | Iterable[str], function: Tap) -> Callable[[], None]:
        """Call ``function(message)`` in the publisher's turn; returns the way to leave.

        Taps are called in the order they came, those of a prefix before those of an exact topic.
        """
        keys = _checked(topics)
        listener = _Listener(function)
        for key in keys:
            self._taps.setdefault(key, []).append(listener)
        self._routes.clear()

        def leave() -> None:
            listener.function = None
            for key in keys:
                if listener in self._taps.get(key, ()):
                    self._taps[key].remove(listener)
            self._routes.clear()

        return leave

    def subscribe(
        self,
        topics: str | Iterable[str],
        *,
        name: str,
        policy: Overflow,
        bound: int = DEFAULT_BOUND,
    ) -> Subscription:
        """A new queue for ``topics``; close it to leave."""
        if bound < 1:
            msg = f"a queue needs room for at least one message, not {bound}"
            raise ValueError(msg)
        subscription = Subscription(self, name, policy, bound)
        for key in _checked(topics):
            self._queues.setdefault(key, []).append(subscription)
        self._routes.clear()
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Take a subscription off the road (called by its ``close()``)."""
        for queues in self._queues.values():
            if subscription in queues:
                queues.remove(subscription)
        self._routes.clear()

    def counters(self) -> dict[str, Any]:
        """Published messages, failed taps, and depth and drops of every subscription."""
        seen = {id(q): q for queues in self._queues.values() for q in queues}
        return {
            "published": self.published,
            "listener_errors": self.tap_errors,
            "subscriptions": [
                {"name": q.name, "policy": q.policy, "depth": len(q), "dropped": q.dropped}
                for q in seen.values()
            ],
        }
