"""What a map says in words of SCPI, and whether that makes sense before anything is sent."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from ionpy_auto.devices import Bitmask, Entity, Enum, Numeric, Text, Toggle
from ionpy_auto.devices.maps import (
    DeviceMap,
    MapModel,
    MapReading,
    Number,
    PointPart,
    ProtocolPart,
    Texts,
    Whole,
)

PLACE = re.compile(r"\{([A-Za-z0-9_]*)\}")
VALUE = "value"
STATUS = ("int", "hex", "byte")
FITTING = {
    "numeric": ("number", *STATUS),
    "toggle": ("switch", *STATUS),
    "enum": ("word", *STATUS),
    "text": ("text",),
    "bitmask": STATUS,
    "action": (),
}
"""Ways to read an answer by kind of entity; the first is the default."""
HARMLESS = re.compile(
    r"\*CLS|:?SYST(EM)?:(REM(OTE)?|RWL(OCK)?)|:?(CONF(IGURE)?|SENS(E)?|FORM(AT)?):[^?]*",
    re.IGNORECASE,
)
"""What may be sent at connect beside questions: nothing here moves energy."""


class Identify(MapModel):
    """Who must answer, before anything else is asked."""

    query: str = "*IDN?"
    answers: Texts = Field(
        default=("*",), description="Patterns with * and ?, of which one must fit, in any case."
    )


class ScpiProtocol(ProtocolPart):
    """How the instrument wants to be spoken to."""

    dialect: Literal["scpi", "plain"] = Field(
        default="scpi", description="plain: lines of its own, no `?`, `;` or `*IDN?` is assumed."
    )
    identify: Identify | None = Field(
        default=None, description="Which instrument it must be; else any that answers `*IDN?`."
    )
    setup: Texts = Field(default=(), description="Sent at connect: questions, CONF, SENS, FORM.")
    errors: str = Field(default="", description="Asked after each write, such as `:SYST:ERR?`.")
    acknowledge: str = Field(
        default="", description="Each command is answered with this (pattern with * and ?)."
    )
    join: Annotated[Whole, Field(ge=1, le=50)] = Field(
        default=1, description="So many questions in one message with `;`, where it can."
    )
    slow_every: Annotated[Whole, Field(ge=1, le=100_000)] = Field(
        default=10, description="What is `poll: slow` is asked at every so manieth poll."
    )
    min_gap_s: Annotated[Number, Field(ge=0, le=10)] = Field(
        default=0.0, description="Least time between commands."
    )
    end: Annotated[str, Field(max_length=2)] = Field(
        default="", description="Put behind each command where the framing puts nothing."
    )


class ScpiPoint(PointPart):
    """How one entity is read and written."""

    query: str = Field(default="", description="The question; equal ones are asked once.")
    set: str = Field(
        default="", description="The command, with `{value}`, and `{id}` of another number."
    )
    parse: Literal["number", "switch", "word", "text", "int", "hex", "byte"] | None = Field(
        default=None, description="How an answer is read, if not as the kind suggests."
    )
    poll: Literal["fast", "slow", "once"] = Field(
        default="fast", description="At every poll, now and then, or after connecting."
    )
    index: Annotated[Whole, Field(ge=0, le=200)] | None = Field(
        default=None, description="Which part of an answer with commas, from 0."
    )
    width: Annotated[Whole, Field(ge=1, le=200)] | None = Field(
        default=None, description="Only so many characters of the answer are meant."
    )
    bit: Annotated[Whole, Field(ge=0, le=63)] | None = Field(
        default=None, description="Which bit of a number (parse: int, hex or byte)."
    )
    scale: Annotated[Number, Field(gt=0)] = Field(
        default=1.0, description="Answers are multiplied by it; read-only numbers alone."
    )
    words: dict[str, str] = Field(
        default={}, description="Word of the instrument → option; the first of two is written."
    )
    on: str = Field(default="ON", description="Written for true.")
    off: str = Field(default="OFF", description="Written for false.")

    def parsed_as(self, kind: str) -> str:
        """The way an answer is read."""
        return self.parse or next(iter(FITTING[kind]), "text")

    @property
    def references(self) -> list[str]:
        """Other entities whose values stand in the command."""
        return [name for name in PLACE.findall(self.set) if name != VALUE]


def word_for(point: ScpiPoint, option: str) -> str:
    """What is written for an option of an enum."""
    return next((word for word, known in point.words.items() if known == option), option)


class Judge:
    """Judges a whole map; every complaint becomes a finding at its place."""

    def __init__(self, described: DeviceMap, protocol: ScpiProtocol, reading: MapReading) -> None:
        self.described = described
        self.protocol = protocol
        self.reading = reading

    def check(self, points: dict[str, ScpiPoint]) -> None:
        """Note what is wrong."""
        self._check_protocol()
        for key, point in points.items():
            entity = self.described.entities[key]
            self._check_commands(entity, point)
            self._check_parsing(entity, point)
            if entity.is_writable:
                self._check_writing(entity, point, points)

    def _error(self, entity: Entity, key: str, message: str, hint: str = "") -> None:
        node = self.described.node(entity.id)
        self.reading.error(node.get(key) or node, "scpi", f"{entity.id}: {message}", hint)

    def _check_protocol(self) -> None:
        protocol, place = self.protocol, self.described.protocol
        asked = [protocol.errors, protocol.identify.query if protocol.identify else ""]
        for command in (*protocol.setup, *asked):
            if command and (complaint := self._complaint(command)):
                self.reading.error(place, "scpi", f"{command!r:.60} {complaint}")
        for command in protocol.setup:
            if "?" not in command and not HARMLESS.fullmatch(command):
                message = f"setup: {command!r:.60} is neither a question nor known to be harmless"
                hint = "nothing may be switched by connecting; use CONF, SENS, FORM or SYST:REM"
                self.reading.error(place, "scpi", message, hint)
        if protocol.errors and protocol.acknowledge:
            self.reading.error(place, "scpi", "errors and acknowledge exclude each other")
        if protocol.dialect == "plain" and (protocol.join > 1 or protocol.errors):
            self.reading.error(place, "scpi", "join and errors belong to dialect scpi")

    def _complaint(self, command: str) -> str:
        if not (command.isascii() and command.isprintable()):
            return "may hold only printable ASCII"
        return "holds ';': one command at a time" if ";" in command else ""

    def _check_commands(self, entity: Entity, point: ScpiPoint) -> None:
        for key, command in (("query", point.query), ("set", point.set)):
            if command and (complaint := self._complaint(command)):
                self._error(entity, key, complaint)
        if entity.is_readable and not point.query:
            self._error(entity, "query", "there must be a query", "query: …, or access: WO")
        if not entity.is_readable and point.query:
            self._error(entity, "query", "is write-only and cannot have a query", "access: RW")
        if entity.is_writable and not point.set:
            self._error(entity, "set", "there must be a command to set it", "set: …, or access: RO")
        if not entity.is_writable and point.set:
            self._error(entity, "set", "is read-only and cannot have set", "access: RW and safe")
        if self.protocol.dialect == "scpi":
            if point.query and "?" not in point.query:
                hint = "without ? it is a command; dialect: plain knows other questions"
                self._error(entity, "query", "a question holds ?", hint)
            if "?" in point.set:
                self._error(entity, "set", "a command holds no ?")

    def _check_parsing(self, entity: Entity, point: ScpiPoint) -> None:
        fitting = FITTING[entity.kind]
        if point.parse is not None and point.parse not in fitting:
            hint = f"one of {', '.join(fitting)}" if fitting else "remove it"
            self._error(entity, "parse", f"{point.parse} does not fit {entity.kind}", hint)
        number = point.parsed_as(entity.kind) in STATUS
        if point.bit is not None and not (number and isinstance(entity, Toggle | Enum)):
            self._error(entity, "bit", "needs parse: int, hex or byte, of a toggle or enum")
        if number and point.bit is None and isinstance(entity, Toggle | Enum):
            self._error(entity, "parse", f"{point.parse} needs a bit", "bit: 0 is the lowest")
        if point.words and not isinstance(entity, Enum):
            self._error(entity, "words", "belongs to an enum")
        for word, option in point.words.items():
            if isinstance(entity, Enum) and option not in entity.options:
                hint = f"options: {', '.join(entity.options)}"
                self._error(entity, "words", f"{word!r:.40} means no option", hint)
        if point.scale != 1.0 and (entity.is_writable or not isinstance(entity, Numeric)):
            self._error(entity, "scale", "belongs to a number that is only read")

    def _check_writing(
        self, entity: Entity, point: ScpiPoint, points: dict[str, ScpiPoint]
    ) -> None:
        places = PLACE.findall(point.set)
        wanted = 0 if entity.kind == "action" else 1
        left = PLACE.sub("", point.set)
        if places.count(VALUE) != wanted or "{" in left or "}" in left:
            self._error(entity, "set", f"must hold {{value}} {wanted} times and no other braces")
        for name in point.references:
            other = self.described.entities.get(name)
            if not isinstance(other, Numeric) or name == entity.id or not points[name].query:
                self._error(entity, "set", f"{{{name}}} is no number that can be read")
        if point.references and entity.safe is not None and entity.safe.action == "write":
            self._error(entity, "set", "a safe state must not wait for another value", "safe: none")
        if isinstance(entity, Text | Bitmask):
            self._error(entity, "access", f"a {entity.kind} is only read", "access: RO")
        if isinstance(entity, Numeric) and round(entity.grain, entity.precision) != entity.grain:
            message = f"{entity.precision} decimals cannot carry steps of {entity.grain:g}"
            self._error(entity, "precision", message, "raise the precision")
        if isinstance(entity, Toggle):
            self._check_words(entity, (point.on, point.off))
        if isinstance(entity, Enum):
            self._check_words(entity, [word_for(point, option) for option in entity.options])

    def _check_words(self, entity: Entity, words: Any) -> None:  # noqa: ANN401 - a sequence
        if any(self._complaint(word) or not word for word in words):
            self._error(entity, "set", "a word to be written is empty or not plain ASCII")
        if len({word.upper() for word in words}) != len(words):
            self._error(entity, "set", "two values would be written as the same word")
