"""Inhibition: while one alarm is there, another says nothing new and nobody is told of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ionpy_auto.alarms.routing.labels import Labels
from ionpy_auto.alarms.routing.matchers import Matcher, matches


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Alarms that fit ``source`` silence those that fit ``target`` and agree in ``equal``.

    What fits both sides is not silenced by what fits both sides, so that no alarm silences itself
    or two each other.
    """

    source: tuple[Matcher, ...] = ()
    target: tuple[Matcher, ...] = ()
    equal: tuple[str, ...] = ()
    line: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "source_matchers": [str(matcher) for matcher in self.source],
            "target_matchers": [str(matcher) for matcher in self.target],
            "equal": list(self.equal),
            "line": self.line,
        }


class Inhibitor:
    """Knows the alarms that are there and whom they silence; asked often, so it keeps an index.

    Args:
        rules: In their order.
    """

    def __init__(self, rules: Iterable[InhibitRule]) -> None:
        self._rules = tuple(rules)
        self._sources: list[dict[tuple[str, ...], dict[str, Labels]]] = [{} for _ in self._rules]

    def add(self, key: str, labels: Labels) -> None:
        """An alarm is there."""
        for rule, sources in zip(self._rules, self._sources, strict=True):
            if matches(rule.source, labels):
                sources.setdefault(_shared(rule, labels), {})[key] = labels

    def remove(self, key: str, labels: Labels) -> None:
        """It is there no more."""
        for rule, sources in zip(self._rules, self._sources, strict=True):
            same = sources.get(_shared(rule, labels))
            if same is not None:
                same.pop(key, None)

    def inhibitor_of(self, target: Labels) -> str:
        """The key of an alarm that silences another; empty when none does."""
        for rule, sources in zip(self._rules, self._sources, strict=True):
            if not matches(rule.target, target):
                continue
            same = sources.get(_shared(rule, target), {})
            is_source = matches(rule.source, target)
            for key, labels in same.items():
                if not (is_source and matches(rule.target, labels)):
                    return key
        return ""


def _shared(rule: InhibitRule, labels: Labels) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)
