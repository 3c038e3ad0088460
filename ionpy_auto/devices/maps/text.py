"""Reads a ``device.yaml``: text in, entities and places out, or findings. Nothing is imported.

The common part is judged here, so a list of drivers needs no base. What belongs to the base
(``protocol:`` and the keys of an entity that no kind knows) is left to `MapDriver.from_map`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ionpy_auto.core.errors import Finding
from ionpy_auto.core.safety import Safe
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices.driver import Blueprint, Protection
from ionpy_auto.devices.entities import (
    Access,
    Action,
    Bitmask,
    Entity,
    Enum,
    Numeric,
    Text,
    Toggle,
)
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.limits import Limits
from ionpy_auto.devices.maps.models import (
    ENTITY_ID,
    KINDS,
    EntityPart,
    Head,
    SafePart,
)
from ionpy_auto.devices.maps.reading import MapReading, unknown_key
from ionpy_auto.devices.maps.values import free, number_of, switch_of, whole_of
from ionpy_auto.devices.roles import Role
from ionpy_auto.devices.transports import TRANSPORTS
from ionpy_auto.language import ListNode, MapNode, Node, TextNode, read_with_findings

CLASSES: Mapping[str, type[Entity]] = {
    "numeric": Numeric,
    "toggle": Toggle,
    "enum": Enum,
    "text": Text,
    "bitmask": Bitmask,
    "action": Action,
}
MAX_ENTITIES = 1000
_BLUEPRINT = {f.name for f in fields(Blueprint)}
OUTPUTS = (Role.OUTPUT, Role.INPUT)
_OWN_TREATMENT = {"kind", "verified", "safe", "limits", "access"}


@dataclass(frozen=True, slots=True)
class DeviceMap:
    """A ``device.yaml`` whose common part is right.

    Attributes:
        file: ``folder/device.yaml``, for findings.
        root: The whole tree.
        head: Its top.
        blueprints: Ways to reach the device; empty means those of the base.
        entities: By id, in the order of the file.
    """

    file: str
    root: MapNode
    head: Head
    blueprints: tuple[Blueprint, ...]
    entities: Mapping[str, Entity]

    @property
    def protocol(self) -> Node:
        """The tree under ``protocol:``, an empty map when there is none."""
        found = self.root.get("protocol")
        if found is None or (isinstance(found, TextNode) and found.is_empty):
            return MapNode({}, self.root.start, self.root.start, "protocol")
        return found

    def node(self, entity_id: str) -> MapNode:
        """The tree of one entity."""
        entities = self.root.get("entities")
        found = entities.get(entity_id) if isinstance(entities, MapNode) else None
        if not isinstance(found, MapNode):
            raise KeyError(entity_id)
        return found

    def protection(self) -> Protection:
        """The hardware protection."""
        part = self.head.protection
        return Protection(part.kind, part.voltage_margin, part.current_margin, part.latched)


def read_map(text: str, file: str) -> tuple[DeviceMap | None, list[Finding]]:
    """Read a map; None when something is wrong, then the findings say what and where."""
    root, findings = read_with_findings(text, file)
    if root is None or findings:
        return None, findings
    reading = MapReading(file)
    head = reading.typed(Head, root)
    if not isinstance(root, MapNode):
        return None, reading.findings
    blueprints = _blueprints(reading, root)
    entities = _entities(reading, root)
    if head is None or not reading.is_ok:
        return None, reading.findings
    return DeviceMap(file, root, head, blueprints, entities), reading.findings


def _blueprints(reading: MapReading, root: MapNode) -> tuple[Blueprint, ...]:
    node = root.get("blueprints")
    if not isinstance(node, ListNode):
        return ()
    if not node.items:
        reading.error(node, "no-blueprint", "there must be a way to reach the device")
    found = []
    for item in node.items:
        values = free(item)
        if not isinstance(item, MapNode) or not isinstance(values.get("transport"), str):
            continue  # the model has complained
        found.append(Blueprint(**{k: v for k, v in values.items() if k in _BLUEPRINT}))
        for word, registry in (("transport", TRANSPORTS), ("framing", FRAMINGS)):
            name = values.get(word, "none")
            known = [n for n in registry if n != "virtual"]
            if name not in known:
                hint = f"known: {', '.join(known)}"
                message = f"there is no {word} {name!r:.60} for a described device"
                reading.error(item.get(word) or item, f"unknown-{word}", message, hint)
    return tuple(found)


def _entities(reading: MapReading, root: MapNode) -> dict[str, Entity]:
    node = root.get("entities")
    if not isinstance(node, MapNode) or not node.entries:
        reading.error(node or root, "no-entities", "there must be entities", "write entities: …")
        return {}
    if len(node.entries) > MAX_ENTITIES:
        reading.error(node, "too-many", f"more than {MAX_ENTITIES} entities")
        return {}
    found: dict[str, Entity] = {}
    for key, entry in node.entries.items():
        if not ENTITY_ID.fullmatch(key):
            hint = "letters, digits and _, a letter first, at most 64"
            reading.error(entry.key, "bad-id", f"{key!r:.80} is no id of an entity", hint)
            continue
        entity = _entity(reading, key, entry.node)
        if entity is not None:
            found[key] = entity
    _check_together(reading, node, found)
    return found


def _entity(reading: MapReading, key: str, node: Node) -> Entity | None:
    kind = node.get("kind") if isinstance(node, MapNode) else None
    if not isinstance(node, MapNode) or not isinstance(kind, TextNode) or kind.text not in KINDS:
        hint = f"kind: one of {', '.join(KINDS)}"
        reading.error(kind or node, "wrong-kind", f"{key} needs a kind that exists", hint)
        return None
    model = KINDS[kind.text]
    part = reading.typed(model, node, skip=set(node.entries) - set(model.model_fields))
    if part is None:
        return None
    values = {name: getattr(part, name) for name in type(part).model_fields}
    values = {name: value for name, value in values.items() if name not in _OWN_TREATMENT}
    values |= {"id": key, "name": part.name or key.replace("_", " ").capitalize()}
    if kind.text == "numeric" and not _numeric(reading, node, part, values):
        return None
    entity = CLASSES[kind.text](
        **values, access=Access(part.access), safe=_safe(reading, part, node)
    )
    _check_entity(reading, node, part, entity)
    return entity


def _numeric(reading: MapReading, node: MapNode, part: EntityPart, values: dict[str, Any]) -> bool:
    """Limits and windows; whether they make sense."""
    limits = getattr(part, "limits", None)
    plausible = values["plausible"]
    if plausible is not None and not plausible[0] < plausible[1]:
        reading.error(node.get("plausible") or node, "range", "plausible must rise")
        return False
    try:
        values["limits"] = Limits(**limits.model_dump()) if limits is not None else None
    except ValueError as error:
        reading.error(node.get("limits") or node, "range", str(error))
        return False
    return True


def _safe(reading: MapReading, part: EntityPart, node: MapNode) -> Safe | None:
    if part.safe is None:
        return None
    told = part.safe
    where = node.get("safe") or node
    if told.action == "write" and told.value is None:
        reading.error(where, "missing-key", "safe: write needs a value", "add value: …")
    if told.action != "write" and told.value is not None:
        reading.error(where, "no-value", f"safe: {told.action} writes no value", "remove value")
    value = None if told.value is None else _safe_value(reading, part.kind, told, where)
    return Safe(told.action, value, told.order, told.verify, told.timeout_s)


def _safe_value(reading: MapReading, kind: str, told: SafePart, where: Node) -> Scalar | None:
    text = told.value or ""
    try:
        if kind in {"toggle", "action"}:
            return switch_of(text)
        if kind == "numeric":
            return number_of(text)
        return whole_of(text) if kind == "bitmask" else text
    except ValueError as error:
        place = where.get("value") if isinstance(where, MapNode) else None
        reading.error(place or where, "wrong-type", f"safe value: {error}")
        return None


def _check_entity(reading: MapReading, node: MapNode, part: EntityPart, entity: Entity) -> None:
    if entity.is_writable and not part.verified:
        place = node.get("verified") or node
        message = f"{entity.id}: unverified commands are never used for writing"
        reading.error(place, "unverified", message, "access: RO, or prove the command first")
    problems = entity.problems() if reading.is_ok or not _is_named(reading, node) else []
    for problem in problems:
        reading.error(node, "wrong-entity", problem)
    if entity.role in OUTPUTS and entity.is_writable and not _goes_off(entity):
        message = f"{entity.id}: the safe state of an output switch is writing false"
        hint = "kind: toggle, safe: {action: write, value: false, order: 10}"
        reading.error(node.get("safe") or node, "wrong-safe", message, hint)


def _is_named(reading: MapReading, node: MapNode) -> bool:
    """Whether this entity has been complained about already; one cause, one sentence."""
    inside = f"{node.path}."
    return any(f.path == node.path or f.path.startswith(inside) for f in reading.findings)


def _goes_off(entity: Entity) -> bool:
    safe = entity.safe
    return (
        isinstance(entity, Toggle)
        and safe is not None
        and safe.action == "write"
        and safe.value is False
    )


def _check_together(reading: MapReading, node: MapNode, entities: Mapping[str, Entity]) -> None:
    """What one entity cannot know: roles that stand twice, proofs that do not exist."""
    seen: dict[tuple[Role, str], str] = {}
    for key, entity in entities.items():
        place = node.get(key) or node
        if entity.role is not None:
            first = seen.setdefault((entity.role, entity.channel), key)
            if first != key:
                message = f"role {entity.role} stands twice on {entity.channel}: {first} and {key}"
                reading.error(place, "double-role", message, "give one of them another channel")
        verify = entity.safe.verify if entity.safe is not None else ""
        if verify and (verify not in entities or not entities[verify].is_readable):
            message = f"{key}: safe.verify names no entity that can be read"
            reading.error(place, "unknown-entity", message, unknown_key(verify, entities)[1])
