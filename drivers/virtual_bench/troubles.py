"""What can be broken on a virtual bench, as entities: faults, and errors of its meters."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from ionpy_auto.devices import RW, Entity, Enum, Numeric, Safe, Toggle
from ionpy_auto.physics import INSTRUMENTS, NOBODY, Faults, Meters

FAULTS = tuple(field.name for field in fields(Faults))
NUMBERS = {
    "extra_ohm": ("Extra contact resistance", "Ω", 3, 10.0),
    "leak_a": ("Leakage", "A", 4, 1.0),
}
VICTIMS = {"nan_reading": ("supply", "load", "meter")}
METERS = {
    "psu_voltage": "V",
    "psu_current": "A",
    "load_voltage": "V",
    "load_current": "A",
    "cell_voltage": "V",
    "cell_temp": "°C",
}
GAIN_MAX_PERCENT = 20.0
OFFSET_MAX = 20.0
NOISE_MAX = 5.0


def fault_entities() -> Iterator[Entity]:
    """A switch, a number or a choice of one instrument for each fault."""
    for field in fields(Faults):
        label = field.name.replace("_", " ").capitalize()
        if field.type is bool:
            yield Toggle(id=field.name, name=label, access=RW, group="Faults", safe=Safe("hold"))
        elif field.type is float:
            name, unit, precision, most = NUMBERS[field.name]
            yield Numeric(
                id=field.name,
                name=name,
                unit=unit,
                precision=precision,
                min=0.0,
                max=most,
                access=RW,
                group="Faults",
                safe=Safe("hold"),
            )
        else:
            words = (NOBODY, *VICTIMS.get(field.name, INSTRUMENTS), "all")
            yield Enum(
                id=field.name,
                name=label,
                options={word: word.capitalize() for word in words},
                access=RW,
                group="Faults",
                safe=Safe("hold"),
            )


def meter_error_entities() -> Iterator[Entity]:
    """Gain, offset and noise of every meter."""
    for meter, unit in METERS.items():
        kinds = {
            "gain": ("%", -GAIN_MAX_PERCENT, GAIN_MAX_PERCENT),
            "offset": (unit, -OFFSET_MAX, OFFSET_MAX),
            "noise": (unit, 0.0, NOISE_MAX),
        }
        for kind, (own_unit, low, high) in kinds.items():
            name = f"{meter}_{kind}"
            yield Numeric(
                id=name,
                name=name.replace("_", " ").capitalize(),
                unit=own_unit,
                precision=4,
                min=low,
                max=high,
                quantise="nearest",
                access=RW,
                group="Meter errors",
                safe=Safe("hold"),
            )


def meter_errors(meters: Meters) -> Mapping[str, object]:
    """The errors in force, by entity id."""
    shown: dict[str, object] = {}
    for meter in METERS:
        error = getattr(meters, meter)
        shown[f"{meter}_gain"] = error.gain * 100.0
        shown[f"{meter}_offset"] = error.offset
        shown[f"{meter}_noise"] = error.noise_rms
    return shown


def meter_error(kind: str, value: float) -> dict[str, float]:
    """The field of a `MeterError` behind an entity, in the unit of the physics."""
    if kind == "gain":
        return {"gain": value / 100.0}
    return {"offset": value} if kind == "offset" else {"noise_rms": value}
