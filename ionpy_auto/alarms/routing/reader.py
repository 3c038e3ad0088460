"""Reads an alarm routing file into a `Routing`, or into findings that say where it is wrong.

The words, defaults and rules are Alertmanager's (``route``, ``receivers``, ``inhibit_rules``,
``time_intervals``), with ``escalate`` on top. What the channels of a receiver may say is known to
whoever sends: such a reader is handed in.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from ionpy_auto.alarms.routing import words
from ionpy_auto.alarms.routing.inhibition import InhibitRule
from ionpy_auto.alarms.routing.interval_reader import attempt, read_part
from ionpy_auto.alarms.routing.intervals import TimeInterval
from ionpy_auto.alarms.routing.matchers import (
    Matcher,
    is_label_name,
    parse_matchers,
)
from ionpy_auto.alarms.routing.tree import ALL, EscalationStep, Receiver, Route, Routing
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import (
    Fields,
    ListNode,
    MapNode,
    Node,
    TextNode,
    read_with_findings,
)

T = TypeVar("T")

ReceiverCheck = Callable[[Fields], None]
"""Reads the channels of one receiver (``name`` is taken already) and adds findings."""

ALWAYS: Final = ("browser", "log")
"""Receivers that are there without being written down."""
Extras = Collection[str] | Mapping[str, Callable[[Node, Fields], object]]

MAX_ROUTES: Final = 2000
MAX_STEPS: Final = 10
_URL: Final = re.compile(r"[a-z][a-z0-9+.\-]*://\S+", re.IGNORECASE)
_STANDS_FOR: Final = re.compile(r"\$\{?\w|secret:")


def read_routing(
    text: str,
    file: str = "alarms.yaml",
    *,
    check: ReceiverCheck | None = None,
    extras: Extras = (),
) -> tuple[Routing | None, list[Finding]]:
    """A routing, and what is wrong with its text.

    Args:
        text: The whole text.
        file: For the findings.
        check: Knows the channels; without one only their addresses are looked at.
        extras: Further keys of the file that others read, or with whoever checks them; their
            nodes are in `Routing.extras`.

    Returns:
        The routing (None when there is an error) and all findings.
    """
    node, findings = read_with_findings(text, file)
    if node is None:
        return None, findings
    routing = _Reading(Fields(node, file, findings), check or _check_channels).routing(extras)
    has_errors = any(finding.severity is Severity.ERROR for finding in findings)
    return (None if has_errors else routing), findings


class _Reading:
    """One reading: what was found so far, and where names were used."""

    def __init__(self, top: Fields, check: ReceiverCheck) -> None:
        self.top = top
        self.check = check
        self.receivers: dict[str, Receiver] = {}
        self.intervals: dict[str, TimeInterval] = {}
        self.used: set[str] = set()
        self.keys: set[str] = set()
        self.count = 0

    def routing(self, extras: Extras) -> Routing | None:
        top = self.top
        self.read_receivers()
        self.read_intervals("time_intervals")
        self.read_intervals("mute_time_intervals")
        node = top.get("route", required=True)
        root = self.route(Fields(node, top.file, top.findings), None) if node else None
        rules = tuple(self.rule(fields) for fields in self.maps(top, "inhibit_rules"))
        self.read_global()
        others = {key: found for key in extras if (found := top.get(key)) is not None}
        top.unknown()
        for key, check in extras.items() if isinstance(extras, Mapping) else ():
            if key in others:
                check(others[key], top)
        for name, receiver in self.receivers.items():
            if name not in self.used and name not in ALWAYS and receiver.node is not None:
                hint = "name it in a route, or remove it"
                message = f"no route leads to receiver '{name}'"
                top.add("unused-receiver", message, receiver.node, hint, Severity.WARNING)
        if root is None:
            return None
        receivers = {name: Receiver(name) for name in ALWAYS} | self.receivers
        return Routing(root, receivers, rules, self.intervals, others)

    def read_global(self) -> None:
        """Alertmanager's ``global``: alarms end here by themselves, so nothing of it is needed."""
        fields = self.top.map("global")
        if fields is not None:
            self.seconds(fields, "resolve_timeout", 0.0)
            fields.unknown()

    @staticmethod
    def maps(fields: Fields, key: str) -> list[Fields]:
        return [Fields(node, fields.file, fields.findings) for node in fields.list(key)]

    # -- receivers --------------------------------------------------------------------------

    def read_receivers(self) -> None:
        found = self.maps(self.top, "receivers")
        for fields in found:
            name = fields.text_node("name", required=True)
            self.check(fields)
            fields.unknown()
            if name is None:
                continue
            if not name.text.strip() or len(name.text) > 100:
                fields.add("bad-name", "a receiver has a name of 1 to 100 characters", name)
            elif name.text in self.receivers:
                first = self.receivers[name.text].node
                line = first.line if first is not None else 0
                message = f"receiver '{name.text}' stands twice"
                fields.add("duplicate-receiver", message, name, f"first in line {line}; rename one")
            else:
                self.receivers[name.text] = Receiver(name.text, fields.node)
        for fields in found:
            fallback = fields.node.get("fallback")
            if isinstance(fallback, TextNode):
                self.receiver(fields, "fallback", fallback)

    def receiver(self, fields: Fields, key: str, node: TextNode | None) -> str:
        """A receiver somebody names; the same finding for routes and escalation."""
        if node is None:
            return ""
        self.used.add(node.text)
        if node.text not in self.receivers and node.text not in ALWAYS:
            message = f"there is no receiver '{node.text}'"
            known = ", ".join(sorted({*self.receivers, *ALWAYS}))
            fields.add("unknown-receiver", f"{key}: {message}", node, f"known: {known}")
        return node.text

    # -- routes -----------------------------------------------------------------------------

    def route(self, fields: Fields, parent: Route | None) -> Route:
        self.count += 1
        matchers = self.matchers(fields, "match", "match_re", "matchers")
        receiver = self.receiver(fields, "receiver", fields.text_node("receiver"))
        base = parent or Route("", (), receiver)
        own = Route(
            key=self.key(base.key, matchers),
            path=(*base.path, _words(matchers) if parent else "root"),
            receiver=receiver or base.receiver,
            matchers=matchers,
            group_by=self.group_by(fields) or base.group_by,
            group_wait=self.seconds(fields, "group_wait", base.group_wait),
            group_interval=self.seconds(fields, "group_interval", base.group_interval, least=True),
            repeat_interval=self.seconds(
                fields, "repeat_interval", base.repeat_interval, least=True
            ),
            mute=self.names(fields, "mute_time_intervals"),
            active=self.names(fields, "active_time_intervals"),
            escalate=self.escalation(fields) if "escalate" in fields else base.escalate,
            continues=fields.boolean("continue"),
            line=fields.node.line,
        )
        if parent is None:
            self.check_root(fields, own)
        self.check_times(fields, own)
        children = self.children(fields, own)
        fields.unknown()
        return replace(own, routes=children)

    def children(self, fields: Fields, own: Route) -> tuple[Route, ...]:
        found: list[Route] = []
        for inner in self.maps(fields, "routes"):
            if self.count >= MAX_ROUTES:
                fields.add("too-many", f"at most {MAX_ROUTES} routes", inner.node)
                break
            child = self.route(inner, own)
            ahead = next((r for r in found if not r.continues and _covers(r, child)), None)
            if ahead is not None:
                message = f"nothing comes here: the route in line {ahead.line} takes it all"
                hint = "put this one first, or say 'continue: true' there"
                inner.add("unreachable-route", message, inner.node, hint, Severity.WARNING)
            found.append(child)
        return tuple(found)

    def key(self, base: str, matchers: tuple[Matcher, ...]) -> str:
        """A name of a route that does not change when others are added."""
        plain = f"{base}/{_words(matchers)}"
        key, number = plain, 1
        while key in self.keys:
            number += 1
            key = f"{plain}#{number}"
        self.keys.add(key)
        return key

    @staticmethod
    def check_root(fields: Fields, own: Route) -> None:
        if not own.receiver:
            fields.add("missing-key", "the first route needs a receiver", hint="for all the rest")
        for key in ("match", "match_re", "matchers"):
            if own.matchers and key in fields:
                hint = "put it on a route below"
                fields.add("root-matches", "the first route takes all", fields.get(key), hint)
        for key in ("mute_time_intervals", "active_time_intervals"):
            if (own.mute or own.active) and key in fields:
                hint = "put it on a route below"
                fields.add("root-muted", "the first route is never silent", fields.get(key), hint)
        if own.continues:
            message = "there is nothing to continue with behind the first route"
            fields.add("root-continues", message, fields.get("continue"), "remove it")

    @staticmethod
    def check_times(fields: Fields, own: Route) -> None:
        if "repeat_interval" not in fields and "group_interval" not in fields:
            return
        if own.repeat_interval < own.group_interval:
            key = "repeat_interval" if "repeat_interval" in fields else "group_interval"
            message = "repeat_interval is shorter than group_interval"
            hint = "a repetition waits for the next group_interval"
            fields.add("short-repeat", message, fields.get(key), hint, Severity.WARNING)

    def group_by(self, fields: Fields) -> tuple[str, ...]:
        nodes = fields.one_or_more("group_by")
        found: list[str] = []
        for node in nodes:
            if not isinstance(node, TextNode):
                fields.add("wrong-type", "group_by is a list of labels", node)
            elif node.text in found:
                fields.add("duplicate-label", f"'{node.text}' stands twice in group_by", node)
            elif node.text != ALL and not is_label_name(node.text):
                hint = "letters, digits and _, or '...' for every label"
                fields.add("bad-label", f"'{node.text[:40]}' is no label", node, hint)
            else:
                found.append(node.text)
        if ALL in found and len(found) > 1:
            fields.add("wrong-value", "'...' stands alone in group_by", fields.get("group_by"))
        if "group_by" in fields and not nodes:
            hint = "an empty group_by is that of the parent; '...' tells each alarm alone"
            where = fields.get("group_by")
            fields.add("empty-group-by", "group_by names nothing", where, hint, Severity.WARNING)
        return tuple(found)

    def names(self, fields: Fields, key: str) -> tuple[str, ...]:
        """Time intervals a route names."""
        found: list[str] = []
        for node in fields.one_or_more(key):
            if not isinstance(node, TextNode):
                fields.add("wrong-type", f"{key} is a list of names", node)
                continue
            found.append(node.text)
            if node.text not in self.intervals:
                known = ", ".join(sorted(self.intervals)) or "none"
                message = f"there is no time interval '{node.text}'"
                fields.add("unknown-interval", message, node, f"known: {known}")
        return tuple(found)

    def escalation(self, fields: Fields) -> tuple[EscalationStep, ...]:
        steps: list[EscalationStep] = []
        for inner in self.maps(fields, "escalate"):
            inner.get("after", required=True)
            after = self.seconds(inner, "after", 0.0, least=True)
            to = self.receiver(inner, "to", inner.text_node("to", required=True))
            inner.unknown()
            if after and steps and after <= steps[-1].after:
                hint = "each counts from the first notification"
                inner.add("wrong-order", "a step comes after the one before it", inner.node, hint)
            steps.append(EscalationStep(after, to))
        if len(steps) > MAX_STEPS:
            fields.add("too-many", f"at most {MAX_STEPS} steps", fields.get("escalate"))
        return tuple(steps)

    # -- matchers ---------------------------------------------------------------------------

    def matchers(self, fields: Fields, equal: str, regex: str, both: str) -> tuple[Matcher, ...]:
        """The old words and the new one; all together hold."""
        found = [*self.pairs(fields, equal, "="), *self.pairs(fields, regex, "=~")]
        for node in fields.one_or_more(both):
            if not isinstance(node, TextNode):
                hint = "quote it: 'severity=\"critical\"'"
                fields.add("wrong-type", "a matcher is a text", node, hint)
                continue
            found += attempt(fields, node, parse_matchers) or ()
        return tuple(sorted(found, key=lambda one: (one.name, one.value, one.operator)))

    @staticmethod
    def pairs(fields: Fields, key: str, operator: str) -> list[Matcher]:
        inner = fields.map(key)
        found: list[Matcher] = []
        for name in inner.keys if inner is not None else ():
            assert inner is not None  # noqa: S101  # names come from it
            label = inner.node.entries[name].key
            node = inner.node.get(name)
            if not isinstance(node, TextNode):
                inner.add("wrong-type", "a label is compared with a text", node)
            elif not is_label_name(name):
                hint = "letters, digits and _"
                inner.add("bad-label", f"'{name[:40]}' is no label", label, hint)
            elif one := attempt(fields, node, partial(Matcher.made, name, operator)):
                found.append(one)
        return found

    def rule(self, fields: Fields) -> InhibitRule:
        source = self.matchers(fields, "source_match", "source_match_re", "source_matchers")
        target = self.matchers(fields, "target_match", "target_match_re", "target_matchers")
        equal = fields.texts("equal")
        for name in equal:
            if not is_label_name(name):
                fields.add("bad-label", f"'{name[:40]}' is no label", fields.get("equal"))
        fields.unknown()
        if not source or not target:
            side = "target" if source else "source"
            message = f"the rule has no {side}_matchers: every alarm fits"
            fields.add("fits-all", message, fields.node, "say which", Severity.WARNING)
        return InhibitRule(source, target, equal, fields.node.line)

    # -- time -------------------------------------------------------------------------------

    @staticmethod
    def seconds(
        fields: Fields,
        key: str,
        default: float,
        *,
        least: bool = False,
    ) -> float:
        """A duration; with ``least`` zero is refused."""
        node = fields.text_node(key)
        if node is None:
            return default
        found = attempt(fields, node, words.duration)
        if found == 0 and least:
            fields.add("wrong-value", f"{key} cannot be zero", node)
        return default if found is None else found

    def read_intervals(self, key: str) -> None:
        for fields in self.maps(self.top, key):
            name = fields.text_node("name", required=True)
            parts = tuple(read_part(inner) for inner in self.maps(fields, "time_intervals"))
            fields.unknown()
            if name is None:
                continue
            if name.text in self.intervals:
                line = self.intervals[name.text].line
                message = f"time interval '{name.text}' stands twice"
                fields.add("duplicate-interval", message, name, f"first in line {line}")
            self.intervals[name.text] = TimeInterval(name.text, parts, fields.node.line)


def _words(matchers: Iterable[Matcher]) -> str:
    return "{" + ", ".join(map(str, matchers)) + "}"


def _covers(route: Route, other: Route) -> bool:
    """Whether a route surely takes all another one takes."""
    return set(route.matchers) <= set(other.matchers)


def _check_channels(fields: Fields) -> None:
    """Channels of nobody in particular: lists of maps, with addresses that are some."""
    for key in fields.keys:
        fields.taken.add(key)
        if not key.endswith("_configs"):
            continue
        for node in fields.list(key):
            if not isinstance(node, MapNode):
                fields.add("wrong-type", f"{key} is a list of maps", node, "begin with '- url:'")
                continue
            for word in ("url", "urls"):
                check_address(fields, node.get(word))


def check_address(fields: Fields, node: Node | None) -> None:
    """A finding when an address, or one of a list, is none; a secret is believed."""
    if isinstance(node, ListNode):
        for item in node.items:
            check_address(fields, item)
    elif isinstance(node, TextNode):
        is_url = _URL.fullmatch(node.text) is not None
        if not is_url and _STANDS_FOR.match(node.text) is None:
            hint = "write for example https://host/path or mailto://…, or secret:<name>"
            fields.add("bad-url", "this is no address", node, hint)
    elif node is not None:
        fields.add("wrong-type", "an address is a text", node)
