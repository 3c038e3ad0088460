"""Dry runs of scripts over REST: what they would do, told without touching the open project."""

from tests.unit.web.test_simulations import begun, children, over

DRAFT = """import math
before = await read("PSU_01.v_set")
print("before", before)
done = await write("PSU_01.v_set", params["u"])
print(done["outcome"], done["sent"])
await wait(300)
try:
    await write("PSU_01.v_set", 1e6)
except ValueError as error:
    print(str(error)[:12])
await marker("half way", device="PSU_01")
await alarm("too warm", key="hot", severity="critical")
await notify("mail me", to="lab")
print(await wait_for("PSU_01.v_set >= 3 V", timeout_s=10))
"""


async def tried(api, text, name="draft", **wish):
    answer = await api.post(f"/api/scripts/{name}/simulate", json={"text": text, **wish})
    return await over(api, answer)


async def test_a_draft_is_tried_and_the_project_hears_nothing_of_it(api):
    bench = api.engine.project
    before = bench.values.latest["PSU_01.v_set"].value
    heard = []
    bench.bus.tap(("event/marker", "event/alarm", "event/script_run"), heard.append)
    files = sorted(path for path in bench.project.folder.rglob("*.py"))
    job = await tried(api, DRAFT, parameters={"u": 3.5})
    assert job["state"] == "done", job["error"]
    result = job["result"]
    assert (result["state"], result["ended_by"], result["line"]) == ("done", "end", 0)
    texts = [line["text"] for line in result["output"]]
    assert texts[0].startswith("before ")
    assert texts[1:] == ["done 3.5", texts[2], "True"]
    good, bad = result["writes"]
    assert (good["point"], good["value"], good["ok"], good["read_back"]) == (
        *("PSU_01.v_set", 3.5, True),
        3.5,
    )
    assert (bad["ok"], bad["value"]) == (False, 1e6)
    assert bad["code"]
    assert bad["message"]
    assert bad["at"] >= 300 > good["at"]
    assert [(event["kind"], event["text"]) for event in result["events"]] == [
        ("marker", "half way"),
        ("alarm", "too warm"),
        ("notify", "mail me"),
    ]
    assert [alarm["key"] for alarm in result["alarms"]] == ["script:draft/hot"]
    assert result["duration_s"] >= 300
    assert heard == []
    assert sorted(path for path in bench.project.folder.rglob("*.py")) == files
    assert bench.values.latest["PSU_01.v_set"].value == before != 3.5
    assert (await api.get("/api/scripts/runs")).json()["total"] == 0
    listed = (await api.get("/api/simulations")).json()["items"]
    assert [(one["kind"], one["about"]["script"]) for one in listed] == [("script", "draft")]


async def test_a_mistake_is_told_with_its_line_and_what_came_before(api):
    text = 'await write("PSU_01.v_set", 2)\nprint("now")\nx = [1][int(params["n"])]\n'
    result = (await tried(api, text, parameters={"n": 5}))["result"]
    assert (result["state"], result["ended_by"], result["line"]) == ("failed", "error", 3)
    assert "IndexError" in result["message"]
    assert [line["text"] for line in result["output"]] == ["now"]
    assert [write["value"] for write in result["writes"]] == [2]


async def test_a_script_that_waits_for_ever_ends_with_its_hours(api):
    result = (await tried(api, "while True:\n    await wait(60)\n", hours=0.05))["result"]
    assert (result["state"], result["ended_by"]) == ("stopped", "hours")
    assert result["duration_s"] == 180


async def test_an_endless_loop_ends_by_itself_and_one_with_calls_can_be_cancelled(api):
    result = (await tried(api, "while True:\n    pass\n"))["result"]
    assert (result["state"], result["ended_by"]) == ("failed", "time")
    body = {"text": 'while True:\n    await read("PSU_01.v_set")\n'}
    slow = await api.post("/api/scripts/draft/simulate", json=body)
    await begun(api, slow)
    answer = await api.delete(slow.headers["location"])
    assert answer.json()["state"] == "cancelled"
    assert children() == []


REFUSED = [
    ("draft", {"text": "await raed('x')\n"}, 422, "SCRIPT_INVALID"),
    ("draft", {"text": "x = (\n"}, 422, "SCRIPT_INVALID"),
    ("draft", {"text": "# ionpy: native\nimport os\n"}, 422, "NATIVE_NOT_SIMULATED"),
    ("draft", {}, 404, "NOT_FOUND"),
    ("draft", {"text": "x = 1\n", "hours": 0}, 400, "BAD_INPUT"),
    ("no.name", {"text": "x = 1\n"}, 400, "BAD_INPUT"),
]


async def test_what_cannot_be_tried_is_refused_at_once(api):
    for name, body, status, code in REFUSED:
        answer = await api.post(f"/api/scripts/{name}/simulate", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await api.get("/api/simulations")).json()["items"] == []
