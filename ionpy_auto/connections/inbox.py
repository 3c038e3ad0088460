"""What came in and waits to be heard: bounded, in order, and no topic pushes out the others.

Two bounds: of all messages, and of those of one topic. Where a bound is met the oldest message of
the same topic makes room (the newest counts), or, when a new topic meets a full box, the oldest of
all. Every message lost is counted.
"""

from collections import Counter, deque

from ionpy_auto.connections.messages import Message


class Inbox:
    """A queue of messages.

    Args:
        bound: How many may wait.
        per_topic: How many of one topic; a tenth of all by default.
    """

    def __init__(self, bound: int, per_topic: int | None = None) -> None:
        self.bound = bound
        self.per_topic = per_topic or max(1, bound // 10)
        self.dropped = 0
        self._count = 0
        self._queue: deque[Message] = deque()
        self._waiting: Counter[str] = Counter()
        self._void: Counter[str] = Counter()  # so many of the oldest of a topic count no more

    def __len__(self) -> int:
        return self._count

    def put(self, message: Message) -> None:
        """Take one in; never blocks."""
        topic = message.topic
        if self._waiting[topic] >= self.per_topic:
            self._void[topic] += 1
            self._lose(topic)
        elif self._count >= self.bound and self.take() is not None:
            self.dropped += 1
        self._waiting[topic] += 1
        self._count += 1
        self._queue.append(message)
        if len(self._queue) > 2 * self.bound:
            self._compact()

    def _lose(self, topic: str) -> None:
        _less(self._waiting, topic)
        self._count -= 1
        self.dropped += 1

    def take(self) -> Message | None:
        """The oldest message, None when none waits."""
        while self._queue:
            message = self._queue.popleft()
            if self._void[message.topic]:
                _less(self._void, message.topic)
                continue
            _less(self._waiting, message.topic)
            self._count -= 1
            return message
        return None

    def clear(self) -> None:
        """Forget what waits."""
        self._count = 0
        self._queue.clear()
        self._waiting.clear()
        self._void.clear()

    def _compact(self) -> None:
        """Take out what counts no more, so that the queue itself stays bounded."""
        kept: deque[Message] = deque()
        for message in self._queue:
            if self._void[message.topic]:
                _less(self._void, message.topic)
            else:
                kept.append(message)
        self._void.clear()
        self._queue = kept


def _less(counts: Counter[str], topic: str) -> None:
    counts[topic] -= 1
    if not counts[topic]:
        del counts[topic]
