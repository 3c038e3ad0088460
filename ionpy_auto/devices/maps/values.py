"""Types of a map's values: how the texts of a YAML file become numbers, switches and words.

The reader guesses no type, so ``yes``, ``010`` and ``nan`` are texts until a model asks for a
number and says no.
"""

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ionpy_auto.language import ListNode, MapNode, Node

NUMBER = re.compile(r"[-+]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][-+]?\d{1,3})?")
WHOLE = re.compile(r"[-+]?\d{1,15}")
HEX = re.compile(r"0[xX][0-9a-fA-F]{1,12}")
_PLAIN_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")


def fail(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """An error with a hint; braces are taken literally."""
    safe = message.replace("{", "(").replace("}", ")")
    return PydanticCustomError(code, safe, {"hint": hint})


def number_of(text: str) -> float:
    """A finite decimal number.

    Raises:
        PydanticCustomError: It is none.
    """
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise fail("wrong_type", f"{text!r:.60} is no number", "write for example 4.2")
    return number


def whole_of(text: str) -> int:
    """A whole number, decimal or ``0x`` hexadecimal.

    Raises:
        PydanticCustomError: It is none.
    """
    if HEX.fullmatch(text):
        return int(text, 16)
    if not WHOLE.fullmatch(text):
        raise fail("wrong_type", f"{text!r:.60} is no whole number", "write for example 3")
    return int(text)


def switch_of(text: str) -> bool:
    """``true`` or ``false``, nothing else.

    Raises:
        PydanticCustomError: It is neither.
    """
    if text not in {"true", "false"}:
        raise fail("wrong_type", f"{text!r:.60} is neither true nor false", "write true or false")
    return text == "true"


def _text_needed(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise fail("wrong_type", f"{what} is needed here")
    return value


def _number(value: object) -> float:
    return number_of(_text_needed(value, "a number"))


def _whole(value: object) -> int:
    return whole_of(_text_needed(value, "a whole number"))


def _switch(value: object) -> bool:
    return switch_of(_text_needed(value, "true or false"))


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
YesNo = Annotated[bool, PlainValidator(_switch), WithJsonSchema({"type": "boolean"})]
Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
"""A list of texts; one text alone is a list of one."""


def free(node: Node) -> Any:  # noqa: ANN401 - JSON types
    """A tree whose model is somebody else's (transport parameters) with the obvious types.

    ``true`` and ``false`` are switches, decimal numbers numbers; quoted texts and everything else
    stay text. ``yes`` and ``010`` are text.
    """
    if isinstance(node, MapNode):
        return {key: free(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [free(item) for item in node.items]
    return node.text if node.quoted else _guess(node.text)


def _guess(text: str) -> object:
    if text in {"", "null"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _PLAIN_WHOLE.fullmatch(text):
        return int(text)
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) and not text.isdigit() else text
