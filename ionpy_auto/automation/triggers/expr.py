"""``expr``: something becomes so."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, ValidationInfo, WithJsonSchema, model_validator

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import PlacedDict, PlacedText, Reading, fail, noted
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import (
    CONDITION_KEYS,
    UNKNOWN,
    Condition,
    ConditionState,
    Edge,
    EdgeState,
    Environment,
    Expression,
    Fields,
    MapNode,
    UnknownPolicy,
    format_duration,
)

TIMED = frozenset({"age", "is_stale"})
EDGES = {edge.value: edge for edge in Edge}


def _written(schema: dict[str, Any]) -> None:
    """The keys people write instead of the condition they make."""
    properties = schema["properties"]
    properties.pop("condition")
    logic = {"type": "string", "x-expression": "bool"}
    duration = {"type": "string", "x-unit": "s"}
    properties.update(
        {
            "expr": logic,
            "for": duration,
            "samples": {"type": "integer", "minimum": 1, "default": 1},
            "reset": logic,
            "hysteresis": {"type": "string"},
            "unknown": {"enum": [policy.value for policy in UnknownPolicy], "default": "hold"},
        }
    )
    schema["required"] = ["expr"]


@trigger
class Expr(Trigger):
    """An expression becomes true."""

    model_config = ConfigDict(json_schema_extra=_written)

    shorthand = "expr"
    word: ClassVar[str] = "expr"
    condition: Annotated[Condition, WithJsonSchema({})]
    edge: Edge = Edge.RISING
    at_start: Annotated[str, WithJsonSchema({"enum": ["ignore", "fire"]})] = "ignore"

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: object, info: ValidationInfo) -> dict[str, Any]:
        """Make one condition of ``expr``, ``for``, ``samples``, ``reset`` … beside each other."""
        reading = info.context
        if not isinstance(reading, Reading) or not isinstance(data, PlacedDict):
            raise fail("wrong_type", "an expression is needed here")
        return followed(data, data.node, reading)

    def sentence(self) -> str:
        """As a person would say it."""
        text = self.condition.expression.source
        if self.edge is Edge.FALLING:
            text = f"no longer {text}"
        if self.condition.hold:
            text += f" for {format_duration(self.condition.hold)}"
        return text

    def watched(self) -> tuple[Expression, ...]:
        """The expression, and that of the reset."""
        both = (self.condition.expression, self.condition.reset)
        return tuple(expression for expression in both if expression is not None)

    def values(self, env: Environment, *, met: bool) -> Mapping[str, Scalar | None]:
        """What ``trigger.*`` says of a firing."""
        del env
        return {"value": met}

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Follow the condition from now on."""
        return Watch(self, context, fire).start()


def followed(data: Mapping[str, Any], node: MapNode, reading: Reading) -> dict[str, Any]:
    """Parameters with one condition made of those of ``node``, and what else was written."""
    scope = reading.scope
    fields = Fields(node, scope.file, reading.findings, scope.parameters)
    condition = Condition.take(fields, scope)
    if condition is None:
        raise noted()
    rest = {key: value for key, value in data.items() if key not in CONDITION_KEYS}
    for key, words in (("edge", tuple(EDGES)), ("at_start", ("ignore", "fire"))):
        given = rest.get(key)
        if given is not None and not (isinstance(given, PlacedText) and given in words):
            msg = f"{key} is one of {', '.join(words)}"
            raise fail("wrong_value", msg)
    if "edge" in rest:
        rest["edge"] = EDGES[str(rest["edge"])]
    return {**rest, "condition": condition}


class Watch:
    """One followed condition of one rule."""

    def __init__(self, block: Expr, context: RuleContext, fire: Callable[[Firing], None]) -> None:
        self._context = context
        self._fire = fire
        self._clock = context.lab.clock
        self._state = ConditionState(block.condition)
        self._edge = EdgeState(block.edge, block.at_start == "fire" or context.is_armed)
        self._fires_each = block.edge is Edge.LEVEL
        self._timer: Timer | None = None
        self._due_at: float | None = None
        self._leave: list[Callable[[], None]] = []
        self._told: tuple[bool, bool, bool | None] = (False, False, None)
        self._resting: Mapping[str, Any] | None = None  # a hold from before a restart
        self._block = block
        self.stir: Callable[[], None] = _nobody

    @property
    def is_at_rest(self) -> bool:
        """Whether another sample with the same result would change nothing."""
        return self._state.rests is not None and not self._fires_each and self._resting is None

    @property
    def due_at(self) -> float | None:
        """When ``for`` is over, if it runs."""
        return self._due_at

    def start(self) -> Callable[[], None]:
        """Take up what is kept, look once, then with every sample."""
        kept = self._context.kept("condition")
        now = self._clock.monotonic()
        if kept is not None:
            self._take_up(kept, now)
        self._leave.append(self._follow())
        if self._is_timed():
            self._leave.append(self._context.on_pulse(self._on_pulse))
        if kept is None:
            self.look()
        self._plan(now)
        return self.stop

    def _follow(self) -> Callable[[], None]:
        """Be called with samples: of a point against fixed limits only with those that matter."""
        points = self._block.condition.points
        crossings = self._block.condition.expression.crossings(self._context.env)
        if crossings is None or points != {crossings[0]}:
            return self._context.on_change(points, self.look)
        return self._context.on_crossing(crossings, self)

    def _take_up(self, kept: Mapping[str, Any], now: float) -> None:
        """Go on from what is kept; a hold from before a restart rests until a value is known."""
        self._edge.restore(kept.get("edge", {}))
        if "before" in kept:
            self._resting, kept = kept, {**kept, "held": None, "count": 0}
        self._state = ConditionState.restore(self._block.condition, kept, now)
        self._told = (self._state.met, self._state.since is not None, self._edge.armed)

    def _wake(self, kept: Mapping[str, Any], now: float) -> None:
        """The first known value after a restart: now it can be said what becomes of a hold."""
        word = self._context.after_gap(float(kept["before"]))
        condition = self._block.condition
        if word == "fire":
            enough = max(condition.samples, 2)
            kept = {**kept, "held": condition.hold, "count": enough}
        if word != "reset":
            self._state = ConditionState.restore(condition, kept, now)

    def stop(self) -> None:
        """Leave."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        self._keep(self._clock.monotonic())
        self._cancel()

    def _is_timed(self) -> bool:
        slots = [slot for expression in self._block.watched() for slot in expression.slots]
        return any(slot.function in TIMED for slot in slots)

    def look(self) -> None:
        """A sample of one of the points arrived."""
        # A thousand rules may wait on the same point: nearly always nothing changes for a rule.
        state, due = self._state, self._due_at
        if (
            state.rests is None
            or self._fires_each
            or state.look() is not state.rests
            or (due is not None and self._clock.monotonic() >= due)
        ):
            self._update(sample=True)

    def _on_pulse(self) -> None:
        # An expression over ages alone never sees a sample: then each second counts as one.
        slots = [slot for expression in self._block.watched() for slot in expression.slots]
        self._update(sample=all(slot.function in TIMED for slot in slots))

    def _due(self) -> None:
        self._timer = self._due_at = None
        self._update(sample=False)

    def _update(self, *, sample: bool) -> None:
        now = self._clock.monotonic()
        self.stir()
        if self._resting is not None:
            if self._block.condition.result(self._context.env) is UNKNOWN:
                return
            resting, self._resting = self._resting, None
            self._wake(resting, now)
        state = self._state
        state.update(self._context.env, now, sample=sample)
        fires = self._edge.update(state)
        if self._timer is not None or state.since is not None:
            self._plan(now)
        told = (state.met, state.since is not None and not state.met, self._edge.armed)
        if told != self._told:
            self._told = told
            self._keep(now)
        if fires:
            values = self._block.values(self._context.env, met=state.met)
            self._fire(Firing(self._block.word, values))

    def _plan(self, now: float) -> None:
        """Come back when ``for`` is over, if no sample comes before."""
        due = self._state.next_deadline(now)
        if due != self._due_at:
            self._cancel()
            self._due_at = due
            if due is not None:
                self._timer = self._clock.call_at(due, self._due)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due_at = None

    def _keep(self, now: float) -> None:
        if self._resting is not None:
            self._context.keep("condition", self._resting)
            return
        self._context.keep("condition", {**self._state.as_dict(now), "edge": self._edge.as_dict()})


def _nobody() -> None:
    """Nobody must know."""
