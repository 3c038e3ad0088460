"""Types an ``interlocks.yaml``: what must not be, what it denies and what it switches off.

    interlocks:
      - id: cell-too-hot
        trip: DMM_01.temp > 60 °C
        for: 2 s
        deny: [PSU_01, LOAD_01.input]
        safe: [PSU_01]
        message: The cell is too hot.

A value that is unknown counts as too hot: an interlock has no other choice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ionpy_auto.automation.names import Names, Site
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import (
    Condition,
    Fields,
    ListNode,
    Node,
    Scope,
    TextNode,
    UnknownPolicy,
    read_with_findings,
)

INTERLOCK_ID = re.compile(r"[a-z0-9-]{1,64}")
MOST = 200


@dataclass(frozen=True)
class InterlockText:
    """One interlock as written.

    Attributes:
        id: Unique within the file.
        condition: While it is met, or nobody knows, the interlock has tripped.
        deny: Devices, or points, that take no write but their safe state; all when empty.
        safe: Devices that are driven to their safe state.
        message: What people read; empty for the condition's own words.
        line: Where it stands.
    """

    id: str
    condition: Condition
    deny: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    message: str = ""
    line: int = 0

    @property
    def text(self) -> str:
        """The condition as written."""
        return self.condition.expression.source

    def concerns(self, device: str, entity: str) -> bool:
        """Whether a write to this output is denied while it has tripped."""
        return not self.deny or device in self.deny or f"{device}.{entity}" in self.deny


def read_interlocks(
    text: str, file: str, site: Site
) -> tuple[tuple[InterlockText, ...], list[Finding]]:
    """All interlocks of a text, and what is wrong with it.

    Args:
        text: The whole text; an empty one has none.
        file: For the findings.
        site: The project's devices.

    Returns:
        The interlocks (none when there are errors) and all findings.
    """
    node, findings = read_with_findings(text, file)
    if node is None:
        return (), findings
    scope = Names(site, file=file).scope()
    fields = Fields(node, file, findings)
    entries = fields.get("interlocks")
    fields.unknown()
    found: list[InterlockText] = []
    if isinstance(entries, ListNode):
        for entry in entries.items[:MOST]:
            one = _read_one(entry, scope, findings, site)
            if one is not None:
                found.append(one)
        if len(entries.items) > MOST:
            fields.add("too-many", f"at most {MOST} interlocks", entries)
    elif entries is not None:
        fields.add("wrong-type", "interlocks is a list", entries, "begin each with '- id:'")
    _refuse_twins(found, file, findings)
    has_errors = any(finding.severity is Severity.ERROR for finding in findings)
    return (() if has_errors else tuple(found)), findings


def _read_one(
    node: Node, scope: Scope, findings: list[Finding], site: Site
) -> InterlockText | None:
    fields = Fields(node, scope.file, findings)
    name = fields.text("id", required=True)
    if name and not INTERLOCK_ID.fullmatch(name):
        hint = "lower case letters, digits and -, at most 64"
        fields.add("bad-id", f"{name!r} is no interlock id", fields.get("id"), hint)
    unknown = fields.get("unknown")
    if isinstance(unknown, TextNode) and unknown.text != UnknownPolicy.TRIP:
        fields.add("wrong-value", "an interlock trips on what nobody knows", unknown, "remove it")
    condition = Condition.take(fields, scope, UnknownPolicy.TRIP)
    deny = _places(fields, "deny", site, points=True)
    safe = _places(fields, "safe", site, points=False)
    message = fields.text("message")
    fields.unknown()
    if condition is not None and not condition.points:
        fields.add("no-point", "the condition looks at no point", fields.get("trip"))
    if condition is None or not name:
        return None
    return InterlockText(name, condition, deny or safe, safe, message, node.line)


def _places(fields: Fields, key: str, site: Site, *, points: bool) -> tuple[str, ...]:
    """Device ids, or (where allowed) points of devices; one alone needs no list."""
    node = fields.get(key)
    nodes: Iterable[Node] = node.items if isinstance(node, ListNode) else [node] if node else []
    found = []
    for item in nodes:
        if not isinstance(item, TextNode):
            fields.add("wrong-type", f"{key} is a list of devices", item)
            continue
        known = site.has_device(item.text) or (points and site.is_writable(item.text))
        if not known:
            wanted = "a device or an output of one" if points else "a device"
            fields.add("unknown-device", f"{item.text!r} is not {wanted}", item)
        found.append(item.text)
    return tuple(dict.fromkeys(found))


def _refuse_twins(found: Iterable[InterlockText], file: str, findings: list[Finding]) -> None:
    lines: dict[str, int] = {}
    for one in found:
        if one.id in lines:
            message = f"{one.id!r} stands twice, first in line {lines[one.id]}"
            findings.append(
                Finding(code="duplicate-id", message=message, file=file, line=one.line, column=1)
            )
        lines.setdefault(one.id, one.line)
