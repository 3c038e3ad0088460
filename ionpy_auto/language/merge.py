"""Three-way merge of a text by lines: what only one side changed is taken, the rest is a clash.

The way of ``diff3``: lines that both sides kept from the base hold the texts together; between
them, a stretch that one side left as it was follows the other side. Neighbouring lines changed by
both are a clash, never a guess.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

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


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge.

    Attributes:
        text: Both changes together; None when they clash.
        clashes: Where they do.
    """

    text: str | None
    clashes: tuple[Clash, ...] = ()


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Put two changes of one text together."""
    texts = [text.splitlines(keepends=True) for text in (base, mine, theirs)]
    if mine == theirs:
        return Merged(mine)
    head = _common(texts)
    tail = _common([text[head:][::-1] for text in texts])
    middle = [text[head : len(text) - tail] for text in texts]
    out = texts[0][:head]
    clashes: list[Clash] = []
    for first, old, one, two in _stretches(*middle):
        if one in (old, two):
            out += two
        elif two == old:
            out += one
        else:
            line = head + 1 + first
            clashes.append(Clash(line, "".join(old), "".join(one), "".join(two)))
    if clashes:
        return Merged(None, tuple(clashes))
    return Merged("".join([*out, *texts[0][len(texts[0]) - tail :]]))


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
) -> Iterator[tuple[int, list[str], list[str], list[str]]]:
    """The three texts cut at the lines all of them share, each with its first base line."""
    at = (0, 0, 0)
    for start, one, two, count in _shared(base, mine, theirs):
        if at != (start, one, two):
            yield at[0], base[at[0] : start], mine[at[1] : one], theirs[at[2] : two]
        if count:
            kept = base[start : start + count]
            yield start, kept, kept, kept
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
