"""Layouts of a project: what fits, what is refused with its place, and two who save at once."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import (
    BadInput,
    ConfigInvalid,
    Conflict,
    NotFound,
    StaleRevision,
)
from ionpy_auto.projects.layout import judge, read_layout
from ionpy_auto.projects.project import Project, ProjectFile
from ionpy_auto.projects.workspaces import Workspaces

WIDGET = {
    "id": "w1",
    "type": "value",
    "title": "Cell",
    "bindings": {"point": {"source": "DMM_01.cell_v", "type": "point"}},
    "layout": {"x": 0, "y": 0, "w": 2, "h": 2},
    "options": {"precision": 3},
}
PAGE = {"id": "p1", "title": "Bench", "icon": "", "widgets": [WIDGET]}


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def shelf(tmp_path: Path, bus: Bus) -> Workspaces:
    return Workspaces(Project(tmp_path, ProjectFile(name="lab")), bus, SystemClock())


def page(**changes):
    return {**PAGE, **changes}


def widget(**changes):
    return page(widgets=[{**WIDGET, **changes}])


async def test_a_project_without_a_file_has_no_pages_and_can_be_saved(
    shelf: Workspaces, tmp_path: Path
) -> None:
    empty = shelf.active()
    assert empty["pages"] == []
    saved = await shelf.save([PAGE], empty["revision"])
    assert saved["pages"] == [PAGE]
    stored = json.loads((tmp_path / "workspace.json").read_text())
    assert stored == {"schema_version": 1, "pages": [PAGE]}


async def test_the_previous_content_stays_as_bak(shelf: Workspaces, tmp_path: Path) -> None:
    first = await shelf.save([PAGE], shelf.active()["revision"])
    await shelf.save([], first["revision"])
    assert json.loads((tmp_path / "workspace.json.bak").read_text())["pages"] == [PAGE]


async def test_who_saves_second_is_refused_and_gets_what_is_there(shelf: Workspaces) -> None:
    read = shelf.active()["revision"]
    first = await shelf.save([PAGE], read)
    with pytest.raises(StaleRevision) as refused:
        await shelf.save([page(title="Mine")], read)
    assert refused.value.arguments["current"]["pages"] == [PAGE]
    again = await shelf.save([page(title="Mine")], first["revision"])
    assert again["pages"][0]["title"] == "Mine"


async def test_a_widget_of_an_unknown_type_is_kept(shelf: Workspaces) -> None:
    odd = widget(type="hologram", options={"depth": {"of": [1, 2]}})
    await shelf.save([odd], shelf.active()["revision"])
    assert shelf.active()["pages"] == [odd]


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        (page(title=""), "pages.0.title"),
        (page(colour="red"), "pages.0.colour"),
        (page(widgets={}), "pages.0.widgets"),
        (widget(type="../x"), "pages.0.widgets.0.type"),
        (widget(layout={"x": 12, "y": 0, "w": 1, "h": 1}), "pages.0.widgets.0.layout.x"),
        (widget(layout={"x": 11, "y": 0, "w": 2, "h": 1}), "pages.0.widgets.0.layout"),
        (widget(layout={"x": True, "y": 0, "w": 2, "h": 1}), "pages.0.widgets.0.layout.x"),
        (widget(layout={"x": 0, "y": 0, "w": "2", "h": 1}), "pages.0.widgets.0.layout.w"),
        (
            widget(bindings={"point": {"source": 5, "type": "point"}}),
            "pages.0.widgets.0.bindings.point.source",
        ),
        (page(widgets=[WIDGET, WIDGET]), "pages.0.widgets.1.id"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(broken: dict[str, object], path: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        judge({"pages": [broken]}, "pages")
    assert refused.value.findings[0].path == path


def test_a_broken_file_names_the_line(shelf: Workspaces, tmp_path: Path) -> None:
    text = json.dumps({"schema_version": 1, "pages": [PAGE, widget(type=5)]}, indent=1)
    (tmp_path / "workspace.json").write_text(text)
    shown = shelf.active()
    assert shown["pages"] == []
    found = {finding["path"]: finding["line"] for finding in shown["findings"]}
    line = next(n for n, row in enumerate(text.splitlines(), 1) if '"type": 5' in row)
    assert found["pages.1.widgets.0.type"] == line
    assert f"workspace.json:{line}" in shown["problem"]["message"]


def test_text_that_is_no_json_names_line_and_column(shelf: Workspaces, tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text('{"pages": [\n  {,}\n]}')
    finding = shelf.active()["findings"][0]
    assert (finding["line"], finding["column"]) == (2, 4)


async def test_what_nobody_can_read_is_kept_when_new_pages_are_saved(
    shelf: Workspaces, tmp_path: Path
) -> None:
    (tmp_path / "workspace.json").write_text("{ half")
    await shelf.save([PAGE], shelf.active()["revision"])
    assert (tmp_path / "workspace.json.corrupt").read_text() == "{ half"


async def test_a_file_of_a_newer_program_is_never_rewritten(
    shelf: Workspaces, tmp_path: Path
) -> None:
    text = '{"schema_version": 2, "pages": []}'
    (tmp_path / "workspace.json").write_text(text)
    shown = shelf.active()
    assert shown["problem"]["code"] == "NEWER_SCHEMA"
    with pytest.raises(ConfigInvalid, match="newer version"):
        await shelf.save([PAGE], shown["revision"])
    assert (tmp_path / "workspace.json").read_text() == text


def test_a_file_written_by_hand_gets_ids(shelf: Workspaces, tmp_path: Path) -> None:
    text = '{"pages": [{"title": "A", "widgets": [{"type": "value"}, {"type": "chart"}]}]}'
    (tmp_path / "workspace.json").write_text(text)
    widgets = shelf.active()["pages"][0]["widgets"]
    assert len({one["id"] for one in widgets}) == 2


async def test_a_change_of_the_file_on_disk_is_told_once(tmp_path: Path) -> None:
    told = []
    bus, clock = Bus(), VirtualClock(0.0)
    bus.tap("event/workspace_changed", lambda event: told.append(event.payload["revision"]))
    shelf = Workspaces(Project(tmp_path, ProjectFile(name="lab")), bus, clock)
    shelf.start()
    await clock.sleep(5)
    assert told == []
    (tmp_path / "workspace.json").write_text('{"pages": []}')
    await clock.sleep(5)
    assert told == [shelf.active()["revision"]]
    saved = await shelf.save([PAGE], told[0])
    await clock.sleep(5)
    assert told[1:] == [saved["revision"]]
    await shelf.stop()


async def test_a_layout_is_kept_listed_renamed_and_deleted(shelf: Workspaces) -> None:
    await shelf.keep("Ageing test", [PAGE])
    assert [(row["name"], row["widgets"]) for row in shelf.list()] == [("Ageing test", 1)]
    await shelf.rename("Ageing test", "Langzeit für Zelle 5")
    assert shelf.get("Langzeit für Zelle 5")["pages"] == [PAGE]
    shelf.delete("Langzeit für Zelle 5")
    assert shelf.list() == []
    with pytest.raises(NotFound):
        shelf.get("Ageing test")


async def test_a_taken_name_is_refused_in_any_case_until_replaced(shelf: Workspaces) -> None:
    await shelf.keep("Bench", [PAGE])
    with pytest.raises(Conflict):
        await shelf.keep("bench", [])
    with pytest.raises(Conflict):
        await shelf.keep("Bench", [])
    await shelf.keep("Bench", [], replace=True)
    assert shelf.get("Bench")["pages"] == []


@pytest.mark.parametrize(
    "name", ["", " a", "..", "../x", "a/b", "a\\b", ".hidden", "con", "active", "a\0b", "x" * 65]
)
async def test_a_name_that_could_leave_the_folder_is_refused(shelf: Workspaces, name: str) -> None:
    with pytest.raises(BadInput):
        await shelf.keep(name, [])
    with pytest.raises(BadInput):
        shelf.get(name)
    with pytest.raises(BadInput):
        shelf.delete(name)


def test_one_broken_layout_does_not_hide_the_others(shelf: Workspaces, tmp_path: Path) -> None:
    (tmp_path / "workspaces").mkdir()
    (tmp_path / "workspaces" / "good.json").write_text('{"pages": []}')
    (tmp_path / "workspaces" / "bad.json").write_text("[]")
    rows = {row["name"]: row["error"] for row in shelf.list()}
    assert rows["good"] == ""
    assert "bad.json" in rows["bad"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pages", "widgets", "id", "type", "title", "layout", "x", "options"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def read_or_none(text):
    """A layout, or None when it was refused as it should be."""
    try:
        return read_layout(text, "workspace.json")
    except ConfigInvalid as error:
        if error.findings or error.error_code == "NEWER_SCHEMA":
            return None
        raise


@given(st.fixed_dictionaries({"pages": JSON | st.lists(JSON, max_size=2)}) | JSON)
def test_any_json_is_read_or_refused_with_a_finding(content: object) -> None:
    layout = read_or_none(json.dumps(content))
    if layout is not None:
        again = json.dumps(layout.model_dump(mode="json"))
        assert read_layout(again, "workspace.json") == layout


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    layout = read_or_none(text)
    assert layout is None or not layout.pages


def test_very_deep_json_is_refused_and_not_followed() -> None:
    deep = '{"pages": [{"title": "t", "widgets": [{"type": "v", "options": {"a": '
    for levels in (30, 100_000):
        with pytest.raises(ConfigInvalid):
            read_layout(deep + "[" * levels + "]" * levels + "}}]}]}", "workspace.json")
