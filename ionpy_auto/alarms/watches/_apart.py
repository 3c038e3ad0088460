"""Two points that must be close to each other."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen, difference, number
from ionpy_auto.core.errors import Severity
from ionpy_auto.language import ANY_UNIT, Environment, UnitError, find_unit


def read_apart(part: Part, word: str, shown: str) -> Rung | None:
    """The distance, and the point it is measured from under ``word``."""
    unit = difference(part.unit)
    limit = part.fields.quantity("at", unit, required=True)
    node = part.fields.text_node(word, required=True)
    if limit is None or node is None:
        return None
    if limit <= 0:
        part.error("a distance is positive")
        return None
    other = part.scope.resolve(node.text)
    theirs = part.scope.units_of(other)
    if theirs is None:
        hint = "the alarm is watched once there is one"
        part.fields.add("unknown-point", f"there is no {node.text}", node, hint, Severity.WARNING)
        return None
    if ANY_UNIT not in {theirs, part.unit} and not _same_kind(theirs, part.unit):
        part.fields.add("wrong-unit", f"{node.text} is in {theirs or 'no unit'}", node)
        return None
    point, scale = part.point, _scale(theirs, part.unit)
    back = part.deadband

    def probe(env: Environment, met: bool) -> Seen:
        here, there = number(env, point), number(env, other)
        if here is None or there is None:
            return Seen(None)
        apart = here - there * scale
        return Seen(abs(apart) > (limit - back if met else limit), apart)

    return Rung(
        what=part.key,
        source=part.key,
        severity="warning",
        probe=probe,
        shown=f"{shown.removesuffix(' by')} {node.text} by" if word == "with" else shown,
        settings=part.settings,
        points=frozenset({point, other}),
        unit=unit,
    )


def _same_kind(first: str, second: str) -> bool:
    try:
        return find_unit(first).dimension == find_unit(second).dimension
    except UnitError:
        return first == second


def _scale(theirs: str, ours: str) -> float:
    """From their unit to ours."""
    if ANY_UNIT in {theirs, ours} or theirs == ours:
        return 1.0
    return find_unit(theirs).factor / find_unit(ours).factor
