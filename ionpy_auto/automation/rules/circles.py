"""Rules that make each other look: by what they set, publish, tell, post, mark or trigger.

What is followed can be said from the text alone; a filter by value, a condition or a hold time may
still end a circle, so a circle is a warning.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ionpy_auto.automation.actions.event import TellEvent
from ionpy_auto.automation.actions.http import Http
from ionpy_auto.automation.actions.marker import Marker
from ionpy_auto.automation.actions.publish import Publish
from ionpy_auto.automation.actions.rule import RuleSwitch
from ionpy_auto.automation.flow import ActionNode, RuleNode
from ionpy_auto.automation.triggers.event import EventTrigger
from ionpy_auto.automation.triggers.marker import MarkerTrigger
from ionpy_auto.automation.triggers.mqtt import MqttTrigger
from ionpy_auto.automation.triggers.webhook import Webhook
from ionpy_auto.language import Template

HOOKS = "/api/hooks/"
ANY_MARKER = ("marker", "")
Word = tuple[str, str]
"""What one rule says and another hears: ``("point", "PSU_01.i_set")``, ``("event", "go")``."""


@dataclass
class Ears:
    """Who hears what, of many rules."""

    exact: dict[Word, set[str]] = field(default_factory=dict)
    topics: list[tuple[str, MqttTrigger]] = field(default_factory=list)

    def add(self, rule: RuleNode) -> None:
        """One more rule."""
        self.exact.setdefault(("rule", rule.id), set()).add(rule.id)
        for trigger in rule.when:
            block = trigger.block
            if isinstance(block, MqttTrigger):
                self.topics.append((rule.id, block))
            for word in _heard(block):
                self.exact.setdefault(word, set()).add(rule.id)
            for expression in block.watched():
                for point in expression.points:
                    self.exact.setdefault(("point", point), set()).add(rule.id)

    def hear(self, node: ActionNode) -> Iterator[str]:
        """Ids of the rules that one action makes look."""
        for word in _said(node):
            yield from self.exact.get(word, ())
        if isinstance(node.block, Publish):
            topic = _levels_of(node.block.topic)
            for rule_id, trigger in self.topics:
                is_other = None not in (trigger.broker, node.block.broker) and (
                    trigger.broker != node.block.broker
                )
                if not is_other and _may_match(trigger.topic.split("/"), topic):
                    yield rule_id


def circular(rules: Iterable[RuleNode]) -> set[str]:
    """Ids of the rules that may make themselves look, alone or through others."""
    rules = list(rules)
    ears = Ears()
    for rule in rules:
        ears.add(rule)
    feeds = {
        rule.id: {heard for node in all_actions(rule) for heard in ears.hear(node)}
        for rule in rules
    }
    return {rule_id for rule_id in _busy(feeds) if rule_id in _reached(rule_id, feeds)}


def all_actions(rule: RuleNode) -> Iterator[ActionNode]:
    """The actions of a rule, also those inside others."""
    yield from _below((*rule.then, *rule.otherwise))


def _below(nodes: Iterable[ActionNode]) -> Iterator[ActionNode]:
    for node in nodes:
        yield node
        yield from _below(node.block.inner())


def _said(node: ActionNode) -> Iterator[Word]:
    block = node.block
    if not block.inner():  # what stands inside speaks for itself
        yield from (("point", point) for point in block.writes())
    if isinstance(block, TellEvent):
        yield "event", block.name
    elif isinstance(block, RuleSwitch) and block.do == "trigger":
        yield "rule", block.id
    elif isinstance(block, Http) and urlsplit(block.url).path.startswith(HOOKS):
        yield "hook", urlsplit(block.url).path.removeprefix(HOOKS)
    elif isinstance(block, Marker):
        yield ANY_MARKER
        yield "marker", block.label.source


def _heard(block: object) -> Iterator[Word]:
    if isinstance(block, EventTrigger):
        yield "event", block.name
    elif isinstance(block, Webhook):
        yield "hook", block.name
    elif isinstance(block, MarkerTrigger):
        yield "marker", block.label or ""


def _levels_of(topic: Template) -> list[str | None]:
    """Levels of a topic; None where a value stands, which may be anything."""
    text = "".join(piece if isinstance(piece, str) else "\0" for piece in topic.pieces)
    return [None if "\0" in level else level for level in text.split("/")]


def _may_match(wanted: list[str], topic: list[str | None]) -> bool:
    """Whether a filter may take a topic.

    >>> _may_match(["lab", "+"], ["lab", "oven"]), _may_match(["lab", "oven"], ["lab", None])
    (True, True)
    >>> _may_match(["lab", "#"], ["lab"]), _may_match(["lab", "+"], ["lab", "a", "b"])
    (True, False)
    """
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(topic):
            return False
        if level != "+" and topic[number] not in {level, None}:
            return False
    return len(wanted) == len(topic)


def _busy(feeds: Mapping[str, set[str]]) -> set[str]:
    """Rules that feed and are fed: what is left when all ends of chains are taken away."""
    left = {rule: set(others) for rule, others in feeds.items()}
    while ends := {rule for rule, others in left.items() if not others & left.keys()}:
        left = {rule: others for rule, others in left.items() if rule not in ends}
    return set(left)


def _reached(start: str, feeds: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    front = [start]
    while front:
        for following in feeds[front.pop()] - seen:
            seen.add(following)
            front.append(following)
    return seen
