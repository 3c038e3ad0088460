"""One HTML page that needs nothing else: no script, no foreign resource, dark and light, for print.

Every text comes from `escape`: names are written by people and devices.
"""

import html
from collections.abc import Iterator, Mapping
from functools import singledispatchmethod
from typing import Final

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
from ionpy_auto.automation.sequences.reports.drawing import Area, Dot, Drawing, Item, Label, Line
from ionpy_auto.automation.sequences.reports.model import RunReport
from ionpy_auto.automation.sequences.reports.palette import DARK, LIGHT, ink_of

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

FEW: Final = 5
"""Columns of a table that need not be as wide as the page."""


def _colours(palette: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in palette.items())


_STYLE: Final = f"""
:root{{color-scheme:light dark;{_colours(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--page);color:var(--ink);font:14px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"DejaVu Sans",sans-serif}}
main{{max-width:1180px;margin:0 auto;padding:28px 24px 60px}}
header{{display:flex;gap:24px;align-items:flex-start;justify-content:space-between}}
h1{{margin:0;font-size:26px;line-height:1.2;overflow-wrap:anywhere}}
header p{{margin:0 0 4px;color:var(--muted);font-size:13px;letter-spacing:.02em}}
.verdict{{flex:none;padding:8px 18px;border-radius:8px;font-size:17px;font-weight:650;
border:2px solid currentColor;color:var(--muted)}}
.verdict.pass{{color:var(--good)}}.verdict.inconclusive{{color:var(--warn)}}
.verdict.fail,.verdict.error,.verdict.aborted{{color:var(--bad)}}
section{{margin-top:18px;background:var(--card);border:1px solid var(--rule);border-radius:10px;
padding:16px 20px 18px}}
h2{{margin:0 0 10px;font-size:16px}}
.scroll{{overflow-x:auto;margin-top:10px}}
table{{border-collapse:collapse;width:100%;font-size:12.5px;font-variant-numeric:tabular-nums}}
th{{text-align:left;font-weight:600;color:var(--muted);border-bottom:1px solid var(--axis);
white-space:nowrap}}
td{{border-bottom:1px solid var(--rule);vertical-align:top}}
th,td{{padding:4px 12px 4px 0}}
tr:last-child td{{border-bottom:0}}
.n{{text-align:right;white-space:nowrap}}
.n+:not(.n){{padding-left:10px}}
table.few{{width:auto;min-width:55%}}
td{{overflow-wrap:anywhere;min-width:2.5em}}td.n{{overflow-wrap:normal}}
dl{{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:6px 24px;margin:0}}
dl.long{{grid-template-columns:1fr}}
dl.long div{{display:grid;grid-template-columns:110px 1fr}}
dt{{color:var(--muted);font-size:12px}}dd{{margin:0;overflow-wrap:anywhere}}
.figures{{display:flex;flex-wrap:wrap;gap:12px;margin-top:14px}}
.figures div{{flex:1 1 150px;border:1px solid var(--rule);border-radius:8px;padding:8px 12px}}
.figures b{{display:block;font-size:17px;font-weight:620;font-variant-numeric:tabular-nums}}
.figures span{{color:var(--muted);font-size:12px}}
.pass,.good{{color:var(--good)}}.fail,.error,.aborted,.bad{{color:var(--bad)}}
.inconclusive,.warn{{color:var(--warn)}}.muted,.not_set{{color:var(--muted)}}
td .pass,td .fail,td .error,td .aborted,td .inconclusive{{font-weight:600;white-space:nowrap}}
p.note{{margin:10px 0 0;font-size:13px}}
.plots{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:14px}}
.plots.one{{grid-template-columns:minmax(0,1fr)}}
.plots+.plots{{margin-top:14px}}
svg{{width:100%;height:auto;display:block}}
svg text{{font-family:inherit}}
@media print{{
:root{{color-scheme:light;{_colours(LIGHT)};--page:#fff}}
@page{{size:A4;margin:14mm}}
body{{font-size:10.5px}}main{{padding:0;max-width:none}}h1{{font-size:19px}}
header p,dt,.figures span{{font-size:8.5px}}.figures b{{font-size:9.5px}}p.note{{font-size:9.5px}}
dl.short{{grid-template-columns:repeat(4,1fr);gap:3px 16px}}.verdict{{font-size:14px}}
.figures{{gap:8px;margin-top:8px}}.figures div{{flex-basis:100px;padding:5px 8px}}
section{{border:0;border-top:1px solid var(--rule);border-radius:0;
padding:8px 0 2px;margin-top:10px}}
table{{font-size:8.6px}}th,td{{padding:2px 7px 2px 0}}th{{white-space:normal}}
tr,svg,.figures div{{break-inside:avoid}}h2{{break-after:avoid;font-size:13px}}
.plots:not(.one){{grid-template-columns:1fr 1fr}}
.scroll{{overflow:visible}}thead{{display:table-header-group}}
*{{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
}}
"""


def escape(text: str) -> str:
    """A text as text, never as markup; control characters are shown as a box."""
    plain = "".join(c if c.isprintable() or c in "\n\t " else "\ufffd" for c in text)
    return html.escape(plain, quote=True)


class HtmlReport:
    """See the module's first lines."""

    name = "html"
    suffix = ".html"
    media_type = "text/html"

    def render(self, report: RunReport, lang: str) -> bytes:
        """The page."""
        return "".join(self._page(document_of(report, lang))).encode("utf-8", "replace")

    def _page(self, document: Document) -> Iterator[str]:
        title = escape(f"{document.title} · {document.subtitle}")
        yield (
            f'<!doctype html>\n<html lang="{document.lang}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="referrer" content="no-referrer">'
            f"<title>{title}</title><style>{_STYLE}</style></head><body>"
            '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
            '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" '
            'stroke="var(--gap)" stroke-width="2"/></pattern></defs></svg><main>'
        )
        verdict = document.verdict
        yield (
            f"<header><div><p>{escape(document.subtitle)}</p><h1>{escape(document.title)}</h1>"
            f'</div><div class="verdict {verdict.tone}">{escape(verdict.text)}</div></header>'
        )
        yield "<section>"
        for block in document.head:
            yield from self._block(block)
        yield "</section>"
        for section in document.sections:
            yield from self._section(section)
        yield "</main></body></html>\n"

    def _section(self, section: Section) -> Iterator[str]:
        yield f"<section><h2>{escape(section.title)}</h2>"
        for block in section.blocks:
            yield from self._block(block)
        yield "</section>\n"

    @singledispatchmethod
    def _block(self, block: Block) -> Iterator[str]:
        raise TypeError(type(block).__name__)

    @_block.register
    def _(self, block: Table) -> Iterator[str]:
        numbers = [' class="n"' if column.is_number else "" for column in block.columns]
        heads = zip(numbers, block.columns, strict=True)
        few = ' class="few"' if len(numbers) <= FEW else ""
        yield f'<div class="scroll"><table{few}><thead><tr>'
        yield "".join(f"<th{kind} scope=col>{escape(c.title)}</th>" for kind, c in heads)
        yield "</tr></thead><tbody>"
        for row in block.rows:
            cells = zip(numbers, row, strict=True)
            yield f"<tr>{''.join(f'<td{kind}>{_cell(cell)}</td>' for kind, cell in cells)}</tr>\n"
        yield "</tbody></table></div>"

    @_block.register
    def _(self, block: Facts) -> Iterator[str]:
        is_long = max((len(_text(cell)) for _, cell in block.rows), default=0) > 90
        yield f'<dl class="{"long" if is_long else "short"}">'
        for name, cell in block.rows:
            yield f"<div><dt>{escape(name)}</dt><dd>{_cell(cell)}</dd></div>"
        yield "</dl>"

    @_block.register
    def _(self, block: Figures) -> Iterator[str]:
        yield '<div class="figures">'
        for name, text in block.rows:
            yield f"<div><span>{escape(name)}</span><b>{escape(text)}</b></div>"
        yield "</div>"

    @_block.register
    def _(self, block: Note) -> Iterator[str]:
        yield f'<p class="note {block.tone}">{escape(block.text)}</p>'

    @_block.register
    def _(self, block: Pictures) -> Iterator[str]:
        yield f'<div class="plots{" one" if len(block.drawings) == 1 else ""}">'
        for drawing in block.drawings:
            yield from svg(drawing)
        yield "</div>"


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Mark) else cell


def _cell(cell: Cell) -> str:
    if isinstance(cell, Mark):
        return f'<span class="{cell.tone}">{escape(cell.text)}</span>'
    return escape(cell)


# --- pictures ------------------------------------------------------------------------------------


def svg(drawing: Drawing) -> Iterator[str]:
    """A drawing, in colours of the page."""
    limit = f' style="max-width:{drawing.width * 1.35:.0f}px"' if drawing.width < 600 else ""
    yield (
        f'<svg viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img"{limit} '
        f'aria-label="{escape(drawing.title)}"><title>{escape(drawing.title)}</title>'
    )
    for item in drawing.items:
        yield _item(item)
    yield "</svg>\n"


def _ink(style: str) -> str:
    return f"var(--{ink_of(style)})"


def _item(item: Item) -> str:
    if isinstance(item, Line):
        return _line(item)
    if isinstance(item, Area):
        fill = "url(#hatch)" if item.hatched else _ink(item.style)
        return (
            f'<rect x="{item.x:.1f}" y="{item.y:.1f}" width="{item.width:.1f}" '
            f'height="{item.height:.1f}" fill="{fill}" opacity="{item.opacity:g}"/>'
        )
    if isinstance(item, Dot):
        ink = _ink(item.style)
        fill = "var(--card)" if item.hollow else ink
        return (
            f'<circle cx="{item.x:.1f}" cy="{item.y:.1f}" r="{item.radius:g}" fill="{fill}" '
            f'stroke="{ink}"/>'
        )
    return _label(item)


def _line(item: Line) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in item.points)
    dash = ' stroke-dasharray="5 4"' if item.dashed else ""
    return (
        f'<path d="M{path}" fill="none" stroke="{_ink(item.style)}" stroke-width="{item.width:g}" '
        f'stroke-linejoin="round"{dash}/>'
    )


def _label(item: Label) -> str:
    anchor = "" if item.anchor == "start" else f' text-anchor="{item.anchor}"'
    weight = ' font-weight="600"' if item.style == "text" else ""
    return (
        f'<text x="{item.x:.1f}" y="{item.y:.1f}" font-size="{item.size:g}"{anchor}{weight} '
        f'fill="{_ink(item.style)}">{escape(item.text)}</text>'
    )
