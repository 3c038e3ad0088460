"""What every browser sees live: one gapless stream of events, and coalesced telemetry.

Events are numbered once per epoch (boot and project) and kept in a ring, so a browser that was
away asks for what it missed or gets a new snapshot. Samples are merged to the latest per point and
sent in frames every `FRAME_S`; browsers with the same points share one encoded frame.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
import structlog

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.samples import LiveValues, Sample, Snapshot

log = structlog.get_logger(__name__)

FRAME_S = 0.1
RING = 10_000
EVENT_BOUND = RING + 1_000  # a whole ring can be caught up with
MAX_POINTS = 2_000
MAX_SUBSCRIPTIONS = 50
SYSTEM_EVENTS = frozenset(
    {
        *("device_added", "device_removed", "device_updated", "device_error", "server_restart"),
    }
)
HIDDEN = frozenset({"recorded"})
ALL = frozenset({"*"})

encode = msgspec.json.Encoder(enc_hook=str).encode  # one odd value must not cost an event


class Client:
    """One browser: the events it still has to get and the points it wants to see.

    Attributes:
        too_slow: Its event queue overflowed; the connection must be closed with 1013.
    """

    def __init__(self, hub: "LiveHub") -> None:
        self._hub = hub
        self.events: deque[bytes] = deque()
        self.frames: dict[str, bytes | None] = {}  # None: to be painted when it is sent
        self.wishes: dict[str, frozenset[str]] = {}
        self.too_slow = False
        self.wake = asyncio.Event()

    def offer(self, event: bytes) -> None:
        """Queue an encoded event."""
        if len(self.events) >= EVENT_BOUND:
            self.too_slow = True
        else:
            self.events.append(event)
        self.wake.set()

    def subscribe(self, wish: str, points: Iterable[str]) -> None:
        """Ask for points; the answer begins with their latest values."""
        self.wishes[wish] = frozenset(points)
        self.frames[wish] = None
        self.wake.set()

    def unsubscribe(self, wish: str) -> None:
        """No longer ask for them."""
        self.wishes.pop(wish, None)
        self.frames.pop(wish, None)

    def start_again(self, hello: bytes) -> None:
        """Forget what was queued; a new snapshot stands for it, and all wishes are painted."""
        self.events.clear()
        self.frames = dict.fromkeys(self.wishes)
        self.offer(hello)

    def take(self) -> list[bytes]:
        """All that is to be sent now, events first."""
        painted = (
            frame or self._hub.paint(wish, self.wishes[wish]) for wish, frame in self.frames.items()
        )
        frames = [*self.events, *(frame for frame in painted if frame)]
        self.events.clear()
        self.frames.clear()
        self.wake.clear()
        return frames


class LiveHub:
    """Feeds all browsers from the bus.

    Args:
        bus: Tapped for everything.
        values: The latest sample of every point.
        snapshot: Makes what a new browser starts from.
        now: UTC of the open project's clock, for browsers that ask.
    """

    def __init__(
        self,
        bus: Bus,
        values: LiveValues,
        snapshot: Callable[[], dict[str, Any]],
        now: Callable[[], float],
    ) -> None:
        self._bus = bus
        self._values = values
        self._snapshot = snapshot
        self.now = now
        self.clients: set[Client] = set()
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)
        self._dirty: dict[str, Sample] = {}
        self._leave: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.epoch = secrets.token_hex(6)
        self.seq = 0

    def start(self) -> None:
        """Listen to the bus."""
        self._leave = [
            self._bus.tap("sample/", self._sample),
            self._bus.tap("event/", self._event),
        ]

    def stop(self) -> None:
        """Leave the bus and wake every browser's sender."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for client in self.clients:
            client.wake.set()

    def new_epoch(self) -> None:
        """Another project: numbering begins anew and every browser gets a new snapshot."""
        self.epoch = secrets.token_hex(6)
        self.seq = 0
        self._ring.clear()
        self._dirty.clear()
        hello = self.hello()
        for client in self.clients:
            client.start_again(hello)

    def hello(self) -> bytes:
        """The first frame of a connection."""
        return encode(
            {
                "type": "hello",
                "protocol": 1,
                "epoch": self.epoch,
                "seq": self.seq,
                "snapshot": self._snapshot(),
            }
        )

    def join(self) -> Client:
        """A new browser; it starts with a snapshot."""
        client = Client(self)
        self.clients.add(client)
        client.offer(self.hello())
        return client

    def part(self, client: Client) -> None:
        """A browser is gone."""
        self.clients.discard(client)

    def resume(self, client: Client, epoch: str, seq: int) -> None:
        """Send what was missed since ``seq``, or a new snapshot when that is not possible."""
        oldest = self._ring[0][0] if self._ring else self.seq + 1
        if epoch != self.epoch or seq > self.seq or seq + 1 < oldest:
            client.offer(self.hello())
            return
        client.events.clear()  # what stands there is in the ring as well
        for number, event in self._ring:
            if number > seq:
                client.offer(event)

    def _event(self, event: Event) -> None:
        if event.kind in HIDDEN:
            return
        kind = "system_event" if event.kind in SYSTEM_EVENTS else "event"
        frame = encode(
            {
                "type": kind,
                "seq": self.seq + 1,
                "event": event.kind,
                "payload": event.payload,
                "t": event.timestamp,
            }
        )
        self.seq += 1  # only now: what cannot be encoded leaves no gap
        self._ring.append((self.seq, frame))
        for client in self.clients:
            client.offer(frame)

    def _sample(self, snapshot: Snapshot) -> None:
        if not self.clients:
            return
        dirty = self._dirty
        for sample in snapshot.samples:
            dirty[sample.point] = sample
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FRAME_S, self._flush)

    def _flush(self) -> None:
        """Send one frame; browsers with the same points share the encoded values."""
        self._timer = None
        dirty, self._dirty = self._dirty, {}
        values: dict[frozenset[str], _Values | None] = {}
        frames: dict[tuple[str, frozenset[str]], bytes] = {}
        for client in self.clients:
            for wish, points in client.wishes.items():
                if points not in values:
                    values[points] = _encoded(_chosen(dirty, points))
                if (content := values[points]) is None:
                    continue
                if wish in client.frames:  # it has not taken its last one: paint all of it then
                    client.frames[wish] = None
                    continue
                key = (wish, points)
                if key not in frames:
                    frames[key] = _frame(wish, content)
                client.frames[wish] = frames[key]
                client.wake.set()

    def paint(self, wish: str, points: frozenset[str]) -> bytes | None:
        """A frame with the latest value of every point of a wish; None without any."""
        content = _encoded(_chosen(self._values.latest, points))
        return None if content is None else _frame(wish, content)


class _Values(NamedTuple):
    """Encoded values, and the time of the newest."""

    newest: float
    values: msgspec.Raw


def _chosen(samples: dict[str, Sample], points: frozenset[str]) -> list[Sample]:
    if points == ALL:
        return list(samples.values())
    return [samples[point] for point in points & samples.keys()]


def _encoded(samples: list[Sample]) -> _Values | None:
    if not samples:
        return None
    values = {s.point: (s.value, s.timestamp, s.quality, s.alarm) for s in samples}
    return _Values(max(s.timestamp for s in samples), msgspec.Raw(encode(values)))


def _frame(wish: str, content: _Values) -> bytes:
    return encode({"type": "samples", "id": wish, "t": content.newest, "values": content.values})
