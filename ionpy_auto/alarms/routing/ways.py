"""Explains the way an alarm takes: which routes, what they do with it, and why others do not."""

from collections.abc import Callable, Mapping
from typing import Any

from ionpy_auto.alarms.routing.inhibition import Inhibitor
from ionpy_auto.alarms.routing.labels import Labels, written
from ionpy_auto.alarms.routing.matchers import Matcher
from ionpy_auto.alarms.routing.tree import Route, Routing


def explain(
    routing: Routing,
    labels: Labels,
    now: float,
    silenced: Callable[[Labels, float], str],
    firing: Mapping[str, Labels],
) -> dict[str, Any]:
    """All ways of an alarm with these labels at a time, and the routes it does not take.

    Args:
        routing: As it is in force.
        labels: Of the alarm.
        now: UTC seconds.
        silenced: Knows the silences.
        firing: Labels of the alarms that are there, by key.
    """
    inhibitor = Inhibitor(routing.inhibit_rules)
    for key, there in firing.items():
        inhibitor.add(key, there)
    silence, by = silenced(labels, now), inhibitor.inhibitor_of(labels)
    ways = []
    for route in routing.match(labels):
        muted = routing.muted(route, now)
        reasons = [_words(matcher, labels) for matcher in route.matchers]
        reasons += [_group(route, labels)]
        reasons += [muted] if muted else []
        reasons += [f"silence {silence} covers it"] if silence else []
        reasons += [f"alarm {by} inhibits it"] if by else []
        ways.append(
            {
                **route.settings(),
                "line": route.line,
                "matched": [str(matcher) for matcher in route.matchers],
                "group_labels": route.group_labels(labels),
                "muted": bool(muted),
                "inhibited_by": by or None,
                "silenced_by": silence or None,
                "reasons": reasons or ["no other route takes it"],
            }
        )
    not_taken: list[dict[str, Any]] = []
    _walk(routing.route, labels, not_taken)
    return {"labels": dict(labels), "ways": ways, "not_taken": not_taken}


def _walk(route: Route, labels: Labels, not_taken: list[dict[str, Any]]) -> None:
    """Note the routes below one that an alarm does not take, each with the first reason."""
    taken: Route | None = None
    for child in route.routes:
        if taken is not None and not taken.continues:
            reason = f"the route in line {taken.line} took it and does not continue"
            not_taken.append({"path": list(child.path), "line": child.line, "reason": reason})
            continue
        missed = next((m for m in child.matchers if not m.matches(labels)), None)
        if missed is None:
            taken = child
            _walk(child, labels, not_taken)
        else:
            reason = _words(missed, labels, fits=False)
            not_taken.append({"path": list(child.path), "line": child.line, "reason": reason})


def _words(matcher: Matcher, labels: Labels, *, fits: bool = True) -> str:
    value = labels.get(matcher.name)
    shown = f"{matcher.name} is {value!r}" if value else f"there is no {matcher.name}"
    return f"{matcher}: {shown}" + ("" if fits else ", which does not fit")


def _group(route: Route, labels: Labels) -> str:
    if not route.group_by:
        return "told together with all others of this route"
    return f"told together with others of {written(route.group_labels(labels))}"
