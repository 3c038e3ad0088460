"""A flow drives outputs after a start only when a person has armed exactly this text."""

import json

import pytest

from ionpy_auto.core.files import revision_of

FLOW = """version: 1
id: night
rules:
  - id: on
    when: startup
    then:
      - set: {PSU_01.v_set: 3 V}
"""
PLACE = "/api/flows/night/arm-startup"


async def arm(api, text=FLOW, **more):
    return await api.post(PLACE, json={"revision": revision_of(text), "text": text, **more})


async def reopened(api):
    """The project, closed and opened as after a crash."""
    project = api.engine.project.project.id
    await api.engine.close_project()
    await api.engine.open_project(project)
    await api.engine.project.clock.sleep(1.0)


async def last_trace(api):
    items = (await api.get("/api/rules/night/on/traces")).json()["items"]
    return items[0]["actions"][0]


async def saved(api):
    """The file, as an editor outside would write it."""
    folder = api.engine.project.project.folder / "flows"
    (folder / "night.yaml").write_text(FLOW, encoding="utf-8")
    await reopened(api)


async def test_without_being_armed_it_is_an_error_and_does_not_work(api):
    answer = await api.post("/api/flows", json={"text": FLOW})
    assert answer.status_code == 422
    assert [found["code"] for found in answer.json()["findings"]] == ["startup-writes"]
    await saved(api)
    flow = (await api.get("/api/flows/night")).json()
    assert (flow["ok"], flow["deployed_revision"], flow["start_armed"]) == (False, None, None)


async def test_armed_it_works_is_shown_and_audited(api):
    await saved(api)
    answer = await arm(api)
    assert answer.status_code == 200, answer.text
    assert answer.json()["armed"]["valid"]
    flow = (await api.get("/api/flows/night")).json()
    (finding,) = [found for found in flow["findings"] if found["code"] == "startup-writes"]
    assert (flow["ok"], finding["severity"]) == (True, "warning")
    await reopened(api)
    assert (await last_trace(api))["ok"]
    (shown,) = api.engine.project.snapshot()["armed_flows"]
    assert (shown["flow"], shown["by"]) == ("night", "rest")
    assert shown["does"] == ["line 7: a startup rule may not drive PSU_01.v_set"]
    await api.engine.audit.settle()
    rows = (await api.get("/api/audit")).json()["items"]
    assert [r["detail"]["flow"] for r in rows if r["action"] == "flow_start_armed"] == ["night"]


async def test_a_changed_text_asks_again(api):
    await saved(api)
    await arm(api)
    changed = FLOW.replace("3 V", "4 V")
    body = {"text": changed, "revision": revision_of(FLOW)}
    answer = await api.put("/api/flows/night", json=body)
    assert answer.status_code == 422
    assert "arm it anew" in answer.json()["findings"][0]["hint"]
    assert (await arm(api, changed)).status_code == 200
    assert (await api.put("/api/flows/night", json=body)).status_code == 200


async def test_a_disarmed_flow_that_is_still_live_drives_nothing(api):
    await saved(api)
    await arm(api)
    assert (await api.delete(PLACE)).json()["armed"] is None
    await reopened(api)
    assert (await api.get("/api/flows/night")).json()["deployed_revision"] is None
    assert api.engine.project.snapshot()["armed_flows"] == []


async def test_what_follows_from_an_armed_start_goes_on_over_events(api):
    text = """version: 1
id: night
rules:
  - {id: go, when: startup, then: [{event: begin}, {set: {PSU_01.v_set: 2 V}}]}
  - {id: "on", when: {event: begin}, then: [{set: {PSU_01.v_set: 3 V}}]}
"""
    assert (await arm(api, text)).status_code == 200  # before it is saved
    assert (await api.post("/api/flows", json={"text": text})).status_code == 201
    await reopened(api)
    assert (await last_trace(api))["ok"]


async def test_a_copied_project_and_a_damaged_list_arm_nothing(api):
    await saved(api)
    await arm(api)
    place = api.engine.home.root / "config" / "armed_flows.json"
    content = json.loads(place.read_text(encoding="utf-8"))
    moved = {key.replace("/night", "-copy/night"): one for key, one in content["flows"].items()}
    for text in (json.dumps({"flows": moved}), "{", "[]", '{"flows": {"x": 3}}'):
        place.write_text(text, encoding="utf-8")
        place.with_name(f"{place.name}.bak").unlink(missing_ok=True)
        await reopened(api)
        assert not (await api.get("/api/flows/night")).json()["ok"], text


REFUSED = {
    "another revision": (FLOW, {"revision": "0" * 64}, 412),
    "a text with other errors": (FLOW.replace("3 V", "3 A"), {}, 422),
    "another flow": (FLOW.replace("id: night", "id: day"), {}, 422),
    "nothing to be armed": (FLOW.replace("startup", "manual"), {}, 409),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_armed(api, name):
    text, more, status = REFUSED[name]
    await saved(api)
    assert (await arm(api, text, **more)).status_code == status
    assert (await api.get("/api/flows/night")).json()["start_armed"] is None
