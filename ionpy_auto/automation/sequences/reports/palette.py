"""Colours of a report by what they mean, on light and on dark ground."""

from collections.abc import Mapping
from typing import Final

LIGHT: Final[Mapping[str, str]] = {
    "page": "#f4f6f8",
    "card": "#ffffff",
    "ink": "#17202a",
    "muted": "#5b6773",
    "rule": "#d9dfe5",
    "grid": "#e8ecf0",
    "axis": "#98a4b0",
    "voltage": "#1d4ed8",
    "current": "#b45309",
    "temp": "#be123c",
    "charge": "#047857",
    "discharge": "#7c3aed",
    "rest": "#94a3b8",
    "limit": "#dc2626",
    "predicted": "#64748b",
    "gap": "#94a3b8",
    "on": "#ffffff",
    "good": "#047857",
    "warn": "#a16207",
    "bad": "#b91c1c",
    "r0": "#4f46e5",
    "r1": "#2563eb",
    "r2": "#0e7490",
    "r3": "#047857",
    "r4": "#a16207",
    "r5": "#c2410c",
}
DARK: Final[Mapping[str, str]] = {
    "page": "#0d1117",
    "card": "#161b22",
    "ink": "#e6edf3",
    "muted": "#9aa7b4",
    "rule": "#2d3640",
    "grid": "#232b34",
    "axis": "#56626e",
    "voltage": "#60a5fa",
    "current": "#fbbf24",
    "temp": "#fb7185",
    "charge": "#34d399",
    "discharge": "#a78bfa",
    "rest": "#5b6875",
    "limit": "#f87171",
    "predicted": "#94a3b8",
    "gap": "#64748b",
    "on": "#0d1117",
    "good": "#34d399",
    "warn": "#fbbf24",
    "bad": "#f87171",
    "r0": "#818cf8",
    "r1": "#60a5fa",
    "r2": "#22d3ee",
    "r3": "#34d399",
    "r4": "#facc15",
    "r5": "#fb923c",
}
INKS: Final[Mapping[str, str]] = {
    "text": "ink",
    "pass": "good",
    "inconclusive": "warn",
    "fail": "bad",
    "aborted": "bad",
    "error": "bad",
    "not_set": "muted",
}
"""Styles that are drawn in the colour of another."""


def ink_of(style: str) -> str:
    """The name of a style's colour.

    >>> ink_of("fail"), ink_of("voltage")
    ('bad', 'voltage')
    """
    return INKS.get(style, style)
