"""Pictures as lines, areas, dots and labels, so that HTML and PDF draw the same.

Coordinates are points from the upper left corner. Colours are named by what they mean (``voltage``,
``limit``); each format has a palette of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log10
from typing import Final, Literal

Anchor = Literal["start", "middle", "end"]
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: Sequence[Place]
    style: str
    width: float = 1.2
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle; hatched where nothing is known."""

    x: float
    y: float
    width: float
    height: float
    style: str
    opacity: float = 1.0
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A marker; hollow where the figure does not hold fully."""

    x: float
    y: float
    style: str
    radius: float = 3.0
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text."""

    x: float
    y: float
    text: str
    style: str = "muted"
    anchor: Anchor = "start"
    size: float = 10.0


Item = Line | Area | Dot | Label


@dataclass
class Drawing:
    """A picture.

    Attributes:
        title: What it shows, also for those who cannot see it.
    """

    title: str
    width: float
    height: float
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Scale:
    """From values to points along one side."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value is."""
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    def holds(self, value: float) -> bool:
        """Whether a value lies on it."""
        return self.low <= value <= self.high


_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_step(span: float, most: int) -> float:
    """A round distance of at most so many ticks over a span.

    >>> nice_step(1.0, 5), nice_step(37.0, 5)
    (0.2, 10.0)
    """
    raw = span / max(most, 1)
    power = 10.0 ** floor(log10(raw))
    return next(nice * power for nice in _NICE if nice * power >= raw * (1 - 1e-9))


def ticks(low: float, high: float, step: float) -> list[float]:
    """Multiples of a step in a range."""
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def scale_of(values: Sequence[float], begin: float, end: float, least: float = 1e-3) -> Scale:
    """A scale on which all values lie, with a little air."""
    known = [value for value in values if isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    air = max((high - low) * 0.06, least / 2.0)
    return Scale(low - air, high + air, begin, end)


@dataclass(frozen=True)
class Panel:
    """A pair of axes on a drawing.

    Attributes:
        number: Writes a number in the reader's language.
    """

    drawing: Drawing
    x: Scale
    y: Scale
    number: Callable[[float, int], str]

    def frame(self, title: str) -> None:
        """Title above, a line around."""
        x, y = self.x, self.y
        corners = [(x.begin, y.begin), (x.begin, y.end), (x.end, y.end), (x.end, y.begin)]
        self.drawing.items.append(Line([*corners, corners[0]], "axis", 0.8))
        self.drawing.items.append(Label(x.begin, y.end - 6, title, "text", "start", 11))

    def y_axis(self, most: int = 5) -> None:
        """Grid and numbers on the left."""
        step = nice_step(self.y.high - self.y.low, most)
        places = places_of(step)
        for value in ticks(self.y.low, self.y.high, step):
            at = self.y(value)
            self.drawing.items.append(Line([(self.x.begin, at), (self.x.end, at)], "grid", 0.6))
            text = self.number(value + 0.0, places)
            self.drawing.items.append(Label(self.x.begin - 6, at + 3.5, text, "muted", "end"))

    def x_axis(self, marks: Sequence[tuple[float, str]], title: str = "") -> None:
        """Grid and numbers below."""
        bottom = self.y.begin
        for value, text in marks:
            at = self.x(value)
            self.drawing.items.append(Line([(at, bottom), (at, self.y.end)], "grid", 0.6))
            if text:
                self.drawing.items.append(Label(at, bottom + 14, text, "muted", "middle"))
        if title:
            middle = (self.x.begin + self.x.end) / 2
            self.drawing.items.append(Label(middle, bottom + 30, title, "muted", "middle"))

    def numbers(self, most: int = 8, *, whole: bool = False) -> list[tuple[float, str]]:
        """Marks for `x_axis`."""
        step = nice_step(self.x.high - self.x.low, most)
        step = max(ceil(step), 1) if whole else step
        places = 0 if whole else places_of(step)
        values = ticks(self.x.low, self.x.high, step)
        return [(value, self.number(value + 0.0, places)) for value in values]

    def curve(self, points: Sequence[Place], style: str, *, dashed: bool = False) -> None:
        """A line through values."""
        if len(points) > 1:
            line = [(self.x(x), self.y(y)) for x, y in points]
            self.drawing.items.append(Line(line, style, 1.0 if dashed else 1.4, dashed))

    def level(self, value: float, text: str) -> None:
        """A limit, where it can be seen."""
        if self.y.holds(value):
            at = self.y(value)
            line = [(self.x.begin, at), (self.x.end, at)]
            self.drawing.items.append(Line(line, "limit", 1.0, dashed=True))
            where = at - 4 if at - self.y.end > 14 else at + 11
            self.drawing.items.append(Label(self.x.end - 5, where, text, "limit", "end", 9))


def places_of(step: float) -> int:
    """Decimals that show multiples of a round step.

    >>> places_of(0.25), places_of(0.2), places_of(5.0), places_of(2.5)
    (2, 1, 0, 1)
    """
    places = max(-floor(log10(step) + 1e-9), 0)
    return places if abs(round(step, places) - step) < step * 1e-6 else places + 1


def pieces(
    t: Sequence[float], low: Sequence[float | None], high: Sequence[float | None], gap: float
) -> Iterator[list[Place]]:
    """A band of lowest and highest values as lines, broken where nothing is known."""
    part: list[Place] = []
    for time, bottom, top in zip(t, low, high, strict=True):
        if bottom is None or top is None or (part and time - part[-1][0] > gap):
            if len(part) > 1:
                yield part
            part = []
        if bottom is None or top is None:
            continue
        # In through the side that is nearer, out through the other: no stroke twice.
        rising = not part or part[-1][1] <= (bottom + top) / 2
        ends = (bottom, top) if rising else (top, bottom)
        part += [(time, ends[0])] if bottom == top else [(time, ends[0]), (time, ends[1])]
    if len(part) > 1:
        yield part
