"""Exports in the background over REST: progress, several devices, cancel; and regions."""

import asyncio
import zipfile
from io import BytesIO

from ionpy_auto.storage import export as export_module
from ionpy_auto.web.export_jobs import export_jobs_of

BASE = "/api/projects/active"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def recorded(api, seconds=20.0):
    number = (await api.post(f"{BASE}/sessions/start", json={"name": "Akku"})).json()["id"]
    await api.engine.project.clock.sleep(seconds)
    await api.post(f"{BASE}/sessions/stop")
    return number


async def ended(api, job):
    for _ in range(500):
        now = (await api.get(f"{BASE}/exports/jobs/{job['id']}")).json()
        if now["state"] not in {"waiting", "running"}:
            return now
        await asyncio.sleep(0.01)
    raise AssertionError(now)


async def test_an_export_of_two_devices_is_followed_to_its_file(api):
    number = await recorded(api)
    held = {item["device"]: item for item in (await api.get(f"{BASE}/recorded")).json()["items"]}
    body = {"session_id": number, "devices": ["PSU_01", "DMM_01"], "metadata": True}
    answer = await api.post(f"{BASE}/exports", json=body)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{BASE}/exports/jobs/{answer.json()['id']}"
    job = await ended(api, answer.json())
    assert (job["state"], job["progress"]) == ("done", 1.0)
    assert job["rows"] == held["PSU_01"]["rows"] + held["DMM_01"]["rows"]
    file = await api.get(f"{BASE}/exports/{job['export']['id']}")
    with zipfile.ZipFile(BytesIO(file.content)) as archive:
        assert sorted(archive.namelist()) == ["DMM_01.csv", "PSU_01.csv"]
    listed = (await api.get(f"{BASE}/exports/jobs")).json()["items"]
    assert [item["id"] for item in listed] == [job["id"]]


async def test_a_cancelled_export_leaves_no_file_and_no_row(api, monkeypatch):
    monkeypatch.setattr(export_module, "PAGE_ROWS", 1)
    number = await recorded(api, 120.0)
    job = (await api.post(f"{BASE}/exports", json={"session_id": number})).json()
    gone = (await api.delete(f"{BASE}/exports/jobs/{job['id']}")).json()
    assert gone["state"] == "cancelled"
    folder = api.engine.project.project.path("exports")
    for _ in range(500):
        if not list(folder.glob("*.part")):
            break
        await asyncio.sleep(0.01)
    assert list(folder.glob("*")) == []
    assert (await api.get(f"{BASE}/exports")).json()["total"] == 0


async def test_an_export_that_cannot_be_is_refused_before_it_becomes_a_job(api):
    number = await recorded(api)
    wrong = {"session_id": number, "format": "scroll"}
    refused(await api.post(f"{BASE}/exports", json=wrong), 404, "NOT_FOUND")
    refused(await api.post(f"{BASE}/exports", json={"devices": ["X"]}), 404, "NOT_FOUND")
    refused(await api.get(f"{BASE}/exports/jobs/77"), 404, "NOT_FOUND")
    assert (await api.get(f"{BASE}/exports/jobs")).json()["total"] == 0
    formats = (await api.get(f"{BASE}/exports/formats")).json()["items"]
    assert {"name": "csv", "suffix": ".csv"} in formats


async def test_an_export_of_nothing_fails_with_its_reason(api):
    await recorded(api)
    body = {"devices": ["PSU_01"], "start": 1.0, "end": 2.0, "session_id": 99}
    job = await ended(api, (await api.post(f"{BASE}/exports", json=body)).json())
    assert (job["state"], job["error"]["code"]) == ("failed", "NOT_FOUND")


async def test_a_ninth_export_is_refused_and_one_that_is_not_there_is_named(api):
    number = await recorded(api)
    async with export_jobs_of(api.engine.project)._turn:
        for _ in range(8):
            await api.post(f"{BASE}/exports", json={"session_id": number})
        full = await api.post(f"{BASE}/exports", json={"session_id": number})
        refused(full, 409, "TOO_MANY_EXPORTS")
        assert full.json()["message"] == "8 exports are waiting"
        for job in range(1, 9):
            await api.delete(f"{BASE}/exports/jobs/{job}")
    none = (await api.get(f"{BASE}/exports/jobs/77")).json()
    assert none["message"] == "there is no export job '77'"
    assert none["hint"] == "old ones are forgotten; files are in GET …/exports"


async def test_an_export_that_breaks_down_says_so(api, monkeypatch):
    number = await recorded(api)
    told = []
    api.engine.bus.tap("event/export_job", lambda event: told.append(event.payload["state"]))

    async def broken():
        raise LookupError

    monkeypatch.setattr(api.engine.project.recorder, "flush", broken)
    job = await ended(api, (await api.post(f"{BASE}/exports", json={"session_id": number})).json())
    assert job["error"] == {"code": "INTERNAL_ERROR", "message": "the export broke down"}
    assert told == ["running", "failed"]


async def test_a_region_belongs_to_the_session_of_its_time_and_ends_after_it_begins(api):
    number = await recorded(api)
    session = (await api.get(f"{BASE}/sessions/{number}")).json()
    at = (session["created"] + session["stopped"]) / 2
    region = {"label": "soak", "timestamp": at, "ends": at + 3}
    kept = (await api.post(f"{BASE}/markers", json=region)).json()
    assert (kept["session_id"], kept["ends"]) == (number, at + 3)
    before = {"label": "early", "timestamp": session["created"] - 100}
    assert (await api.post(f"{BASE}/markers", json=before)).json()["session_id"] is None
    inside = (await api.get(f"{BASE}/markers?start={at + 2}&end={at + 9}")).json()["items"]
    assert [marker["label"] for marker in inside] == ["soak"]
    path = f"{BASE}/markers/{kept['id']}"
    refused(await api.patch(path, json={"ends": at - 1}), 400, "BAD_INPUT")
    assert (await api.patch(path, json={"ends": None})).json()["ends"] is None
