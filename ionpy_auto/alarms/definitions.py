"""Types a project's ``alarms.yaml``: what is watched, with which limits, delays and guidance.

    alarms:
      - point: PSU_01.v_out
        hihi: {at: 4.25 V, on_delay: 0 s, priority: 1}
        hi: 4.20 V
        deadband: 20 mV
        on_delay: 2 s
        active_when: CH1.phase == "cc"
        guidance: Look at the sense leads.

What stands in ``defaults`` holds for every definition, what stands in a definition for all it
watches, and what stands beside one limit for that alone.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from ionpy_auto.alarms.delays import Delays
from ionpy_auto.alarms.states import SEVERITIES
from ionpy_auto.alarms.watches import Part, Rung, Settings, readers
from ionpy_auto.alarms.watches._part import difference
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import (
    ANY_UNIT,
    Entry,
    Fields,
    ListNode,
    MapNode,
    Node,
    Scope,
    TextNode,
    UnitError,
    parse_duration,
    read_with_findings,
)

FILE: Final = "alarms.yaml"
MOST: Final = 1_000
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
LIMITS: Final = ("lolo", "lo", "hi", "hihi")
Split = Callable[[str], tuple[str, str]]


@dataclass(frozen=True)
class Definition:
    """One alarm that is watched for.

    Attributes:
        key: Of its alarm.
        point: What it is about; empty for a condition.
        rungs: What makes it so, each with its own word and delays.
        line: Where it stands.
    """

    key: str
    device: str | None
    entity: str | None
    point: str
    rungs: tuple[Rung, ...]
    line: int

    @property
    def points(self) -> frozenset[str]:
        """Whose samples concern it."""
        found: frozenset[str] = frozenset()
        for rung in self.rungs:
            when = rung.settings.active_when
            found |= rung.points | (when.points if when is not None else frozenset())
        return found

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "key": self.key,
            "point": self.point,
            "device_id": self.device,
            "entity_id": self.entity,
            "line": self.line,
            "watches": [_rung_dict(rung) for rung in self.rungs],
            "guidance": next((r.settings.guidance for r in self.rungs if r.settings.guidance), ""),
        }


def _rung_dict(rung: Rung) -> dict[str, Any]:
    settings, delays = rung.settings, rung.settings.delays
    return {
        "word": rung.word if rung.word != "NORMAL" else rung.what or rung.source,
        "source": rung.source,
        "shown": rung.shown,
        "unit": rung.unit,
        "at": rung.at,
        "severity": settings.severity or rung.severity,
        "priority": settings.priority or None,
        "on_delay_s": delays.on_s,
        "off_delay_s": delays.off_s,
        "count": delays.count,
        "within_s": delays.within_s,
        "realarm_s": settings.realarm_s,
        "latching": settings.latching,
        "active_when": settings.active_when.source if settings.active_when else "",
        "guidance": settings.guidance,
        "labels": dict(settings.labels),
    }


def read_definitions(
    text: str, scope: Scope, split: Split
) -> tuple[tuple[Definition, ...], list[Finding]]:
    """All definitions of a text, and what is wrong with it.

    Args:
        text: The whole text; an empty one has none.
        scope: Names and units of the project.
        split: Device and entity of a point.

    Returns:
        The definitions (none when there are errors) and all findings. A point nobody knows is
        only warned of: its device may come.
    """
    node, findings = read_with_findings(text, FILE)
    if node is None or (isinstance(node, TextNode) and node.is_empty):
        return (), findings
    fields = Fields(node, FILE, findings)
    fields.integer("version", 1)
    defaults = fields.map("defaults")
    base = Settings()
    if defaults is not None:
        base = _settings(defaults, base, scope)
        defaults.unknown()
    found: list[Definition] = []
    for entry in fields.list("alarms")[:MOST]:
        found += _Reading(Fields(entry, FILE, findings), scope, split, base).definitions()
    entries = fields.get("alarms")
    if isinstance(entries, ListNode) and len(entries.items) > MOST:
        fields.add("too-many", f"at most {MOST} definitions", entries)
    fields.unknown()
    _refuse_twins(found, findings)
    has_errors = any(finding.severity is Severity.ERROR for finding in findings)
    return (() if has_errors else tuple(found)), findings


def limited_points(text: str) -> set[str]:
    """Points whose limits a text defines, without judging anything else in it."""
    node, _ = read_with_findings(text, FILE)
    entries = node.get("alarms") if isinstance(node, MapNode) else None
    items = entries.items if isinstance(entries, ListNode) else ()
    found = set()
    for item in items:
        point = item.get("point") if isinstance(item, MapNode) else None
        if isinstance(point, TextNode) and any(
            isinstance(item, MapNode) and key in item.entries for key in LIMITS
        ):
            found.add(point.text)
    return found


class _Reading:
    """One entry of the list being read."""

    def __init__(self, fields: Fields, scope: Scope, split: Split, base: Settings) -> None:
        self._fields = fields
        self._scope = scope
        self._split = split
        self._settings = _settings(fields, base, scope)

    def definitions(self) -> list[Definition]:
        """What it defines; one alarm for all limits, one for each other thing it watches."""
        fields = self._fields
        is_condition = "when" in fields
        keys = [key for key in readers() if key in fields]
        name = fields.text("id")
        point, unit = ("", "") if is_condition else self._point()
        device = fields.text("device")
        if unit is None:
            return self._dormant(point, keys)
        deadband = fields.quantity("deadband", difference(unit), 0.0) or 0.0
        fields.taken.update(keys)
        fields.unknown(readers())
        if not keys:
            fields.add("watches-nothing", "it watches nothing", None, f"add {', '.join(LIMITS)}")
        if is_condition and (len(keys) > 1 or "point" in fields):
            fields.add(
                "mixed", "when stands alone, without point or other keys", fields.get("when")
            )
        if is_condition and not NAME.fullmatch(name):
            hint = "letters, digits, - and _, at most 64"
            fields.add("missing-key", "a condition needs an id", fields.get("id"), hint)
        rungs = [rung for key in keys if (rung := self._read(key, point, unit, deadband))]
        self._check_order()
        if is_condition:
            own = f"condition/{name}"
            return [Definition(own, device or None, None, "", tuple(rungs), fields.node.line)]
        return self._grouped(point, rungs)

    def _dormant(self, point: str, keys: Iterable[str]) -> list[Definition]:
        """Nobody knows the point now: its alarms stay as they are until somebody does."""
        if not point:
            return []
        device, entity = self._split(point)
        whats = dict.fromkeys("" if key in LIMITS else key for key in keys)
        line = self._fields.node.line
        return [
            Definition("/".join(filter(None, (device, entity, w))), device, entity, point, (), line)
            for w in whats
        ]

    def _point(self) -> tuple[str, str | None]:
        node = self._fields.text_node("point", required=True)
        if node is None:
            return "", None
        address = self._scope.resolve(node.text)
        unit = self._scope.units_of(address)
        if unit is None:
            hint = "the alarm is watched once there is one; look for a typing mistake"
            message = f"there is no point {node.text!r}"
            self._fields.add("unknown-point", message, node, hint, Severity.WARNING)
        return address, "" if unit == ANY_UNIT else unit

    def _read(self, key: str, point: str, unit: str, deadband: float) -> Rung | None:
        node = self._fields.get(key)
        if node is None:
            return None
        fields = self._fields
        inner = Fields(_as_map(node), FILE, fields.findings)
        settings = _settings(inner, self._settings, self._scope)
        back = inner.quantity("deadband", difference(unit), deadband) or 0.0
        if back < 0:
            inner.add("wrong-value", "a deadband is a positive distance", node)
        rung = readers()[key](Part(key, inner, point, unit, self._scope, settings, back))
        inner.unknown()
        return rung

    def _check_order(self) -> None:
        """The limits rise: what is worse lies further out."""
        numbers = []
        for key in LIMITS:
            node = self._fields.node.get(key)
            if node is None:
                continue
            fields = Fields(_as_map(node), FILE, [])
            value = fields.raw_quantity("at")
            numbers.append((value.coherent if value is not None else None, node))
        known = [(value, node) for value, node in numbers if value is not None]
        for (low, _), (high, node) in pairwise(known):
            if low > high:
                self._fields.add("wrong-order", "limits rise: lolo <= lo <= hi <= hihi", node)

    def _grouped(self, point: str, rungs: Iterable[Rung]) -> list[Definition]:
        device, entity = self._split(point)
        groups: dict[str, list[Rung]] = {}
        for rung in rungs:
            groups.setdefault(rung.what, []).append(rung)
        return [
            Definition(
                key="/".join(filter(None, (device, entity, what))),
                device=device,
                entity=entity,
                point=point,
                rungs=tuple(group),
                line=self._fields.node.line,
            )
            for what, group in groups.items()
        ]


def _as_map(node: Node) -> MapNode:
    """What was written alone stands under ``at``."""
    if isinstance(node, MapNode):
        return node
    key = TextNode("at", node.start, node.start, path=node.path)
    return MapNode({"at": Entry(key, node)}, node.start, node.end, node.path)


def _settings(fields: Fields, base: Settings, scope: Scope) -> Settings:
    """Settings that stand in a map, over those around it."""
    was = base.delays
    count, within = _count(fields, was)
    delays = Delays(
        on_s=fields.duration("on_delay", was.on_s) or 0.0,
        off_s=fields.duration("off_delay", was.off_s) or 0.0,
        count=count,
        within_s=within,
    )
    priority = fields.integer("priority", base.priority) or 0
    if not 0 <= priority <= 4:
        fields.add("wrong-value", "priority is 1 (most urgent) to 4", fields.get("priority"))
    when = fields.expression("active_when", scope, want="bool")
    return replace(
        base,
        delays=delays,
        severity=fields.choice("severity", SEVERITIES, base.severity),
        priority=priority,
        realarm_s=fields.duration("realarm", base.realarm_s) or 0.0,
        latching=fields.boolean("latching", base.latching),
        guidance=fields.text("guidance", base.guidance),
        text=fields.text("text", base.text),
        active_when=when or base.active_when,
        labels={**base.labels, **_labels(fields)},
    )


def _count(fields: Fields, was: Delays) -> tuple[int, float]:
    """``5 in 10 s`` or ``5/10s``."""
    node = fields.text_node("count")
    if node is None:
        return was.count, was.within_s
    number, _, span = node.text.replace("/", " in ", 1).partition(" in ")
    try:
        within = parse_duration(span.strip())
    except UnitError:
        within = 0.0
    digits = number.strip()
    if not (digits.isascii() and digits.isdigit() and 2 <= int(digits) <= 1000) or within <= 0:
        fields.add("wrong-value", "count says how often within what", node, "write 5 in 10 s")
        return was.count, was.within_s
    return int(digits), within


def _labels(fields: Fields) -> Mapping[str, str]:
    inner = fields.map("labels")
    if inner is None:
        return {}
    found = {}
    for key in inner.keys:
        if not NAME.fullmatch(key):
            inner.add("wrong-value", f"{key!r} is no label", inner.get(key))
        found[key] = inner.text(key)
    return found


def _refuse_twins(found: Iterable[Definition], findings: list[Finding]) -> None:
    lines: dict[str, int] = {}
    for one in found:
        if one.key in lines:
            message = f"the alarm {one.key} is defined twice, first in line {lines[one.key]}"
            findings.append(
                Finding(code="duplicate-id", message=message, file=FILE, line=one.line, column=1)
            )
        lines.setdefault(one.key, one.line)
