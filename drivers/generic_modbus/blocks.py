"""Which neighbouring registers are read together: few questions, none longer than allowed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BITS_PER_WORD = 16


@dataclass(frozen=True, slots=True)
class Span:
    """The registers (or coils) of one entity."""

    key: str
    table: str
    poll: str
    start: int
    count: int

    @property
    def end(self) -> int:
        """Just behind the last one."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Block:
    """One question, and the entities it answers."""

    spans: tuple[Span, ...]

    @property
    def table(self) -> str:
        """Where it is asked."""
        return self.spans[0].table

    @property
    def start(self) -> int:
        """First register."""
        return self.spans[0].start

    @property
    def count(self) -> int:
        """How many, gaps included."""
        return max(span.end for span in self.spans) - self.start


def plan(spans: Iterable[Span], max_gap: int, max_block: int) -> list[Block]:
    """Blocks without gaps above ``max_gap`` and, but for one longer value, above ``max_block``.

    An entity is never cut in two. Coils and discrete inputs are 16 to a word.
    """
    blocks: list[Block] = []
    for span in sorted(spans, key=lambda s: (s.table, s.poll, s.start, s.count)):
        factor = BITS_PER_WORD if span.table in {"coil", "discrete"} else 1
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and (last.table, last.spans[0].poll) == (span.table, span.poll)
            and span.start - (last.start + last.count) <= max_gap * factor
            and max(span.end, last.start + last.count) - last.start <= max_block * factor
        ):
            blocks[-1] = Block((*last.spans, span))
        else:
            blocks.append(Block((span,)))
    return blocks


def halves(block: Block) -> Sequence[Block]:
    """A block the device refused, in smaller ones: parted at its widest gap, else in the middle."""
    spans = block.spans
    best, at = 0, len(spans) // 2
    end = spans[0].end
    for index, span in enumerate(spans[1:], start=1):
        if span.start - end > best:
            best, at = span.start - end, index
        end = max(end, span.end)
    return Block(spans[:at]), Block(spans[at:])
