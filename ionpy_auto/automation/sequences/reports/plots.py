"""The pictures of a report, drawn once for all formats."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import floor, log10
from typing import Any, Final

from ionpy_auto.automation.sequences.reports.drawing import (
    Area,
    Dot,
    Drawing,
    Label,
    Line,
    Panel,
    Scale,
    nice_step,
    pieces,
    scale_of,
    ticks,
)
from ionpy_auto.automation.sequences.reports.model import RunReport, Series
from ionpy_auto.automation.sequences.reports.words import Words

WIDE: Final = 1000.0
HALF: Final = 490.0
LEFT: Final = 58.0
RIGHT: Final = 12.0
RAMP: Final = 6
"""Colours ``r0`` to ``r5`` for cycles from first to last."""
_MOST_BANDS: Final = 300
_MOST_BARS: Final = 60
_GROUPS: Final = 12
_ASIDE: Final = {"charge": -2.5, "discharge": 2.5}
"""So that bars of charge and discharge stand beside each other."""
_HATCH: Final = "gap"
_PANELS: Final = (
    ("voltage", "Voltage", "V", 170.0),
    ("current", "Current", "A", 120.0),
    ("temp", "Temperature", "°C", 90.0),
)
_LIMITS: Final = {
    "voltage": (("voltage_min", 1.0), ("voltage_max", 1.0)),
    "current": (("charge_current", 1.0), ("discharge_current", -1.0)),
    "temp": tuple(
        (f"{way}_temp_{end}", 1.0) for way in ("charge", "discharge") for end in ("min", "max")
    ),
}
_AIR: Final = 0.35
"""A limit farther away than this share of what was seen would flatten the curve: not drawn."""


def all_plots(report: RunReport, words: Words) -> dict[str, Drawing]:
    """Name to picture; one without data is left out."""
    found = {
        "time": time_plot(report, words),
        "loops": loop_plot(report, words),
        "capacity": capacity_plot(report, words),
        "efficiency": efficiency_plot(report, words),
        "contact": contact_plot(report, words),
        "sampling": sampling_plot(report, words),
    }
    return {name: drawing for name, drawing in found.items() if drawing is not None}


# --- over time -----------------------------------------------------------------------------------


def time_unit(seconds: float) -> tuple[float, str]:
    """In what a span is counted.

    >>> time_unit(60.0), time_unit(3600.0), time_unit(86400.0), time_unit(1e6)
    ((1.0, 's'), (60.0, 'min'), (3600.0, 'h'), (86400.0, 'd'))
    """
    steps = ((300.0, 1.0, "s"), (7200.0, 60.0, "min"), (6 * 86400.0, 3600.0, "h"))
    found = ((unit, name) for most, unit, name in steps if seconds <= most)
    return next(found, (86400.0, "d"))


def time_plot(report: RunReport, words: Words) -> Drawing | None:
    """Voltage, current and temperature over the run, with steps, limits, gaps, prediction."""
    shown = [panel for panel in _PANELS if panel[0] in report.series]
    if not shown:
        return None
    duration = max(report.run["duration_s"], *(s.t[-1] for s in report.series.values()), 1e-3)
    predicted = (report.prediction or {}).get("curve") or {}
    if predicted.get("t"):
        duration = max(duration, min(predicted["t"][-1], 1.25 * duration))
    unit, name = time_unit(duration)
    height = 34.0 + sum(size + 34.0 for *_, size in shown) + 18.0
    title = words("Voltage, current and temperature over time")
    drawing = Drawing(title, WIDE, height)
    x = Scale(0.0, duration, LEFT, WIDE - RIGHT)
    top = 44.0
    _strip(drawing, report, words, x)
    step = nice_step(duration / unit, 10) * unit
    for place, (quantity, text, sign, size) in enumerate(shown):
        y = _y_of(report, quantity, predicted, (top + size, top))
        panel = Panel(drawing, x, y, words.number)
        marks = [(v, words.short(v / unit)) for v in ticks(0.0, duration, step)]
        is_last = place == len(shown) - 1
        below = f"{words('time')} [{name}]" if is_last else ""
        panel.x_axis(marks if is_last else [(v, "") for v, _ in marks], below)
        panel.y_axis(5 if size > 100 else 3)
        _hatch(panel, report)
        _bounds(panel, report, quantity, words)
        _predicted(panel, predicted, quantity)
        _measured(panel, report.series[quantity], quantity)
        panel.frame(f"{words(text)} [{sign}]")
        top += size + 34.0
    if predicted.get("t"):
        _legend(drawing, [("predicted", words("predicted"), True)], WIDE - RIGHT, 38.0)
    return drawing


def _y_of(
    report: RunReport, quantity: str, predicted: Mapping[str, Any], ends: tuple[float, float]
) -> Scale:
    series = report.series[quantity]
    values = [v for v in (*series.low, *series.high, *predicted.get(quantity, ())) if v is not None]
    low, high = min(values), max(values)
    span = max(high - low, 0.1)
    near = [v for v, _ in _limits(report, quantity) if low - _AIR * span <= v <= high + _AIR * span]
    return scale_of([*values, *near], *ends, least=1.0 if quantity == "temp" else 0.02)


def _limits(report: RunReport, quantity: str) -> Iterator[tuple[float, str]]:
    rows = {row["quantity"]: row for row in report.limits}
    for name, sign in _LIMITS[quantity]:
        row = rows.get(name)
        if row is not None and isinstance(row["value"], int | float):
            yield sign * float(row["value"]), f"{name} ({row['origin']})"


def _bounds(panel: Panel, report: RunReport, quantity: str, words: Words) -> None:
    del words
    for value, text in _limits(report, quantity):
        panel.level(value, text)


def _measured(panel: Panel, series: Series, style: str) -> None:
    gap = 4.0 * _usual(series.t)
    for part in pieces(series.t, series.low, series.high, gap):
        panel.curve(part, style)


def _usual(times: Sequence[float]) -> float:
    """The usual distance of points; holes are not it."""
    apart = sorted(b - a for a, b in pairwise(times))
    return apart[int(0.9 * (len(apart) - 1))] if apart else 1.0


def _predicted(panel: Panel, predicted: Mapping[str, Any], quantity: str) -> None:
    values = predicted.get(quantity) or []
    points = [
        (t, v)
        for t, v in zip(predicted.get("t") or [], values, strict=False)
        if v is not None and t <= panel.x.high
    ]
    panel.curve(points, "predicted", dashed=True)


def _hatch(panel: Panel, report: RunReport) -> None:
    """What nobody knows: times between a crash and the next start."""
    begin = report.run["started"] or report.run["created"]
    for gap in report.gaps:
        first = max(gap["from"] - begin, panel.x.low)
        last = min(gap["to"] - begin, panel.x.high)
        if last > first:
            wide = max(panel.x(last) - panel.x(first), 2.0)
            high = panel.y.begin - panel.y.end
            area = Area(panel.x(first), panel.y.end, wide, high, _HATCH, 0.7, hatched=True)
            panel.drawing.items.append(area)


def _strip(drawing: Drawing, report: RunReport, words: Words, x: Scale) -> None:
    """A band over the curves: what was done when, with the phases of a charge."""
    begin = report.run["started"] or report.run["created"]
    if len(report.steps) > _MOST_BANDS:
        _cycle_strip(drawing, report, words, x)
        return
    for step in report.steps:
        first = step["started"] - begin
        last = (step["ended"] or report.run["until"]) - begin
        style = step["kind"] if step["kind"] in {"charge", "discharge"} else "rest"
        _band(drawing, (x(first), x(last)), style, str(step["title"] or step["step_id"]))
        _phases(drawing, step, begin, x)


def _band(drawing: Drawing, ends: tuple[float, float], style: str, label: str) -> None:
    first, last = ends
    wide = last - first
    if wide <= 0.0:
        return
    drawing.items.append(Area(first, 8.0, max(wide - 0.5, 0.5), 14.0, style, 0.85))
    if wide > 6.0 * len(label) + 8.0:
        drawing.items.append(Label(first + wide / 2, 18.5, label, "on", "middle", 9))


def _cycle_strip(drawing: Drawing, report: RunReport, words: Words, x: Scale) -> None:
    """Too many steps to be seen: groups of cycles instead."""
    begin = report.run["started"] or report.run["created"]
    starts: dict[int, float] = {}
    for step in report.steps:
        starts.setdefault(step["cycle"], x(step["started"] - begin))
    cycles = sorted(starts)
    size = -(-len(cycles) // _GROUPS)
    groups = [cycles[k : k + size] for k in range(0, len(cycles), size)]
    ends = [*(starts[group[0]] for group in groups[1:]), x(report.run["until"] - begin)]
    for place, (group, end) in enumerate(zip(groups, ends, strict=True)):
        label = f"{group[0]}–{group[-1]}" if len(group) > 1 else f"{group[0]}"
        label = f"{words('cycle')} {label}" if place == 0 else label
        _band(drawing, (starts[group[0]], end), "r2" if place % 2 else "rest", label)


def _phases(drawing: Drawing, step: Mapping[str, Any], begin: float, x: Scale) -> None:
    for phase in step.get("phases", ()):
        end = phase["end"] or step["ended"]
        if phase["name"] == "cv" and end is not None:
            first, last = x(phase["start"] - begin), x(end - begin)
            drawing.items.append(Area(first, 22.0, max(last - first, 0.5), 4.0, "voltage", 0.9))


def _legend(
    drawing: Drawing, entries: Sequence[tuple[str, str, bool]], right: float, y: float
) -> None:
    """Lines with names, ending at the right."""
    at = right
    for style, text, dashed in reversed(entries):
        at -= 5.6 * len(text)
        drawing.items.append(Label(at, y, text, "muted", "start", 9.5))
        line = [(at - 24.0, y - 3.5), (at - 6.0, y - 3.5)]
        drawing.items.append(Line(line, style, 1.8, dashed))
        at -= 36.0


# --- over charge and cycles ----------------------------------------------------------------------


def _half(title: str, height: float = 250.0) -> tuple[Drawing, tuple[float, float, float, float]]:
    """A small picture, and where its axes go: left, right, bottom, top."""
    return Drawing(title, HALF, height), (LEFT, HALF - RIGHT, height - 40.0, 26.0)


def loop_plot(report: RunReport, words: Words) -> Drawing | None:
    """Voltage over the charge moved, one line per charge and discharge."""
    loops = report.loops
    if not loops:
        return None
    drawing, (left, right, bottom, top) = _half(words("Voltage over charge"))
    most = max(max(loop["ah"]) for loop in loops)
    x = Scale(0.0, max(most, 1e-6) * 1.03, left, right)
    y = scale_of([v for loop in loops for v in loop["voltage"]], bottom, top, 0.02)
    panel = Panel(drawing, x, y, words.number)
    panel.y_axis()
    panel.x_axis(panel.numbers(7), f"{words('charge moved')} [Ah]")
    cycles = sorted({loop["cycle"] for loop in loops})
    for loop in loops:
        style = _ramp(cycles.index(loop["cycle"]), len(cycles))
        points = list(zip(loop["ah"], loop["voltage"], strict=True))
        panel.curve(points, style, dashed=loop["kind"] == "discharge")
    panel.frame(f"{drawing.title} [V]")
    ends = list(dict.fromkeys((cycles[0], cycles[-1])))
    names = [
        (_ramp(cycles.index(c), len(cycles)), f"{words('cycle')} {c}", False) for c in ends if c
    ]
    _legend(drawing, [*names, ("axis", words("Discharge"), True)], right, top - 6.0)
    return drawing


def _ramp(place: int, count: int) -> str:
    return f"r{round(place * (RAMP - 1) / (count - 1)) if count > 1 else 1}"


def capacity_plot(report: RunReport, words: Words) -> Drawing | None:
    """Charge and discharge per cycle; partial ones hollow, with their uncertainty."""
    cycles = report.cycles
    if not cycles:
        return None
    drawing, (left, right, bottom, top) = _half(words("Capacity per cycle"))
    amounts = [
        value
        for cycle in cycles
        for name in ("charge_ah", "discharge_ah")
        if cycle[name]
        for value in _around(cycle[name], _u_of(cycle, name))
    ]
    x = _cycle_scale(cycles, left, right)
    panel = Panel(drawing, x, scale_of(amounts, bottom, top, 0.01), words.number)
    panel.y_axis()
    panel.x_axis(panel.numbers(8, whole=True), words("cycle"))
    for way in ("charge", "discharge"):
        _dots(panel, cycles, f"{way}_ah", way)
    panel.frame(f"{drawing.title} [Ah]")
    entries = [(way, words(way), False) for way in ("charge", "discharge")]
    _legend(drawing, entries, right, top - 6.0)
    return drawing


def _cycle_scale(cycles: Sequence[Mapping[str, Any]], left: float, right: float) -> Scale:
    first, last = cycles[0]["cycle"], cycles[-1]["cycle"]
    air = max((last - first) * 0.03, 0.5)
    return Scale(first - air, last + air, left, right)


def _dots(panel: Panel, cycles: Sequence[Mapping[str, Any]], name: str, style: str) -> None:
    radius = 3.2 if len(cycles) <= _MOST_BARS else 1.6
    known = [cycle for cycle in cycles if cycle[name]]
    whole = [c for c in known if not _is_hollow(c, name)]
    aside = _ASIDE.get(style, 0.0)
    points = [(panel.x(c["cycle"]) + aside, panel.y(c[name])) for c in whole]
    if len(points) > 1:
        panel.drawing.items.append(Line(points, style, 1.4))
    for cycle in known:
        at, value = panel.x(cycle["cycle"]) + _ASIDE.get(style, 0.0), cycle[name]
        if len(cycles) <= _MOST_BARS:
            ends = [panel.y(v) for v in _around(value, _u_of(cycle, name))]
            panel.drawing.items.append(Line([(at, end) for end in ends], style, 1.0))
        hollow = _is_hollow(cycle, name)
        panel.drawing.items.append(Dot(at, panel.y(value), style, radius, hollow))


def _u_of(cycle: Mapping[str, Any], name: str) -> float | None:
    return (cycle.get("u") or {}).get(name)


def _is_hollow(cycle: Mapping[str, Any], name: str) -> bool:
    return bool(cycle["partial"]) or (name == "ce" and cycle["ce_state"] != "valid")


def efficiency_plot(report: RunReport, words: Words) -> Drawing | None:
    """Coulombic efficiency per cycle; those that do not hold fully hollow."""
    cycles = [cycle for cycle in report.cycles if cycle["ce"] is not None]
    if not cycles:
        return None
    drawing, (left, right, bottom, top) = _half(words("Coulombic efficiency per cycle"))
    ends = [value for cycle in cycles for value in _around(cycle["ce"], _u_of(cycle, "ce"))]
    x = _cycle_scale(cycles, left, right)
    panel = Panel(drawing, x, scale_of(ends, bottom, top, 0.002), words.number)
    panel.y_axis()
    panel.x_axis(panel.numbers(8, whole=True), words("cycle"))
    if panel.y.holds(1.0):
        line = [(left, panel.y(1.0)), (right, panel.y(1.0))]
        drawing.items.append(Line(line, "axis", 0.8))
    _dots(panel, cycles, "ce", "r2")
    panel.frame(drawing.title)
    return drawing


def _around(value: float, uncertainty: float | None) -> tuple[float, float]:
    return value - (uncertainty or 0.0), value + (uncertainty or 0.0)


# --- the bench itself ----------------------------------------------------------------------------


def contact_plot(report: RunReport, words: Words) -> Drawing | None:
    """Voltage between instrument and cell over the current: a straight line while contacts hold."""
    points = report.contact.get("points") or []
    if not points:
        return None
    title = words("Contact: voltage between instrument and cell over current")
    drawing, (left, right, bottom, top) = _half(title)
    x = scale_of([0.0, *(amps for amps, _, _ in points)], left, right, 0.1)
    y = scale_of([0.0, *(volts * 1e3 for _, volts, _ in points)], bottom, top, 1.0)
    panel = Panel(drawing, x, y, words.number)
    panel.y_axis()
    panel.x_axis(panel.numbers(7), f"{words('Current')} [A]")
    cycles = sorted({cycle for *_, cycle in points})
    for amps, volts, cycle in points:
        style = _ramp(cycles.index(cycle), len(cycles))
        drawing.items.append(Dot(x(amps), y(volts * 1e3), style, 1.8))
    panel.frame(f"{words('Contact')}: ΔV [mV]")
    entries = [
        (_ramp(cycles.index(c), len(cycles)), f"{words('cycle')} {c}", False)
        for c in dict.fromkeys((cycles[0], cycles[-1]))
    ]
    _legend(drawing, entries, right, top - 6.0)
    return drawing


def sampling_plot(report: RunReport, words: Words) -> Drawing | None:
    """How far apart the polls were, on a logarithmic axis."""
    devices = [(device, found) for device, found in report.sampling.items() if found["bins"]]
    if not devices:
        return None
    drawing, (left, right, bottom, top) = _half(words("Distance between polls"))
    bars: dict[str, dict[int, float]] = {}
    for device, found in devices:
        shares = bars.setdefault(device, {})
        for mean, count in found["bins"]:
            key = floor(log10(mean) * 10.0)
            shares[key] = shares.get(key, 0.0) + count / found["polls"]
    keys = [key for shares in bars.values() for key in shares]
    x = Scale(min(keys) / 10.0 - 0.1, (max(keys) + 1) / 10.0 + 0.1, left, right)
    y = Scale(0.0, 105.0, bottom, top)
    panel = Panel(drawing, x, y, words.number)
    panel.y_axis()
    marks = [
        (log10(value), words.short(value))
        for power in range(floor(x.low), floor(x.high) + 1)
        for digit in ((1, 2, 5) if x.high - x.low < 3 else (1,))
        if x.holds(log10(value := digit * 10.0**power))
    ]
    panel.x_axis(marks, f"{words('Distance between polls')} [s]")
    wide = (x(0.1) - x(0.0)) / len(bars)
    for place, shares in enumerate(bars.values()):
        style = _ramp(place, len(bars))
        for key, share in shares.items():
            high = max(bottom - y(share * 100.0), 1.0)
            at = x(key / 10.0) + place * wide
            drawing.items.append(Area(at, bottom - high, wide * 0.9, high, style, 0.9))
    panel.frame(f"{words('share of polls')} [%]")
    entries = [(_ramp(k, len(bars)), device[:14], False) for k, device in enumerate(bars)]
    _legend(drawing, entries[:5], right, top - 6.0)
    return drawing
