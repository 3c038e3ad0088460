"""Types of block parameters: how the texts of a flow file become quantities and expressions.

A flow file is read as texts with places (`language.reader`). A block declares its parameters as a
pydantic model with the types of this file; they type the text, and every error points to its place.
``$name`` stands for a parameter anywhere a value stands.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, GetJsonSchemaHandler, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ionpy_auto.core.errors import BadInput, Finding, Severity
from ionpy_auto.language import (
    Condition,
    Expression,
    ListNode,
    MapNode,
    Node,
    Scope,
    Template,
    TextNode,
    finding_at,
    parse_duration,
    parse_quantity,
)

M = TypeVar("M", bound=BaseModel)

COUNTER = re.compile(
    r"(?!(?:voltage|current|power|temp|phase|and|or|not|in|if|else|is|true|false)$)[a-z][a-z0-9_]{0,31}"
)
"""What a counter may be called: not like what a bare name means already."""
PARAMETER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


class PlacedText(str):
    """A text that remembers where it stands."""

    __slots__ = ("node",)
    node: TextNode

    @classmethod
    def of(cls, node: TextNode, text: str | None = None) -> "PlacedText":
        """The text of a node, or another text at its place."""
        made = cls(node.text if text is None else text)
        made.node = node
        return made


class PlacedDict(dict[str, Any]):
    """A map that remembers where it stands."""

    node: MapNode


class PlacedList(list[Any]):
    """A list that remembers where it stands."""

    node: ListNode


@dataclass
class Reading:
    """One reading of a flow file: the scope texts are typed in, and what was found.

    Attributes:
        scope: Names, units, parameters, cell capacity.
        findings: Errors and warnings so far.
        file: For the findings.
    """

    scope: Scope
    findings: list[Finding] = field(default_factory=list)
    file: str = ""
    reader: object = None  # whoever types nested steps and actions

    def error(self, node: Node, code: str, message: str, /, hint: str = "", **args: Any) -> None:  # noqa: ANN401 - JSON
        """Note an error at a node; ``args`` are the values it names."""
        self.findings.append(finding_at(node, self.file, code, message, hint, **args))

    def warn(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Note a warning at a node."""
        severity = Severity.WARNING
        self.findings.append(finding_at(node, self.file, code, message, hint, severity))

    @property
    def is_ok(self) -> bool:
        """True while there is no error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    def loosen(self, node: Node) -> Any:  # noqa: ANN401 - the untyped form pydantic takes
        """The form pydantic takes: dicts, lists and `PlacedText`, with parameters filled in."""
        if isinstance(node, MapNode):
            loose = PlacedDict({key: self.loosen(e.node) for key, e in node.entries.items()})
            loose.node = node
            return loose
        if isinstance(node, ListNode):
            items = PlacedList(self.loosen(item) for item in node.items)
            items.node = node
            return items
        return PlacedText.of(node, self._filled(node))

    def _filled(self, node: TextNode) -> str:
        match = PARAMETER.fullmatch(node.text.strip())
        if match is None or match[1] not in self.scope.parameters:
            return node.text
        value = self.scope.parameters[match[1]]
        return str(value).lower() if isinstance(value, bool) else str(value)

    def model(self, kind: type[M], node: Node) -> M | None:
        """Type a map as a model; None and findings when it does not fit."""
        if not isinstance(node, MapNode):
            message, hint = "a map of keys is needed here", "write key: value"
            self.error(node, "wrong-type", message, hint, wanted="a map")
            return None
        return self.validated(kind, self.loosen(node), node)

    def validated(
        self, kind: type[M], loose: dict[str, Any], node: MapNode, verb: str = ""
    ) -> M | None:
        """Type a loose map; errors are placed below ``node`` (or below its ``verb``)."""
        try:
            return kind.model_validate(loose, context=self)
        except ValidationError as error:
            inner = node.get(verb) if verb else None
            self._explain(error, inner if isinstance(inner, MapNode) else node, kind, inner)
            return None

    def _explain(
        self, error: ValidationError, node: Node, kind: type[BaseModel], value: Node | None = None
    ) -> None:
        """Turn pydantic's errors into findings at their places."""
        for problem in error.errors(include_url=False, include_input=False):
            code, context = problem["type"], problem.get("ctx") or {}
            if code == "noted":
                continue
            place = _walk(node, problem["loc"])
            if place is node and isinstance(value, TextNode):
                place = value
            if code == "extra_forbidden":
                known = _known_keys(kind, problem["loc"][:-1])
                key = str(problem["loc"][-1])
                args = unknown_args(key, known)
                self.error(place, "unknown-key", *_unknown(key, known), **args)
            elif code == "missing":
                missing = problem["loc"][-1]
                self.error(
                    place,
                    "missing-key",
                    f"{missing!r} is missing",
                    f"add {missing}: …",
                    key=str(missing),
                )
            else:
                hint = str(context.get("hint", ""))
                args = context.get("args") or _literal_args(place, context)
                self.error(place, code.replace("_", "-"), problem["msg"], hint, **args)


def _literal_args(place: Node, context: Mapping[str, Any]) -> dict[str, Any]:
    """What is written and what may stand there, where pydantic wants one of a few words."""
    known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    return unknown_args(place.text, known) if known and isinstance(place, TextNode) else {}


def _walk(node: Node, place: Sequence[int | str]) -> Node:
    """The deepest node on the way that exists; for an unknown key its key."""
    for index, part in enumerate(place):
        if isinstance(node, MapNode) and isinstance(part, str):
            entry = node.entries.get(part)
            if entry is None:
                return node
            if index == len(place) - 1 and isinstance(entry.node, TextNode) and entry.node.is_empty:
                return entry.key
            node = entry.node
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return node
    return node


def _known_keys(kind: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    names = [info.alias or name for name, info in kind.model_fields.items()]
    return [] if place else names


def _near(key: str, known: Iterable[str]) -> list[str]:
    """What was probably meant."""
    return difflib.get_close_matches(key, list(known), 1)


def _unknown(key: str, known: Iterable[str]) -> tuple[str, str]:
    near = _near(key, known)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
    return f"unknown key {key!r}", hint if near or known else "remove it"


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and hint for a key nobody knows."""
    return _unknown(key, list(known))


def unknown_args(key: str, known: Iterable[str]) -> dict[str, Any]:
    """The values such a message names: what is written, what may be meant, what there is."""
    words = list(known)
    return {"wanted": key, "near": _near(key, words), "known": sorted(words)}


def fail(code: str, message: str, /, hint: str = "", **args: Any) -> PydanticCustomError:  # noqa: ANN401 - JSON
    """An error a validator raises; braces are taken literally, ``args`` are what it names."""
    safe = message.replace("{", "(").replace("}", ")")
    return PydanticCustomError(code, safe, {"hint": hint, "args": args})


def noted() -> PydanticCustomError:
    """Raised by a validator that has put its findings into the reading itself."""
    return PydanticCustomError("noted", "already noted")


def _reading(info: ValidationInfo) -> Reading:
    if not isinstance(info.context, Reading):
        msg = "flow models are made with Reading.model"
        raise TypeError(msg)
    return info.context


REFERENCE = "x-ref"
"""Stands for ``$ref`` until `schema` puts all blocks together: pydantic knows only its own."""


def hide_references(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """The same schema with ``$ref`` written as `REFERENCE`."""
    if isinstance(schema, Mapping):
        return {
            REFERENCE if key == "$ref" else key: hide_references(inner)
            for key, inner in schema.items()
        }
    return [hide_references(inner) for inner in schema] if isinstance(schema, list) else schema


class Plain:
    """A pydantic type made of one function ``read(value, reading)`` and a JSON Schema."""

    schema: Mapping[str, Any] = {"type": "string"}

    def read(self, value: object, reading: Reading) -> object:
        """Type the value or raise `fail` or `noted`."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        del source, handler

        def validate(value: object, info: ValidationInfo) -> object:
            return self.read(value, _reading(info))

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        del core, handler
        hidden: JsonSchemaValue = hide_references(self.schema)
        return hidden


def _text(value: object, what: str) -> PlacedText:
    if not isinstance(value, PlacedText) or not value.strip():
        msg = f"{what} is needed here"
        raise fail("wrong_type", msg, wanted=what)
    return value


class Physical(Plain):
    """A number in the coherent unit, written with any unit of the same dimension.

    Args:
        unit: Coherent unit of the result. Where it is ``A``, C-rates are taken too.
        low: Smallest allowed value.
        high: Largest allowed value.
        positive: Zero and below are refused.
    """

    def __init__(
        self,
        unit: str,
        *,
        low: float = -math.inf,
        high: float = math.inf,
        positive: bool = False,
    ) -> None:
        self.unit = unit
        self.low, self.high, self.positive = low, high, positive
        self.schema = {"type": "string", "x-unit": unit, "examples": [f"1 {unit}"]}

    def read(self, value: object, reading: Reading) -> float:
        """The number in the coherent unit."""
        text = _text(value, f"a value in {self.unit}")
        try:
            number = parse_quantity(text).to(self.unit, reading.scope.capacity)
        except BadInput as error:
            raise fail("unit", error.message, error.hint, **error.arguments) from None
        if not math.isfinite(number):
            raise fail("range", "the value must be finite", text=str(text), problem="infinite")
        if self.positive and number <= 0:
            msg = f"{text} must be above zero"
            hint = "directions come from the verb, values are magnitudes"
            raise fail("range", msg, hint, text=str(text), above=0)
        if not self.low <= number <= self.high:
            msg = f"{text} is outside {self.low:g} … {self.high:g} {self.unit}"
            bounds: dict[str, Any] = {"low": finite(self.low), "high": finite(self.high)}
            raise fail("range", msg, text=str(text), unit=self.unit, **bounds)
        return number


def finite(value: float) -> float | None:
    """A bound as JSON can say it: None where there is none."""
    return value if math.isfinite(value) else None


class _Duration(Plain):
    schema: Mapping[str, Any] = {"type": "string", "x-unit": "s", "examples": ["30 min"]}

    def read(self, value: object, reading: Reading) -> float:
        del reading
        text = _text(value, "a duration")
        try:
            seconds = parse_duration(text)
        except BadInput as error:
            raise fail("unit", error.message, error.hint, **error.arguments) from None
        if not 0 <= seconds <= 10 * 365 * 86400:
            msg = "a duration is between 0 and ten years"
            raise fail("range", msg, text=str(text), problem="duration")
        return seconds


class _Number(Plain):
    schema: Mapping[str, Any] = {"type": "number"}

    def read(self, value: object, reading: Reading) -> float:
        del reading
        text = _text(value, "a number")
        try:
            number = float(text) if re.fullmatch(r"[-+0-9.eE]+", text) else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            msg = f"{text!r} is no number"
            raise fail("wrong_type", msg, text=str(text), wanted="a number")
        return number


class _Whole(Plain):
    def __init__(self, low: int = 0, high: int = 10**9) -> None:
        self.low, self.high = low, high
        self.schema = {"type": "integer", "minimum": low, "maximum": high}

    def read(self, value: object, reading: Reading) -> int:
        del reading
        text = _text(value, "a whole number")
        if not re.fullmatch(r"[-+]?[0-9]{1,10}", text):
            msg = f"{text!r} is no whole number"
            raise fail("wrong_type", msg, text=str(text), wanted="a whole number")
        if not self.low <= int(text) <= self.high:
            msg = f"{text} is outside {self.low} … {self.high}"
            raise fail("range", msg, text=str(text), low=self.low, high=self.high, unit="")
        return int(text)


class _YesNo(Plain):
    schema: Mapping[str, Any] = {"type": "boolean"}

    def read(self, value: object, reading: Reading) -> bool:
        del reading
        text = _text(value, "true or false")
        if text not in {"true", "false"}:
            msg = f"{text!r} is neither true nor false"
            hint = "write true or false"
            raise fail("wrong_type", msg, hint, text=str(text), wanted="true or false")
        return text == "true"


class Logic(Plain):
    """An expression.

    Args:
        want: ``bool`` for a condition, ``number`` for a value, empty for anything.
    """

    def __init__(self, want: str = "bool") -> None:
        self.want = want
        self.schema = {"type": "string", "x-expression": want or "any"}

    def read(self, value: object, reading: Reading) -> Expression:
        """The checked expression."""
        text = _text(value, "an expression")
        found: list[Finding] = []
        expression = Expression.parse(text.node, reading.scope, found, self.want)
        reading.findings.extend(found)
        if expression is None:
            raise noted()
        return expression


class _When(Plain):
    schema: Mapping[str, Any] = {
        "anyOf": [{"type": "string", "x-expression": "bool"}, {"type": "object"}]
    }

    def read(self, value: object, reading: Reading) -> Condition:
        if isinstance(value, PlacedText):
            node: Node = value.node
        elif isinstance(value, PlacedDict):
            node = value.node
        else:
            raise fail("wrong_type", "a condition is needed here")
        found: list[Finding] = []
        condition = Condition.read(node, reading.scope, found)
        reading.findings.extend(found)
        if condition is None:
            raise noted()
        return condition


class _Message(Plain):
    schema: Mapping[str, Any] = {"type": "string", "x-template": True}

    def read(self, value: object, reading: Reading) -> Template:
        text = _text(value, "a text")
        found: list[Finding] = []
        template = Template.parse(text.node, reading.scope, found)
        reading.findings.extend(found)
        if template is None:
            raise noted()
        return template


class _Address(Plain):
    """A point that exists."""

    schema: Mapping[str, Any] = {"type": "string", "x-point": True}

    def read(self, value: object, reading: Reading) -> str:
        text = _text(value, "a point such as PSU_01.u_out")
        address = reading.scope.resolve(text.strip())
        if reading.scope.units_of(address) is None:
            msg = f"there is no point {text.strip()!r}"
            hint = "points are written device.entity"
            raise fail("unknown-point", msg, hint, wanted=text.strip())
        return address


class _Word(Plain):
    """A name of a thing: letters, digits, - and _."""

    schema: Mapping[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"}

    def read(self, value: object, reading: Reading) -> str:
        del reading
        text = _text(value, "a name")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text):
            msg = f"{text[:80]!r} is no name"
            raise fail("bad_name", msg, "use letters, digits, - and _", text=text[:80])
        return str(text)


class _Counter(Plain):
    """A name of a loop's counter, which expressions read."""

    schema: Mapping[str, Any] = {"type": "string", "pattern": COUNTER.pattern}

    def read(self, value: object, reading: Reading) -> str:
        del reading
        text = _text(value, "a name")
        if not COUNTER.fullmatch(text):
            msg = f"{text[:80]!r} is no name of a counter"
            hint = "small letters, digits and _, not a name of the channel"
            raise fail("bad_name", msg, hint, text=text[:80])
        return str(text)


class _StepId(Plain):
    """Id of a step of the same file."""

    schema: Mapping[str, Any] = {"type": "string", "x-step": True}

    def read(self, value: object, reading: Reading) -> str:
        return f"{getattr(reading.reader, 'prefix', '')}{_text(value, 'the id of a step').strip()}"


Volts = Annotated[float, Physical("V")]
PositiveVolts = Annotated[float, Physical("V", positive=True)]
Amps = Annotated[float, Physical("A")]
PositiveAmps = Annotated[float, Physical("A", positive=True)]
Watts = Annotated[float, Physical("W")]
PositiveWatts = Annotated[float, Physical("W", positive=True)]
Ohms = Annotated[float, Physical("Ω")]
PositiveOhms = Annotated[float, Physical("Ω", positive=True)]
AmpHours = Annotated[float, Physical("Ah")]
WattHours = Annotated[float, Physical("Wh")]
Celsius = Annotated[float, Physical("°C")]
Kelvin = Annotated[float, Physical("K")]
Seconds = Annotated[float, _Duration()]
Number = Annotated[float, _Number()]
Whole = Annotated[int, _Whole()]
Count = Annotated[int, _Whole(1, 1_000_000)]
YesNo = Annotated[bool, _YesNo()]
Check = Annotated[Expression, Logic("bool")]
AnyValue = Annotated[Expression, Logic("")]
When = Annotated[Condition, _When()]
Message = Annotated[Template, _Message()]
Address = Annotated[str, _Address()]
Word = Annotated[str, _Word()]
Jumps = Annotated[int, _Whole(1, 10_000)]
StepId = Annotated[str, _StepId()]
CounterName = Annotated[str, _Counter()]
