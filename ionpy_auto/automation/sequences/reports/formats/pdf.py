"""The report on A4 pages, from the same tables and pictures as HTML.

The same report gives the same bytes: its date is that of the run, its font is shipped.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import singledispatchmethod
from importlib import resources
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from ionpy_auto.automation.sequences import reports
from ionpy_auto.automation.sequences.reports.document import (
    Block,
    Cell,
    Document,
    Facts,
    Figures,
    Mark,
    Note,
    Pictures,
    Section,
    Table,
    document_of,
)
from ionpy_auto.automation.sequences.reports.drawing import Area, Dot, Drawing, Label, Line
from ionpy_auto.automation.sequences.reports.model import RunReport
from ionpy_auto.automation.sequences.reports.palette import LIGHT, ink_of
from ionpy_auto.automation.sequences.reports.words import Words

FONT: Final = "report"
MARGIN: Final = 40.0
WIDTH: Final = 595.28 - 2 * MARGIN
BOTTOM: Final = 841.89 - 46.0
CELL: Final = 6.8
"""Size of text in tables [pt]."""
LEAD: Final = 1.3
PAD: Final = 7.0
SMALLEST: Final = 4.6
LONGEST: Final = 130.0
"""A word that is longer is broken."""
HATCH: Final = 5.0
WIDE_PICTURE: Final = 600.0


class _Pages(FPDF):
    """Pages with a foot line."""

    def __init__(self, document: Document, made: datetime) -> None:
        super().__init__("portrait", "pt", "A4")
        self.words = Words(document.lang)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=False)
        self.c_margin = 0.0
        folder = resources.files(reports) / "fonts"
        for style, name in (("", "DejaVuSans-report"), ("B", "DejaVuSans-report-Bold")):
            with resources.as_file(folder / f"{name}.ttf") as file:
                self.add_font(FONT, style, file)
        self.glyphs = frozenset(self.fonts[FONT].cmap)  # type: ignore[union-attr]  # a TTF, see above
        self.foot = self.plain(f"{document.title} · {document.subtitle}")
        self.set_creation_date(made)
        self.set_title(self.foot)
        self.set_lang(document.lang)
        self.set_font(FONT, "", 9)

    def plain(self, text: str) -> str:
        """A text the font can show; what it cannot is a box, never an error."""
        return "".join(c if ord(c) in self.glyphs else "\ufffd" for c in " ".join(text.split()))

    def ink(self, style: str) -> None:
        """Colour of texts from here on."""
        self.set_text_color(*_rgb(style))

    def write_at(self, x: float, y: float, text: str, width: float = 0.0, align: str = "L") -> None:
        """One line of text whose upper edge is at ``y``; ``text`` is already plain."""
        self.set_xy(x, y)
        self.cell(width or None, self.font_size * LEAD, text, align=align, new_x=XPos.LEFT,
                  new_y=YPos.TOP)  # fmt: skip

    def room(self, height: float) -> None:
        """Begin a page when so much does not fit any more."""
        if self.get_y() + height > BOTTOM:
            self.add_page()
            self.set_y(MARGIN)

    def footer(self) -> None:
        """Title and number of the page."""
        self.set_font(FONT, "", 7)
        self.ink("muted")
        page = self.words("Page {page} of {pages}", page=self.page_no(), pages="{nb}")
        self.write_at(MARGIN, BOTTOM + 14.0, self.cut(self.foot, WIDTH - 90.0))
        self.write_at(MARGIN, BOTTOM + 14.0, page, WIDTH, "R")

    def cut(self, text: str, width: float) -> str:
        """As much of a text as fits."""
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(text) > width:
            text = text[: max(int(len(text) * 0.95), len(text) - 8, 0)]
        return f"{text}…"

    def wrapped(self, text: str, width: float) -> list[str]:
        """Lines that fit; a word that is too long is broken."""
        lines, line = [], ""
        for word in text.split(" "):
            joined = f"{line} {word}" if line else word
            if self.get_string_width(joined) <= width:
                line = joined
                continue
            lines += [line] if line else []
            line = word
            while self.get_string_width(line) > width and len(line) > 1:
                place = max(int(len(line) * width / self.get_string_width(line)), 1)
                lines.append(line[:place])
                line = line[place:]
        return [*lines, line]


class PdfReport:
    """See the module's first lines."""

    name = "pdf"
    suffix = ".pdf"
    media_type = "application/pdf"

    def render(self, report: RunReport, lang: str) -> bytes:
        """The pages."""
        document = document_of(report, lang)
        pages = _Pages(document, datetime.fromtimestamp(round(report.run["until"]), UTC))
        pages.add_page()
        self._title(pages, document)
        for block in document.head:
            self._block(block, pages)
        for section in document.sections:
            self._section(pages, section)
        return bytes(pages.output())

    def _title(self, pages: _Pages, document: Document) -> None:
        verdict = pages.plain(document.verdict.text)
        pages.set_font(FONT, "B", 12)
        wide = pages.get_string_width(verdict) + 24.0
        left = MARGIN + WIDTH - wide
        pages.set_draw_color(*_rgb(document.verdict.tone))
        pages.set_line_width(1.4)
        pages.rect(left, MARGIN, wide, 26.0, round_corners=True, corner_radius=5.0)
        pages.ink(document.verdict.tone)
        pages.write_at(left, MARGIN + 5.5, verdict, wide, "C")
        pages.set_font(FONT, "", 8)
        pages.ink("muted")
        pages.write_at(MARGIN, MARGIN, pages.plain(document.subtitle))
        pages.set_font(FONT, "B", 16)
        pages.ink("text")
        y = MARGIN + 12.0
        for line in pages.wrapped(pages.plain(document.title), left - MARGIN - 20.0)[:3]:
            pages.write_at(MARGIN, y, line)
            y += 21.0
        pages.set_y(max(y, MARGIN + 34.0) + 8.0)

    def _section(self, pages: _Pages, section: Section) -> None:
        first = section.blocks[0]
        drawing = first.drawings[0] if isinstance(first, Pictures) else None
        pages.room(60.0 if drawing is None else 30.0 + _size(drawing)[1])
        y = pages.get_y() + 8.0
        pages.set_draw_color(*_rgb("rule"))
        pages.set_line_width(0.6)
        pages.line(MARGIN, y, MARGIN + WIDTH, y)
        pages.set_xy(MARGIN, y + 5.0)
        pages.set_font(FONT, "B", 10.5)
        pages.ink("text")
        pages.start_section(pages.plain(section.title))
        pages.write_at(MARGIN, y + 5.0, pages.plain(section.title))
        pages.set_y(y + 23.0)
        for block in section.blocks:
            self._block(block, pages)

    @singledispatchmethod
    def _block(self, block: Block, pages: _Pages) -> None:
        raise TypeError(type(block).__name__)

    @_block.register
    def _(self, block: Table, pages: _Pages) -> None:
        _Grid(pages, block).draw()

    @_block.register
    def _(self, block: Facts, pages: _Pages) -> None:
        rows = [
            (pages.plain(name), pages.plain(_text(cell)), _tone(cell)) for name, cell in block.rows
        ]
        if max((len(text) for _, text, _ in rows), default=0) > 90:
            self._long_facts(rows, pages)
            return
        columns, wide = 4, WIDTH / 4
        for start in range(0, len(rows), columns):
            pages.set_font(FONT, "", 8)
            line = rows[start : start + columns]
            texts = [pages.wrapped(text, wide - 8.0) for _, text, _ in line]
            high = 9.0 + 10.4 * max(map(len, texts)) + 3.0
            pages.room(high)
            y = pages.get_y()
            for place, ((name, _, tone), lines) in enumerate(zip(line, texts, strict=True)):
                x = MARGIN + place * wide
                pages.set_font(FONT, "", 6.5)
                pages.ink("muted")
                pages.write_at(x, y, pages.cut(name, wide - 8.0))
                pages.set_font(FONT, "", 8)
                pages.ink(tone)
                for row, text in enumerate(lines):
                    pages.write_at(x, y + 9.0 + 10.4 * row, text)
            pages.set_y(y + high)

    def _long_facts(self, rows: Sequence[tuple[str, str, str]], pages: _Pages) -> None:
        for name, text, tone in rows:
            pages.set_font(FONT, "", 7.4)
            lines = pages.wrapped(text, WIDTH - 80.0)
            pages.room(10.0 * len(lines) + 2.0)
            y = pages.get_y()
            pages.ink("muted")
            pages.write_at(MARGIN, y, pages.cut(name, 74.0))
            pages.ink(tone)
            for row, line in enumerate(lines):
                pages.write_at(MARGIN + 80.0, y + 10.0 * row, line)
            pages.set_y(y + 10.0 * len(lines) + 2.0)

    @_block.register
    def _(self, block: Figures, pages: _Pages) -> None:
        pages.room(44.0)
        y, wide = pages.get_y() + 4.0, WIDTH / len(block.rows)
        pages.set_draw_color(*_rgb("rule"))
        pages.set_line_width(0.7)
        for place, (name, text) in enumerate(block.rows):
            x = MARGIN + place * wide
            pages.rect(x, y, wide - 6.0, 32.0, round_corners=True, corner_radius=4.0)
            pages.set_font(FONT, "", 6.2)
            pages.ink("muted")
            pages.write_at(x + 5.0, y + 4.0, pages.cut(pages.plain(name), wide - 16.0))
            pages.ink("text")
            shown, size = pages.plain(text), 9.0
            pages.set_font(FONT, "B", size)
            while pages.get_string_width(shown) > wide - 16.0 and size > 5.0:
                size -= 0.5
                pages.set_font(FONT, "B", size)
            pages.write_at(x + 5.0, y + 15.0, shown)
        pages.set_y(y + 40.0)

    @_block.register
    def _(self, block: Note, pages: _Pages) -> None:
        pages.set_font(FONT, "", 7.6)
        pages.ink(block.tone)
        for line in pages.wrapped(pages.plain(block.text), WIDTH):
            pages.room(12.0)
            y = pages.get_y()
            pages.write_at(MARGIN, y, line)
            pages.set_y(y + 11.0)
        pages.set_y(pages.get_y() + 2.0)

    @_block.register
    def _(self, block: Pictures, pages: _Pages) -> None:
        for row in _rows(block.drawings):
            high = max(_size(drawing)[1] for drawing in row)
            pages.room(high + 6.0)
            y = pages.get_y()
            for place, drawing in enumerate(row):
                _Picture(pages, drawing, MARGIN + place * WIDTH / 2, y).draw()
            pages.set_y(y + high + 6.0)


def _rgb(style: str) -> tuple[int, int, int]:
    colour = LIGHT[ink_of(style)]
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Mark) else cell


def _tone(cell: Cell) -> str:
    return cell.tone if isinstance(cell, Mark) else "text"


def _rows(drawings: Sequence[Drawing]) -> Iterator[list[Drawing]]:
    """Narrow pictures two beside each other."""
    row: list[Drawing] = []
    for drawing in drawings:
        if drawing.width > WIDE_PICTURE:
            yield from [row] if row else []
            yield [drawing]
            row = []
            continue
        row.append(drawing)
        if len(row) == 2:
            yield row
            row = []
    yield from [row] if row else []


def _size(drawing: Drawing) -> tuple[float, float]:
    wide = WIDTH if drawing.width > WIDE_PICTURE else WIDTH / 2 - 4.0
    return wide, drawing.height * wide / drawing.width


class _Grid:
    """One table on the pages; its head is repeated on each."""

    def __init__(self, pages: _Pages, table: Table) -> None:
        self._pages = pages
        self._table = table
        self._heads = [pages.plain(column.title) for column in table.columns]
        self._rows = [[pages.plain(_text(cell)) for cell in row] for row in table.rows]
        self._size = CELL
        self._widths = self._fitted()

    def _fitted(self) -> list[float]:
        """Widths that fill at most the page: numbers keep theirs, texts break between words."""
        natural, least = self._natural()
        while sum(least) > WIDTH and self._size > SMALLEST:
            self._size -= 0.3
            natural, least = self._natural()
        over = sum(natural) - WIDTH
        if over <= 0.0:
            return natural
        if sum(least) > WIDTH:  # as small as can be read: now words are broken too
            return [width * WIDTH / sum(least) for width in least]
        give = [wide - narrow for wide, narrow in zip(natural, least, strict=True)]
        return [w - over * g / sum(give) for w, g in zip(natural, give, strict=True)]

    def _natural(self) -> tuple[list[float], list[float]]:
        """Widths of whole texts, and of their longest words."""
        pages, texts = self._pages, zip(self._heads, *self._rows[:200], strict=True)
        natural, least = [], []
        for column, (head, *cells) in zip(self._table.columns, texts, strict=True):
            pages.set_font(FONT, "B", self._size)
            whole = parts = pages.get_string_width(head)
            pages.set_font(FONT, "", self._size)
            longest = sorted({cell[:200] for cell in cells}, key=len)[-5:]
            whole = max([whole, *map(pages.get_string_width, longest)])
            if not column.is_number:
                words = sorted({word for cell in cells for word in cell[:200].split(" ")}, key=len)
                parts = max([parts, *map(pages.get_string_width, words[-5:])])
            else:
                parts = whole
            natural.append(whole * 1.03 + PAD)
            least.append(min(parts * 1.03, LONGEST) + PAD)
        return natural, least

    def draw(self) -> None:
        """Head and rows."""
        pages, lead = self._pages, self._size * LEAD
        pages.set_y(pages.get_y() + 2.0)
        pages.room(4 * lead)
        self._head()
        for row, cells in zip(self._rows, self._table.rows, strict=True):
            pages.set_font(FONT, "", self._size)
            lines = [
                pages.wrapped(text, width - PAD + 0.5)
                for text, width in zip(row, self._widths, strict=True)
            ]
            high = max(map(len, lines)) * lead + 3.4
            if pages.get_y() + high > BOTTOM:
                pages.room(high)
                self._head()
                pages.set_font(FONT, "", self._size)
            self._row(lines, [_tone(cell) for cell in cells], high)
        pages.set_y(pages.get_y() + 4.0)

    def _head(self) -> None:
        pages = self._pages
        pages.set_font(FONT, "B", self._size)
        lines = [
            pages.wrapped(head, width - PAD + 0.5)
            for head, width in zip(self._heads, self._widths, strict=True)
        ]
        high = max(map(len, lines)) * self._size * LEAD + 3.4
        self._row(lines, ["muted"] * len(lines), high, rule="axis")

    def _row(
        self, cells: Sequence[Sequence[str]], tones: Sequence[str], high: float, rule: str = "rule"
    ) -> None:
        pages, x, y = self._pages, MARGIN, self._pages.get_y()
        for place, lines in enumerate(cells):
            wide = self._widths[place]
            pages.ink(tones[place])
            align = "R" if self._table.columns[place].is_number else "L"
            for number, line in enumerate(lines):
                top = y + 1.7 + number * self._size * LEAD
                pages.write_at(x, top, line, wide - PAD, align)
            x += wide
        pages.set_draw_color(*_rgb(rule))
        pages.set_line_width(0.4)
        pages.line(MARGIN, y + high, MARGIN + sum(self._widths), y + high)
        pages.set_y(y + high)


class _Picture:
    """One drawing on a page."""

    def __init__(self, pages: _Pages, drawing: Drawing, x: float, y: float) -> None:
        self._pages = pages
        self._drawing = drawing
        self._x, self._y = x, y
        self._scale = _size(drawing)[0] / drawing.width

    def draw(self) -> None:
        """All its items in their order."""
        for item in self._drawing.items:
            self._item(item)
        self._pages.set_dash_pattern()

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self._x + x * self._scale, self._y + y * self._scale

    @singledispatchmethod
    def _item(self, item: object) -> None:
        raise TypeError(type(item).__name__)

    @_item.register
    def _(self, item: Line) -> None:
        pages = self._pages
        pages.set_draw_color(*_rgb(item.style))
        pages.set_line_width(item.width * self._scale)
        if item.dashed:
            pages.set_dash_pattern(5 * self._scale, 4 * self._scale)
        pages.polyline([self._at(*point) for point in item.points])
        if item.dashed:
            pages.set_dash_pattern()

    @_item.register
    def _(self, item: Area) -> None:
        pages = self._pages
        x, y = self._at(item.x, item.y)
        wide, high = item.width * self._scale, item.height * self._scale
        if item.hatched:
            self._hatch(x, y, wide, high)
            return
        faded = (round(255 - (255 - part) * item.opacity) for part in _rgb(item.style))
        pages.set_fill_color(*faded)
        pages.rect(x, y, wide, high, "F")

    def _hatch(self, x: float, y: float, wide: float, high: float) -> None:
        """Strokes at 45 degrees, cut at the edges."""
        pages = self._pages
        pages.set_draw_color(*_rgb("gap"))
        pages.set_line_width(0.8)
        for k in range(1, math.ceil((wide + high) / HATCH)):
            along = k * HATCH
            begin = (x + max(along - high, 0.0), y + min(along, high))
            end = (x + min(along, wide), y + max(along - wide, 0.0))
            pages.line(*begin, *end)

    @_item.register
    def _(self, item: Dot) -> None:
        pages, radius = self._pages, item.radius * self._scale
        x, y = self._at(item.x, item.y)
        pages.set_draw_color(*_rgb(item.style))
        pages.set_fill_color(*_rgb("card" if item.hollow else item.style))
        pages.set_line_width(0.6)
        pages.circle(x, y, radius, "DF")

    @_item.register
    def _(self, item: Label) -> None:
        pages = self._pages
        size = max(item.size * self._scale, 4.6)
        pages.set_font(FONT, "B" if item.style == "text" else "", size)
        pages.ink(item.style)
        text = pages.plain(item.text)
        wide = pages.get_string_width(text)
        x, y = self._at(item.x, item.y)
        pages.text(x - {"start": 0.0, "middle": wide / 2, "end": wide}[item.anchor], y, text)
