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


async def test_refusals_name_the_reason(api):
    saved = await save(api, "a", "x = 1\n")
    for method, path, body, status, code in (
        ("PUT", "a", {"text": "y = 1\n", "revision": ""}, 412, "STALE_REVISION"),
        ("PUT", "b", {"text": "await raed('x')\n"}, 422, "SCRIPT_INVALID"),
        ("PUT", "runs", {"text": "x = 1\n"}, 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "b", {"text": "x" * 290_000}, 413, "TOO_LARGE"),
        ("GET", "none", None, 404, "NOT_FOUND"),
        ("GET", "runs/none", None, 404, "NOT_FOUND"),
        ("DELETE", "runs/none", None, 404, "NOT_FOUND"),
        ("DELETE", "a?revision=1", None, 412, "STALE_REVISION"),
        ("POST", "none/run", {}, 404, "NOT_FOUND"),
        ("POST", "a/run", {"safe": ["NONE"]}, 404, "DEVICE_NOT_FOUND"),
        ("POST", "a/run", {"timeout_s": 0}, 400, "BAD_INPUT"),
        ("POST", "a/run", {"parameters": {"x": [1]}}, 400, "BAD_INPUT"),
    ):
        answer = await api.request(method, f"/api/scripts/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, answer.text)
    assert (await api.delete(f"/api/scripts/a?revision={saved['revision']}")).status_code == 204
    assert (await api.get("/api/scripts")).json()["total"] == 0


async def test_a_run_is_stopped_by_deleting_it_and_told_live(api):
    events = []
    api.engine.bus.tap(("event/script_run", "event/script_output"), events.append)
    await save(api, "long", "print('on my way')\nawait wait(1e6)\n")
    run_id = (await api.post("/api/scripts/long/run")).json()["id"]
    assert (await api.post("/api/scripts/long/run")).json()["code"] == "SCRIPT_RUNNING"
    assert [one["id"] for one in api.engine.snapshot()["script_runs"]] == [run_id]
    stopped = await api.delete(f"/api/scripts/runs/{run_id}")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    again = await api.delete(f"/api/scripts/runs/{run_id}")
    assert (again.status_code, again.json()["code"]) == (409, "RUN_ENDED")
    assert [e.payload["state"] for e in events if e.kind == "script_run"] == ["running", "stopped"]


async def test_editors_get_findings_and_stubs(api):
    body = {"text": "x = 1\nwrite('a.b', 1)\n", "name": "draft"}
    checked = (await api.post("/api/script-check", json=body)).json()
    assert not checked["ok"]
    (finding,) = checked["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == ("draft.py", 2, 1)
    assert "async def wait_for(" in (await api.get("/api/script-api")).json()["stubs"]


async def test_a_second_save_of_the_same_revision_is_refused_with_both_changes(api):
    base = "a = 1\nb = 2\nc = 3\nprint(a, b, c)\n"
    first = await save(api, "shared", base)
    await save(api, "shared", base.replace("c = 3", "c = 4"), first["revision"])
    body = {"text": base.replace("a = 1", "a = 0"), "revision": first["revision"]}
    refused = await api.put("/api/scripts/shared", json=body)
    assert refused.status_code == 412
    args = refused.json()["args"]
    assert args["base"] == base
    assert (await api.post("/api/scripts/shared/merge", json=body)).json() == args
    assert args["merged"] == "a = 0\nb = 2\nc = 4\nprint(a, b, c)\n"
    await save(api, "shared", args["merged"], args["current_revision"])


async def test_an_older_version_is_listed_read_and_put_back(api):
    first = await save(api, "old", "x = 1\n")
    second = await save(api, "old", "x = 2\n", first["revision"])
    listed = (await api.get("/api/scripts/old/history")).json()
    assert (listed["total"], listed["revision"]) == (2, second["revision"])
    place = next(i["version"] for i in listed["items"] if not i["current"])
    old = (await api.get(f"/api/scripts/old/history/{place}")).json()
    assert (old["text"], old["revision"]) == ("x = 1\n", first["revision"])
    assert "+x = 2" in old["diff"]
    await save(api, "old", old["text"], second["revision"])
    assert (await api.get("/api/scripts/old/history/saved-9")).status_code == 404
    body = {"text": "x = 3\n", "revision": first["revision"], "commit": "no repository"}
    refused = await api.put("/api/scripts/old", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "NO_GIT")
