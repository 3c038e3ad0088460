"""Hooks: names under which other programs call rules (``POST /api/hooks/{name}``).

A name exists while a rule listens to it. What comes from outside is flat, small, and not often.
"""

import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, IonpyError, NotFound
from ionpy_auto.core.samples import Scalar

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MAX_FIELDS: Final = 50
MAX_TEXT: Final = 1000
MOST: Final = 10
SPAN_S: Final = 10.0
"""At most `MOST` posts to one name within so many seconds."""

Tell = Callable[[Mapping[str, Scalar | None]], None]


class TooOften(IonpyError):
    """More posts than a name takes."""

    code = "TOO_MANY_REQUESTS"
    status = 429


class Hooks:
    """Who listens to which name.

    Args:
        clock: Of the rate limit.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: dict[str, dict[object, Tell]] = {}
        self._recent: dict[str, deque[float]] = {}

    def listen(self, name: str, tell: Tell) -> Callable[[], None]:
        """Be told of each post; returns the way to leave."""
        key = object()
        self._listeners.setdefault(name, {})[key] = tell

        def leave() -> None:
            listeners = self._listeners.get(name, {})
            listeners.pop(key, None)
            if not listeners:
                self._listeners.pop(name, None)

        return leave

    def post(self, name: str, content: Mapping[str, object]) -> int:
        """Tell everybody who listens; returns how many.

        Raises:
            NotFound: Nobody listens to this name.
            BadInput: More than flat fields with plain values.
            TooOften: The name was called too often.
        """
        listeners = self._listeners.get(name)
        if not listeners:
            msg = f"no rule listens to the hook {name[:64]!r}"
            raise NotFound(msg, hint="write when: {webhook: name} into a rule")
        fields = checked(content)
        self._count(name)
        for tell in tuple(listeners.values()):
            tell(fields)
        return len(listeners)

    def _count(self, name: str) -> None:
        now = self._clock.monotonic()
        recent = self._recent.setdefault(name, deque())
        while recent and now - recent[0] >= SPAN_S:
            recent.popleft()
        if len(recent) >= MOST:
            wait = SPAN_S - (now - recent[0])
            msg = f"the hook {name!r} was called {MOST} times within {SPAN_S:g} s"
            raise TooOften(msg, hint=f"wait {wait:.0f} s", args={"retry_after_s": round(wait, 1)})
        recent.append(now)


def checked(content: Mapping[str, object]) -> dict[str, Scalar | None]:
    """The fields of a post as they become ``trigger.*``.

    Raises:
        BadInput: Not flat, too many, too long, or names no expression can read.
    """
    if len(content) > MAX_FIELDS:
        msg = f"more than {MAX_FIELDS} fields"
        raise BadInput(msg, hint="send fewer")
    for name, value in content.items():
        if not FIELD.fullmatch(name):
            msg = f"{name[:64]!r} is no field name"
            raise BadInput(msg, hint="use letters, digits and _")
        if not _is_plain(value):
            msg = f"field {name!r} is no plain value"
            raise BadInput(msg, hint=f"numbers, texts up to {MAX_TEXT} characters, true, false")
    return dict(content)  # type: ignore[arg-type]  # _is_plain has checked every value


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return abs(value) < 2**53  # beyond, a number would become another one
    return isinstance(value, float) and math.isfinite(value)
