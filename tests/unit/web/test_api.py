"""REST as programs and browsers use it, through the guard and the framework."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest

from ionpy_auto.core.commands import Mode
from ionpy_auto.web.guard import HEADERS
from tests.conftest import DEMO

SHAPE = {"error", "code", "message", "hint", "args"}
ABSENT = {
    "id": "RIDEN",
    "driver": "riden_rd60xx",
    "transport": {"type": "serial", "port": "/dev/ttyNONE7", "baudrate": 115200},
}
VIRTUAL = {"driver": "virtual_meter", "transport": {"type": "virtual"}, "params": {"bench": "B"}}


def refused(answer, status, code):
    """A refusal in the one form, with that status and code."""
    content = answer.json()
    assert (answer.status_code, content["code"]) == (status, code), content
    assert content.keys() - {"findings"} == SHAPE
    assert content["error"] == code
    assert content["message"]
    return content


async def real_project(api):
    """A new, empty project that is not simulated, open."""
    made = (await api.post("/api/projects", json={"name": "Real"})).json()
    await api.post(f"/api/projects/{made['id']}/open")
    return made


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/nothing", None, 404, "NOT_FOUND"),
        ("GET", "/api", None, 404, "NOT_FOUND"),
        ("GET", "/api/devices/NONE", None, 404, "DEVICE_NOT_FOUND"),
        ("GET", "/api/devices/PSU_01/entities/none", None, 404, "ENTITY_NOT_FOUND"),
        ("DELETE", "/api/health", None, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/api/control", {"device_id": "PSU_01"}, 400, "BAD_INPUT"),
        ("POST", "/api/control", {"device_id": "X", "key": "v", "value": 1}, 404, None),
        ("POST", "/api/projects", {"name": 5}, 400, "BAD_INPUT"),
        ("POST", "/api/projects", {"name": "   "}, 400, "CONFIG_INVALID"),
        ("POST", "/api/projects", {"name": "x" * 201}, 400, "BAD_INPUT"),
        ("POST", "/api/projects", {"name": "x", "path": "/etc"}, 400, "BAD_INPUT"),
        ("GET", "/api/projects/none", None, 404, "NOT_FOUND"),
        ("GET", "/api/audit?limit=0", None, 400, "BAD_INPUT"),
        ("GET", "/api/audit?before=99999999999999999999", None, 400, "BAD_INPUT"),
        ("GET", "/api/projects/active/sessions/99999999999999999999", None, 400, "BAD_INPUT"),
        ("GET", "/api/projects/active/sessions/77", None, 404, "NOT_FOUND"),
        ("POST", "/api/projects/active/sessions/stop", None, 404, "NO_SESSION"),
        ("GET", "/api/history/PSU_01/v_out?from=nan", None, 400, "BAD_INPUT"),
        ("GET", "/api/history/PSU_01/v_out?from=inf", None, 400, "BAD_INPUT"),
        ("POST", "/api/admin/rearm", {"reason": ""}, 400, "BAD_INPUT"),
        ("POST", "/api/admin/rearm", {"reason": "    "}, 409, "REASON_REQUIRED"),
        ("POST", "/api/admin/mode", {"mode": "armed"}, 409, "SIMULATED"),
        ("POST", "/api/admin/mode", {"mode": "simulate"}, 400, "BAD_INPUT"),
    ],
)
async def test_refusals_have_one_form(api, method, path, body, status, code):
    answer = await api.request(method, path, json=body)
    refused(answer, status, code or answer.json()["code"])


async def test_half_a_surrogate_is_no_text(api):
    body = b'{"name":"\\ud800"}'
    answer = await api.post(
        "/api/projects", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400


async def test_a_wrong_method_names_the_right_ones(api):
    assert "GET" in (await api.put("/api/health")).headers["allow"]


async def test_without_a_project_everything_about_it_is_unavailable(bare):
    for path in ("/api/devices", "/api/projects/active", "/api/projects/active/sessions"):
        refused(await bare.get(path), 503, "NO_PROJECT")
    body = {"device_id": "PSU_01", "key": "output", "value": True}
    refused(await bare.post("/api/control", json=body), 503, "NO_PROJECT")
    refused(await bare.post("/api/projects/active/close"), 503, "NO_PROJECT")


async def test_an_unknown_page_is_the_page_of_the_ui_and_an_unknown_call_is_not(bare):
    browser = {"accept": "text/html,*/*"}
    page = await bare.get("/devices/PSU_01", headers=browser)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    refused(await bare.get("/api/nothing", headers=browser), 404, "NOT_FOUND")
    refused(await bare.get("/devices/PSU_01", headers={"accept": "*/*"}), 404, "NOT_FOUND")
    assert (await bare.get("/assets/none.js", headers=browser)).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/api/health", "/api/nothing", "/docs", "/schema", "/assets/x", "/devices"]
)
async def test_every_answer_carries_the_security_headers(bare, path):
    headers = (await bare.get(path)).headers
    assert {k: headers.get(k.decode()) for k, _ in HEADERS} == {k: v.decode() for k, v in HEADERS}


async def test_an_unexpected_defect_tells_nothing_about_itself(bare, monkeypatch):
    def broken():
        raise RuntimeError("secret")

    monkeypatch.setattr(bare.engine, "status", broken)
    answer = await bare.get("/api/system/status")
    refused(answer, 500, "INTERNAL_ERROR")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../pyproject.toml",
        "/assets/..%2f..%2f..%2fpyproject.toml",
        "/static/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/..%5c..%5cpyproject.toml",
        "/assets/x%00.js",
        "/assets/con",
        "/docs/../guard.py",
        "/docs/..%2fguard.py",
        "/docs/__init__.py",
        "/api/projects/..%2f..%2fetc",
    ],
)
async def test_no_path_leads_out_of_its_folder(bare, path):
    answer = await bare.get(path)
    assert answer.status_code in {400, 404}
    assert "root:" not in answer.text
    assert "hatchling" not in answer.text


# --- projects -------------------------------------------------------------------------------


async def test_names_become_safe_folders_and_collisions_get_a_number(bare):
    slugs = [
        (await bare.post("/api/projects", json={"name": name})).json()["slug"]
        for name in ("Akku-Prüfung Größe 1", "Akku Pruefung groesse 1", "../../etc", "CON", "日本")
    ]
    assert slugs[:3] == ["akku-pruefung-groesse-1", "akku-pruefung-groesse-1-2", "etc"]
    assert all(s.startswith("project-") for s in slugs[3:])


async def test_a_project_is_created_opened_switched_closed_and_deleted(bare):
    first = await bare.post("/api/projects", json={"name": "First", "description": "d"})
    assert first.status_code == 201
    one = first.json()
    two = (await bare.post("/api/projects", json={"name": "Second"})).json()
    assert (one["is_open"], one["shipped"], one["mode"]) == (False, False, "shadow")
    assert (await bare.post(f"/api/projects/{one['id']}/open")).json()["is_open"]
    assert (await bare.get("/api/projects/active")).json()["devices"] == 0
    await bare.post(f"/api/projects/{two['slug']}/open")
    assert (await bare.get("/api/projects/active")).json()["id"] == two["id"]
    refused(await bare.delete(f"/api/projects/{two['id']}"), 409, "PROJECT_OPEN")
    assert (await bare.delete(f"/api/projects/{one['id']}")).status_code == 204
    refused(await bare.get(f"/api/projects/{one['id']}"), 404, "NOT_FOUND")
    assert (await bare.post("/api/projects/active/close")).json() == {"closed": True}
    assert (await bare.delete(f"/api/projects/{two['id']}")).status_code == 204
    home = bare.engine.home.root / "projects"
    assert [path.name for path in home.iterdir()] == []


async def test_a_project_is_described_while_open_and_while_closed(api):
    changes = {"name": "Renamed", "notes": "n", "tags": ["a"]}
    assert (
        changes.items() <= (await api.patch(f"/api/projects/{DEMO}", json=changes)).json().items()
    )
    assert (await api.get("/api/projects/active")).json()["name"] == "Renamed"
    await api.post("/api/projects/active/close")
    await api.patch(f"/api/projects/{DEMO}", json={"author": "me"})
    shown = (await api.get(f"/api/projects/{DEMO}")).json()
    assert (shown["name"], shown["author"]) == ("Renamed", "me")
    refused(await api.patch(f"/api/projects/{DEMO}", json={"name": " "}), 400, "CONFIG_INVALID")


async def test_a_shipped_project_is_copied_when_opened_and_not_before(bare):
    home = bare.engine.home.root / "projects"
    assert (await bare.get(f"/api/projects/{DEMO}")).json()["shipped"]
    refused(await bare.delete(f"/api/projects/{DEMO}"), 409, "SHIPPED")
    assert not list(home.iterdir())
    opened = (await bare.post(f"/api/projects/{DEMO}/open")).json()
    assert (opened["shipped"], opened["mode"], (home / DEMO).is_dir()) == (False, "simulate", True)
    listed = (await bare.get("/api/projects")).json()["items"]
    assert [(p["slug"], p["shipped"]) for p in listed] == [(DEMO, False)]


async def test_a_duplicate_has_the_devices_but_neither_the_data_nor_the_id(api):
    await api.post("/api/projects/active/sessions/start", json={})
    answer = await api.post(f"/api/projects/{DEMO}/duplicate", json={"name": "Kopie Ä"})
    copy = answer.json()
    original = (await api.get(f"/api/projects/{DEMO}")).json()
    assert (answer.status_code, copy["slug"]) == (201, "kopie-ae")
    assert copy["id"] != original["id"]
    await api.post(f"/api/projects/{copy['id']}/open")
    assert (await api.get("/api/projects/active")).json()["devices"] == 3
    assert (await api.get("/api/projects/active/sessions")).json()["total"] == 0


async def test_a_refused_duplicate_leaves_nothing_behind(api):
    answer = await api.post(f"/api/projects/{DEMO}/duplicate", json={"name": "  "})
    refused(answer, 400, "CONFIG_INVALID")
    assert (await api.get("/api/projects")).json()["total"] == 1


async def test_a_project_of_a_newer_version_is_refused_and_untouched(bare):
    made = (await bare.post("/api/projects", json={"name": "New"})).json()
    path = bare.engine.home.root / "projects" / made["slug"] / "project.json"
    text = json.dumps({**json.loads(path.read_text()), "schema_version": 99, "later": [1]})
    path.write_text(text)
    for name in (made["slug"], made["id"]):
        refused(await bare.post(f"/api/projects/{name}/open"), 400, "NEWER_SCHEMA")
        refused(await bare.delete(f"/api/projects/{name}"), 400, "NEWER_SCHEMA")
    assert path.read_text() == text
    assert "newer version" in (await bare.get("/api/projects")).json()["broken"][made["slug"]]


async def test_broken_projects_are_listed_and_stop_nothing(bare):
    home = bare.engine.home.root / "projects"
    texts = {"cut": '{"name": "x"', "list": "[]", "field": '{"name": 5}', "bytes": "\x00"}
    for name, text in texts.items():
        (home / name).mkdir()
        (home / name / "project.json").write_text(text)
    await bare.post("/api/projects", json={"name": "Good"})
    content = (await bare.get("/api/projects")).json()
    assert content["broken"].keys() == texts.keys()
    assert "good" in {project["slug"] for project in content["items"]}
    refused(await bare.post("/api/projects/cut/open"), 400, "CONFIG_INVALID")


async def test_a_folder_copied_by_hand_is_not_mistaken_for_its_original(bare):
    made = (await bare.post("/api/projects", json={"name": "Aaa"})).json()
    home = bare.engine.home.root / "projects"
    (home / "copied").mkdir()
    (home / "copied" / "project.json").write_text((home / "aaa" / "project.json").read_text())
    assert "same id as aaa" in (await bare.get("/api/projects")).json()["broken"]["copied"]
    refused(await bare.post("/api/projects/copied/open"), 400, "SAME_ID")
    assert (await bare.get(f"/api/projects/{made['id']}")).json()["slug"] == "aaa"


async def test_what_a_crash_left_half_copied_is_no_project(bare):
    made = (await bare.post("/api/projects", json={"name": "Whole"})).json()
    home = bare.engine.home.root / "projects"
    for name in (".whole-2.part", ".gone.deleted"):
        (home / name).mkdir()
        (home / name / "project.json").write_text((home / "whole" / "project.json").read_text())
    listed = (await bare.get("/api/projects")).json()
    mine = [p["id"] for p in listed["items"] if not p["shipped"]]
    assert (mine, listed["broken"]) == ([made["id"]], {})


async def test_a_project_that_cannot_be_opened_leaves_the_server_usable(bare):
    made = (await bare.post("/api/projects", json={"name": "Bad"})).json()
    path = bare.engine.home.root / "projects" / made["slug"] / "devices.json"
    path.write_text('{"devices": 5}')
    refused(await bare.post(f"/api/projects/{made['id']}/open"), 400, "CONFIG_INVALID")
    refused(await bare.get("/api/projects/active"), 503, "NO_PROJECT")
    assert (await bare.post(f"/api/projects/{DEMO}/open")).status_code == 200


# --- devices --------------------------------------------------------------------------------


async def test_devices_are_added_changed_and_removed_while_everything_runs(api):
    added = await api.post("/api/devices", json={"id": "DMM_2", **VIRTUAL})
    assert added.status_code == 201
    changed = await api.put("/api/devices/DMM_2", json={**VIRTUAL, "alias": "Second"})
    assert changed.json()["alias"] == "Second"
    off = await api.patch("/api/devices/DMM_2/enabled", json={"enabled": False})
    assert (off.json()["state"], off.json()["enabled"]) == ("disabled", False)
    path = api.engine.project.project.devices_path
    assert [d["id"] for d in json.loads(path.read_text())["devices"]][-1] == "DMM_2"
    assert (await api.delete("/api/devices/DMM_2")).status_code == 204
    refused(await api.get("/api/devices/DMM_2"), 404, "DEVICE_NOT_FOUND")
    assert "DMM_2" not in path.read_text()


async def test_an_id_is_taken_once(api):
    refused(
        await api.post("/api/devices", json={"id": "PSU_01", **VIRTUAL}), 409, "DEVICE_DUPLICATE"
    )
    refused(await api.post("/api/devices", json={"id": "CH1", **VIRTUAL}), 409, "DEVICE_DUPLICATE")


async def test_ids_that_look_alike_are_different_devices(api):
    for name in ("PSU-1", "PSU_1", "psu_1"):
        assert (await api.post("/api/devices", json={"id": name, **VIRTUAL})).status_code == 201
    await api.delete("/api/devices/PSU_1")
    ids = {device["id"] for device in (await api.get("/api/devices")).json()["items"]}
    assert {"PSU-1", "psu_1"} <= ids
    assert "PSU_1" not in ids


async def test_absent_hardware_is_added_and_is_offline(bare):
    await real_project(bare)
    added = await bare.post("/api/devices", json=ABSENT)
    assert added.status_code == 201
    for _ in range(100):
        shown = (await bare.get("/api/devices/RIDEN")).json()
        if shown["state"] == "offline" and shown["hint"]:
            break
        await asyncio.sleep(0.02)
    assert shown["state"] == "offline"
    assert "ttyNONE7" in shown["hint"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"polling_interval_ms": "500"}, "device"),
        ({"enabled": "yes"}, "device"),
        ({"colour": "red"}, "device.colour"),
        ({"transport": {"port": "x"}}, "device.transport"),
        ({"id": "a/../b"}, "id"),
        ({"id": "x' OR 1=1; --"}, "id"),
        ({"id": ""}, "device.id"),
        ({"polling_interval_ms": 1}, "device.polling_interval_ms"),
    ],
)
async def test_a_wrong_field_is_named(api, change, path):
    answer = await api.post("/api/devices", json={"id": "NEW", **VIRTUAL, **change})
    content = refused(answer, 400, "CONFIG_INVALID")
    assert content["findings"][0]["path"].startswith(path)
    assert (await api.get("/api/devices")).json()["total"] == 3


async def test_an_unknown_driver_leaves_nothing_behind(api):
    answer = await api.post("/api/devices", json={"id": "NEW", **VIRTUAL, "driver": "none"})
    assert 400 <= answer.status_code < 500, answer.text
    assert (await api.get("/api/devices")).json()["total"] == 3


async def test_the_id_of_a_device_never_changes(api):
    answer = await api.put("/api/devices/DMM_01", json={**VIRTUAL, "id": "OTHER"})
    refused(answer, 400, "BAD_INPUT")


# --- values and writes ----------------------------------------------------------------------


async def test_a_value_has_unit_quality_and_time(api):
    value = (await api.get("/api/devices/DMM_01/entities/cell_v")).json()
    assert value.keys() == {"value", "unit", "quality", "timestamp", "alarm_state", "reason"}
    assert (value["unit"], value["quality"], value["alarm_state"]) == ("V", "good", "NORMAL")


async def test_a_write_is_read_back_and_audited(api):
    answer = await api.put("/api/devices/PSU_01/entities/v_set", json={"value": 3.5})
    expected = {"kind": "done", "requested": 3.5, "sent": 3.5, "read_back": 3.5}
    assert answer.json() == expected
    line = (await api.get("/api/audit")).json()["items"][0]
    assert (line["device"], line["entity"], line["result"]) == ("PSU_01", "v_set", "done")
    assert (line["requested"], line["sent"], line["read_back"]) == (3.5, 3.5, 3.5)


@pytest.mark.parametrize(
    ("key", "value", "status", "code"),
    [
        ("v_set", 60.1, 422, None),
        ("v_set", -1, 422, None),
        ("v_set", "3.5", 400, None),
        ("v_set", True, 400, None),
        ("output", 1, 400, None),
        ("output", "on", 400, None),
        ("v_set", None, 400, "BAD_INPUT"),
        ("v_set", [1], 400, "BAD_INPUT"),
        ("v_out", 1, 422, "READ_ONLY"),
        ("none", 1, 404, "ENTITY_NOT_FOUND"),
    ],
)
async def test_a_wrong_write_is_refused_and_nothing_is_sent(api, key, value, status, code):
    before = (await api.get("/api/devices/PSU_01/entities/v_set")).json()["value"]
    answer = await api.post(
        "/api/control", json={"device_id": "PSU_01", "key": key, "value": value}
    )
    refused(answer, status, code or answer.json()["code"])
    assert api.engine.project.gate.counts["done"] == 0
    assert (await api.get("/api/devices/PSU_01/entities/v_set")).json()["value"] == before


async def test_an_owned_output_names_its_owner(api):
    api.engine.project.gate.leases.acquire("run:7", ["PSU_01.*"])
    body = {"device_id": "PSU_01", "key": "v_set", "value": 1.0}
    content = refused(await api.post("/api/control", json=body), 409, "OWNED")
    assert content["args"]["owner"] == "run:7"
    for method, path in (("DELETE", ""), ("POST", "/disconnect")):
        refused(await api.request(method, f"/api/devices/PSU_01{path}"), 409, "OWNED")


async def test_a_shadow_project_sends_nothing_until_it_is_armed(bare):
    await real_project(bare)
    assert (await bare.post("/api/admin/mode", json={"mode": "armed"})).json()["mode"] == "armed"
    assert bare.engine.project.mode.mode is Mode.ARMED
    await bare.post("/api/admin/panic", json={"reason": "smoke"})
    assert bare.engine.project.mode.mode is Mode.SHADOW
    refused(await bare.post("/api/admin/mode", json={"mode": "armed"}), 409, "PANIC_LATCHED")


# --- panic ----------------------------------------------------------------------------------


async def test_panic_switches_off_latches_and_needs_a_reason_to_be_released(api):
    on = {"device_id": "PSU_01", "key": "output", "value": True}
    assert (await api.post("/api/control", json=on)).json()["read_back"] is True
    pressed = (await api.post("/api/admin/panic")).json()
    assert pressed["pressed"]
    assert {r["device"]: r["ok"] for r in pressed["results"]} == {"PSU_01": True, "LOAD_01": True}
    refused(await api.post("/api/control", json=on), 409, "PANIC_LATCHED")
    refused(await api.post("/api/admin/rearm"), 400, "BAD_INPUT")
    assert (await api.post("/api/admin/rearm", json={"reason": "looked at it"})).json()[
        "pressed"
    ] is False
    assert (await api.get("/api/devices/PSU_01/entities/output")).json()["value"] is False
    assert (await api.post("/api/control", json=on)).status_code == 200


async def test_panic_works_without_a_project(bare):
    answer = await bare.post("/api/admin/panic", json={"reason": "test"})
    assert (answer.json()["pressed"], answer.json()["results"]) == (True, [])


# --- recordings -----------------------------------------------------------------------------


async def recorded(api, **start):
    """A finished session with some rows."""
    session = (await api.post("/api/projects/active/sessions/start", json=start)).json()
    while api.engine.project.recorder.status()["recorded"] < 30:
        await api.engine.project.clock.sleep(1.0)
    await api.post("/api/projects/active/sessions/stop")
    return session["id"]


async def test_a_session_is_started_once_stopped_annotated_and_deleted(api):
    base = "/api/projects/active/sessions"
    start = {"name": "Run A", "conditions": {"temp": 25}, "notes": "n"}
    first = await api.post(f"{base}/start", json=start)
    assert (first.status_code, first.json()["status"]) == (201, "running")
    number = first.json()["id"]
    content = refused(await api.post(f"{base}/start", json={}), 409, "SESSION_RUNNING")
    assert content["args"] == {"id": number, "name": "Run A"}
    refused(await api.delete(f"{base}/{number}"), 409, "SESSION_RUNNING")
    stopped = (await api.post(f"{base}/stop")).json()
    assert (stopped["status"], stopped["conditions"]) == ("completed", {"temp": 25})
    changed = await api.patch(f"{base}/{number}", json={"name": "B", "keep": True, "tags": ["x"]})
    assert (changed.json()["name"], changed.json()["tags"]) == ("B", ["x"])
    refused(await api.delete(f"{base}/{number}"), 409, "SESSION_KEPT")
    await api.patch(f"{base}/{number}", json={"keep": False})
    assert (await api.delete(f"{base}/{number}")).status_code == 204
    refused(await api.get(f"{base}/{number}"), 404, "NOT_FOUND")


async def test_two_starts_at_the_same_time_are_one_session(api):
    path = "/api/projects/active/sessions/start"
    answers = await asyncio.gather(*(api.post(path, json={"name": str(n)}) for n in range(5)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]
    assert (await api.get("/api/projects/active/sessions")).json()["total"] == 1


async def test_a_session_keeps_what_explains_it(api):
    number = (await api.post("/api/projects/active/sessions/start", json={})).json()["id"]
    snapshot = (await api.get(f"/api/projects/active/sessions/{number}")).json()["snapshot"]
    assert snapshot["server_version"]
    assert {d["id"]: d["driver_version"] for d in snapshot["devices"]}.keys() == {
        "PSU_01",
        "LOAD_01",
        "DMM_01",
    }


async def test_deleting_a_session_deletes_its_samples(api):
    number = await recorded(api)
    history = f"/api/projects/active/devices/DMM_01/history?session_id={number}&entities=cell_v"
    assert (await api.get(history)).json()["t"]
    await api.delete(f"/api/projects/active/sessions/{number}")
    assert (await api.get(history)).json()["t"] == []


async def test_markers_belong_to_the_running_session_or_to_none(api):
    base = "/api/projects/active/markers"
    alone = (await api.post(base, json={"label": "before"})).json()
    number = (await api.post("/api/projects/active/sessions/start", json={})).json()["id"]
    inside = (await api.post(base, json={"label": "inside", "device_id": "PSU_01"})).json()
    assert (alone["session_id"], inside["session_id"]) == (None, number)
    listed = (await api.get(f"{base}?session_id={number}")).json()["items"]
    assert [marker["label"] for marker in listed] == ["inside"]
    changed = await api.patch(f"{base}/{inside['id']}", json={"label": "x", "color": "#ff0000"})
    assert (changed.json()["label"], changed.json()["color"]) == ("x", "#ff0000")
    for bad in ({"color": "red"}, {"label": ""}, {"timestamp": -1}, {"session_id": 1}):
        refused(await api.patch(f"{base}/{inside['id']}", json=bad), 400, "BAD_INPUT")
    assert (await api.delete(f"{base}/{inside['id']}")).status_code == 204
    assert (await api.get(base)).json()["total"] == 1


async def test_history_recent_and_statistics_tell_the_same_story(api):
    number = await recorded(api)
    raw = (await api.get(f"/api/devices/DMM_01/history?session_id={number}")).json()
    assert raw["resolution_s"] == 0
    assert len(raw["t"]) == len(raw["series"]["cell_v"]["v"])
    one = (await api.get("/api/history/DMM_01/cell_v?points=2")).json()
    recent = (await api.get("/api/devices/DMM_01/recent?entities=cell_v")).json()
    assert recent["series"].keys() == {"cell_v"}
    figures = await api.get("/api/projects/active/statistics?device=DMM_01&entities=cell_v")
    assert (one["device"], figures.status_code) == ("DMM_01", 200)
    assert figures.json()["total"] == 1


async def test_history_of_an_unknown_device_is_not_found(api):
    assert (await api.get("/api/history/NONE/v")).status_code == 404


async def test_an_export_is_downloaded_logged_and_removed(api):
    number = await recorded(api, name="=cmd|' /C calc'!A0")
    base = "/api/projects/active"
    answer = await api.get(f"{base}/sessions/{number}/export?format=csv&device=DMM_01&dialect=de")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    row = (await api.get(f"{base}/exports")).json()["items"][0]
    assert (row["session_id"], row["device_id"]) == (number, "DMM_01")
    again = await api.get(f"{base}/exports/{row['id']}")
    assert again.content == answer.content
    written = await api.post(f"{base}/sessions/{number}/export?format=json")
    assert (written.status_code, written.json()["format"]) == (201, "json")
    assert (await api.delete(f"{base}/exports/{row['id']}")).status_code == 204
    assert (await api.get(f"{base}/exports/{row['id']}")).status_code == 404
    lines = answer.text.splitlines()
    assert not [cell for line in lines for cell in line.split(";") if cell.startswith("=")]


@pytest.mark.parametrize(
    "query", ["format=exe", "device=..%2f..%2fetc", "format=csv&device=NONE", "dialect=fr"]
)
async def test_an_export_that_cannot_be_leaves_no_file(api, query):
    number = await recorded(api)
    answer = await api.get(f"/api/projects/active/sessions/{number}/export?{query}")
    assert 400 <= answer.status_code < 500, answer.text
    assert list(api.engine.project.project.path("exports").iterdir()) == []


# --- operations -----------------------------------------------------------------------------


async def test_status_tells_queues_gate_database_and_devices(api):
    status = (await api.get("/api/system/status")).json()
    assert status["project"]["name"] == "Akku-Charakterisierung"
    assert status["clock"]["virtual"] is True
    assert {d["id"] for d in status["devices"]} == {"PSU_01", "LOAD_01", "DMM_01"}
    wanted = {"version", "uptime_s", "recorder", "bus", "gate", "database", "loop_lag_ms", "rss_mb"}
    assert wanted <= status.keys()


async def test_health_is_live_and_ready(bare):
    answer = await bare.get("/api/health")
    assert (answer.status_code, answer.json()["live"], answer.json()["ready"]) == (200, True, True)
    bare.engine.ready = False
    assert (await bare.get("/api/health")).status_code == 503


async def test_a_tampered_audit_is_noticed_at_the_first_changed_row(api):
    for value in (1.0, 2.0, 3.0):
        await api.put("/api/devices/PSU_01/entities/v_set", json={"value": value})
    assert (await api.get("/api/audit/verify")).json() == {"ok": True, "first_broken": None}
    path = api.engine.home.root / "data" / "ionpy_auto.sqlite3"
    with closing(sqlite3.connect(path)) as db, db:
        (row,) = db.execute("SELECT id FROM audit WHERE requested = '2.0'").fetchone()
        db.execute("UPDATE audit SET requested = '20.0' WHERE id = ?", (row,))
    assert (await api.get("/api/audit/verify")).json() == {"ok": False, "first_broken": row}


async def test_a_refused_write_stands_in_the_audit(api):
    await api.put("/api/devices/PSU_01/entities/v_set", json={"value": 600})
    await api.engine.audit.settle()
    line = (await api.get("/api/audit")).json()["items"][0]
    assert (line["result"], line["requested"]) == ("refused", 600)


async def test_the_audit_is_paged_backwards(api):
    for value in (1.0, 2.0, 3.0):
        await api.put("/api/devices/PSU_01/entities/v_set", json={"value": value})
    first = (await api.get("/api/audit?limit=2")).json()["items"]
    rest = (await api.get(f"/api/audit?limit=1&before={first[-1]['id']}")).json()["items"]
    assert [line["requested"] for line in [*first, *rest]] == [3.0, 2.0, 1.0]


# --- the description of all this --------------------------------------------------------------


async def test_every_operation_has_an_id_of_its_own_and_a_sentence(bare):
    answer = await bare.get("/schema")
    document = answer.json()
    assert answer.json() == (await bare.get("/schema/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [op for item in document["paths"].values() for op in item.values()]
    ids = [op["operationId"] for op in operations]
    assert len(ids) == len(set(ids)) > 40
    assert all(op["summary"] and op["description"] for op in operations)


async def test_every_reference_of_the_description_leads_somewhere(bare):
    text = (await bare.get("/schema")).text
    schemas = json.loads(text)["components"]["schemas"]
    wanted = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= schemas.keys()


async def test_the_api_page_needs_nothing_from_elsewhere_and_no_inline_script(bare):
    for path in ("/docs", "/docs/plain"):
        page = (await bare.get(path)).text
        assert "<script src=" in page
        assert "<script>" not in page
        assert "http" not in page.replace("https://localhost", "")
    for name in ("docs.js", "docs.css", "swagger.js"):
        part = await bare.get(f"/docs/{name}")
        assert part.status_code == 200
        assert "://" not in part.text


async def test_swagger_is_used_once_the_ui_build_brought_it(bare, monkeypatch, tmp_path):
    (tmp_path / "static" / "swagger").mkdir(parents=True)
    (tmp_path / "static" / "swagger" / "swagger-ui-bundle.js").write_text("")
    monkeypatch.setattr("ionpy_auto.web.pages.dist", lambda: tmp_path)
    assert "/docs/swagger.js" in (await bare.get("/docs")).text


async def test_scripts_have_a_type_that_browsers_run_on_every_system(bare, monkeypatch, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.js").write_text("1")
    monkeypatch.setattr("ionpy_auto.web.static.dist", lambda: tmp_path)
    monkeypatch.setattr("mimetypes.guess_type", lambda _: ("text/plain", None))
    answer = await bare.get("/assets/a.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


async def test_of_more_markers_than_asked_for_the_newest_come_by_time(api):
    base = "/api/projects/active/markers"
    for label in ("one", "two", "three"):
        await api.post(base, json={"label": label})
    listed = (await api.get(f"{base}?limit=2")).json()["items"]
    assert [marker["label"] for marker in listed] == ["two", "three"]
