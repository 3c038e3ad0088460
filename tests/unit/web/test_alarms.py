"""Alarms over REST, as the page and other programs use them."""

import csv
import io

import pytest


async def raised(api, *names, severity="warning"):
    """Alarms of the open project by name."""
    alarms = api.engine.project.automation.alarms
    shown = {}
    for name in names:
        one = await alarms.raise_alarm(f"rule:f/{name}", text=f"text {name}", severity=severity)
        shown[name] = one["id"]
    return shown


@pytest.mark.parametrize(
    ("verb", "body", "state", "overlay"),
    [
        ("ack", None, "active_acked", ""),
        ("ack", {"comment": "seen"}, "active_acked", ""),
        ("unack", {"comment": "wrong"}, "active_unacked", ""),
        ("reset", {}, "active_unacked", ""),
        ("shelve", {"reason": "known", "minutes": 10}, "active_unacked", "shelved"),
        ("unshelve", {}, "active_unacked", ""),
        ("out-of-service", {"reason": "calibration"}, "active_unacked", "out_of_service"),
        ("return-to-service", {}, "active_unacked", ""),
    ],
)
async def test_every_verb_answers_with_the_alarm_and_is_audited(api, verb, body, state, overlay):
    ids = await raised(api, "a")
    answer = await api.post(f"/api/alarms/{ids['a']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["overlay"]) == (state, overlay)
    await api.engine.audit.settle()
    audit = (await api.get("/api/audit")).json()["items"]
    assert any(
        one["action"].startswith("alarm") and one["detail"].get("alarm") == ids["a"]
        for one in audit
    )


async def test_a_shelf_longer_than_the_priority_allows_is_refused(api):
    ids = await raised(api, "a", severity="critical")
    body = {"reason": "known", "minutes": 61}
    answer = await api.post(f"/api/alarms/{ids['a']}/shelve", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "SHELF_TOO_LONG")


async def test_the_list_filters_and_history_pages(api):
    await raised(api, "a", "b")
    await raised(api, "c", severity="critical")
    found = (await api.get("/api/alarms?source=rule&severity=critical")).json()
    assert [one["key"] for one in found["items"]] == ["rule:f/c"]
    assert found["counts"].keys() == {"active", "unacked", "shelved"}
    page = (await api.get("/api/alarms?state=history&source=rule&limit=2")).json()
    assert ([one["key"] for one in page["items"]], page["total"]) == (["rule:f/c", "rule:f/b"], 3)
    last = page["items"][-1]["id"]
    page = (await api.get(f"/api/alarms?state=history&source=rule&before={last}")).json()
    assert [(one["key"], one["transition"]) for one in page["items"]] == [("rule:f/a", "raised")]
    found = (await api.get("/api/alarms?state=history&text=TEXT B")).json()
    assert [one["key"] for one in found["items"]] == ["rule:f/b"]


async def test_several_are_acknowledged_by_id_or_as_shown(api):
    ids = await raised(api, "a", "b", "c")
    answer = await api.post("/api/alarms/ack", json={"ids": [ids["a"]], "comment": "one"})
    assert answer.json() == {"acknowledged": 1}
    answer = await api.post("/api/alarms/ack", json={"all_shown": {"source": "rule"}})
    assert answer.json() == {"acknowledged": 2}
    answer = await api.post("/api/alarms/ack", json={"comment": "which?"})
    assert answer.status_code == 400


async def test_the_export_holds_every_transition(api):
    ids = await raised(api, "a")
    await api.post(f"/api/alarms/{ids['a']}/ack", json={"comment": "=1+1"})
    answer = await api.get("/api/alarms/export")
    rows = [row for row in csv.DictReader(io.StringIO(answer.text)) if row["key"] == "rule:f/a"]
    assert [row["transition"] for row in rows] == ["raised", "acknowledged"]
    assert rows[1]["comment"] == "'=1+1"
    assert "alarms.csv" in answer.headers["content-disposition"]
    as_json = (await api.get("/api/alarms/export?format=json")).json()
    assert [one["transition"] for one in as_json if one["key"] == "rule:f/a"] == [
        "raised",
        "acknowledged",
    ]


async def test_quality_counts_what_was_raised(api):
    await raised(api, "a", "b")
    answer = (await api.get("/api/alarms/quality?days=1")).json()
    assert answer["alarms"] >= 2
    assert answer["rate_per_10min"] == pytest.approx(answer["alarms"] / 144)
    assert answer["mean_time_to_ack"] is None


async def test_definitions_are_read_written_and_watch_the_open_project(api):
    shown = (await api.get("/api/alarms/definitions")).json()
    assert (shown["file"], shown["text"], shown["items"]) == ("alarms.yaml", "", [])
    text = "alarms:\n  - {point: DMM_01.cell_v, hi: 1 V, guidance: Look}\n"
    body = {"text": text.replace("1 V", "1 A"), "etag": shown["etag"]}
    answer = await api.put("/api/alarms/definitions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "ALARMS_INVALID")
    assert answer.json()["findings"][0]["line"] == 2
    body["text"] = text
    answer = await api.put("/api/alarms/definitions", json=body)
    assert answer.status_code == 200, answer.text
    assert [one["key"] for one in answer.json()["items"]] == ["DMM_01/cell_v"]
    answer = await api.put("/api/alarms/definitions", json=body)
    assert answer.status_code == 412
    await api.engine.project.clock.sleep(5)
    found = (await api.get("/api/alarms?device=DMM_01")).json()["items"]
    assert [(one["key"], one["new_state"], one["guidance"]) for one in found] == [
        ("DMM_01/cell_v", "HI", "Look")
    ]
