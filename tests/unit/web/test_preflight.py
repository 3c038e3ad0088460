"""Predictions over REST: started, followed, kept with the run that is started after them."""

import pytest

from tests.unit.web.test_simulations import over

FLOW = """version: 1
id: short
cell: cells/inr18650-25r
channel: CH1
parameters: {minutes: {default: 5 min}}
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > $minutes}
  - {id: wait, rest: 2 min}
"""


async def test_a_prediction_is_made_and_kept_with_its_run(api):
    written = await api.post("/api/flows", json={"text": FLOW})
    assert written.status_code in {200, 201}, written.text
    start = {"sequence": "short", "bindings": {"channel": "CH1"}}
    job = await over(api, await api.post("/api/runs/preflight", json=start))
    assert (job["state"], job["kind"], job["about"]["flow"]) == ("done", "preflight", "short")
    found = job["result"]
    assert [step["step_id"] for step in found["steps"]] == ["up", "wait"]
    # The demo's cell was measured.
    assert found["start"]["source"] == "measured"
    live = (await api.get("/api/runs")).json()["items"]
    assert live == []  # nothing was run here

    run = await api.post("/api/runs", json={**start, "preflight": job["id"]})
    assert run.status_code == 202, run.text
    run_id = run.json()["id"]
    about = (await api.get(f"/api/runs/{run_id}")).json()
    assert about["eta_s"] is None or about["eta_s"] < 600
    kept = (await api.get(f"/api/runs/{run_id}/prediction")).json()
    assert kept["duration_s"] == found["duration_s"]
    assert len(kept["curve"]["t"]) <= 500
    await api.post(f"/api/runs/{run_id}/abort")
    await api.engine.project.automation.runs.get(run_id).done.wait()

    second = (await api.post("/api/runs", json=start)).json()["id"]
    answer = await api.get(f"/api/runs/{second}/prediction")
    assert answer.status_code == 404
    await api.post(f"/api/runs/{second}/abort")


async def test_a_draft_is_predicted_with_its_rules_and_saved_nowhere(api):
    await api.post("/api/flows", json={"text": FLOW})
    draft = FLOW.replace("rest: 2 min", "rest: 3 min") + (
        "rules:\n  - {id: end, when: {run: step_ended, step: up}, then: [{marker: Up}]}\n"
    )
    body = {"sequence": "short", "text": draft}
    job = await over(api, await api.post("/api/runs/preflight", json=body))
    assert job["about"]["draft"]
    assert job["result"]["steps"][1]["duration_s"] == pytest.approx(180, abs=2)
    assert "short/end" in [one["rule"] for one in job["result"]["fired"]]
    assert (await api.get("/api/flows/short")).json()["text"] == FLOW

    broken = draft.replace("4.2 V", "9 V")
    refused = await api.post("/api/runs/preflight", json={**body, "text": broken})
    assert (refused.status_code, bool(refused.json()["findings"])) == (422, True)


async def test_what_cannot_be_predicted_is_refused_at_once(api):
    missing = await api.post("/api/runs/preflight", json={"sequence": "nothing"})
    assert missing.status_code == 404
    wrong = await api.post(
        "/api/runs/preflight", json={"sequence": "capacity-check", "parameters": {"cycles": 1000}}
    )
    assert (wrong.status_code, bool(wrong.json()["findings"])) == (422, True)
    assert (
        await api.post("/api/runs/preflight", json={"sequence": "capacity-check", "soc": 1.5})
    ).status_code == 400
    text = "version: 1\nid: bare\nsequence:\n  - {id: wait, rest: 1 min}\n"
    await api.post("/api/flows", json={"text": text})
    bare = await api.post("/api/runs/preflight", json={"sequence": "bare"})
    assert (bare.status_code, bare.json()["code"]) == (422, "NOT_PREDICTABLE")


async def test_a_run_does_not_take_a_prediction_of_something_else(api):
    await api.post("/api/flows", json={"text": FLOW})
    request = {"sequence": "capacity-check", "preflight": "77"}
    assert (await api.post("/api/runs", json=request)).status_code == 404
    made = await api.post("/api/runs/preflight", json={"sequence": "short"})
    early = {"sequence": "short", "preflight": made.json()["id"]}
    assert (await api.post("/api/runs", json=early)).json()["code"] == "WRONG_STATE"
    job = await over(api, made)
    other = {"sequence": "capacity-check", "preflight": job["id"]}
    assert (await api.post("/api/runs", json=other)).json()["code"] == "OUTDATED"
