"""Our own lexer of expressions: what Python's parser gets holds nothing that a person wrote.

Numbers, quantities, texts, points and parameters become placeholders (``_0``, ``_1`` ...), so no
attribute, no f-string, no odd number and no foreign letter ever reaches the parser; it only sorts
out precedence. Each placeholder remembers where it stood.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from ionpy_auto.language.units import (
    NUMBER,
    PLAIN,
    UNITS,
    Quantity,
    UnitError,
    match_unit,
    parse_quantity,
    unit_hint,
)

MAX_SOURCE = 1024
MAX_TOKENS = 400
MAX_NESTING = 32

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_PARAMETER = re.compile(r"\$([A-Za-z][A-Za-z0-9_]*)")
_TEXT = re.compile(r"'([^'\\\n]*)'|\"([^\"\\\n]*)\"")
_OPERATOR = re.compile(r"\*\*|//|==|!=|<=|>=|[-+*/%<>(),\[\]]")
_C_OVER = re.compile(r"C/(\d+(?:\.\d+)?)(?![\w.])")
_SPACE = re.compile(r"\s+")
_CALL = re.compile(r"\s*\(")
# Behind "%" these begin an operand: then it is the remainder, not per cent.
_OPERAND = re.compile(r"%\s*(?:(?!(?:and|or|if|else|not|in)\b)[A-Za-z_$.0-9(]|[\"'])")

WORDS = frozenset({"and", "or", "not", "if", "else", "in"})
CONSTANTS = {"True": True, "False": False, "true": True, "false": False}
_REFUSED_WORDS = frozenset(
    [
        "None",
        "is",
        "lambda",
        "for",
        "while",
        "def",
        "class",
        "import",
        "from",
        "global",
        "nonlocal",
        "yield",
        "await",
        "async",
        "with",
        "as",
        "try",
        "except",
        "finally",
        "raise",
        "return",
        "del",
        "pass",
        "assert",
        "break",
        "continue",
        "exec",
        "eval",
        "print",
    ]
)
_HINTS = {
    "=": "equality is ==",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not'",
    "≥": "write >=",
    "≤": "write <=",
    "×": "write *",
    "−": "write the plain minus -",
    "^": "powers are **",
    "{": "templates stand in messages, not in expressions",
    "#": "comments stand outside the expression",
    "\\": "texts hold no backslash",
    '"': "the quote is not closed",
    "'": "the quote is not closed",
}


class Kind(StrEnum):
    """What a placeholder stands for."""

    NUMBER = "number"  # a number or a quantity
    TEXT = "text"
    BOOLEAN = "boolean"
    POINT = "point"
    PARAMETER = "parameter"


class LexError(Exception):
    """A place in the source that is no part of the language."""

    def __init__(self, code: str, message: str, hint: str, at: int) -> None:
        """Remember the place: ``at`` is an offset in the source."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.at = at


@dataclass(frozen=True, slots=True)
class Token:
    """One placeholder: its kind, what it holds and where it stood."""

    kind: Kind
    value: Quantity | str | bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lexed:
    """The cleaned source and the way back to the original."""

    source: str
    clean: str
    tokens: dict[str, Token]
    clean_starts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def start(self, clean_offset: int) -> int:
        """Original offset of the piece that begins at or before an offset of the clean text."""
        index = bisect_right(self.clean_starts, clean_offset) - 1
        return self.spans[index][0] if index >= 0 else 0

    def end(self, clean_offset: int) -> int:
        """Original offset behind the piece that ends at an offset of the clean text."""
        index = bisect_right(self.clean_starts, max(clean_offset - 1, 0)) - 1
        return self.spans[index][1] if index >= 0 else 0


def lex(source: str) -> Lexed:
    """Clean an expression.

    Raises:
        LexError: At the first piece that is not of the language.
    """
    return _Lexer(source).run()


class _Lexer:
    """Collects the pieces of one source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.pieces: list[str] = ["("]  # parentheses around all: line breaks mean nothing
        self.length = 1
        self.tokens: dict[str, Token] = {}
        self.starts: list[int] = []
        self.spans: list[tuple[int, int]] = []
        self.open: list[tuple[str, int]] = []

    def run(self) -> Lexed:
        if len(self.source.encode("utf-8", "replace")) > MAX_SOURCE:
            raise LexError("too-long", f"more than {MAX_SOURCE} bytes", "split it up", 0)
        while True:
            space = _SPACE.match(self.source, self.at)
            self.at = space.end() if space else self.at
            if self.at >= len(self.source):
                break
            if len(self.spans) >= MAX_TOKENS:
                raise LexError("too-long", f"more than {MAX_TOKENS} parts", "split it up", self.at)
            self.one()
        if self.open:
            raise LexError("unbalanced", "a parenthesis is not closed", "", self.open[-1][1])
        if not self.spans:
            raise LexError("empty", "an expression is missing", "", 0)
        clean = "".join([*self.pieces, ")"])
        return Lexed(self.source, clean, self.tokens, tuple(self.starts), tuple(self.spans))

    def one(self) -> None:
        """Take the next piece."""
        for take in (self.rate, self.number, self.text, self.parameter, self.name, self.operator):
            if take():
                return
        character = self.source[self.at]
        raise LexError(
            "bad-character",
            f"'{character}' is not part of an expression",
            _HINTS.get(character, ""),
            self.at,
        )

    def rate(self) -> bool:
        """``C/20``, a C-rate that begins without a number."""
        found = _C_OVER.match(self.source, self.at)
        if not found or float(found.group(1)) == 0:
            return False
        self.hold(Kind.NUMBER, parse_quantity(found.group()), found.end())
        return True

    def number(self) -> bool:
        found = NUMBER.match(self.source, self.at)
        if not found:
            return False
        value, end = float(found.group()), found.end()
        if value == float("inf"):
            raise LexError("bad-number", "the number is too large", "", self.at)
        unit, behind = self.unit(end)
        if unit is None:
            self.hold(Kind.NUMBER, Quantity(value, PLAIN), end)
            return True
        try:
            quantity = parse_quantity(self.source[self.at : behind])
        except UnitError as error:
            raise LexError("bad-unit", error.message, error.hint, end) from error
        self.hold(Kind.NUMBER, quantity, behind)
        return True

    def unit(self, end: int) -> tuple[str | None, int]:
        """The unit behind a number that ends here, and where it ends."""
        at = end + 1 if self.source[end : end + 1].isspace() else end
        if self.source[at : at + 1] == "%" and _OPERAND.match(self.source, at):
            return None, end
        found = match_unit(self.source, at)
        if found:
            return found[0].name, found[1]
        rest = self.source[at:].lstrip()
        word = re.match(r"[^\W\d]\w*|[°µμΩ]\w*", rest)
        if word is None or word.group() in WORDS:
            return None, end
        gap = len(self.source) - len(rest)
        name = word.group()
        if _CALL.match(self.source, gap + len(name)):
            return None, end
        if name in UNITS and gap > at:
            hint = "a unit follows the number directly or after one space"
        else:
            hint = unit_hint(name)
        raise LexError("bad-unit", f"'{name}' is no unit", hint, gap)

    def text(self) -> bool:
        found = _TEXT.match(self.source, self.at)
        if not found:
            return False
        self.hold(Kind.TEXT, found.group(1) or found.group(2) or "", found.end())
        return True

    def parameter(self) -> bool:
        found = _PARAMETER.match(self.source, self.at)
        if not found:
            return False
        self.hold(Kind.PARAMETER, found.group(1), found.end())
        return True

    def name(self) -> bool:
        found = _NAME.match(self.source, self.at)
        if not found:
            return False
        name = found.group()
        if name in WORDS:
            self.keep(f" {name} ", found.end())
        elif name in CONSTANTS:
            self.hold(Kind.BOOLEAN, CONSTANTS[name], found.end())
        elif name in _REFUSED_WORDS or name.startswith("_") or "._" in name:
            raise LexError("bad-name", f"'{name}' is not allowed in an expression", "", self.at)
        elif _CALL.match(self.source, found.end()):
            if "." in name:
                raise LexError("bad-call", f"'{name}' is no function", "", self.at)
            self.keep(name, found.end())
        else:
            self.hold(Kind.POINT, name, found.end())
        return True

    def operator(self) -> bool:
        found = _OPERATOR.match(self.source, self.at)
        if not found:
            return False
        symbol = found.group()
        if symbol in "([":
            self.open.append((symbol, self.at))
            if len(self.open) > MAX_NESTING:
                raise LexError("too-deep", f"nested deeper than {MAX_NESTING}", "", self.at)
        elif symbol in ")]":
            wanted = "(" if symbol == ")" else "["
            if not self.open or self.open.pop()[0] != wanted:
                raise LexError("unbalanced", f"'{symbol}' closes nothing", "", self.at)
        self.keep(symbol, found.end())
        return True

    def hold(self, kind: Kind, value: Quantity | str | bool, end: int) -> None:
        """Put a placeholder in."""
        placeholder = f"_{len(self.tokens)}"
        self.tokens[placeholder] = Token(kind, value, self.at, end)
        self.keep(f" {placeholder} ", end)

    def keep(self, piece: str, end: int) -> None:
        """Hand a piece on as it is."""
        lead = len(piece) - len(piece.lstrip())
        self.starts.append(self.length + lead)
        self.spans.append((self.at, end))
        self.pieces.append(piece)
        self.length += len(piece)
        self.at = end
