"""Templates and blocks of the flow editor against the server that reads what they make."""

import re
from pathlib import Path
from typing import Any

import pytest

from ionpy_auto.core.files import shipped_path
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
FLOWS = Path(shipped_path("ui")) / "src" / "features" / "flows"
TEMPLATES = sorted((FLOWS / "templates").glob("*.yaml"))
GIVEN = {"id": "made", "title": "Made", "channel": "CH1", "cell": "cells/inr18650-25r"}


def filled(text: str) -> str:
    """A template as the form leaves it when nobody changes a value."""
    values = dict(re.findall(r"^#: (\w+) = (.+)$", text, re.MULTILINE)) | GIVEN
    body = re.sub(r"^#: .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"%(\w+)%", lambda found: values[found[1]], body)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_the_check_finds_nothing_in_a_template(server: Server, path: Path) -> None:
    draft = {"text": filled(path.read_text(encoding="utf-8")), "edits": [], "file": ""}
    answer = server.call("POST", "/api/flow-edit", draft)
    assert answer["findings"] == []
    assert answer["ok"]


def verbs(schema: dict[str, Any], kind: str) -> set[str]:
    """Verbs that may stand in a list of this kind."""
    found: set[str] = set()
    for option in schema["$defs"][kind]["anyOf"]:
        found |= {option["const"]} if "const" in option else set(option.get("required", ())[:1])
    return found


@pytest.mark.parametrize("kind", ["step", "action", "trigger", "condition"])
def test_every_verb_of_the_language_can_be_added(server: Server, kind: str) -> None:
    source = (FLOWS / "palette" / "blocks.ts").read_text(encoding="utf-8")
    offered = set(re.findall(r"^  of\('\w+', [\w\[\]']+, '(\w+)'", source, re.MULTILINE))
    assert verbs(server.call("GET", "/api/flow-schema"), kind) <= offered
