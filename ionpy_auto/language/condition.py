"""The one model of "when something is so": behind when, until, trip, alarm limits and interlocks.

A `Condition` is what was written: an expression, how long (``for``) or how often (``samples``) it
must hold, when it lets go (``reset`` or ``hysteresis``) and what unknown means. It never changes.
A `ConditionState` is what became of it so far; one condition may have several, one per run.

Time stands still in here: the caller brings the monotonic seconds of each sample, and asks
`ConditionState.next_deadline` when to come back without one.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ionpy_auto.core.errors import Finding
from ionpy_auto.language.expressions import Bound, Expression, Part
from ionpy_auto.language.fields import Fields
from ionpy_auto.language.kleene import OPERATORS, UNKNOWN, Value
from ionpy_auto.language.nodes import MapNode, Node, TextNode
from ionpy_auto.language.scope import Environment, Scope

VERBS = ("when", "expr", "trip")
KEYS = frozenset({*VERBS, "reset", "hysteresis", "for", "samples", "unknown"})
_COMPARISONS = {"<", "<=", ">", ">="}


class UnknownPolicy(StrEnum):
    """What an unknown result means."""

    HOLD = "hold"  # fires nothing, ends nothing, restarts ``for``: rules, steps, alarm limits
    TRIP = "trip"  # counts as true: limits and interlocks


class Edge(StrEnum):
    """Which change of a condition makes a trigger fire."""

    RISING = "rising"
    FALLING = "falling"
    BOTH = "both"
    LEVEL = "level"


@dataclass(frozen=True, eq=False)
class Condition:
    """What was written.

    Attributes:
        expression: The condition proper.
        reset: Lets go once met; None: as soon as the expression is false.
        hysteresis: Distance from the limit at which it lets go, in the coherent unit; 0 without.
        hold: Seconds it must be true on every sample, at least two of them; 0 without.
        samples: How many true samples in a row, at least 1.
        unknown: What an unknown result means.
        name: From the short form ``taper: current < 0.05 C``, else empty.
    """

    expression: Expression
    reset: Expression | None = None
    hysteresis: float = 0.0
    hold: float = 0.0
    samples: int = 1
    unknown: UnknownPolicy = UnknownPolicy.HOLD
    name: str = ""

    @classmethod
    def read(
        cls,
        node: Node,
        scope: Scope,
        findings: list[Finding],
        unknown: UnknownPolicy = UnknownPolicy.HOLD,
    ) -> "Condition | None":
        """Read any of the written forms.

        Args:
            node: A text (``voltage <= 2.5 V``), one named text (``taper: current < 0.05 C``) or
                a map with ``when``, ``expr`` or ``trip`` and its companions, and nothing else.
            scope: Names and units.
            findings: Takes what is wrong.
            unknown: What unknown means if the text does not say.

        Returns:
            The condition, or None when it has errors.
        """
        if isinstance(node, MapNode) and len(node.entries) == 1:
            ((key, entry),) = node.entries.items()
            if key not in KEYS and isinstance(entry.node, TextNode):
                return cls._plain(entry.node, scope, findings, unknown, key)
        if isinstance(node, TextNode):
            return cls._plain(node, scope, findings, unknown, "")
        fields = Fields(node, scope.file, findings, scope.parameters)
        condition = cls.take(fields, scope, unknown)
        fields.unknown()
        return condition

    @classmethod
    def take(
        cls, fields: Fields, scope: Scope, unknown: UnknownPolicy = UnknownPolicy.HOLD
    ) -> "Condition | None":
        """Take a condition out of a map that holds more (``id``, ``verdict``, ``goto`` ...).

        The caller takes its own keys and calls ``fields.unknown()``.
        """
        before = len(fields.findings)
        verbs = [verb for verb in VERBS if verb in fields]
        fields.taken.update(KEYS)
        if len(verbs) != 1:
            fields.add("missing-key", f"exactly one of {', '.join(VERBS)} is needed", key="when")
            return None
        expression = fields.expression(verbs[0], scope, want="bool", required=True)
        reset = fields.expression("reset", scope, want="bool")
        samples = fields.integer("samples", 1) or 0
        if not 1 <= samples <= 10_000:
            message = "samples is a number from 1 to 10000"
            args: dict[str, Any] = {"key": "samples", "low": 1, "high": 10_000}
            fields.add("wrong-value", message, fields.get("samples"), **args)
        policy = fields.choice("unknown", [p.value for p in UnknownPolicy], unknown.value)
        hold = fields.duration("for", 0.0) or 0.0
        distance = _hysteresis(fields, expression)
        errors = any(f.severity == "error" for f in fields.findings[before:])
        if expression is None or errors:
            return None
        return cls(expression, reset, distance, hold, samples, UnknownPolicy(policy))

    @classmethod
    def _plain(
        cls,
        node: TextNode,
        scope: Scope,
        findings: list[Finding],
        unknown: UnknownPolicy,
        name: str,
    ) -> "Condition | None":
        expression = Expression.parse(node, scope, findings, "bool")
        return None if expression is None else cls(expression, unknown=unknown, name=name)

    @property
    def points(self) -> frozenset[str]:
        """Addresses it depends on."""
        return self.expression.points | (self.reset.points if self.reset else frozenset())

    @property
    def latches(self) -> bool:
        """Whether it stays met until something else than the expression lets it go."""
        return self.reset is not None or self.hysteresis > 0

    def result(self, env: Environment) -> Value:
        """True, false or UNKNOWN now; anything else counts as unknown."""
        value = self.expression.evaluate(env)
        return value if value is True or value is False else UNKNOWN

    def lets_go(self, env: Environment) -> Value:
        """Whether a met condition ends: true, false or UNKNOWN."""
        if self.reset is not None:
            value = self.reset.evaluate(env)
            return value if value is True or value is False else UNKNOWN
        if self.hysteresis > 0:
            return self._inside(env)
        result = self.result(env)
        return UNKNOWN if result is UNKNOWN else result is False

    def _inside(self, env: Environment) -> Value:
        """Whether the value came back from the limit by more than the hysteresis."""
        tree = self.expression.tree
        values = self.expression.read(env)
        assert isinstance(tree, ast.Compare)  # noqa: S101  # hysteresis is only read for these
        side = tree.left if isinstance(tree.comparators[0], ast.Constant) else tree.comparators[0]
        bound = self.expression.bounds()[0]
        value = _slot_value(side, values)
        if bound.op in {">", ">="}:
            return OPERATORS[ast.Lt](value, bound.limit - self.hysteresis)
        return OPERATORS[ast.Gt](value, bound.limit + self.hysteresis)

    def bounds(self) -> tuple[Bound, ...]:
        """The limits it stands for, to compare one condition with another."""
        return self.expression.bounds()

    def explain(self, env: Environment) -> list[Part]:
        """Each leaf and comparison with its value, those of the reset behind."""
        parts = self.expression.explain(env)
        return parts + (self.reset.explain(env) if self.reset else [])


def _slot_value(side: ast.expr, values: list[Value]) -> Value:
    if isinstance(side, ast.Call):  # abs(point)
        inner = _slot_value(side.args[0], values)
        return abs(inner) if isinstance(inner, float) else UNKNOWN
    assert isinstance(side, ast.Name)  # noqa: S101  # a bound is a slot or abs of one
    return values[int(side.id.removeprefix("_s"))]


def _hysteresis(fields: Fields, expression: Expression | None) -> float:
    """The distance in the unit of the compared point; a °C limit takes K."""
    node = fields.text_node("hysteresis")
    if node is None or expression is None:
        return 0.0
    bounds = expression.bounds()
    if "reset" in fields:
        fields.add("reset-twice", "either reset or hysteresis, not both", node)
    if len(bounds) != 1 or bounds[0].op not in _COMPARISONS:
        fields.add(
            "no-hysteresis",
            "hysteresis needs a comparison of one value with one limit",
            node,
            "write reset with an expression of its own",
        )
        return 0.0
    unit = "K" if bounds[0].unit == "°C" else bounds[0].unit
    distance = fields.quantity("hysteresis", unit, 0.0) or 0.0
    if distance < 0:
        fields.add("wrong-value", "hysteresis is a positive distance", node)
    return distance


def _unbound() -> Value:
    return UNKNOWN


@dataclass
class ConditionState:
    """What became of a condition so far.

    Attributes:
        condition: What was written.
        met: Whether it is met; under ``hold`` this survives unknown results.
        result: The last result: True, False or UNKNOWN; None before the first.
        look: Gives the expression's value now; bound to the environment of the last `update`.
        rests: What ``look()`` must give for `update` to change nothing, as nearly every sample
            finds it; else None. False while nothing is met or pending; true while it is met and
            not latched, and, before `next_deadline`, while ``for`` has its samples and runs.
    """

    condition: Condition
    met: bool = False
    result: Value | None = None
    since: float | None = None
    count: int = 0
    look: Callable[[], Value] = field(default=_unbound, init=False, repr=False, compare=False)
    rests: bool | None = field(default=None, init=False, repr=False, compare=False)
    _env: Environment | None = field(default=None, init=False, repr=False, compare=False)

    def update(self, env: Environment, mono: float, *, sample: bool = True) -> bool:
        """Take a new sample into account.

        Args:
            env: The values now.
            mono: Monotonic seconds of the sample.
            sample: False when a timer asks and nothing new arrived.

        Returns:
            Whether it is met *and* not unknown now: what may fire a rule, end a step or trip.
            An alarm that must not clear by going stale looks at ``met`` instead.
        """
        if env is not self._env:
            self._env, self.look = env, self.condition.expression.bind(env)
        result = self.look()
        if result is not True and result is not False:
            trips = self.condition.unknown is UnknownPolicy.TRIP
            result = True if trips else UNKNOWN
        self.result = result
        if self.met and self.condition.latches:
            if self.condition.lets_go(env) is True:
                self._end()
        else:
            self._count(result, mono, sample=sample)
        self.rests = self._settled(result)
        return self.met and result is not UNKNOWN

    def _settled(self, result: Value) -> bool | None:
        """The result that leaves all as it is, if it comes again."""
        if result is True:
            is_steady = not self.condition.latches if self.met else self.count >= self._needed()
            return True if is_steady else None
        return False if result is False and not self.met else None

    def _count(self, result: Value, mono: float, *, sample: bool) -> None:
        """Follow the result of a condition that is not latched."""
        if result is True:
            if self.since is None:
                self.since, self.count = mono, 0
            self.count += sample
            self.met = self.met or self._held(mono)
        elif result is False:
            self._end()
        else:  # unknown: what was met stays so, what was about to be met starts anew
            self.since, self.count = None, 0

    def _held(self, mono: float) -> bool:
        condition, since = self.condition, self.since
        if since is None or self.count < self._needed():
            return False
        return mono >= since + condition.hold  # as `next_deadline` says: rounding must agree

    def _needed(self) -> int:
        return max(self.condition.samples, 2 if self.condition.hold > 0 else 1)

    def _end(self) -> None:
        self.met, self.since, self.count = False, None, 0

    def next_deadline(self, mono: float) -> float | None:
        """When to call `update` with ``sample=False``, if no sample comes before.

        Returns:
            Monotonic seconds, never before ``mono``; None when only a sample can change
            anything.
        """
        if self.met or self.since is None or self.count < self._needed():
            return None
        return max(self.since + self.condition.hold, mono)

    def as_dict(self, mono: float) -> dict[str, Any]:
        """JSON form for keeping over a restart; ``held`` is in seconds."""
        result = self.result if self.result is not UNKNOWN else "unknown"
        held = None if self.since is None else max(mono - self.since, 0.0)
        return {"met": self.met, "result": result, "held": held, "count": self.count}

    @classmethod
    def restore(
        cls, condition: Condition, data: Mapping[str, Any], mono: float
    ) -> "ConditionState":
        """Go on from `as_dict`; the time in between does not count as held."""
        result = data.get("result")
        held = data.get("held")
        return cls(
            condition,
            met=data.get("met") is True,
            result=UNKNOWN if result == "unknown" else result,
            since=None if held is None else mono - float(held),
            count=int(data.get("count") or 0),
        )


@dataclass
class EdgeState:
    """Turns a followed condition into the moments a trigger fires.

    An edge compares the last two known states, so true, unknown, true is none. ``for`` and
    ``samples`` delay becoming met; a falling edge is the moment it stops being met.

    Attributes:
        edge: Which change fires.
        at_start: Whether a condition already true at the first known result fires.
        armed: Whether a rising edge may fire; None before the first known result.
        was_met: The last known state.
    """

    edge: Edge = Edge.RISING
    at_start: bool = False
    armed: bool | None = None
    was_met: bool = False

    def update(self, state: ConditionState) -> bool:
        """Call after each `ConditionState.update`.

        Returns:
            Whether the trigger fires now.
        """
        if state.result is UNKNOWN or state.result is None:
            return False
        if self.edge is Edge.LEVEL:
            return state.met
        if self.armed is None:
            self.armed = self.at_start or state.result is False
        rising = state.met and not self.was_met and self.armed
        falling = self.was_met and not state.met
        self.was_met = state.met
        if state.result is False and not state.met:
            self.armed = True
        if self.edge is Edge.BOTH:
            return bool(rising or falling)
        return bool(falling if self.edge is Edge.FALLING else rising)

    def as_dict(self) -> dict[str, Any]:
        """JSON form for keeping over a restart."""
        return {"armed": self.armed, "was_met": self.was_met}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go on from `as_dict`."""
        armed = data.get("armed")
        self.armed = armed if isinstance(armed, bool) else None
        self.was_met = data.get("was_met") is True
