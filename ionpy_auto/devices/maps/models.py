"""What may stand in every ``device.yaml``, whatever protocol its base speaks.

A base adds its own keys: a `ProtocolPart` under ``protocol:`` and a `PointPart` inside each entity.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ionpy_auto.devices.driver import ProtectionKind
from ionpy_auto.devices.entities import ValidWhen
from ionpy_auto.devices.maps.reading import MapModel
from ionpy_auto.devices.maps.values import Number, Texts, Whole, YesNo, fail
from ionpy_auto.devices.roles import Role

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
ENTITY_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise fail("bad_name", f"{text!r:.80} is no name of a driver", "a-z, 0-9, _ and -")
    return text


def _aliases(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        _name(word.lower())
    return words


Name = Annotated[str, AfterValidator(_name)]
Aliases = Annotated[Texts, AfterValidator(_aliases)]
Label = Annotated[str, Field(max_length=200)]


class BlueprintPart(MapModel):
    """One way to reach the device; the parameters are those of transport and framing."""

    transport: str
    framing: str = "none"
    transport_params: dict[str, object] = Field({}, description="Defaults of the transport.")
    framing_params: dict[str, object] = Field({}, description="Defaults of the framing.")


class ProtectionPart(MapModel):
    """The hardware protection of the device."""

    kind: ProtectionKind = Field(
        default=ProtectionKind.NONE, description="What it does when it trips."
    )
    voltage_margin: Number = Field(
        default=0.0, description="Least distance to the set voltage [V]."
    )
    current_margin: Number = Field(
        default=0.0, description="Least distance to the set current [A]."
    )
    latched: YesNo = Field(default=False, description="The output stays off after a trip.")


class Head(MapModel):
    """The top of a ``device.yaml``."""

    name: Name = Field(description="Name of the driver; the folder's name by custom.")
    base: Name = Field(description="Driver that speaks the protocol, such as `generic_scpi`.")
    description: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="What people read when they choose a driver."
    )
    aliases: Aliases = Field((), description="Further names.")
    category: Label = Field("other", description="psu, load, meter, bms, chamber …")
    icon: Label = Field("developer-board", description="MDI name.")
    version: Label = Field("1.0", description="Of this file.")
    blueprints: tuple[BlueprintPart, ...] | None = Field(
        None, description="Ways to reach it, the default first; else those of the base."
    )
    protection: ProtectionPart = Field(ProtectionPart(), description="Its hardware protection.")
    capabilities: Texts = Field((), description="Words such as battery_terminal.")
    off_leakage_a: Number | None = Field(None, description="Drawn from a cell while off [A].")
    shared_minus: tuple[tuple[str, ...], ...] = Field(
        (), description="Outputs whose minus terminals are joined, `[[Ch2, Ch3]]`."
    )
    simulator: str = Field(
        "", description="`file:function` beside this file or beside the base's driver.py."
    )
    protocol: object = Field(None, description="Keys of the base; see there.")
    entities: object = Field(None, description="What the device measures and takes.")


class SafePart(MapModel):
    """What is done to a writable entity in an emergency."""

    action: Literal["write", "hold", "none"]
    value: str | None = Field(None, description="What is written.")
    order: Whole = Field(50, description="Low numbers first: sources 10, loads 20.")
    verify: str = Field("", description="Entity that proves it; else the written one.")
    timeout_s: Annotated[Number, Field(gt=0, le=60)] = 2.0


class LimitsPart(MapModel):
    """Alarm limits in the entity's unit."""

    lolo: Number | None = None
    lo: Number | None = None
    hi: Number | None = None
    hihi: Number | None = None
    deadband: Number = 0.0
    on_delay_s: Number = 0.0
    off_delay_s: Number = 0.0


class EntityPart(MapModel):
    """What every entity may say."""

    kind: Literal["numeric", "toggle", "enum", "text", "bitmask", "action"]
    name: Label = Field("", description="What people read; else made from the id.")
    access: Literal["RO", "RW", "WO"] = Field("RO", description="Read, both, or write only.")
    channel: Annotated[str, Field(min_length=1, max_length=32)] = "Ch1"
    group: Label = Field("", description="Heading on the device page.")
    widget: Label = Field("", description="Hint for the page.")
    icon: Label = Field("", description="MDI name.")
    persist: YesNo = Field(False, description="The setting is remembered, never an output.")
    role: Role | None = Field(None, description="Its function, by which channels find it.")
    safe: SafePart | None = Field(None, description="Required when it can be written.")
    danger: YesNo = Field(False, description="A write needs a confirmation.")
    verified: YesNo = Field(
        True, description="false: the command rests on hearsay; then it is never written."
    )


class NumericPart(EntityPart):
    """A number."""

    unit: Annotated[str, Field(max_length=16)] = ""
    precision: Annotated[Whole, Field(ge=0, le=9)] = Field(3, description="Decimals.")
    min: Number | None = Field(None, description="Lowest value a write may have.")
    max: Number | None = Field(None, description="Highest value a write may have.")
    step: Number | None = Field(None, description="Of the input field.")
    limits: LimitsPart | None = Field(None, description="Alarm limits.")
    plausible: tuple[Number, Number] | None = Field(
        None, description="Window outside which a reading is bad quality, not a value."
    )
    resolution: Number | None = Field(None, description="Smallest step of the device.")
    accuracy: Number | None = Field(None, description="Largest error of a measurement.")
    signed: YesNo = Field(True, description="false: it cannot show a negative value.")
    valid_when: ValidWhen = Field(ValidWhen.ALWAYS, description="When it tells of the cell.")
    quantise: Literal["down", "up", "nearest"] = Field(
        "down", description="To which side a wish between two steps goes: the safe one."
    )


class TogglePart(EntityPart):
    """A switch."""

    on_label: Label = "On"
    off_label: Label = "Off"


class EnumPart(EntityPart):
    """One word out of a list."""

    options: dict[str, Label] = Field(min_length=1, description="Word → what people read.")
    codes: dict[Whole, str] = Field({}, description="Number on the wire → word.")


class TextPart(EntityPart):
    """A short text."""

    max_length: Annotated[Whole, Field(ge=1, le=1000)] = 200


class BitmaskPart(EntityPart):
    """Flags in one whole number."""

    bits: dict[Annotated[Whole, Field(ge=0, le=63)], Label] = Field(
        min_length=1, description="Bit → what people read."
    )


class ActionPart(EntityPart):
    """A button."""

    access: Literal["RO", "RW", "WO"] = "WO"


KINDS: dict[str, type[EntityPart]] = {
    "numeric": NumericPart,
    "toggle": TogglePart,
    "enum": EnumPart,
    "text": TextPart,
    "bitmask": BitmaskPart,
    "action": ActionPart,
}


class ProtocolPart(MapModel):
    """Base of what a protocol wants to know of the device; stands under ``protocol:``."""


class PointPart(MapModel):
    """Base of what a protocol wants to know of one entity; stands inside it."""
