"""Interlocks, confirmations and take-overs over REST, on an open project."""

import asyncio

from ionpy_auto.core.commands import Mode
from tests.unit.web.test_api import refused

WARM = """\
interlocks:
  - id: lab-exists
    trip: DMM_01.cell_v > 3 V
    deny: [PSU_01.output]
    safe: [LOAD_01]
"""


async def until(true, seconds=10.0):
    for _ in range(int(seconds / 0.02)):
        if await true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("did not become true")


async def test_an_interlock_is_written_trips_denies_and_is_shelved(api):
    empty = (await api.get("/api/interlocks")).json()
    assert empty["items"] == []
    wish = {"text": WARM, "revision": empty["revision"]}
    made = (await api.put("/api/interlocks", json=wish)).json()
    assert made["in_force"] is True
    (one,) = made["items"]
    assert (one["id"], one["deny"], one["safe"]) == ("lab-exists", ["PSU_01.output"], ["LOAD_01"])

    async def tripped():
        return (await api.get("/api/interlocks")).json()["items"][0]["state"] == "tripped"

    await until(tripped)
    on = {"device_id": "PSU_01", "key": "output", "value": True}
    refusal = refused(await api.post("/api/control", json=on), 409, "INTERLOCK")
    assert "lab-exists" in refusal["message"]
    off = await api.post("/api/control", json={**on, "value": False})
    assert off.status_code == 200
    active = (await api.get("/api/alarms")).json()["items"]
    assert "interlock/lab-exists" in {alarm["key"] for alarm in active}
    shelf = {"minutes": 5, "reason": "the lab is watched"}
    shelved = await api.post("/api/interlocks/lab-exists/shelve", json=shelf)
    assert shelved.json()["state"] == "shelved"
    assert (await api.post("/api/control", json=on)).status_code == 200
    await api.post("/api/control", json={**on, "value": False})
    again = (await api.post("/api/interlocks/lab-exists/unshelve")).json()
    assert again["state"] == "tripped"
    cleared = {"text": "", "revision": made["revision"]}
    assert (await api.put("/api/interlocks", json=cleared)).json()["items"] == []


async def test_interlocks_with_mistakes_are_refused_with_their_place(api):
    revision = (await api.get("/api/interlocks")).json()["revision"]
    bad = {"text": WARM.replace("3 V", "3 A"), "revision": revision}
    answer = refused(await api.put("/api/interlocks", json=bad), 422, "INTERLOCKS_INVALID")
    assert answer
    stale = {"text": WARM, "revision": "x"}
    refused(await api.put("/api/interlocks", json=stale), 412, "STALE_REVISION")
    refused(await api.post("/api/interlocks/none/unshelve"), 404, "NOT_FOUND")


async def test_an_armed_project_asks_before_an_output_goes_on_by_hand(api, engine):
    engine.project.mode.mode = Mode.ARMED
    try:
        path = "/api/devices/PSU_01/entities/output"
        asked = refused(await api.put(path, json={"value": True}), 409, "CONFIRMATION_REQUIRED")
        token = asked["args"]["token"]
        other = refused(
            await api.put(path.replace("output", "v_set"), json={"value": 99.0, "confirm": token}),
            422,
            "OUT_OF_RANGE",
        )
        assert other
        done = await api.put(path, json={"value": True, "confirm": token})
        assert done.json()["read_back"] is True
        assert (await api.put(path, json={"value": False})).status_code == 200
        refused(
            await api.put(path, json={"value": True, "confirm": token}),
            409,
            "CONFIRMATION_REQUIRED",
        )
    finally:
        engine.project.mode.mode = Mode.SIMULATE


async def test_a_person_takes_an_output_from_a_run_which_pauses(api, engine):
    started = await api.post("/api/runs", json={"sequence": "capacity-check"})
    run = started.json()["id"]

    async def holds():
        return engine.project.gate.leases.owner_of("PSU_01", "v_set") == f"run:{run}" and (
            (await api.get(f"/api/runs/{run}")).json()["state"] == "running"
        )

    await until(holds, 30)
    path = "/api/devices/PSU_01/entities/v_set"
    owned = refused(await api.put(path, json={"value": 3.3}), 409, "OWNED")
    assert owned["args"]["owner"] == f"run:{run}"
    taken = await api.put(path, json={"value": 3.3, "take_over": True})
    assert taken.json()["read_back"] == 3.3
    assert (await api.get(f"/api/runs/{run}")).json()["state"] == "paused"
    assert (await api.get("/api/devices/PSU_01/entities/output")).json()["value"] is False
    await api.post(f"/api/runs/{run}/abort")
