"""What an answer means: pure functions from bytes to raw values, for every way of reading.

Nothing here raises. An answer that makes no sense becomes `Missing` with the answer in its reason,
which is bad quality and never a value.
"""

import math
import re

from ionpy_auto.devices import Missing

from .points import ScpiPoint

NUMBER = re.compile(r"[-+]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][-+]?\d{1,3})?")
WHOLE = re.compile(r"[-+]?\d{1,18}")
HEX = re.compile(r"(0[xX])?[0-9a-fA-F]{1,16}")
NO_VALUE = 9.9e37
"""SCPI writes 9.9E37 for infinity and 9.91E37 for "not a number": an overload, nothing measured."""
SWITCHES = {"ON": True, "1": True, "YES": True, "OFF": False, "0": False, "NO": False}


def value_of(answer: bytes, point: ScpiPoint, kind: str) -> object:
    """The raw value in an answer, or `Missing` with the reason."""
    way = point.parsed_as(kind)
    if way == "byte":
        if len(answer) != 1:
            return _senseless(repr(answer[:40]))
        return _of_number(answer[0], point, kind)
    text = _the_part(answer, point)
    if isinstance(text, Missing):
        return text
    if way in {"int", "hex"}:
        return _status(text, way, point, kind)
    return _of_text(text, way, point)


def _of_text(text: str, way: str, point: ScpiPoint) -> object:
    if way == "number":
        return _number(text, point.scale)
    if way == "switch":
        return SWITCHES.get(text.upper(), _senseless(text))
    return _word(text, point) if way == "word" else text.strip('"')


def _the_part(answer: bytes, point: ScpiPoint) -> str | Missing:
    """The first line, and of it what the map says."""
    text = answer.decode("ascii", "replace").strip("\0\r\n\t ").split("\n", 1)[0].strip()
    if point.index is not None:
        parts = text.split(",")
        if point.index >= len(parts):
            return _senseless(text)
        text = parts[point.index].strip()
    text = text[: point.width]
    return text or Missing("the answer was empty")


def _senseless(text: str) -> Missing:
    return Missing(f"senseless answer: {text:.60}")


def _number(text: str, scale: float) -> object:
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    if text.upper().lstrip("+-") in {"NAN", "INF", "INFINITY"} or abs(number) >= NO_VALUE:
        return Missing(f"the instrument has no value: {text:.20}")
    return _senseless(text) if math.isnan(number) else number * scale


def _word(text: str, point: ScpiPoint) -> object:
    upper = text.strip('"').upper()
    if point.words:
        found = (option for word, option in point.words.items() if word.upper() == upper)
        return next(found, _senseless(text))
    return text.strip('"')


def _status(text: str, way: str, point: ScpiPoint, kind: str) -> object:
    pattern, base = (HEX, 16) if way == "hex" else (WHOLE, 10)
    if not pattern.fullmatch(text):
        return _senseless(text)
    return _of_number(int(text, base), point, kind)


def _of_number(number: int, point: ScpiPoint, kind: str) -> object:
    if point.bit is None:
        return number * point.scale if kind == "numeric" else number
    if number < 0:
        return _senseless(str(number))
    bit = number >> point.bit & 1
    if kind == "toggle":
        return bool(bit)
    return _word(str(bit), point)


def error_of(answer: bytes) -> str:
    """The instrument's complaint in an answer to ``SYST:ERR?``, empty when there is none.

    An answer that cannot be read is a complaint: nobody knows what became of the command.
    """
    text = answer.decode("ascii", "replace").strip()
    found = re.match(r"[-+]?\d{1,6}", text)
    return "" if found is not None and int(found[0]) == 0 else text[:200] or "empty answer"
