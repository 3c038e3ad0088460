"""PyBaMM experiments: sentences like ``Charge at C/2 until 4.2 V``. Read only.

The text is a list as it stands in a Python script (also inside ``pybamm.Experiment(…)``, with
``* 3`` and ``+``), or one sentence per line. It is parsed, never run. A tuple is a cycle; cycles
that are the same become one loop.
"""

import ast
import re
from dataclasses import dataclass, field
from typing import Final, Literal

from ionpy_auto.automation.interchange._numbers import finite, positive
from ionpy_auto.automation.interchange._plan import (
    Amount,
    Drive,
    Ends,
    Loop,
    Loss,
    Plan,
    PlanStep,
    Rest,
    duration,
)
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.syntax import parse_expression

MAX_STEPS: Final = 2000
MAX_ROUNDS: Final = 100_000
MAX_DEPTH: Final = 20
SENTENCES: Final = (
    "for example 'Charge at C/2 until 4.2 V', 'Hold at 4.2 V until 50 mA', "
    "'Rest for 30 minutes', 'Discharge at 1 A for 2 hours or until 2.5 V'"
)
_SENTENCE: Final = re.compile(r"(charge|discharge|hold|rest)\b(?: at ([^()]*?))?", re.IGNORECASE)
_ENDS: Final = re.compile(r"(?:^|\s)(?:or\s+)?(for|until)\s", re.IGNORECASE)
_PERIOD: Final = re.compile(r"\s*\(\s*([^()]{1,40}?)\s+period\s*\)\s*$", re.IGNORECASE)
_RATE: Final = re.compile(r"C\s*/\s*([\d.]+)|([\d.]+)\s*C(?:\s*/\s*([\d.]+))?")
_QUANTITY: Final = re.compile(r"([\d.]+(?:[eE][+-]?\d{1,2})?)\s*([A-Za-z]+)")
_UNITS: Final = {"a": "A", "ma": "mA", "w": "W", "mw": "mW", "v": "V", "mv": "mV"}
_SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
}


class Pybamm:
    """Experiments of PyBaMM."""

    name = "pybamm"

    def knows(self, text: str) -> bool:
        """A list, a call of Experiment, or a first line that is a sentence."""
        lines = (line.strip().lstrip("\"'([,") for line in text.splitlines())
        first = next((line for line in lines if line and not line.startswith("#")), "")
        return "Experiment(" in first or _SENTENCE.match(first) is not None

    def read(self, text: str) -> tuple[Plan, list[Loss]]:
        """Read an experiment.

        Raises:
            BadInput: It is none; message and hint name the line.
        """
        reading = _Reading()
        steps = reading.script(text) if _is_script(text) else reading.lines(text)
        if not steps:
            msg = "the experiment has no step"
            raise BadInput(msg, hint=SENTENCES)
        plan = Plan(steps)
        periods = sorted(reading.periods)
        if periods:
            plan.record.append(("every", duration(periods[0])))
        if len(periods) > 1:
            message = f"the periods of single steps; all are recorded every {duration(periods[0])}"
            reading.losses.append(Loss("changed", "experiment", message))
        return plan, reading.losses


def _is_script(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first.startswith(("[", "(", '"', "'")) or "Experiment(" in first


@dataclass
class _Reading:
    losses: list[Loss] = field(default_factory=list)
    periods: set[float] = field(default_factory=set)
    count: int = 0

    # -- the text -------------------------------------------------------------------------------

    def lines(self, text: str) -> list[PlanStep]:
        """A sentence per line."""
        steps = []
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.partition("#")[0].strip().rstrip(",;").strip()
            if line:
                steps.append(self.sentence(line, f"line {number}"))
        return steps

    def script(self, text: str) -> list[PlanStep]:
        """A list as it stands in a script."""
        try:
            tree = parse_expression(text.strip())
        except SyntaxError as error:
            msg = f"line {error.lineno or 1}, column {error.offset or 1}: {error.msg}"
            raise BadInput(msg, hint="the list of the experiment alone is wanted") from None
        except (ValueError, RecursionError, MemoryError):
            msg = "the text cannot be read as a list"
            raise BadInput(msg, hint="the list of the experiment alone is wanted") from None
        return self._items(tree, 0)

    def _items(self, node: ast.expr, depth: int) -> list[PlanStep]:
        place = f"line {node.lineno}"
        if depth > MAX_DEPTH:
            msg = f"{place}: nested too deeply"
            raise BadInput(msg, hint="lists and tuples of sentences are wanted")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [self.sentence(node.value, place)]
        if isinstance(node, ast.Tuple | ast.List):
            return self._members(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._items(node.left, depth + 1) + self._items(node.right, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self._times(node, place, depth)
        if isinstance(node, ast.Call):
            return self._call(node, place, depth)
        msg = f"{place}: only sentences, lists, tuples, * and + are read"
        raise BadInput(msg, hint=SENTENCES)

    def _members(self, node: ast.Tuple | ast.List, depth: int) -> list[PlanStep]:
        """The members in order; neighbours that are the same tuple become a loop."""
        steps: list[PlanStep] = []
        last, begin, rounds = "", 0, 1
        for member in node.elts:
            same = ast.dump(member) if isinstance(member, ast.Tuple) else ""
            if same and same == last and isinstance(node, ast.List):
                rounds += 1
                if rounds == 2:
                    steps[begin:] = [Loop(steps[begin:], 2, f"line {member.lineno}")]
                else:
                    steps[begin] = Loop(_inside(steps[begin]), rounds, f"line {member.lineno}")
                continue
            last, begin, rounds = same, len(steps), 1
            steps += self._items(member, depth + 1)
        return steps

    def _times(self, node: ast.BinOp, place: str, depth: int) -> list[PlanStep]:
        sides = (node.left, node.right)
        counts = [s.value for s in sides if isinstance(s, ast.Constant) and type(s.value) is int]
        parts = [s for s in sides if isinstance(s, ast.List | ast.Tuple | ast.BinOp | ast.Call)]
        if len(counts) != 1 or len(parts) != 1 or not 1 <= counts[0] <= MAX_ROUNDS:
            msg = f"{place}: a list times a number of 1 to {MAX_ROUNDS} is wanted"
            raise BadInput(msg, hint="for example [('Charge at 1 A until 4.2 V',)] * 3")
        steps = self._items(parts[0], depth + 1)
        return [Loop(steps, counts[0], place)] if counts[0] > 1 and steps else steps

    def _call(self, node: ast.Call, place: str, depth: int) -> list[PlanStep]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name != "Experiment" or depth or not node.args:
            msg = f"{place}: {name or 'a call'}(…) is not read"
            raise BadInput(msg, hint=f"write the step as a sentence, {SENTENCES}")
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg == "period" and isinstance(value, str):
                self._period(value, place)
            else:
                self.losses.append(Loss("lost", place, f"{keyword.arg} of the experiment"))
        if len(node.args) > 1:
            self.losses.append(Loss("lost", place, "further arguments of the experiment"))
        return self._items(node.args[0], depth + 1)

    # -- a sentence -----------------------------------------------------------------------------

    def sentence(self, text: str, place: str) -> PlanStep:
        """One step.

        Raises:
            BadInput: The sentence is not one of PyBaMM's.
        """
        self.count += 1
        if self.count > MAX_STEPS:
            msg = f"{place}: more than {MAX_STEPS} steps"
            raise BadInput(msg, hint="write repetitions as a list times a number")
        text = text.strip()[:1000]
        if period := _PERIOD.search(text):
            self._period(period[1], place)
            text = text[: period.start()]
        head, *rest = _ENDS.split(text)
        found = _SENTENCE.fullmatch(head.strip())
        if found is None:
            msg = f"{place}: {text[:60]!r} is not understood"
            raise BadInput(msg, hint=SENTENCES)
        verb, level = found[1].lower(), (found[2] or "").strip()
        ends = Ends()
        for word, value in zip(rest[::2], rest[1::2], strict=True):
            self._end(ends, word.lower(), value.strip(), place)
        self._unused(verb, ends, place)
        return _rest(ends, level, place) if verb == "rest" else _drive(verb, level, ends, place)

    def _unused(self, verb: str, ends: Ends, place: str) -> None:
        """Ends that this kind of step does not know."""
        if verb != "hold" and ends.current is not None:
            self.losses.append(Loss("lost", place, f"the end 'until {ends.current}' of a {verb}"))
        if verb == "hold" and ends.voltage is not None:
            self.losses.append(Loss("lost", place, f"the end 'until {ends.voltage} V' of a hold"))

    def _period(self, text: str, place: str) -> None:
        self.periods.add(_time(text, place))

    def _end(self, ends: Ends, word: str, text: str, place: str) -> None:
        for part in re.split(r"\s+or\s+", text):
            if word == "for" or _is_time(part):
                ends.time_s = min(_time(part, place), ends.time_s or float("inf"))
                continue
            amount = _amount(part, place)
            if amount.unit == "V" and ends.voltage is None:
                ends.voltage = amount.value
            elif amount.unit in {"A", "mA", "C"} and ends.current is None:
                ends.current = amount
            else:
                self.losses.append(Loss("lost", place, f"the end 'until {part[:40]}'"))


def _inside(step: PlanStep) -> list[PlanStep]:
    return step.steps if isinstance(step, Loop) else [step]


def _rest(ends: Ends, level: str, place: str) -> PlanStep:
    if ends.time_s is None or level or ends.voltage is not None:
        msg = f"{place}: a rest has a time and nothing else"
        raise BadInput(msg, hint="for example 'Rest for 30 minutes'")
    return Rest(ends.time_s, place)


def _drive(verb: str, text: str, ends: Ends, place: str) -> PlanStep:
    amount = _amount(text, place)
    wanted = "a voltage" if verb == "hold" else "a current, a rate or a power"
    if (amount.unit == "V") != (verb == "hold"):
        msg = f"{place}: {verb} needs {wanted}, not {text[:40]!r}"
        raise BadInput(msg, hint=SENTENCES)
    if verb == "hold":
        return _hold(amount.value, ends, place)
    if ends.time_s is None and ends.voltage is None:
        msg = f"{place}: nothing ends it that a {verb} comes to"
        raise BadInput(msg, hint="for a time, or until a voltage, is wanted")
    direction: Literal["charge", "discharge"] = "charge" if verb == "charge" else "discharge"
    return Drive(direction, amount, None, Ends(ends.time_s, ends.voltage), place)


def _hold(volts: float, ends: Ends, place: str) -> PlanStep:
    if ends.time_s is None and ends.current is None:
        msg = f"{place}: nothing ends it that a held voltage comes to"
        raise BadInput(msg, hint="for a time, or until a current, is wanted")
    return Drive("", None, volts, Ends(ends.time_s, None, ends.current), place)


def _is_time(text: str) -> bool:
    found = _QUANTITY.fullmatch(text.strip())
    return found is not None and found[2].lower() in _SECONDS


def _time(text: str, place: str) -> float:
    """``30 minutes``, ``0.5h``, ``1 minute``."""
    found = _QUANTITY.fullmatch(text.strip())
    factor = _SECONDS.get(found[2].lower()) if found else None
    value = positive(found[1], place, "the time") if found and factor else None
    if value is None or factor is None:
        msg = f"{place}: {text[:40]!r} is no time"
        raise BadInput(msg, hint="seconds, minutes or hours, for example '30 minutes'")
    return round(value * factor, 6)


def _amount(text: str, place: str) -> Amount:
    """``C/2``, ``0.5C``, ``1 A``, ``50 mA``, ``4.1V``, ``10 W``; volts always in V."""
    text = text.strip()
    if rate := _RATE.fullmatch(text):
        below = finite(rate[1] or rate[3] or 1.0, place, "the rate")
        over = finite(rate[2] or 1.0, place, "the rate")
        if below and over and finite(over / below, place, "the rate"):
            return Amount(over / below, "C")
    found = _QUANTITY.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    value = positive(found[1], place, "the level") if found and unit else None
    if value is None or unit is None:
        msg = f"{place}: {text[:40]!r} is no current, rate, power or voltage"
        raise BadInput(msg, hint="for example C/2, 0.5C, 1 A, 50 mA, 10 W, 4.2 V")
    return Amount(round(value / 1000.0, 9), "V") if unit == "mV" else Amount(value, unit)
