"""JSON Schema of flow files, made from the registered blocks: for completion in editors.

Every scalar may also be written as ``$name``; the reader is stricter than the schema, which knows
nothing of units and points.
"""

from functools import cache
from typing import Any, Final

from ionpy_auto.automation.blocks import ACTIONS, CONDITIONS, STEPS, TRIGGERS, Block
from ionpy_auto.automation.fields import REFERENCE
from ionpy_auto.automation.flow import CycleDefinition, Record
from ionpy_auto.automation.flow_reader import POWER_LOSS, VERDICTS
from ionpy_auto.core.registry import Registry

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NAME: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}
LOGIC: Final[Schema] = {"type": "string", "x-expression": "bool"}
DURATION: Final[Schema] = {"type": "string", "x-unit": "s", "examples": ["30 min"]}
TRUTH: Final[Schema] = {"type": "boolean"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _one_or_list(name: str) -> Schema:
    return {"anyOf": [_ref(name), _list_of(name)]}


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": list(required)} if required else made


STEP_KEYS: Final[Schema] = {
    "id": TEXT,
    "name": TEXT,
    "enabled": TRUTH,
    "until": _one_or_list("end"),
    "limits": _list_of("limit"),
    "measure": {"type": "object", "additionalProperties": _ref("measure")},
    "verdict": {"enum": list(VERDICTS)},
}
CONDITION: Final[Schema] = {
    "reset": LOGIC,
    "hysteresis": TEXT,
    "for": DURATION,
    "samples": {"type": "integer", "minimum": 1},
    "unknown": {"enum": ["hold", "trip"]},
}


@cache
def flow_schema() -> Schema:
    """The schema of a whole file."""
    defs: Schema = {}
    for key, registry, common in (
        ("step", STEPS, STEP_KEYS),
        ("action", ACTIONS, {"id": TEXT, "enabled": TRUTH}),
        ("condition", CONDITIONS, {}),
    ):
        defs[key] = _any_verb(registry, common, defs)
    # ``repeat`` is both: as a step it repeats steps. ``ramp`` says by its keys which it is.
    shadowed = frozenset(verb for verb in STEPS if not STEPS.get(verb).instead)
    actions_as_steps = _any_verb(ACTIONS, STEP_KEYS, defs, shadowed)
    defs["step"] = {"anyOf": [*defs["step"]["anyOf"], *actions_as_steps["anyOf"]]}
    defs["trigger"] = _triggers(defs)
    defs.update(_parts(defs))
    return {
        "$schema": DIALECT,
        "title": "Flow file: limits, a sequence, rules",
        **_object(_top(), ("version", "id")),
        "$defs": defs,
    }


def _top() -> Schema:
    return {
        "version": {"enum": [1, "1"]},
        "id": {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
        "title": TEXT,
        "description": TEXT,
        "cell": {"type": "string", "x-cell": True},
        "channel": {"type": "string", "x-channel": True},
        "parameters": {"type": "object", "additionalProperties": _ref("parameter")},
        "record": _ref("record"),
        "cycle": _ref("cycle"),
        "soc": {
            "description": "State of charge at the start of a run, for run.soc; as 50 %.",
            "type": ["string", "number"],
        },
        "on_power_loss": {"enum": list(POWER_LOSS)},
        "limits": _list_of("limit"),
        "sequence": _list_of("step"),
        "finally": _list_of("step"),
        "rules": _list_of("rule"),
        "x-layout": {"type": "object"},
    }


def _parts(defs: Schema) -> Schema:
    ends = {**CONDITION, "when": LOGIC, "expr": LOGIC, "name": TEXT, "goto": TEXT}
    ends["max"] = {"type": "integer", "minimum": 1}
    ends |= {
        "phase": {"enum": ["cc", "cv", "cp", "cr", "ramp"]},
        "verdict": {"enum": list(VERDICTS)},
    }
    named = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": LOGIC,
    }
    limit = {**CONDITION, "id": TEXT, "trip": LOGIC, "when": LOGIC, "expr": LOGIC}
    measure = {"value": TEXT, "min": TEXT, "max": TEXT}
    parameter: Schema = {name: {} for name in ("default", "min", "max")}
    return {
        "end": {"anyOf": [LOGIC, _object(ends), named]},
        "limit": {"anyOf": [LOGIC, _object(limit)]},
        "measure": {"anyOf": [TEXT, _object(measure, ("value",))]},
        "parameter": {
            "anyOf": [
                {"type": ["string", "number", "boolean"]},
                _object({**parameter, "unit": TEXT, "help": TEXT}),
            ]
        },
        "record": _model(Record, defs),
        "cycle": _model(CycleDefinition, defs),
        "check": {"anyOf": [LOGIC, _ref("condition")]},
        "rule": _object(_rule(), ("id", "when")),
    }


def _rule() -> Schema:
    return {
        "id": NAME,
        "title": TEXT,
        "when": _one_or_list("trigger"),
        "if": _one_or_list("check"),
        "then": _list_of("action"),
        "else": _list_of("action"),
        "scope": {"enum": ["run", "always"]},
        "during": {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
        "enabled": TRUTH,
        "mode": {"enum": ["single", "restart", "queued", "parallel"]},
        "max": {"type": "integer", "minimum": 1},
        "per": {"enum": ["device"]},
        "cooldown": DURATION,
        "once": {"enum": ["session", "run"]},
        "max_gap": DURATION,
        "on_gap": {"enum": ["reset", "fire", "alarm"], "default": "reset"},
    }


def _any_verb(
    registry: Registry[Any],
    common: Schema,
    defs: Schema,
    without: frozenset[str] = frozenset(),
) -> Schema:
    """A mapping with one verb; a verb without required parameters may stand alone."""
    forms: list[Schema] = []
    for verb in registry:
        if verb in without:
            continue
        kind: type[Block] = registry.get(verb)
        model = _model(kind, defs)
        companions = {key: model["properties"][key] for key in kind.companions}
        required = [key for key in model.get("required", []) if key not in companions]
        needed = [key for key in model.get("required", []) if key in companions]
        value = _value(kind, model, required)
        form = _object({verb: value, **companions, **common}, (verb, *needed))
        head = _head(verb, kind)
        forms.append({**form, **head})
        if needed:  # companions may also stand inside
            forms.append({**_object({verb: model, **common}, (verb,)), **head})
        if not required and not needed:
            forms.append({"const": verb})
    return {"anyOf": forms}


def _head(verb: str, kind: type[Block]) -> Schema:
    """What a form of a block says of itself: forms in a browser are drawn from it.

    ``x-short`` is the parameter that may stand behind the verb alone, ``x-free`` the one that is
    the whole map behind it, ``x-beside`` those that stand beside the verb.
    """
    head: Schema = {"title": verb, "description": (kind.__doc__ or "").splitlines()[0]}
    marks = {"x-short": kind.shorthand, "x-free": kind.free_keys, "x-beside": [*kind.companions]}
    return head | {key: value for key, value in marks.items() if value}


def _value(kind: type[Block], model: Schema, required: list[str]) -> Schema:
    """What may stand behind a verb: its parameters, or the short form."""
    if kind.free_keys:
        value: Schema = model["properties"][kind.free_keys]
        return value
    parameters = {**model, "required": required} if required else _without(model, "required")
    forms = [parameters]
    if kind.shorthand:
        forms.append(model["properties"].get(kind.shorthand, TEXT))
    if not required:
        forms.append({"type": "null"})
    return {"anyOf": forms} if len(forms) > 1 else parameters


def _triggers(defs: Schema) -> Schema:
    """A trigger's parameters stand beside its verb."""
    forms: list[Schema] = [LOGIC]
    for verb in TRIGGERS:
        kind = TRIGGERS.get(verb)
        model = _model(kind, defs)
        properties = dict(model["properties"])
        short = properties.pop(kind.shorthand, None) if kind.shorthand else None
        required = [key for key in model.get("required", []) if key != kind.shorthand]
        inner = _without(model, "title")
        value = {"anyOf": [short or TEXT, inner, {"type": "null"}]}
        form = _object({verb: value, "id": TEXT, **properties}, (verb, *required))
        forms.append({**form, **_head(verb, kind)})
        if not model.get("required"):
            forms.append({"const": verb})
    return {"anyOf": forms}


def _model(kind: type[Block], defs: Schema) -> Schema:
    """The parameters of a block; models inside it move to the common definitions."""
    schema: Schema = _shown(kind.model_json_schema(by_alias=True))
    defs.update(schema.pop("$defs", {}))
    return _without(schema, "title")


def _shown(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """The same schema with all references as editors know them."""
    if isinstance(schema, dict):
        return {"$ref" if k == REFERENCE else k: _shown(inner) for k, inner in schema.items()}
    return [_shown(inner) for inner in schema] if isinstance(schema, list) else schema


def _without(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}
