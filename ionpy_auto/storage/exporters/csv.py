"""Comma-separated values for spreadsheets, in English or German dress.

Text cells a spreadsheet would run as formulas get an apostrophe in front; numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from ionpy_auto.storage.exporters import ExportMeta

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


class CsvExporter:
    """One line per sample: Unix time, UTC, session, values, alarm state."""

    name = "csv"
    suffix = ".csv"

    def write(self, rows: Iterator[tuple[Any, ...]], meta: ExportMeta, out: BinaryIO) -> None:
        """Write metadata lines, header, units and rows."""
        german = meta.dialect == "de"
        # Excel takes UTF-8 for Latin-1 unless a mark at the beginning says otherwise.
        encoding = "utf-8-sig" if german else "utf-8"
        text = io.TextIOWrapper(out, encoding=encoding, newline="", write_through=False)
        writer = csv.writer(text, delimiter=";" if german else ",", lineterminator="\r\n")
        for key, value in meta.notes:
            writer.writerow([f"# {key}", harmless(value)])
        entities = [harmless(c.entity) for c in meta.columns]
        writer.writerow(["timestamp", "time_utc", "session_id", *entities, "alarm_state"])
        if meta.units:
            writer.writerow(["s", "", "", *(harmless(c.unit) for c in meta.columns), ""])
        cell = _german_cell if german else _cell
        for row in rows:
            stamp = cell(row[0])
            writer.writerow([stamp, _iso(row[0]), *map(cell, row[1:])])
        text.flush()
        text.detach()


def _iso(timestamp: float) -> str:
    moment = datetime.fromtimestamp(timestamp, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _cell(value: Any) -> Any:  # noqa: ANN401 - a cell holds anything
    return harmless(value) if isinstance(value, str) else value


def _german_cell(value: Any) -> Any:  # noqa: ANN401 - a cell holds anything
    if isinstance(value, float):
        return repr(value).replace(".", ",")
    return harmless(value) if isinstance(value, str) else value
