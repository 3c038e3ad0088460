"""A run asks over REST and goes on with the answer; flows that call others follow them."""

ASKING = """version: 1
id: asking
sequence:
  - {id: mass, prompt: Mass in gram, unit: number, min: 30, max: 60}
  - {id: sure, prompt: Go on, choices: [yes, no]}
"""
CALLED = """version: 1
id: called
sequence:
  - {id: a, wait: 1 s}
"""
CALLING = """version: 1
id: calling
sequence:
  - call: called
"""


async def state_of(api, run, wanted):
    for _ in range(200):
        found = (await api.get(f"/api/runs/{run}")).json()
        if wanted(found):
            return found
        await api.engine.project.clock.sleep(0.05)
    raise AssertionError(found)


async def test_a_question_is_shown_and_answered(api):
    assert (await api.post("/api/flows", json={"text": ASKING})).status_code == 201
    started = await api.post("/api/runs", json={"sequence": "asking"})
    assert started.status_code == 202, started.text
    run = started.json()["id"]
    await state_of(api, run, lambda found: found["prompt"])
    shown = (await api.get(f"/api/runs/{run}/prompt")).json()
    assert (shown["step"], shown["kind"], shown["min"]) == ("mass", "value", 30)
    refused = await api.post(f"/api/runs/{run}/prompt", json={"answer": 100})
    assert refused.status_code == 422
    assert "outside 30" in refused.text
    answered = await api.post(f"/api/runs/{run}/prompt", json={"answer": 45.2, "by": "eve"})
    assert answered.status_code == 200
    await state_of(api, run, lambda found: (found["prompt"] or {}).get("step") == "sure")
    wrong = await api.post(f"/api/runs/{run}/prompt", json={"answer": "yes", "step": "mass"})
    assert wrong.status_code == 404
    await api.post(f"/api/runs/{run}/prompt", json={"answer": "yes"})
    over = await state_of(api, run, lambda found: found["state"] == "finished")
    assert (over["verdict"], over["prompt"]) == ("pass", None)
    assert (await api.get(f"/api/runs/{run}/prompt")).status_code == 404
    rows = (await api.get(f"/api/runs/{run}/steps")).json()["items"]
    assert rows[0]["answer"] == {"value": 45.2, "text": "45.2", "by": "eve"}


async def test_a_flow_that_calls_another_is_checked_with_it(api):
    refused = await api.post("/api/flows", json={"text": CALLING})
    assert refused.status_code == 422
    assert "unknown-flow" in refused.text
    assert (await api.post("/api/flows", json={"text": CALLED})).status_code == 201
    assert (await api.post("/api/flows", json={"text": CALLING})).status_code == 201
    store = api.engine.project.automation.flows
    before = store.flow("calling")
    revision = (await api.get("/api/flows/called")).json()["revision"]
    changed = {"text": CALLED.replace("1 s", "2 s"), "revision": revision}
    assert (await api.put("/api/flows/called", json=changed)).status_code == 200
    (_, called) = next(iter(store.flow("calling").calls()))
    assert "2 s" in called.text
    assert store.flow("calling") is not before
