"""aurora-unicycler: protocols as JSON, with rates, tags and loops. Read and written.

Its meaning follows version 0.4.6: ``cycle_count`` is the number of all rounds, ``loop_to`` is a
tag or the 1-based place in ``method`` with tags counted, zero and an empty text mean "not given",
a rate has priority over a current.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.interchange._numbers import finite, positive, refused
from ionpy_auto.automation.interchange._plan import (
    Amount,
    Drive,
    Ends,
    Guard,
    Loop,
    Loss,
    Mark,
    Plan,
    PlanStep,
    Rest,
    duration,
)
from ionpy_auto.automation.interchange._unicycler_out import write_protocol
from ionpy_auto.core.errors import BadInput

MAX_STEPS: Final = 2000
MAX_ROUNDS: Final = 1_000_000
NO_NAME: Final = "$NAME"
_FRACTION: Final = re.compile(r"\s*([\d.]*)\s*([CD]?)\s*/\s*([\d.]+)\s*")
_WITHOUT_COUNTERPART: Final = {
    "impedance_spectroscopy": "impedance spectroscopy: a cycler channel here measures none",
    "voltage_scan": "a voltage scan: a channel here ramps the voltage in one direction only",
}
_KEYS: Final = {
    "open_circuit_voltage": {"until_time_s"},
    "constant_current": {"rate_C", "current_mA", "until_time_s", "until_voltage_V"},
    "constant_voltage": {"voltage_V", "until_time_s", "until_rate_C", "until_current_mA"},
    "loop": {"loop_to", "cycle_count"},
    "tag": {"tag"},
}


class Unicycler:
    """Protocols of aurora-unicycler."""

    name = "unicycler"

    def knows(self, text: str) -> bool:
        """A JSON object with a method."""
        return text.lstrip().startswith("{") and '"method"' in text

    def read(self, text: str) -> tuple[Plan, list[Loss]]:
        """Read a protocol.

        Raises:
            BadInput: It is none; message and hint name the step.
        """
        return _Reading(_object(text)).plan()

    def write(self, flow: Flow) -> tuple[str, list[Loss]]:
        """The sequence of a flow as JSON."""
        return write_protocol(flow)


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        msg = f"line {error.lineno}, column {error.colno}: no JSON: {error.msg}"
        raise BadInput(msg, hint="export the protocol with to_json()") from None
    except (ValueError, RecursionError):
        msg = "the JSON is nested too deeply, or has a number beyond reason"
        raise BadInput(msg, hint="export the protocol with to_json()") from None
    if not isinstance(data, dict) or not isinstance(data.get("method"), list):
        msg = "no unicycler protocol: an object with a list 'method' is wanted"
        raise BadInput(msg, hint="export the protocol with to_json()")
    return data


@dataclass
class _Placed:
    """A step with the entries of ``method`` it was made of."""

    step: PlanStep
    begin: int
    end: int


@dataclass
class _Reading:
    data: dict[str, Any]
    losses: list[Loss] = field(default_factory=list)
    done: list[_Placed] = field(default_factory=list)
    tags: dict[str, int] = field(default_factory=dict)

    def plan(self) -> tuple[Plan, list[Loss]]:
        method = self.data["method"]
        if not 1 <= len(method) <= MAX_STEPS:
            msg = f"the protocol has {len(method)} steps"
            raise BadInput(msg, hint=f"1 to {MAX_STEPS} can be carried over")
        for index, raw in enumerate(method):
            self._one(index, raw)
        self._unknown("the protocol", self.data, {"unicycler", "sample", "record", "safety"})
        sample = self._part("sample")
        self._unknown("sample", sample, {"name", "capacity_mAh"})
        capacity = positive(sample.get("capacity_mAh"), "sample", "capacity_mAh")
        title = sample.get("name")
        plan = Plan(
            steps=[placed.step for placed in self.done],
            title=title[:200] if isinstance(title, str) and title != NO_NAME else "",
            capacity_ah=None if capacity is None else capacity / 1000.0,
        )
        self._record(plan)
        self._safety(plan)
        if not any(isinstance(step, Drive | Rest) for step in plan.walk()):
            msg = "nothing of the protocol can be carried over"
            raise BadInput(msg, hint="; ".join(str(loss) for loss in self.losses[:3]))
        return plan, self.losses

    def _part(self, name: str) -> Mapping[str, Any]:
        part = self.data.get(name) or {}
        if not isinstance(part, dict):
            msg = f"{name} is not an object"
            raise BadInput(msg, hint="export the protocol with to_json()")
        return part

    def _unknown(self, place: str, given: Mapping[str, Any], known: set[str]) -> None:
        for key in given:
            if key not in known and key not in {"method", "id", "step"}:
                self.losses.append(Loss("lost", place, f"{key[:40]!r} is not known here"))

    # -- steps ----------------------------------------------------------------------------------

    def _one(self, index: int, raw: object) -> None:
        place = f"step {index + 1}"
        if not isinstance(raw, dict) or not isinstance(raw.get("step"), str):
            msg = f"{place}: no step: an object with 'step' is wanted"
            raise BadInput(msg, hint=f"kinds: {', '.join((*_KEYS, *_WITHOUT_COUNTERPART))}")
        kind = raw["step"]
        if kind in _WITHOUT_COUNTERPART:
            self.losses.append(Loss("lost", place, _WITHOUT_COUNTERPART[kind]))
            return
        if kind not in _KEYS:
            msg = f"{place}: there is no kind of step {kind[:40]!r}"
            raise BadInput(msg, hint=f"kinds: {', '.join((*_KEYS, *_WITHOUT_COUNTERPART))}")
        self._unknown(place, raw, _KEYS[kind])
        if kind == "tag":
            self._tag(index, raw, place)
        elif kind == "loop":
            self._loop(index, raw, place)
        else:
            self._push(_MAKERS[kind](raw, place), index)

    def _push(self, step: PlanStep, index: int) -> None:
        self.done.append(_Placed(step, index, index))

    def _tag(self, index: int, raw: Mapping[str, Any], place: str) -> None:
        tag = raw.get("tag")
        if not isinstance(tag, str) or not tag.strip() or tag in self.tags:
            msg = f"{place}: the tag is {str(tag)[:40]!r}"
            raise BadInput(msg, hint="a text is wanted that no other tag has")
        self.tags[tag] = index
        self._push(Mark(tag, place), index)

    def _loop(self, index: int, raw: Mapping[str, Any], place: str) -> None:
        begin, name = self._target(raw.get("loop_to", 1), index, place)
        count = raw.get("cycle_count")
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_ROUNDS:
            raise refused(place, "cycle_count", count)
        inside = [placed for placed in self.done if placed.end >= begin]
        if inside and inside[0].begin < begin:
            msg = f"{place}: the loop begins in the middle of the one that ends at step"
            msg = f"{msg} {inside[0].end + 1}"
            raise BadInput(msg, hint="loops may stand inside each other; they must not cross")
        del self.done[len(self.done) - len(inside) :]
        steps = [placed.step for placed in inside]
        if name and steps and isinstance(steps[0], Mark) and steps[0].text == name:
            del steps[0]
        elif name:
            name = ""  # an inner loop bears it
        if not steps or all(isinstance(step, Mark) for step in steps):
            self.losses.append(Loss("lost", place, "a loop around nothing that was carried over"))
            return
        if not name:
            self.losses.append(Loss("changed", place, "the loop is a repeat without that tag"))
        self.done.append(_Placed(Loop(steps, count, place, name), begin, index))

    def _target(self, to: object, index: int, place: str) -> tuple[int, str]:
        """Where in ``method`` the rounds begin (0-based), and the tag that says so."""
        if isinstance(to, str) and to in self.tags:
            return self.tags[to], to
        if isinstance(to, int) and not isinstance(to, bool) and 1 <= to <= index:
            return to - 1, ""
        msg = f"{place}: loop_to is {str(to)[:40]!r}"
        raise BadInput(msg, hint="a tag or the number of a step before this one is wanted")

    # -- around ---------------------------------------------------------------------------------

    def _record(self, plan: Plan) -> None:
        record = self._part("record")
        self._unknown("record", record, {"time_s", "voltage_V", "current_mA"})
        if time := positive(record.get("time_s"), "record", "time_s"):
            plan.record.append(("every", duration(time)))
        if volts := positive(record.get("voltage_V"), "record", "voltage_V"):
            plan.record.append(("voltage", str(Amount(volts, "V"))))
        if milliamps := positive(record.get("current_mA"), "record", "current_mA"):
            plan.record.append(("current", str(Amount(milliamps, "mA"))))

    def _safety(self, plan: Plan) -> None:
        safety = self._part("safety")
        self._unknown("safety", safety, {*_GUARDS, "delay_s"})
        for key, (guard_id, words, unit) in _GUARDS.items():
            value = finite(safety.get(key), "safety", key)
            if value is not None:
                amount = Amount(value / 1000.0 if unit == "Ah" else value, unit)
                plan.guards.append(Guard(guard_id, f"{words} {amount}"))
        plan.delay_s = positive(safety.get("delay_s"), "safety", "delay_s")
        if plan.delay_s and not plan.guards:
            self.losses.append(Loss("lost", "safety", "delay_s: there is no limit it belongs to"))
        if any(guard.id == "q-max" for guard in plan.guards):
            message = "max_capacity_mAh is watched per step; the protocol does not say per what"
            self.losses.append(Loss("changed", "safety", message))


_GUARDS: Final = {
    "max_voltage_V": ("v-max", "voltage >", "V"),
    "min_voltage_V": ("v-min", "voltage <", "V"),
    "max_current_mA": ("i-max", "current >", "mA"),
    "min_current_mA": ("i-min", "current <", "mA"),
    "max_capacity_mAh": ("q-max", "step.ah >", "Ah"),
}


def _id(raw: Mapping[str, Any]) -> str:
    value = raw.get("id")
    return value[:100] if isinstance(value, str) else ""


def _rate(value: object, place: str, what: str) -> float | None:
    """``0.5``, ``"C/2"``, ``"D/2"`` (negative)."""
    found = _FRACTION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return finite(value, place, what)
    try:
        over, below = float(found[1] or 1.0), float(found[3])
    except ValueError:
        raise refused(place, what, value) from None
    if not below:
        raise refused(place, what, value)
    return finite((-over if found[2] == "D" else over) / below, place, what)


def _rest(raw: Mapping[str, Any], place: str) -> PlanStep:
    time = positive(raw.get("until_time_s"), place, "until_time_s")
    if time is None:
        raise refused(place, "until_time_s", raw.get("until_time_s"))
    return Rest(time, place, _id(raw))


def _level(raw: Mapping[str, Any], keys: tuple[str, str], place: str) -> Amount | None:
    """A rate, else a current, as the protocol gives them."""
    if rate := _rate(raw.get(keys[0]), place, keys[0]):
        return Amount(rate, "C")
    if milliamps := finite(raw.get(keys[1]), place, keys[1]):
        return Amount(milliamps, "mA")
    return None


def _current(raw: Mapping[str, Any], place: str) -> PlanStep:
    level = _level(raw, ("rate_C", "current_mA"), place)
    if level is None:
        msg = f"{place}: neither rate_C nor current_mA"
        raise BadInput(msg, hint="one of the two is wanted, positive to charge")
    ends = Ends(
        positive(raw.get("until_time_s"), place, "until_time_s"),
        positive(raw.get("until_voltage_V"), place, "until_voltage_V"),
    )
    if ends.time_s is None and ends.voltage is None:
        msg = f"{place}: nothing ends it"
        raise BadInput(msg, hint="until_time_s or until_voltage_V is wanted")
    direction: Literal["charge", "discharge"] = "charge" if level.value > 0 else "discharge"
    return Drive(direction, Amount(abs(level.value), level.unit), None, ends, place, _id(raw))


def _voltage(raw: Mapping[str, Any], place: str) -> PlanStep:
    hold = positive(raw.get("voltage_V"), place, "voltage_V")
    if hold is None:
        raise refused(place, "voltage_V", raw.get("voltage_V"))
    taper = _level(raw, ("until_rate_C", "until_current_mA"), place)
    ends = Ends(positive(raw.get("until_time_s"), place, "until_time_s"))
    if taper is not None:
        ends.current = Amount(abs(taper.value), taper.unit)
    elif ends.time_s is None:
        msg = f"{place}: nothing ends it"
        raise BadInput(msg, hint="until_time_s, until_rate_C or until_current_mA is wanted")
    return Drive("", None, hold, ends, place, _id(raw))


_MAKERS: Final = {
    "open_circuit_voltage": _rest,
    "constant_current": _current,
    "constant_voltage": _voltage,
}
