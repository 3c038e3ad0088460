"""JSON for programs: ``{meta, columns, rows}``, a row per line, numbers as they were stored."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from ionpy_auto.storage.exporters import ExportMeta


class JsonExporter:
    """Rows are ``[time, session, values…, alarm state]``; ``columns`` names and explains them."""

    name = "json"
    suffix = ".json"

    def write(self, rows: Iterator[tuple[Any, ...]], meta: ExportMeta, out: BinaryIO) -> None:
        """Write one JSON object, a row at a time."""
        encode = msgspec.json.Encoder().encode
        about = {
            "device": meta.device,
            "session": meta.session,
            "created": meta.created,
            **dict(meta.notes),
        }
        columns = [
            {"name": "timestamp", "unit": "s", "kind": "time"},
            {"name": "session_id", "unit": "", "kind": "id"},
            *(
                {"name": c.entity, "unit": c.unit, "kind": c.kind, "bits": c.bits}
                for c in meta.columns
            ),
            {"name": "alarm_state", "unit": "", "kind": "enum"},
        ]
        out.write(b'{"meta":' + encode(about) + b',\n"columns":' + encode(columns) + b',\n"rows":[')
        separator = b"\n"
        for row in rows:
            out.write(separator + encode(row))
            separator = b",\n"
        out.write(b"\n]}\n")
