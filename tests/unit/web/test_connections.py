"""``/api/connections``: definitions, switches and answers, without any broker."""

import json

import pytest

GONE = {"id": "lab", "kind": "mqtt", "endpoint": "127.0.0.1:1"}


async def test_a_connection_is_added_changed_switched_and_removed(api):
    answer = await api.post("/api/connections", json=GONE)
    assert answer.status_code == 201
    assert answer.json()["state"] in {"connecting", "offline"}
    assert (await api.post("/api/connections", json=GONE)).json()["code"] == "CONNECTION_DUPLICATE"

    listed = (await api.get("/api/connections")).json()
    assert [item["id"] for item in listed["items"]] == ["lab"]
    assert listed["findings"] == []

    changed = await api.put("/api/connections/lab", json={**GONE, "name": "The lab's"})
    assert changed.json()["name"] == "The lab's"
    for word, key, value in (
        ("stop", "state", "stopped"),
        ("detach", "detached", True),
        ("attach", "detached", False),
    ):
        switched = await api.post(f"/api/connections/lab/{word}")
        assert (switched.status_code, switched.json()[key]) == (200, value)
    for word in ("start", "restart"):
        switched = await api.post(f"/api/connections/lab/{word}")
        assert switched.json()["state"] in {"stopped", "connecting", "offline"}

    tested = (await api.post("/api/connections/lab/test")).json()
    assert tested["success"] is False
    assert tested["steps"][-1]["hint"]

    assert (await api.delete("/api/connections/lab")).status_code == 204
    assert (await api.get("/api/connections/lab")).json()["code"] == "CONNECTION_NOT_FOUND"


async def test_a_password_never_stands_in_project_answer_or_status(api):
    params = {"username": "u", "password": "hush hush", "tls": {"key_password": "hush hush"}}
    answer = await api.post("/api/connections", json={**GONE, "params": params})
    assert answer.status_code == 201, answer.text
    texts = [
        answer.text,
        (await api.get("/api/connections")).text,
        (await api.get("/api/system/status")).text,
        (await api.get("/api/audit")).text,
        api.engine.project.project.path("connections.json").read_text(encoding="utf-8"),
    ]
    assert not [text for text in texts if "hush" in text]
    secrets = api.engine.home.root / "config" / "secrets.json"
    assert "hush hush" in secrets.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "CONFIG_INVALID"),
        ({**GONE, "kind": "ads"}, 400, "CONFIG_INVALID"),
        ({**GONE, "params": {"password": 5}}, 400, "CONFIG_INVALID"),
        ({**GONE, "params": []}, 400, "CONFIG_INVALID"),
        ({**GONE, "params": {"tls": {"key_password": "x", "no": 1}}}, 400, "CONFIG_INVALID"),
    ],
)
async def test_what_does_not_fit_is_refused_and_leaves_nothing(api, body, status, code):
    answer = await api.post("/api/connections", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["findings"]
    assert (await api.get("/api/connections")).json()["total"] == 0
    assert not (api.engine.home.root / "config" / "secrets.json").exists()


async def test_the_id_never_changes_and_disabled_is_disabled(api):
    await api.post("/api/connections", json={**GONE, "enabled": False})
    other = await api.put("/api/connections/lab", json={**GONE, "id": "other"})
    assert other.status_code == 400
    assert (await api.post("/api/connections/lab/start")).json()["code"] == "CONNECTION_DISABLED"
    assert (await api.get("/api/connections/lab")).json()["state"] == "disabled"


async def test_a_file_that_somebody_edits_by_hand_is_not_overwritten(api):
    path = api.engine.project.project.path("connections.json")
    path.write_text("{half", encoding="utf-8")
    answer = await api.post("/api/connections", json=GONE)
    assert (answer.status_code, answer.json()["code"]) == (400, "CONFIG_INVALID")
    assert path.read_text(encoding="utf-8") == "{half"
    assert (await api.get("/api/connections")).json()["findings"][0]["line"] == 1


async def test_the_schema_is_served_and_wishes_without_a_broker_are_shown(api):
    assert (await api.get("/api/connection-schema")).json()["title"] == "connections.json"
    text = (
        "version: 1\nid: w\nrules:\n  - {id: r, when: {mqtt: t, broker: none}, then: [{log: x}]}\n"
    )
    made = await api.post("/api/flows", json={"text": text})
    assert made.status_code == 201, made.text
    listed = (await api.get("/api/connections")).json()
    assert listed["unheard"] == [{"topic": "t", "connection": "none"}]
    assert json.dumps(listed)
