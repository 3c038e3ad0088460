"""Units: a closed table, dimensions that cannot be confused, and quantities read from text.

Every unit has a *coherent* partner (V A W Ω Ah Wh s, °C for temperatures, K for their
differences) and a factor to it. Charge and energy carry the hour as a base of its own, next to
the second: so Ah x V = Wh and Wh / Ah = V hold, while A x s against Ah, off by 3600, is an error
instead of a wrong number.
"""

import re
from dataclasses import dataclass

from ionpy_auto.core.errors import BadInput

Dimension = tuple[tuple[str, int], ...]
"""Powers of the bases V A s h K % C, sorted by base; ``()`` is a plain number."""


class UnitError(BadInput):
    """A quantity that cannot be read, or of another kind than wanted."""

    code = "BAD_UNIT"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as somebody writes it.

    Attributes:
        name: How we print it.
        dimension: What it measures.
        factor: Multiply by this to get the coherent unit.
        absolute: A point on a scale (°C), not a difference (K).
    """

    name: str
    dimension: Dimension
    factor: float = 1.0
    absolute: bool = False

    @property
    def is_coherent(self) -> bool:
        """Whether values need no scaling."""
        return self.factor == 1.0

    def to_coherent(self, value: float) -> float:
        """A value of this unit in the coherent one; 1005 mV is exactly the float 1.005.

        Milli and micro divide: ``1005 * 0.001`` would fall below the literal ``1.005`` and a
        limit would miss by one bit.
        """
        if self.factor < 1:
            divisor = 1 / self.factor
            return value / (round(divisor) if divisor < 1e9 else divisor)
        return value * self.factor


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, as written.

    Attributes:
        value: In ``unit``.
        unit: As written; ``PLAIN`` for a bare number.
    """

    value: float
    unit: Unit

    @property
    def coherent(self) -> float:
        """The value in the coherent unit of its kind."""
        return self.unit.to_coherent(self.value)

    def to(self, unit: str, capacity: float | None = None) -> float:
        """The value in another unit.

        Args:
            unit: The unit wanted.
            capacity: In Ah; turns a C-rate into a current.

        Raises:
            UnitError: The two measure different things.
        """
        wanted = find_unit(unit)
        rate = self.unit.dimension == C_RATE and wanted.dimension == AMPERE
        if rate and capacity is not None:
            return self.value * capacity / wanted.factor
        if self.unit.dimension == wanted.dimension and self.unit.absolute == wanted.absolute:
            return self.coherent / wanted.factor
        raise UnitError(
            f"{self} is in {self.unit.name or 'no unit'}, wanted is {wanted.name or 'no unit'}",
            hint=mismatch_hint(self.unit, wanted),
            args={
                "text": str(self),
                "given_unit": self.unit.name,
                "unit": wanted.name,
                "problem": "other-unit",
            },
        )

    def __str__(self) -> str:
        """``4.2 V``."""
        return f"{format_number(self.value)} {self.unit.name}".rstrip()


def dimension(**powers: int) -> Dimension:
    """A dimension from its powers, zeros dropped."""
    return tuple(sorted((base, power) for base, power in powers.items() if power))


PLAIN = Unit("", ())
VOLT = dimension(V=1)
AMPERE = dimension(A=1)
WATT = dimension(V=1, A=1)
OHM = dimension(V=1, A=-1)
AMPERE_HOUR = dimension(A=1, h=1)
WATT_HOUR = dimension(V=1, A=1, h=1)
SECOND = dimension(s=1)
KELVIN = dimension(K=1)
HERTZ = dimension(s=-1)
PERCENT: Dimension = (("%", 1),)
C_RATE = dimension(C=1)

_TABLE = (
    Unit("V", VOLT),
    Unit("mV", VOLT, 1e-3),
    Unit("kV", VOLT, 1e3),
    Unit("A", AMPERE),
    Unit("mA", AMPERE, 1e-3),
    Unit("µA", AMPERE, 1e-6),
    Unit("W", WATT),
    Unit("mW", WATT, 1e-3),
    Unit("kW", WATT, 1e3),
    Unit("Ω", OHM),
    Unit("mΩ", OHM, 1e-3),
    Unit("Ah", AMPERE_HOUR),
    Unit("mAh", AMPERE_HOUR, 1e-3),
    Unit("Wh", WATT_HOUR),
    Unit("s", SECOND),
    Unit("ms", SECOND, 1e-3),
    Unit("min", SECOND, 60.0),
    Unit("h", SECOND, 3600.0),
    Unit("d", SECOND, 86400.0),
    Unit("°C", KELVIN, absolute=True),
    Unit("K", KELVIN),
    Unit("%", PERCENT),
    Unit("Hz", HERTZ),
    Unit("C", C_RATE),
)
UNITS = {unit.name: unit for unit in _TABLE}
"""The closed table, by printed name."""

_COHERENT_NAMES = {unit.dimension: unit.name for unit in reversed(_TABLE) if unit.is_coherent}
_COHERENT_NAMES[KELVIN] = "K"
_SPELLINGS = {
    **{name: name for name in UNITS},
    "uA": "µA",
    "\u03bcA": "µA",  # Greek mu; the table holds the micro sign
    "Ohm": "Ω",
    "ohm": "Ω",
    "\u2126": "Ω",  # the ohm sign
    "mOhm": "mΩ",
    "mohm": "mΩ",
    "m\u2126": "mΩ",
    "degC": "°C",
    "\u2103": "°C",
}
_ATOM = "|".join(re.escape(spelling) for spelling in sorted(_SPELLINGS, key=len, reverse=True))
# Behind a unit no letter may follow, no "(" (then it is a function) and no "." (then a point).
_END = r"(?![A-Za-z0-9_]|\s*\(|\.[A-Za-z_])"
_UNIT = re.compile(rf"({_ATOM})(?:/({_ATOM}|\d+(?:\.\d+)?(?![\d.]))(?=$|[^A-Za-z0-9_(.]))?{_END}")
_SIMPLE = re.compile(rf"({_ATOM}){_END}")
NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_QUANTITY = re.compile(rf"([+-]?)\s?({NUMBER.pattern})( ?)(.*)", re.DOTALL)
_C_RATE = re.compile(r"([+-]?)C/(\d+(?:\.\d+)?)")
_PART = re.compile(rf"({NUMBER.pattern}) ?(ms|min|s|h|d)(?![A-Za-z])\s*")


def match_unit(text: str, at: int = 0) -> tuple[Unit, int] | None:
    """The longest unit of the table that stands at this place of a text.

    Returns:
        The unit and the index behind it, or None.

    Example:
        >>> match_unit("5 mV/s", 2)[0].name
        'mV/s'
    """
    found = _UNIT.match(text, at)
    if found and found.group(2):
        unit = _compound(found.group(1), found.group(2))
        if unit:
            return unit, found.end()
    found = _SIMPLE.match(text, at)
    if found:
        return UNITS[_SPELLINGS[found.group(1)]], found.end()
    return None


def _compound(first: str, second: str) -> Unit | None:
    """``mV/s``; ``C/20`` is a twentieth of a C-rate; other divisions by numbers are none."""
    over = UNITS[_SPELLINGS[first]]
    if second[0].isdigit():
        divisor = float(second)
        if over.dimension != C_RATE or divisor == 0:
            return None
        return Unit(f"C/{second}", C_RATE, 1 / divisor)
    under = UNITS[_SPELLINGS[second]]
    return Unit(
        f"{over.name}/{under.name}",
        product(over.dimension, under.dimension, -1),
        over.factor / under.factor,
        over.absolute or under.absolute,  # °C/min: refused where it is used, with the hint K/min
    )


def find_unit(name: str) -> Unit:
    """A unit by its written name; a name not in the table measures only itself.

    Drivers may declare ``rpm`` or ``ppm``: such values compare with plain numbers and with each
    other, never with volts.

    Example:
        >>> find_unit("uA").name
        'µA'
    """
    if not name:
        return PLAIN
    found = match_unit(name)
    if found and found[1] == len(name):
        return found[0]
    return Unit(name, ((name, 1),))


def product(first: Dimension, second: Dimension, power: int = 1) -> Dimension:
    """Dimension of ``first * second**power``."""
    powers = dict(first)
    for base, exponent in second:
        powers[base] = powers.get(base, 0) + exponent * power
    return tuple(sorted((base, exponent) for base, exponent in powers.items() if exponent))


def coherent_name(of: Dimension, *, absolute: bool = False) -> str:
    """How the coherent unit of a dimension is printed.

    Example:
        >>> coherent_name(product(VOLT, SECOND, -1))
        'V/s'
    """
    if absolute and of == KELVIN:
        return "°C"
    if of in _COHERENT_NAMES:
        return _COHERENT_NAMES[of]
    for base in (*dict(of), "s"):  # V/s, K/s, Ah/s
        over = product(of, ((base, 1),))
        if over in _COHERENT_NAMES:
            return f"{_COHERENT_NAMES[over]}/{base}"
    return "·".join(base if power == 1 else f"{base}^{power}" for base, power in of)


def mismatch_hint(given: Unit, wanted: Unit) -> str:
    """What to write instead when two units measure different things."""
    hour_against_second = {AMPERE_HOUR, product(AMPERE, SECOND)}
    cases = (
        (
            wanted.absolute and given.dimension == C_RATE,
            "C is a charge rate; a temperature is written °C",
        ),
        (
            wanted.absolute and given.dimension == KELVIN,
            "K is a difference; a temperature is written °C",
        ),
        (
            given.absolute,
            f"a temperature difference is written K, a rate {_difference_name(given)}",
        ),
        (
            given.dimension == C_RATE and wanted.dimension == AMPERE,
            "a C-rate needs a cell with a capacity",
        ),
        (given.dimension == C_RATE, "C is a rate only where a current is expected"),
        (
            {given.dimension, wanted.dimension} == hour_against_second,
            "the two differ by the factor 3600 (h against s)",
        ),
        (bool(wanted.name), f"write the value in {wanted.name}"),
    )
    return next((hint for applies, hint in cases if applies), "leave the unit out")


def _difference_name(unit: Unit) -> str:
    return unit.name.replace("°C", "K") if "/" in unit.name else "K/min"


def parse_quantity(text: str) -> Quantity:
    """Read ``4.2 V``, ``0.5C``, ``C/20`` or a bare number.

    Raises:
        UnitError: It is none of these, or not finite.

    Example:
        >>> str(parse_quantity("50mA"))
        '50 mA'
    """
    stripped = text.strip()
    rate = _C_RATE.fullmatch(stripped)
    if rate and float(rate.group(2)) > 0:
        value = 1 / float(rate.group(2))
        return Quantity(-value if rate.group(1) == "-" else value, UNITS["C"])
    found = _QUANTITY.fullmatch(stripped)
    if not found:
        raise _unreadable(stripped, "no-number", "is no number", "write for example 4.2 V")
    sign, digits, _, name = found.groups()
    value = float(sign + digits)
    if value in {float("inf"), float("-inf")}:
        raise _unreadable(stripped, "too-large", "is too large", "write a finite number")
    if not name:
        return Quantity(value, PLAIN)
    unit = match_unit(name)
    if unit is None or unit[1] != len(name):
        raise _unreadable(name[:20], "no-unit", "is no unit", unit_hint(name))
    if unit[0].dimension == C_RATE and "/" in unit[0].name:
        return Quantity(value * unit[0].factor, UNITS["C"])
    return Quantity(value, unit[0])


def unit_hint(name: str) -> str:
    """The unit that was probably meant, or where the list of units stands."""
    if name.startswith((" ", "\t")):
        return "a unit follows the number directly or after one space"
    word = re.match(r"[^\s/]*", name)
    lowered = word.group().lower() if word else ""
    near = [unit for unit in _SPELLINGS if unit.lower() == lowered]
    near += {"sec": ["s"], "hours": ["h"], "minutes": ["min"], "hz": ["Hz"]}.get(lowered, [])
    if near:
        return "did you mean " + " or ".join(dict.fromkeys(near)) + "?"
    return "units are " + " ".join(UNITS)


def parse_duration(text: str) -> float:
    """Seconds from ``90 s``, ``500 ms`` or ``1 h 30 min``; a bare number is refused.

    Raises:
        UnitError: No duration, or a negative one.

    Example:
        >>> parse_duration("1 h 30 min")
        5400.0
    """
    stripped = text.strip()
    at, total, smallest = 0, 0.0, float("inf")
    while found := _PART.match(stripped, at):
        factor = UNITS[found.group(2)].factor
        if factor >= smallest:
            break
        total, at, smallest = total + float(found.group(1)) * factor, found.end(), factor
    if not stripped or at != len(stripped) or total == float("inf"):
        hint = "write for example 90 s or 2 h"
        raise _unreadable(stripped, "no-duration", "is no duration", hint)
    return total


def _unreadable(text: str, problem: str, what: str, hint: str) -> UnitError:
    shown = text[:40]
    return UnitError(f"'{shown}' {what}", hint=hint, args={"text": shown, "problem": problem})


def format_number(value: float, digits: int = 6) -> str:
    """Readable digits without noise: ``4.2``, ``0.05``, ``12300000.0`` as ``1.23e+07``.

    Example:
        >>> format_number(4.200000001), format_number(3.0)
        ('4.2', '3')
    """
    return f"{value:.{digits}g}"


def format_quantity(value: float, unit: str) -> str:
    """A value as a person reads it, with milli or kilo where that helps.

    Args:
        value: In ``unit``.
        unit: The unit's name; only V A W Ω Ah are re-scaled, s becomes h, min, s.

    Example:
        >>> format_quantity(0.05, "A"), format_quantity(5400, "s"), format_quantity(25, "°C")
        ('50 mA', '1 h 30 min', '25 °C')
    """
    if unit == "s" and abs(value) >= 60:
        return format_duration(value)
    milli, kilo = f"m{unit}", f"k{unit}"
    if 0 < abs(value) < 0.1 and milli in UNITS and unit in UNITS:
        return f"{format_number(value * 1e3)} {milli}"
    if abs(value) >= 1e4 and kilo in UNITS:
        return f"{format_number(value / 1e3)} {kilo}"
    return f"{format_number(value)} {unit}".rstrip()


def format_duration(seconds: float) -> str:
    """``1 h 30 min`` from seconds; parts of a second only below a minute.

    Example:
        >>> format_duration(90061), format_duration(0.5)
        ('1 d 1 h 1 min 1 s', '500 ms')
    """
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if 0 < seconds < 1:
        return f"{format_number(seconds * 1e3, 3)} ms"
    if seconds < 60:
        return f"{format_number(seconds, 4)} s"
    rest, parts = round(seconds), []
    for name in ("d", "h", "min", "s"):
        count, rest = divmod(rest, int(UNITS[name].factor))
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts)
