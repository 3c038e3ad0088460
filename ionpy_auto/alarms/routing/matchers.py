"""Matchers: ``severity="critical"``, ``device=~"PSU_.*"``, in the syntax of Alertmanager.

A label that is missing counts as empty. Regular expressions are RE2, which needs no more time than
the text is long, and have to fit the whole value.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import re2

from ionpy_auto.alarms.routing.labels import LABEL_NAME, Labels, written

Operator = Literal["=", "!=", "=~", "!~"]

MAX_PATTERN: Final = 1000
MAX_MEMORY: Final = 1 << 20
_PARTS: Final = re.compile(
    r"[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*"
    r"(.*?)[\t\n\f\r ]*",
    re.DOTALL,
)
_BYTE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\C")
_OPERATORS: Final[dict[str, Operator]] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}


class BadMatcher(ValueError):
    """A matcher that cannot be read; the text says why.

    Attributes:
        hint: What to write instead.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Matcher:
    """One demand on one label.

    Attributes:
        name: The label.
        operator: ``=`` ``!=`` ``=~`` ``!~``.
        value: A text, or a regular expression.
    """

    name: str
    operator: Operator
    value: str
    _pattern: "Pattern | None" = field(default=None, compare=False, repr=False)

    @classmethod
    def made(cls, name: str, operator: str, value: str) -> "Matcher":
        """One that was looked at.

        Raises:
            BadMatcher: The operator or the regular expression is none.
        """
        known = _OPERATORS.get(operator)
        if known is None:
            raise BadMatcher(f"{operator!r} compares nothing", "one of = != =~ !~")
        pattern = compiled(value) if known in {"=~", "!~"} else None
        return cls(name, known, value, pattern)

    def matches(self, labels: Labels) -> bool:
        """Whether labels meet the demand."""
        value = labels.get(self.name, "")
        if self._pattern is None:
            return (value == self.value) is (self.operator == "=")
        found = self._pattern.fullmatch(value.encode("utf-8", "replace")) is not None
        return found is (self.operator == "=~")

    def __str__(self) -> str:
        """As people write it."""
        return written({self.name: self.value})[1:-1].replace("=", self.operator, 1)


def matches(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether labels meet all demands; no demand is met by all."""
    return all(matcher.matches(labels) for matcher in matchers)


class Pattern(Protocol):
    """A compiled regular expression over UTF-8."""

    def fullmatch(self, text: bytes) -> object | None:
        """Something when the whole text fits."""


def compiled(pattern: str) -> Pattern:
    """A regular expression.

    Raises:
        BadMatcher: It is none.
    """
    hint = "the syntax is RE2: no look-around, no back-references"
    if len(pattern) > MAX_PATTERN:
        raise BadMatcher(f"a regular expression has at most {MAX_PATTERN} characters")
    if _BYTE.search(pattern):
        raise BadMatcher("no regular expression: \\C is half a character", hint)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        found: Pattern = re2.compile(pattern.encode(), options)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadMatcher(f"no regular expression: {text}", hint) from None
    except UnicodeEncodeError:
        raise BadMatcher("no regular expression: half a character", hint) from None
    return found


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Matchers with commas between them, in braces or without.

    Raises:
        BadMatcher: Says what cannot be read.

    Example:
        >>> [str(one) for one in parse_matchers('{severity="critical", device=~PSU_.*}')]
        ['severity="critical"', 'device=~"PSU_.*"']
    """
    inside = text.removeprefix("{").removesuffix("}")
    return tuple(parse_matcher(piece) for piece in _pieces(inside))


def _pieces(text: str) -> list[str]:
    """Split at commas that stand outside quotes; one comma may stand at the end."""
    pieces, at, quoted, escaped = [], 0, False, False
    for index, character in enumerate(text):
        if not quoted and character == ",":
            pieces.append(text[at:index])
            at = index + 1
        elif escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif character == "\\":
            escaped = True
    if text[at:].strip():
        pieces.append(text[at:])
    return pieces


def parse_matcher(text: str) -> Matcher:
    """One matcher.

    Raises:
        BadMatcher: Says what cannot be read.
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        hint = 'write for example severity="critical" or device=~"PSU_.*"'
        raise BadMatcher(f"'{text.strip()[:80]}' is no matcher", hint)
    name, operator, raw = found.groups()
    return Matcher.made(name, operator, _unescaped(raw))


def _unescaped(raw: str) -> str:
    r"""A value without its quotes; ``\n``, ``\"`` and ``\\`` are undone, all others stay."""
    inner = raw.removeprefix('"')
    is_quoted = inner is not raw and len(inner) != len(raw)
    characters: list[str] = []
    escaped = False
    for index, character in enumerate(inner):
        is_last = index == len(inner) - 1
        if escaped:
            escaped = False
            characters.append(_ESCAPES.get(character, "\\" + character))
        elif character == "\\" and not is_last:
            escaped = True
        elif character == '"':
            if not is_quoted or not is_last:
                raise _bad_quote(raw)
            is_quoted = False
        else:
            characters.append(character)
    if is_quoted:
        raise _bad_quote(raw)
    return "".join(characters)


_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}


def _bad_quote(raw: str) -> BadMatcher:
    message = f"a double quote stands alone in {raw[:80]}"
    return BadMatcher(message, 'write \\" for one inside the value')


def is_label_name(text: str) -> bool:
    """Whether a label may have this name."""
    return LABEL_NAME.fullmatch(text) is not None
