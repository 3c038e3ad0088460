"""The recording of a run as a file, over REST and by its own flow."""

import csv
import io

FLOW = """
version: 1
id: short
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 20 s}
  - {id: quiet, rest: 10 s}
  - export: {format: bdf, device: CH1}
"""


async def test_a_run_is_exported_as_battery_data_by_rest_and_by_its_flow(api):
    assert (await api.post("/api/flows", json={"text": FLOW})).status_code == 201
    start = {"sequence": "short", "bindings": {"cell_id": "C-7"}}
    started = await api.post("/api/runs", json=start)
    assert started.status_code == 202, started.text
    run = api.engine.project.automation.runs.runs[started.json()["id"]]
    await run.done.wait()
    assert run.verdict == "pass", run.message
    answer = await api.get(f"/api/runs/{run.id}/export", params={"institution": "TU"})
    assert answer.status_code == 200, answer.text
    assert 'filename="TU__C-7__' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["Step Index / 1"] for row in rows} >= {"1", "2"}
    assert max(float(row["Current / A"]) for row in rows) > 0.9
    assert float(rows[-1]["Charging Capacity / Ah"]) > 0.004
    files = (await api.get("/api/projects/active/exports")).json()["items"]
    assert [(file["format"], file["device_id"]) for file in files] == [("bdf", "CH1")] * 2
    unknown = await api.get(f"/api/runs/{run.id}/export", params={"format": "maccor"})
    assert unknown.status_code == 404
    supply = await api.get(f"/api/runs/{run.id}/export", params={"device": "PSU_01"})
    assert supply.json()["message"].startswith("PSU_01 has no voltage and current")
