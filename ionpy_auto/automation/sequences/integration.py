"""Charge and energy from time-stamped voltage and current, per step, cycle and run.

Voltage and current come from different instruments with stamps of their own. Both are taken as
straight lines between their samples; charge is the area under the current (which equals the
trapezoid on the current's own stamps), energy the area under their product on the union of stamps.

What must never be invented:

- A *cut* is a confirmed switching moment. No line is drawn across it: the value before is held up
  to the cut, the value after is held back to it.
- A *gap* is a distance between samples (or from a sample to a cut) longer than ``max_gap_s``. It is
  not bridged: it counts as zero while the outputs are proven off, otherwise the charge is unknown
  and everything that contains it is ``partial``.

Samples wait only until both streams have passed them, so memory does not grow with time. A stream
that falls silent is given up after twice its longest gap. Samples that arrive with equal stamps on
both sides of a cut belong to the side they were fed on: order of feeding breaks ties.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import inf, isfinite
from typing import Any, Final, Literal, NamedTuple

_HOUR_S: Final = 3600.0
_CURVE_POINTS: Final = 512
_WAITING_TEMPERATURES: Final = 1000  # more than this means voltage and current are silent

Key = tuple[float, int]  # time and order of feeding


def live_max_gap_s(poll_s: float) -> float:
    """The longest distance of polled samples that is bridged: three polls, at least 2 s."""
    return max(3.0 * poll_s, 2.0)


class Point(NamedTuple):
    """Voltage and current at a moment; None where it is not known."""

    mono: float
    voltage: float | None
    current: float


class VoltageCurve:
    """Voltage over charge throughput in bounded memory: thinned by half whenever it is full."""

    __slots__ = ("_next", "_points", "_spacing")

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []
        self._spacing = 0.0
        self._next = 0.0

    def add(self, ah: float, voltage: float) -> None:
        """Remember a point; ``ah`` never falls."""
        if ah < self._next:
            return
        self._points.append((ah, voltage))
        if len(self._points) >= _CURVE_POINTS:
            del self._points[1::2]
            self._spacing = max(self._points[-1][0] / (_CURVE_POINTS // 2), self._spacing)
        self._next = ah + self._spacing

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {"points": [*self._points], "spacing": self._spacing, "next": self._next}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "VoltageCurve":
        """From what `state` gave."""
        curve = cls()
        curve._points = [(ah, volts) for ah, volts in state["points"]]
        curve._spacing, curve._next = state["spacing"], state["next"]
        return curve

    def at(self, ah: float) -> float | None:
        """Voltage where the throughput was ``ah``, or None outside what was seen."""
        before: tuple[float, float] | None = None
        for point in self._points:
            if point[0] >= ah:
                if before is None or point[0] == before[0]:
                    return point[1]
                share = (ah - before[0]) / (point[0] - before[0])
                return before[1] + share * (point[1] - before[1])
            before = point
        return None


@dataclass(slots=True, kw_only=True)
class Totals:
    """What passed in one step, cycle or run; amounts are positive magnitudes.

    Attributes:
        started_s: Monotonic time of its beginning.
        ended_s: Up to where it has been integrated; its end once it is closed.
        charge_ah: Into the cell.
        discharge_ah: Out of the cell.
        charge_wh: Energy into the cell.
        discharge_wh: Energy out of the cell.
        gaps: How many times the current was not known, or not sampled with outputs proven off.
        unknown_s: Time during which it was unknown.
        partial: The charge lacks an unknown part.
        energy_partial: The energy does.
        unsure: A sample flagged so by its source took part, or a span between two cuts had none.
        stamp_error_ah: Bound of the charge error that uncertain time stamps can make.
        phase_charge_ah: Charge per phase (``cc``, ``cv``, ...), the same for discharge below.
        first: Voltage and current where the known part begins.
        last: The same where it ends.
        curve: Voltage over throughput, kept for steps.
    """

    started_s: float
    ended_s: float
    charge_ah: float = 0.0
    discharge_ah: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    gaps: int = 0
    unknown_s: float = 0.0
    partial: bool = False
    energy_partial: bool = False
    unsure: bool = False
    stamp_error_ah: float = 0.0
    phase_charge_ah: dict[str, float] = field(default_factory=dict)
    phase_discharge_ah: dict[str, float] = field(default_factory=dict)
    voltage_min: float = inf
    voltage_max: float = -inf
    current_min: float = inf
    current_max: float = -inf
    temp_min: float = inf
    temp_max: float = -inf
    first: Point | None = None
    last: Point | None = None
    curve: VoltageCurve | None = None
    in_gap: bool = False

    @property
    def net_ah(self) -> float:
        """Signed: positive when more went in than came out."""
        return self.charge_ah - self.discharge_ah

    @property
    def duration_s(self) -> float:
        """From beginning to end."""
        return self.ended_s - self.started_s

    @property
    def mid_voltage(self) -> float | None:
        """Voltage when half the throughput had passed; None where nothing flowed."""
        throughput_ah = self.charge_ah + self.discharge_ah
        if self.curve is None or throughput_ah <= 0.0:
            return None
        return self.curve.at(throughput_ah / 2.0)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; extremes that were never seen are None."""
        words = (
            "started_s", "ended_s", "charge_ah", "discharge_ah", "charge_wh", "discharge_wh",
            "net_ah", "duration_s", "gaps", "unknown_s", "partial", "energy_partial", "unsure",
            "stamp_error_ah", "mid_voltage",
        )  # fmt: skip
        answer: dict[str, Any] = {word: getattr(self, word) for word in words}
        for word in ("voltage", "current", "temp"):
            for end in ("min", "max"):
                value = getattr(self, f"{word}_{end}")
                answer[f"{word}_{end}"] = value if isfinite(value) else None
        answer["phase_charge_ah"] = dict(self.phase_charge_ah)
        answer["phase_discharge_ah"] = dict(self.phase_discharge_ah)
        answer["first"] = self.first._asdict() if self.first else None
        answer["last"] = self.last._asdict() if self.last else None
        return answer


def _kept(totals: Totals) -> dict[str, Any]:
    """All of it as JSON values; what is not finite is left out and comes back as the default."""
    kept = {
        entry.name: value
        for entry in fields(totals)
        if not isinstance(value := getattr(totals, entry.name), float) or isfinite(value)
    }
    kept["first"] = list(totals.first) if totals.first else None
    kept["last"] = list(totals.last) if totals.last else None
    kept["phase_charge_ah"] = dict(totals.phase_charge_ah)
    kept["phase_discharge_ah"] = dict(totals.phase_discharge_ah)
    kept["curve"] = totals.curve.state() if totals.curve is not None else None
    return kept


def _restored(kept: Mapping[str, Any], shift_s: float) -> Totals:
    known = {entry.name for entry in fields(Totals)}
    values = {key: value for key, value in kept.items() if key in known and value is not None}
    for key in ("started_s", "ended_s"):
        values[key] += shift_s
    for key in ("first", "last"):
        if key in values:
            mono, voltage, current = values[key]
            values[key] = Point(mono + shift_s, voltage, current)
    for key in ("phase_charge_ah", "phase_discharge_ah"):
        values[key] = dict(values.get(key, {}))
    if "curve" in values:
        values["curve"] = VoltageCurve.restored(values["curve"])
    return Totals(**values)


class _Sample(NamedTuple):
    key: Key
    value: float
    half_width_s: float
    unsure: bool


class _Mark(NamedTuple):
    key: Key
    kind: Literal["cut", "close", "phase", "off"]
    name: str = ""
    flag: bool = False
    half_width_s: float = 0.0


class _Stream:
    """One measured quantity: its last consumed sample and those that wait."""

    __slots__ = ("begin_s", "cut_half_width_s", "is_cut", "last", "max_gap_s", "pending")

    def __init__(self, start_s: float, max_gap_s: float) -> None:
        self.last: _Sample | None = None
        self.pending: deque[_Sample] = deque()
        self.max_gap_s = max_gap_s
        self.begin_s = start_s  # of the present piece: the start, or the last cut
        self.is_cut = True  # whether `begin_s` lies after the last sample
        self.cut_half_width_s = 0.0

    @property
    def newest_s(self) -> float:
        """Up to where this stream has been heard."""
        if self.pending:
            return self.pending[-1].key[0]
        return self.last.key[0] if self.last else self.begin_s

    def consume(self) -> _Sample:
        """Take the oldest waiting sample; it is the last one from now on."""
        self.last = self.pending.popleft()
        self.is_cut = False
        return self.last

    def span(self, a: float, b: float, next_cut: Key | None) -> tuple[float, float, bool] | None:
        """Values just after ``a`` and just before ``b``, and whether they are unsure.

        Nothing happens between ``a`` and ``b``. None means a gap.
        """
        left = None if self.is_cut else self.last
        right = self.pending[0] if self.pending else None
        cut_s = None
        if next_cut and (right is None or next_cut < right.key):
            cut_s, right = next_cut[0], None
        if left and right:
            return self._line(left, right, a, b)
        if left:
            if cut_s is None or cut_s - left.key[0] > self.max_gap_s:
                return None
            return left.value, left.value, left.unsure
        if right:
            if right.key[0] - self.begin_s > self.max_gap_s:
                return None
            return right.value, right.value, right.unsure
        return self._between_cuts()

    def _line(
        self, left: _Sample, right: _Sample, a: float, b: float
    ) -> tuple[float, float, bool] | None:
        start = left.key[0]
        width = right.key[0] - start
        if width > self.max_gap_s:
            return None
        slope = (right.value - left.value) / width
        first = left.value + slope * (a - start)
        return first, left.value + slope * (b - start), left.unsure or right.unsure

    def _between_cuts(self) -> tuple[float, float, bool] | None:
        """Two cuts with no sample between them: the mean of both sides, and unsure."""
        if self.last is None or not self.pending:
            return None
        after = self.pending[0]
        if after.key[0] - self.last.key[0] > self.max_gap_s:
            return None
        mean = (self.last.value + after.value) / 2.0
        return mean, mean, True


class _Amounts(NamedTuple):
    charge_ah: float
    discharge_ah: float
    charge_wh: float
    discharge_wh: float


def _amounts(dt_s: float, current: tuple[float, float], voltage: tuple[float, float]) -> _Amounts:
    """Amounts under straight lines of current and voltage, split where the current turns."""
    i0, i1 = current
    v0, v1 = voltage
    if i0 * i1 < 0.0:
        share = i0 / (i0 - i1)
        turn_v = v0 + share * (v1 - v0)
        one = _amounts(dt_s * share, (i0, 0.0), (v0, turn_v))
        two = _amounts(dt_s * (1.0 - share), (0.0, i1), (turn_v, v1))
        return _Amounts(*(a + b for a, b in zip(one, two, strict=True)))
    hours = dt_s / _HOUR_S
    ah = (i0 + i1) / 2.0 * hours
    wh = (2.0 * (v0 * i0 + v1 * i1) + v0 * i1 + v1 * i0) / 6.0 * hours
    if i0 + i1 > 0.0:
        return _Amounts(ah, 0.0, wh, 0.0)
    return _Amounts(0.0, -ah, 0.0, -wh)


class Integrator:
    """Feeds of voltage and current in, totals of each open scope out.

    Current is positive into the cell. All times are monotonic seconds; each stream must come in
    order, a sample older than what was already integrated is dropped and counted in ``late``.

    Attributes:
        totals: The open totals by scope, integrated up to `integrated_s`.
        late: Samples and cuts that came too late to be used.
        rejected: Samples that were not finite.
    """

    def __init__(
        self,
        start_s: float,
        *,
        max_gap_s: float = live_max_gap_s(0.5),
        voltage_max_gap_s: float | None = None,
        scopes: Sequence[str] = ("step", "cycle", "run"),
        on_close: Callable[[str, Totals], None] | None = None,
    ) -> None:
        """Begin at a moment.

        Args:
            start_s: Where every scope begins.
            max_gap_s: See `live_max_gap_s`; a replay uses three times the median interval.
            voltage_max_gap_s: For a voltage source with another poll; as ``max_gap_s`` by default.
            scopes: Names of the totals; the first keeps a voltage curve.
            on_close: Called with the scope's name and its finished totals.
        """
        self.totals = {scope: Totals(started_s=start_s, ended_s=start_s) for scope in scopes}
        self._curved = scopes[0] if scopes else ""
        if scopes:
            self.totals[self._curved].curve = VoltageCurve()
        self.late = 0
        self.rejected = 0
        self._on_close = on_close
        self._now_s = start_s
        self._order = 0
        self._voltage = _Stream(start_s, voltage_max_gap_s or max_gap_s)
        self._current = _Stream(start_s, max_gap_s)
        self._temperature = _Stream(start_s, max_gap_s)
        self._marks: list[_Mark] = []
        self._hold_s = inf
        self._phase = ""
        self._off = False

    @property
    def integrated_s(self) -> float:
        """Up to where everything has been counted."""
        return self._now_s

    # --- over a restart -----------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What has been counted, as JSON values; samples that still wait are not in it."""
        totals = {scope: _kept(totals) for scope, totals in self.totals.items()}
        return {"integrated_s": self._now_s, "totals": totals}

    def restore(self, state: Mapping[str, Any], shift_s: float, *, proven_off: bool) -> None:
        """Go on with what was counted before; what lies between is a gap of every scope.

        Args:
            state: What `state` gave.
            shift_s: Added to its times: they were of another clock.
            proven_off: Nothing can have flowed meanwhile; otherwise it is unknown how much did.
        """
        missing_s = max(self._now_s - (float(state["integrated_s"]) + shift_s), 0.0)
        for scope, kept in state["totals"].items():
            totals = _restored(kept, shift_s)
            totals.ended_s, totals.in_gap = self._now_s, False
            totals.gaps += 1
            if not proven_off:
                totals.unknown_s += missing_s
                totals.partial = totals.energy_partial = True
            if scope == self._curved and totals.curve is None:
                totals.curve = VoltageCurve()
            self.totals[scope] = totals

    def add(self, amounts: Mapping[str, float], scopes: Iterable[str]) -> None:
        """Count what is known to have flowed from another source than samples.

        Args:
            amounts: ``charge_ah`` and so on.
            scopes: Which totals it belongs to.
        """
        for scope in scopes:
            for name, amount in amounts.items():
                setattr(self.totals[scope], name, getattr(self.totals[scope], name) + amount)

    def voltage(
        self, mono: float, value: float, *, half_width_s: float = 0.0, unsure: bool = False
    ) -> None:
        """Feed a voltage in volts."""
        self._feed(self._voltage, mono, value, half_width_s, unsure=unsure)

    def current(
        self, mono: float, value: float, *, half_width_s: float = 0.0, unsure: bool = False
    ) -> None:
        """Feed a current in amperes, positive into the cell."""
        self._feed(self._current, mono, value, half_width_s, unsure=unsure)

    def temperature(self, mono: float, value: float) -> None:
        """Feed a temperature in °C; only its extremes are kept, so a late one still counts."""
        mono = max(mono, self._now_s, self._temperature.newest_s)
        self._feed(self._temperature, mono, value, 0.0, unsure=False)
        if len(self._temperature.pending) > _WAITING_TEMPERATURES:
            self._take(self._temperature)

    def cut(self, mono: float, half_width_s: float = 0.0) -> None:
        """Say that something was switched at this moment, confirmed by read-back."""
        self._mark(mono, "cut", half_width_s=half_width_s)

    def phase(self, mono: float, name: str) -> None:
        """Count charge under this phase from here on; empty ends it."""
        self._mark(mono, "phase", name=name)

    def outputs_off(self, mono: float, *, proven: bool) -> None:
        """Say whether all outputs are proven off from here on."""
        self._mark(mono, "off", flag=proven)

    def close(self, mono: float, *scopes: str) -> None:
        """End scopes at a moment and begin new ones; by itself this is no cut."""
        for scope in scopes:
            if scope not in self.totals:
                msg = f"no scope {scope!r} here"
                raise KeyError(msg)
            self._mark(mono, "close", name=scope)

    def hold(self, mono: float) -> None:
        """Integrate no further than this until `release`: a switch is being turned.

        A cut is known only after its read-back; samples taken meanwhile would else have been joined
        across it.
        """
        self._hold_s = mono

    def release(self) -> None:
        """Go on after `hold`."""
        self._hold_s = inf
        self._advance()

    def set_max_gap(self, max_gap_s: float, voltage_max_gap_s: float | None = None) -> None:
        """Another poll interval from here on."""
        self._current.max_gap_s = max_gap_s
        self._voltage.max_gap_s = voltage_max_gap_s or max_gap_s

    def flush(self, mono: float) -> None:
        """Integrate up to a moment: nothing older will come any more.

        The last values are held up to it like up to a cut, and what follows starts anew. Call it
        after `close` to have the closed totals now. Releases a hold.
        """
        self._hold_s = inf
        if not any(mark.kind == "cut" and mark.key[0] == mono for mark in self._marks):
            self.cut(mono)
        self._process((mono, self._order))

    def _feed(
        self, stream: _Stream, mono: float, value: float, half_width_s: float, *, unsure: bool
    ) -> None:
        if not (isfinite(value) and isfinite(mono)):
            self.rejected += 1
            return
        if mono < self._now_s or mono < stream.newest_s:
            self.late += 1
            return
        self._order += 1
        stream.pending.append(_Sample((mono, self._order), value, half_width_s, unsure))
        self._advance()

    def _mark(
        self,
        mono: float,
        kind: Literal["cut", "close", "phase", "off"],
        *,
        name: str = "",
        flag: bool = False,
        half_width_s: float = 0.0,
    ) -> None:
        if mono < self._now_s:  # a line may already have been drawn across this moment
            self.late += 1
            if kind == "cut":
                for totals in self.totals.values():
                    totals.unsure = True
            mono = self._now_s
        self._order += 1
        insort(self._marks, _Mark((mono, self._order), kind, name, flag, half_width_s))

    def _advance(self) -> None:
        """Integrate up to where both streams have been heard."""
        limit = self._heard(self._voltage, self._current)
        limit = min(limit, self._heard(self._current, self._voltage))
        if limit >= self._hold_s:
            self._process((self._hold_s, 0))
        else:
            # Samples fed so far at exactly this time are complete only when a later one is there.
            self._process((limit, self._order))

    @staticmethod
    def _heard(lagging: _Stream, leading: _Stream) -> float:
        """How far one stream lets time run, given up when it is silent for too long."""
        newest = lagging.newest_s
        given_up = leading.newest_s - lagging.max_gap_s
        return given_up if given_up > newest + lagging.max_gap_s else newest

    def _process(self, limit: Key) -> None:
        streams = (self._voltage, self._current, self._temperature)
        while True:
            first: _Stream | None = None
            key = limit
            for stream in streams:
                if stream.pending and stream.pending[0].key <= key:
                    first, key = stream, stream.pending[0].key
            if self._marks and self._marks[0].key <= key:
                mark = self._marks[0]
                self._segment(mark.key[0])
                self._marks.pop(0)
                self._apply(mark)
            elif first is not None:
                self._segment(key[0])
                self._take(first)
            else:
                return

    def _apply(self, mark: _Mark) -> None:
        if mark.kind == "phase":
            self._phase = mark.name
        elif mark.kind == "off":
            self._off = mark.flag
        elif mark.kind == "close":
            done = self.totals[mark.name]
            fresh = Totals(started_s=mark.key[0], ended_s=mark.key[0])
            if mark.name == self._curved:
                fresh.curve = VoltageCurve()
            self.totals[mark.name] = fresh
            if self._on_close:
                self._on_close(mark.name, done)
        else:
            if self._current.last and not self._current.is_cut:
                self._add_stamp_error(self._current.last.value, mark.half_width_s)
            for stream in (self._voltage, self._current):
                stream.begin_s = mark.key[0]
                stream.is_cut = True
            self._current.cut_half_width_s = mark.half_width_s

    def _take(self, stream: _Stream) -> None:
        before = stream.last
        was_cut = stream.is_cut
        sample = stream.consume()
        value = sample.value
        if stream is self._voltage:
            for totals in self.totals.values():
                totals.voltage_min = min(totals.voltage_min, value)
                totals.voltage_max = max(totals.voltage_max, value)
            return
        if stream is self._temperature:
            for totals in self.totals.values():
                totals.temp_min = min(totals.temp_min, value)
                totals.temp_max = max(totals.temp_max, value)
            return
        if was_cut:
            self._add_stamp_error(value, stream.cut_half_width_s)
        elif before:
            self._add_stamp_error(value - before.value, sample.half_width_s)
        for totals in self.totals.values():
            totals.current_min = min(totals.current_min, value)
            totals.current_max = max(totals.current_max, value)
            totals.in_gap = False

    def _add_stamp_error(self, amperes: float, seconds: float) -> None:
        if seconds:
            error = abs(amperes) * seconds / _HOUR_S
            for totals in self.totals.values():
                totals.stamp_error_ah += error

    def _segment(self, until_s: float) -> None:
        """Count what lies between now and a moment; nothing happens in between."""
        start_s = self._now_s
        dt_s = until_s - start_s
        if dt_s <= 0.0:
            return
        self._now_s = until_s
        next_cut = next((mark.key for mark in self._marks if mark.kind == "cut"), None)
        current = self._current.span(start_s, until_s, next_cut)
        voltage = self._voltage.span(start_s, until_s, next_cut)
        if current is None:
            self._count_gap(dt_s)
            return
        i0, i1, unsure = current
        lacks_energy = voltage is None and not (i0 == 0.0 and i1 == 0.0)
        v0, v1 = (voltage[0], voltage[1]) if voltage else (0.0, 0.0)
        amounts = _amounts(dt_s, (i0, i1), (v0, v1))
        known = voltage is not None
        first = Point(start_s, v0 if known else None, i0)
        last = Point(until_s, v1 if known else None, i1)
        for totals in self.totals.values():
            totals.charge_ah += amounts.charge_ah
            totals.discharge_ah += amounts.discharge_ah
            totals.charge_wh += amounts.charge_wh
            totals.discharge_wh += amounts.discharge_wh
            totals.unsure |= unsure
            totals.energy_partial |= lacks_energy
            totals.ended_s = until_s
            totals.first = totals.first or first
            totals.last = last
            if totals.curve is not None and known:
                totals.curve.add(totals.charge_ah + totals.discharge_ah, v1)
            if self._phase:
                _add(totals.phase_charge_ah, self._phase, amounts.charge_ah)
                _add(totals.phase_discharge_ah, self._phase, amounts.discharge_ah)

    def _count_gap(self, dt_s: float) -> None:
        for totals in self.totals.values():
            totals.ended_s = self._now_s
            if not totals.in_gap:
                totals.gaps += 1
                totals.in_gap = True
            if not self._off:
                totals.unknown_s += dt_s
                totals.partial = totals.energy_partial = True


def _add(amounts: dict[str, float], name: str, ah: float) -> None:
    if ah:
        amounts[name] = amounts.get(name, 0.0) + ah
