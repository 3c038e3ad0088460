"""Scripts over REST, against the open demo."""

import asyncio


async def ended(api, run_id):
    while True:
        run = (await api.get(f"/api/scripts/runs/{run_id}")).json()
        if run["state"] != "running":
            return run
        await asyncio.sleep(0.02)


async def save(api, name, text, revision=""):
    answer = await api.put(f"/api/scripts/{name}", json={"text": text, "revision": revision})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_script_is_saved_run_and_read_back(api):
    text = (
        'v = await read("PSU_01.v_out")\nprint("u", v)\nawait write("PSU_01.v_set", params["u"])\n'
    )
    saved = await save(api, "first", text)
    assert saved["ok"]
    started = await api.post("/api/scripts/first/run", json={"parameters": {"u": 3.5}})
    assert started.status_code == 202, started.text
    run = await ended(api, started.json()["id"])
    assert run["state"] == "done", run
    assert [line["text"][:2] for line in run["output"]] == ["u "]
    listed = (await api.get("/api/scripts/runs")).json()
    assert [item["id"] for item in listed["items"]] == [run["id"]]
    assert (await api.get("/api/scripts")).json()["items"][0]["name"] == "first"
