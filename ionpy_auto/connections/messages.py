"""A message of a broker, what in it may stand in rules, and wishes to hear or to publish some.

What others send is never trusted: sizes are bounded, numbers that are not finite are unknown, and
nothing but plain scalars leaves this file.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.samples import Scalar

MAX_PAYLOAD = 256 * 1024
"""Larger messages are dropped and counted [bytes]."""
MAX_JSON = 64 * 1024
MAX_TEXT = 4096
MAX_DEPTH = 16

Path = tuple[str, ...]

_STEP = re.compile(r"\[(\d{1,6})\]|(?:^|\.)([^.\[\]\s]{1,128})")
_NOTHING = object()


@dataclass(frozen=True)
class Message:
    """What came from a broker.

    Attributes:
        connection: Id of the connection it came through.
        topic: Without wildcards.
        payload: As it was sent.
        qos: 0 or 1 (2 where somebody subscribed so).
        retained: The broker had kept it: it is not news.
    """

    connection: str
    topic: str
    payload: bytes
    qos: int = 0
    retained: bool = False

    @cached_property
    def text(self) -> str | None:
        """The payload as text, cut at `MAX_TEXT`; None when it is none."""
        try:
            text = self.payload.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"

    @cached_property
    def content(self) -> object:
        """The payload read as JSON; a marker of nothing when it is none."""
        if len(self.payload) > MAX_JSON:
            return _NOTHING
        try:
            return json.loads(self.payload.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            return _NOTHING

    def value(self, path: Path = ()) -> Scalar | None:
        """The scalar at a path; without a path the payload itself. None when there is none.

        A payload that is no JSON is a text, unless a path asks into it.
        """
        found = self.content
        if found is _NOTHING:
            return None if path or _is_no_number(self.text) else self.text
        for step in path:
            found = _inside(found, step)
        if not path and isinstance(found, Mapping | Sequence) and not isinstance(found, str):
            return None
        return _scalar(found)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to hear.

    Attributes:
        topic: A filter, ``+`` and ``#`` allowed.
        connection: Id of the connection; None: of every connection that has topics.
        qos: 0 or 1.
        retained: Whether what the broker had kept is wanted, too.
        value: Only messages that hold this are wanted, as text or as a quantity; None: all.
            Others may come all the same: whoever wishes still looks.
        path: Where in a message the value stands.
    """

    topic: str
    connection: str | None = None
    qos: int = 0
    retained: bool = False
    value: str | None = None
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody wants to send.

    Attributes:
        topic: Without wildcards.
        payload: As it is sent.
        connection: Id of the connection; None when there is only one.
        qos: 0 is sent once, 1 is sent until the broker acknowledged it.
        retain: The broker keeps it for those who come later.
        timeout_s: Within which QoS 1 must be acknowledged.
    """

    topic: str
    payload: bytes
    connection: str | None = None
    qos: int = 0
    retain: bool = False
    timeout_s: float = 10.0


Tell = Callable[[Message], None]


def parse_path(text: str) -> Path:
    """The way to a value inside JSON.

    Example:
        >>> parse_path("$.cells[2].voltage"), parse_path("temp")
        (('cells', '2', 'voltage'), ('temp',))

    Raises:
        BadInput: It is no path.
    """
    wanted = text.strip().removeprefix("$").removeprefix(".")
    steps: list[str] = []
    at = 0
    while at < len(wanted):
        found = _STEP.match(wanted, at)
        if found is None:
            break
        steps.append(found[1] or found[2])
        at = found.end()
    if not steps or at < len(wanted) or len(steps) > MAX_DEPTH:
        msg = f"{text[:80]!r} is no path into JSON"
        raise BadInput(msg, hint="write cells[2].voltage")
    return tuple(steps)


def _inside(found: object, step: str) -> object:
    if isinstance(found, Mapping):
        return found.get(step)
    if isinstance(found, list) and step.isascii() and step.isdigit() and int(step) < len(found):
        return found[int(step)]
    return None


def _scalar(found: Any) -> Scalar | None:  # noqa: ANN401 - what JSON holds
    """A plain scalar; numbers become floats, what is not finite is unknown."""
    if isinstance(found, bool):
        return found
    if isinstance(found, str):
        return found if len(found) <= MAX_TEXT else found[: MAX_TEXT - 1] + "…"
    if isinstance(found, int | float):
        try:
            number = float(found)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return None


def _refuse(word: str) -> NoReturn:
    msg = f"{word} is no number"
    raise ValueError(msg)


def _is_no_number(text: str | None) -> bool:
    """Whether a text is what programs write for a number they do not have."""
    return text is not None and text.strip().lstrip("+-").lower() in {"nan", "inf", "infinity"}
