"""Every help text of the flow format is there in German, and the table holds nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

from ionpy_auto.automation.schema import flow_schema

TABLE = Path(__file__).parents[2] / "ui" / "src" / "features" / "flows" / "panel" / "help.ts"
ROW = re.compile(r"^  '((?:[^'\\]|\\.)*)': '((?:[^'\\]|\\.)*)',$", re.MULTILINE)


def help_texts(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        text = part.get("description")
        if isinstance(text, str):
            yield text.split("\n")[0]
        for inner in part.values():
            yield from help_texts(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from help_texts(inner)


def test_every_help_text_of_the_schema_stands_in_the_table() -> None:
    rows = {one.replace("\\'", "'"): two for one, two in ROW.findall(TABLE.read_text("utf-8"))}
    texts = set(help_texts(flow_schema()))
    assert texts - rows.keys() == set()
    assert rows.keys() - texts == set()
    assert [english for english, german in rows.items() if not german.strip()] == []
