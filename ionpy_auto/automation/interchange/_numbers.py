"""Numbers of a protocol that nobody here wrote: finite, bounded, and blamed by their place."""

import math
from typing import Final

from ionpy_auto.core.errors import BadInput

MAX: Final = 1e9
MIN: Final = 1e-9


def finite(value: object, place: str, what: str) -> float | None:
    """A number; None for what means "not given".

    Raises:
        BadInput: It is no number, or one beyond reason.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refused(place, what, value)
    try:
        result = float(value)
    except (ValueError, OverflowError):
        raise refused(place, what, value) from None
    if not math.isfinite(result) or abs(result) > MAX or 0.0 < abs(result) < MIN:
        raise refused(place, what, value)
    return result


def positive(value: object, place: str, what: str) -> float | None:
    """A number above zero; None for none and for zero, which means "not given" as well."""
    result = finite(value, place, what)
    if result is not None and result < 0.0:
        raise refused(place, what, value)
    return result or None


def refused(place: str, what: str, value: object) -> BadInput:
    """The error for a value that cannot be meant."""
    msg = f"{place}: {what} is {str(value)[:40]!r}"
    return BadInput(msg, hint="a number in its usual range is wanted")
