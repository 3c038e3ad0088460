"""Three-way merge of a text by lines: what only one side changed is taken, the rest is a clash.

The way of ``diff3``: lines that both sides kept from the base hold the texts together; between
them, a stretch that one side left as it was follows the other side. Neighbouring lines changed by
both are a clash, never a guess.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MAX_LINES = 5000
"""Changed lines that are compared; a longer change is one clash, so the work stays bounded."""

Block = tuple[int, int, int]  # first line in the base, in the other text, number of lines


@dataclass(frozen=True, slots=True)
class Clash:
    """Lines both sides changed differently.

    Attributes:
        line: First line in the base, from 1.
        base: What stood there.
        mine: What the caller made of it.
        theirs: What stands in the file now.
    """

    line: int
    base: str
    mine: str
    theirs: str


Origin = Literal["same", "mine", "theirs", "both", "clash"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the text; all pieces in their order are the whole.

    Attributes:
        origin: Who changed it; ``both``: in the same way; ``clash``: differently.
        base: What stood there; empty when nobody knows.
        mine: What the caller made of it.
        theirs: What stands in the file now.
    """

    origin: Origin
    base: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge.

    Attributes:
        text: Both changes together; None when they clash.
        clashes: Where they do.
        stretches: The whole in pieces, for a person who decides.
    """

    text: str | None
    clashes: tuple[Clash, ...] = ()
    stretches: tuple[Stretch, ...] = ()


def merge(base: str | None, mine: str, theirs: str) -> Merged:
    """Put two changes of one text together; without a base every difference is a clash."""
    stretches = tuple(
        _joined(_without_base(mine, theirs) if base is None else _pieces(base, mine, theirs))
    )
    clashes: list[Clash] = []
    line = 1
    for one in stretches:
        if one.origin == "clash":
            clashes.append(Clash(line, one.base, one.mine, one.theirs))
        line += len(one.base.splitlines())
    text = None if clashes else "".join(map(_taken, stretches))
    return Merged(text, tuple(clashes), stretches)


def _taken(stretch: Stretch) -> str:
    return stretch.theirs if stretch.origin == "theirs" else stretch.mine


def _pieces(base: str, mine: str, theirs: str) -> Iterator[Stretch]:
    texts = [text.splitlines(keepends=True) for text in (base, mine, theirs)]
    head = _common(texts)
    tail = _common([text[head:][::-1] for text in texts])
    yield _same(texts[0][:head])
    for old, one, two in _stretches(*(text[head : len(text) - tail] for text in texts)):
        yield Stretch(_origin(old, one, two), "".join(old), "".join(one), "".join(two))
    yield _same(texts[0][len(texts[0]) - tail :])


def _origin(old: list[str], one: list[str], two: list[str]) -> Origin:
    if one == two:
        return "same" if one == old else "both"
    if one == old:
        return "theirs"
    return "mine" if two == old else "clash"


def _without_base(mine: str, theirs: str) -> Iterator[Stretch]:
    one, two = mine.splitlines(keepends=True), theirs.splitlines(keepends=True)
    i = j = 0
    blocks = _blocks(one, two) if max(len(one), len(two)) <= MAX_LINES else []
    for a, b, count in [*blocks, (len(one), len(two), 0)]:
        if (i, j) != (a, b):
            yield Stretch("clash", "", "".join(one[i:a]), "".join(two[j:b]))
        yield _same(one[a : a + count])
        i, j = a + count, b + count


def _same(lines: list[str]) -> Stretch:
    text = "".join(lines)
    return Stretch("same", text, text, text)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours that nobody changed are one piece; empty ones go."""
    kept = ""
    for one in stretches:
        if one.origin == "same":
            kept += one.base
            continue
        if kept:
            yield Stretch("same", kept, kept, kept)
            kept = ""
        yield one
    if kept:
        yield Stretch("same", kept, kept, kept)


def _common(texts: list[list[str]]) -> int:
    """How many lines all of them begin with."""
    count = 0
    for lines in zip(*texts, strict=False):
        if len(set(lines)) > 1:
            break
        count += 1
    return count


def _stretches(
    base: list[str], mine: list[str], theirs: list[str]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The three texts cut at the lines all of them share."""
    at = (0, 0, 0)
    for start, one, two, count in _shared(base, mine, theirs):
        if at != (start, one, two):
            yield base[at[0] : start], mine[at[1] : one], theirs[at[2] : two]
        if count:
            kept = base[start : start + count]
            yield kept, kept, kept
        at = (start + count, one + count, two + count)


def _shared(
    base: list[str], mine: list[str], theirs: list[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Runs of base lines that stand in both other texts, the end of all at last."""
    if max(len(base), len(mine), len(theirs)) <= MAX_LINES:
        ones, twos = _blocks(base, mine), _blocks(base, theirs)
        i = j = 0
        while i < len(ones) and j < len(twos):
            (a, one, n), (b, two, m) = ones[i], twos[j]
            start, end = max(a, b), min(a + n, b + m)
            if start < end:
                yield start, one + start - a, two + start - b, end - start
            if a + n < b + m:
                i += 1
            else:
                j += 1
    yield len(base), len(mine), len(theirs), 0


def _blocks(base: list[str], other: list[str]) -> list[Block]:
    matcher = SequenceMatcher(None, base, other)
    return [(match.a, match.b, match.size) for match in matcher.get_matching_blocks()]
