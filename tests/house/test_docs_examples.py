"""The documentation agrees with the code: examples parse, links lead somewhere, tables are whole.

A page that falls behind the code fails here, by name.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from ionpy_auto.automation.blocks import ACTIONS, CONDITIONS, STEPS, TRIGGERS, Block
from ionpy_auto.automation.flow_reader import FLOW_KEYS, STEP_KEYS, read_flow
from ionpy_auto.automation.names import LOCAL_UNITS
from ionpy_auto.automation.wiring import CellFile, ChannelFile, read_channel
from ionpy_auto.cli.__main__ import build, words
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.core.files import HOME_FOLDERS, Home
from ionpy_auto.core.registry import Registry
from ionpy_auto.core.settings import Settings
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.engine import Engine
from ionpy_auto.engine.offline import FolderSite
from ionpy_auto.projects.project import ProjectFile
from ionpy_auto.storage.models import DatabaseKind
from ionpy_auto.storage.schema import metadata_of
from ionpy_auto.web.app import create_app
from ionpy_auto.web.problems import CODES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
WORD = re.compile(r"`([^`]+)`")
UPPER = re.compile(r"[A-Z][A-Z_]+")
OWNED_ELSEWHERE = {"settings.md", "architecture.md", "README.md"}
"""Pages that links may name although a partial checkout lacks them."""


def fences(kind: str) -> list[Any]:
    """All code blocks whose first word line is ``kind``, as named cases."""
    return [
        pytest.param(text, id=f"{page.relative_to(DOCS)}-{number}")
        for page in PAGES
        for number, (info, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")))
        if info.strip() == kind
    ]


def page(name: str) -> str:
    """A reference page."""
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """One section of a reference page, without those of the same level behind it."""
    text = page(name)
    found = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert found, f"{name} has no section {title!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(text: str) -> dict[str, str]:
    """First words of the rows of all tables → the row."""
    found = {}
    for line in text.splitlines():
        cells = line.split("|")
        if line.startswith("| `") and len(cells) > 2:
            for word in WORD.findall(cells[1]):
                found[word] = line
    return found


@cache
def demo() -> FolderSite:
    """The demo project: what examples may refer to."""
    findings: list[Finding] = []
    site = FolderSite(ROOT / "projects" / "akku-charakterisierung", findings)
    assert not findings
    return site


# -- examples ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", fences("yaml flow"))
def test_flow_examples_can_be_read_without_findings(text: str) -> None:
    flow, findings = read_flow(text, "example.yaml", demo())
    assert flow is not None, "\n".join(map(str, findings))
    assert not [str(f) for f in findings if f.severity is Severity.ERROR]


@pytest.mark.parametrize("text", fences("json"))
def test_json_examples_are_json(text: str) -> None:
    assert json.loads(text) is not None


@pytest.mark.parametrize("text", fences("python"))
def test_python_examples_compile(text: str) -> None:
    assert ast.parse(text).body


def test_the_channel_example_is_a_channel() -> None:
    example = FENCE.search(section("files.md", "channels/CH1.yaml"))
    assert example
    channel, findings = read_channel(example[2], "CH1.yaml")
    assert channel is not None, "\n".join(map(str, findings))


def test_the_hook_runs_the_check() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"] == "ionpy-auto check"
    assert "check" in words()
    assert re.search(hook["files"], "projects/demo/flows/capacity-check.yaml")
    assert re.search(hook["files"], "rules/messages.yaml")
    assert not re.search(hook["files"], "docs/readme.yaml")


@pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(DOCS))) for p in PAGES])
def test_relative_links_lead_to_a_page_and_a_heading(path: Path) -> None:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    broken = [link for link in LINK.findall(text) if not leads_somewhere(path, link)]
    assert not broken


def leads_somewhere(path: Path, link: str) -> bool:
    if "://" in link or link.startswith("mailto:"):
        return True
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists():
        return target.name in OWNED_ELSEWHERE
    return not anchor or anchor in anchors(target)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Anchors of the headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings)


# -- flows.md ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "registry"),
    [("Steps", STEPS), ("Triggers", TRIGGERS), ("Conditions", CONDITIONS), ("Actions", ACTIONS)],
)
def test_every_block_and_every_parameter_is_described(title: str, registry: Registry[Any]) -> None:
    described = rows(section("flows.md", title))
    assert set(described) == set(registry)
    missing = {
        f"{verb}.{name}"
        for verb, row in described.items()
        for name in parameters(registry.get(verb)) - set(WORD.findall(row))
    }
    assert not missing


def parameters(kind: type[Block]) -> set[str]:
    """What people may write: the schema knows, also where the model differs from the text."""
    hidden = {kind.free_keys} if kind.free_keys else set()
    return set(kind.model_json_schema(by_alias=True).get("properties", {})) - hidden


def test_every_key_of_a_flow_file_and_of_a_step_is_described() -> None:
    assert set(rows(section("flows.md", "Keys of the file"))) == set(FLOW_KEYS)
    steps = section("flows.md", "Keys of a step").split("| key of an end |")[0]
    assert set(rows(steps)) == set(STEP_KEYS)


def test_every_local_name_is_described() -> None:
    described = rows(section("flows.md", "Names in a flow"))
    for name in LOCAL_UNITS:
        group, _, rest = name.partition(".")
        assert rest in WORD.findall(described[f"{group}.*"]), name


# -- rest.md ----------------------------------------------------------------------------------


# Some signatures use a spelling of the web framework that is going away; that is not judged here.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_rest_page_names_exactly_the_served_endpoints(tmp_path: Path) -> None:
    app: Any = create_app(Engine(Home(tmp_path), Settings()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        schema = (await client.get("/schema/openapi.json")).json()
    served = {
        (method.upper(), path)
        for path, operations in schema["paths"].items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }
    pairs = re.findall(r"^\| `([A-Z]+)` \| `(/[^`]+)` \|", page("rest.md"), re.MULTILINE)
    assert len(pairs) == len(set(pairs)), "an endpoint stands twice"
    assert set(pairs) == served


# -- error-codes.md ---------------------------------------------------------------------------


def test_error_codes_page_names_exactly_the_codes_in_the_code() -> None:
    found = {code for folder in ("ionpy_auto", "drivers") for code in codes_in(ROOT / folder)}
    found |= {*CODES.values(), "HTTP_ERROR", "DRIVER_FAILED"}
    assert set(rows(page("error-codes.md"))) == found


def codes_in(folder: Path) -> Iterator[str]:
    """``code="WORD"`` in calls, ``code = "WORD"`` in classes."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                values = [k.value for k in node.keywords if k.arg == "code"]
            elif isinstance(node, ast.ClassDef):
                values = [value for part in node.body if (value := class_code(part)) is not None]
            else:
                continue
            for value in values:
                text = value.value if isinstance(value, ast.Constant) else None
                if isinstance(text, str) and UPPER.fullmatch(text):
                    yield text


def class_code(part: ast.stmt) -> ast.expr | None:
    """The value of ``code = …`` in a class body."""
    if isinstance(part, ast.AnnAssign):
        target: ast.expr = part.target
    elif isinstance(part, ast.Assign):
        target = part.targets[0]
    else:
        return None
    return part.value if isinstance(target, ast.Name) and target.id == "code" else None


# -- database.md and files.md -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "title"), [("project", "Tables of a project"), ("server", "Tables of the server")]
)
def test_database_page_names_every_table_and_column(kind: DatabaseKind, title: str) -> None:
    described = rows(section("database.md", title))
    tables = metadata_of(kind).tables
    assert set(described) == set(tables)
    for name, table in tables.items():
        words_of_row = WORD.findall(described[name])
        assert not {column.name for column in table.columns} - set(words_of_row), name


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("project.json", ProjectFile),
        ("devices.json", DeviceConfig),
        ("channels/CH1.yaml", ChannelFile),
        ("cells/inr18650-25r.yaml", CellFile),
    ],
)
def test_files_page_names_every_key(title: str, model: Any) -> None:
    described = rows(section("files.md", title))
    assert not set(model.model_fields) - set(described)


def test_files_page_names_every_folder_of_home() -> None:
    text = section("files.md", "Home")
    assert not [name for name in HOME_FOLDERS if f"`{name}/" not in text]


# -- command-line.md --------------------------------------------------------------------------


@pytest.mark.parametrize("word", words())
def test_command_line_page_names_every_option(word: str) -> None:
    from typer.main import get_command  # noqa: PLC0415 - slow, only needed here

    group: Any = get_command(build(word))
    command = group.commands[word]
    inner = getattr(command, "commands", {})
    named = {f"{word} {name}": one for name, one in inner.items()} or {word: command}
    for title, one in named.items():
        options = {
            name
            for parameter in one.params
            for name in (*parameter.opts, *parameter.secondary_opts)
            if name.startswith("--") and name != "--help"
        }
        assert options == set(rows(section("command-line.md", f"`{title}`"))), title
