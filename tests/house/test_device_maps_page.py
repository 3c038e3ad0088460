"""The page about device maps names every key with default and meaning; its example is a driver."""

import re
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from drivers.generic_scpi.driver import GenericScpi
from drivers.generic_scpi.points import Identify, ScpiPoint, ScpiProtocol
from ionpy_auto.devices.maps import KINDS, EntityPart, Head, read_map
from ionpy_auto.devices.maps.models import BlueprintPart, LimitsPart, ProtectionPart, SafePart
from ionpy_auto.testing.conformance import check_driver

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECTIONS: dict[str, type[BaseModel]] = {
    "Top": Head,
    "blueprints": BlueprintPart,
    "protection": ProtectionPart,
    "Every entity": EntityPart,
    "safe": SafePart,
    "limits": LimitsPart,
    **{f"kind: {kind}": model for kind, model in KINDS.items() if kind != "action"},
    "generic_scpi: protocol": ScpiProtocol,
    "identify": Identify,
    "generic_scpi: entities": ScpiPoint,
}
OWN = {"blueprints", "protection", "safe", "limits", "identify"}


def table(model: type[BaseModel]) -> str:
    """The keys of a model as they stand on the page; what a kind shares stands elsewhere."""
    shared = EntityPart.model_fields if issubclass(model, EntityPart) else {}
    rows = [
        f"| `{name}` | {default(field)} | {meaning(name, field)} |"
        for name, field in model.model_fields.items()
        if model is EntityPart or name not in shared
    ]
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows])


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, BaseModel) or value is None or value in ((), {}, ""):
        return ""
    if isinstance(value, Enum):
        value = value.value
    shown = str(value).lower() if isinstance(value, bool) else value
    return f"`{shown[0] if isinstance(shown, tuple) else shown}`"


def meaning(name: str, field: FieldInfo) -> str:
    words = [field.description or ""]
    options = re.findall(r"'([A-Za-z]+)'", str(field.annotation))
    if "Literal" in str(field.annotation):
        words.append(", ".join(f"`{option}`" for option in options))
    elif isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        words.append(", ".join(f"`{option.value}`" for option in field.annotation))
    if name in OWN:
        words.append(f"[Keys](#{name})")
    return " ".join(word for word in words if word).replace("|", "/")


def section(title: str) -> str:
    text = (DOCS / "reference" / "device-maps.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


@pytest.mark.parametrize("title", SECTIONS)
def test_the_page_names_every_key_as_the_models_have_it(title: str) -> None:
    assert table(SECTIONS[title]) in section(title)


def test_the_example_of_the_guide_is_a_driver_without_findings() -> None:
    guide = (DOCS / "how-to" / "describe-a-device-in-yaml.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml device\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert examples
    for text in examples:
        described, findings = read_map(text, "example")
        assert described is not None, findings
        check_driver(GenericScpi.from_map(described))
