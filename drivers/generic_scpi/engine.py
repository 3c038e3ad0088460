"""SCPI from the instrument's side, written by hand: headers, paths, parameters, the error queue.

An instrument is a class whose methods carry SCPI patterns; this file finds the method a message
means. Nothing here is shared with the driver, so a mistake in one cannot hide in the other.

    class Meter(Instrument):
        IDN = "ACME,METER,1,1.0"

        @asks("MEASure:VOLTage[:DC]")
        def volts(self, call):
            return "4.2000"

Square brackets are optional nodes, ``<n>`` is a number behind a node (0 when left out: then the
instrument knows which one is meant). Long and short forms and any case are equal, a leading colon
is optional, ``;`` joins.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

QUEUE = 20
MAX_KNOWN = 1000
NODE = re.compile(r"(\[?):?([*A-Za-z]+)(<n>)?(\]?)")
WRITTEN = re.compile(r"([A-Za-z]+)(\d*)")
OPC, EXECUTION_ERROR, COMMAND_ERROR = 1, 16, 32


class ScpiFault(Exception):
    """A complaint that goes to the error queue."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f'{code},"{text}"')
        self.code = code


def undefined() -> ScpiFault:
    """There is no such header."""
    return ScpiFault(-113, "Undefined header")


@dataclass(frozen=True, slots=True)
class Node:
    """One word of a pattern."""

    long: str
    short: str
    optional: bool
    numbered: bool

    def reads(self, word: str) -> int | None:
        """The number behind a word that means this node (0 for one without), None when it is not.

        >>> Node("VOLTAGE", "VOLT", False, False).reads("volt")
        0
        """
        found = WRITTEN.fullmatch(word)
        if found is None or found[1].upper() not in {self.long, self.short}:
            return None
        if not self.numbered:
            return None if found[2] else 0
        return int(found[2] or 0)


@dataclass(slots=True)
class Call:
    """A header that was understood, with what stands behind it.

    Attributes:
        numbers: Of the numbered nodes, in order; a left out node has 0.
        args: Parameters as written, without quotes.
    """

    numbers: list[int]
    args: list[str]

    def number(self, low: float, high: float, at: int = 0) -> float:
        """A parameter as a number in a range; MIN and MAX are its ends.

        Raises:
            ScpiFault: Missing, no number, or out of range.
        """
        word = self.word(at).upper()
        if word in {"MIN", "MINIMUM", "MAX", "MAXIMUM"}:
            return low if word.startswith("MIN") else high
        try:
            number = float(word.rstrip("VAW"))
        except ValueError:
            raise ScpiFault(-104, "Data type error") from None
        if not low <= number <= high:
            raise ScpiFault(-222, "Data out of range")
        return number

    def switch(self, at: int = 0) -> bool:
        """A parameter as ON, OFF, 1 or 0.

        Raises:
            ScpiFault: Missing, or something else.
        """
        word = self.word(at).upper()
        if word not in {"ON", "OFF", "1", "0"}:
            raise ScpiFault(-224, "Illegal parameter value")
        return word in {"ON", "1"}

    def word(self, at: int = 0) -> str:
        """A parameter as it stands.

        Raises:
            ScpiFault: Missing.
        """
        if at >= len(self.args):
            raise ScpiFault(-109, "Missing parameter")
        return self.args[at]


Handler = Callable[[Any, Call], str | None]
Answer = Callable[[Call], str | None]


def asks(*patterns: str) -> Callable[[Handler], Handler]:
    """The method answers these questions (written without the question mark)."""
    return _mark("_asks", patterns)


def takes(*patterns: str) -> Callable[[Handler], Handler]:
    """The method obeys these commands."""
    return _mark("_takes", patterns)


def _mark(name: str, patterns: tuple[str, ...]) -> Callable[[Handler], Handler]:
    def mark(method: Handler) -> Handler:
        setattr(method, name, tuple(compiled(p) for p in patterns))
        return method

    return mark


def compiled(pattern: str) -> tuple[Node, ...]:
    """A pattern's nodes."""
    nodes = []
    for found in NODE.finditer(pattern):
        word = found[2]
        short = "".join(c for c in word if not c.islower())
        nodes.append(Node(word.upper(), short.upper(), bool(found[1]), bool(found[3])))
    return tuple(nodes)


def match(nodes: tuple[Node, ...], words: list[str]) -> list[int] | None:
    """The numbers of the numbered nodes when the words mean this pattern, else None."""
    if not nodes:
        return None if words else []
    first = nodes[0]
    number = first.reads(words[0]) if words else None
    if number is not None:
        rest = match(nodes[1:], words[1:])
        if rest is not None:
            return [number, *rest] if first.numbered else rest
    if not first.optional:
        return None
    rest = match(nodes[1:], words)
    if rest is None:
        return None
    return [0, *rest] if first.numbered else rest


@dataclass
class Instrument:
    """Answers messages; a subclass adds what it measures.

    Attributes:
        errors: The error queue, oldest first.
        events: The event status register.
    """

    IDN: ClassVar[str] = "ACME,GENERIC,0001,1.0"

    errors: deque[ScpiFault] = field(default_factory=deque)
    events: int = 0
    _known: dict[tuple[bool, tuple[str, ...]], tuple[Answer, list[int]]] = field(
        default_factory=dict, repr=False
    )

    def message(self, text: str) -> str | None:
        """Do what a line says; returns the answers joined with ``;``, None without a question."""
        answers = []
        path: list[str] = []
        for unit in units(text):
            header, args = parameters(unit)
            try:
                path, answer = self._do(header, args, path)
            except ScpiFault as fault:
                self.complain(fault)
                continue
            if answer is not None:
                answers.append(answer)
        return ";".join(answers) if answers else None

    def complain(self, fault: ScpiFault) -> None:
        """Put a complaint into the queue."""
        self.events |= COMMAND_ERROR if -200 < fault.code <= -100 else EXECUTION_ERROR
        if len(self.errors) < QUEUE:
            self.errors.append(fault)
        else:
            self.errors[-1] = ScpiFault(-350, "Queue overflow")

    def _do(self, header: str, args: list[str], path: list[str]) -> tuple[list[str], str | None]:
        """One command or question; returns the path for what comes behind a ``;``."""
        question = header.endswith("?")
        bare = header.removesuffix("?")
        if bare.startswith("*"):
            return path, self._common(bare.upper(), question=question)
        words = bare.removeprefix(":").split(":")
        if not bare.startswith(":"):
            words = [*path, *words]
        method, numbers = self._meant(question, tuple(words))
        return words[:-1], method(Call([*numbers], args))

    def _meant(self, question: bool, words: tuple[str, ...]) -> tuple[Answer, list[int]]:
        """The method a header means; remembered, because a driver asks the same again and again."""
        found = self._known.get((question, words))
        if found is None:
            found = self._looked_up(question, words)
            if len(self._known) < MAX_KNOWN:
                self._known[question, words] = found
        return found

    def _looked_up(self, question: bool, words: tuple[str, ...]) -> tuple[Answer, list[int]]:
        for pattern, method in self._handlers("_asks" if question else "_takes"):
            numbers = match(pattern, [*words])
            if numbers is not None:
                return method, numbers
        raise undefined()

    def _handlers(self, name: str) -> Iterator[tuple[tuple[Node, ...], Answer]]:
        for word in dir(type(self)):
            for pattern in getattr(getattr(type(self), word), name, ()):
                yield pattern, getattr(self, word)

    def _common(self, header: str, *, question: bool) -> str | None:
        if question:
            answer = {"*IDN": self.IDN, "*OPC": "1", "*ESR": str(self.events), "*STB": "0"}
            if header == "*ESR":
                self.events = 0
            if header not in answer:
                raise undefined()
            return answer[header]
        if header == "*CLS":
            self.errors.clear()
            self.events = 0
        elif header == "*RST":
            self.reset()
        elif header == "*OPC":
            self.events |= OPC
        else:
            raise undefined()
        return None

    def reset(self) -> None:
        """Everything off, as after switching on."""

    @asks("SYSTem:ERRor[:NEXT]")
    def next_error(self, call: Call) -> str:
        """Oldest complaint."""
        del call
        return str(self.errors.popleft()) if self.errors else '0,"No error"'

    @takes("SYSTem:REMote", "SYSTem:LOCal", "SYSTem:RWLock")
    def remote(self, call: Call) -> None:
        """Front panel locked or not: nothing to do."""


def units(text: str) -> Iterator[str]:
    """What stands between the ``;`` that are not inside quotes."""
    for unit in re.findall(r'(?:[^;"]|"[^"]*"?)+', text):
        if unit.strip():
            yield unit.strip()


def parameters(unit: str) -> tuple[str, list[str]]:
    """Header and parameters of one command."""
    header, _, rest = unit.partition(" ")
    args = re.findall(r'(?:[^,"]|"[^"]*"?)+', rest)
    return header, [arg.strip().strip('"') for arg in args if arg.strip()]
