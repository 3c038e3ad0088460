"""The second stage of all off: when links are closed, kept, and connected again."""

import asyncio

import pytest

from ionpy_auto.engine import panic_links


async def eventually(what, wanted):
    """Ask until the answer is as wanted; fails with the last one."""
    seen = await what()
    for _ in range(1_000):
        if seen == wanted:
            return
        await asyncio.sleep(0.01)
        seen = await what()
    assert seen == wanted


async def states(api):
    items = (await api.get("/api/devices")).json()["items"]
    return {item["id"]: item["state"] for item in items}


async def links(api):
    return (await api.get("/api/system/status")).json()["latch"]["links"]


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(panic_links, "COUNTDOWN_S", 0.05)


async def press(api, **body):
    answer = await api.post("/api/admin/panic", json={"reason": "smoke", **body})
    assert answer.status_code == 200
    return answer.json()


async def act(api, action):
    return await api.post("/api/admin/panic/links", json={"action": action})


@pytest.mark.usefixtures("short")
async def test_links_of_devices_proven_off_are_closed_after_the_countdown(api):
    pressed = await press(api)
    assert pressed["links"]["stage"] == "closing"
    await eventually(lambda: stage(api), "closed")
    await eventually(lambda: states(api), dict.fromkeys(await states(api), "offline"))
    assert (await links(api))["closed"] == sorted(await states(api))


async def stage(api):
    return (await links(api))["stage"]


@pytest.mark.usefixtures("short")
async def test_re_arming_connects_again_and_switches_nothing_on(api):
    on = {"device_id": "PSU_01", "key": "output", "value": True}
    assert (await api.post("/api/control", json=on)).json()["read_back"] is True
    await press(api, links="close")
    await eventually(lambda: stage(api), "closed")
    await api.post("/api/admin/rearm", json={"reason": "looked at it"})
    await eventually(lambda: states(api), dict.fromkeys(await states(api), "online"))
    assert (await api.get("/api/devices/PSU_01/entities/output")).json()["value"] is False
    assert await links(api) == {"stage": "open", "closes_in_s": None, "closed": []}


async def test_a_person_keeps_the_links_open(api):
    counted = (await press(api))["links"]
    assert 4 < counted["closes_in_s"] <= panic_links.COUNTDOWN_S
    kept = (await act(api, "keep")).json()
    assert (kept["pressed"], kept["links"]["stage"]) == (True, "open")
    assert set((await states(api)).values()) == {"online"}


async def test_a_person_closes_the_links_without_waiting(api):
    await press(api)
    assert (await act(api, "close")).json()["links"]["closes_in_s"] == 0.0
    await eventually(lambda: stage(api), "closed")
    assert (await act(api, "keep")).json()["code"] == "LINKS_CLOSED"


async def test_a_press_that_keeps_links_begins_no_countdown(api):
    assert (await press(api, links="keep"))["links"]["stage"] == "open"


@pytest.fixture
def deaf_load(api, monkeypatch):
    """A load that does not answer when it is told to go off."""
    writers = api.engine.project.devices.safe_writers()
    lost = next(writer for writer in writers if writer.device_id == "LOAD_01")

    async def deaf(outputs=None):
        del outputs
        raise TimeoutError("no answer")

    monkeypatch.setattr(lost, "drive_safe", deaf)
    others = [writer for writer in writers if writer.device_id != "LOAD_01"]
    monkeypatch.setattr(api.engine.project.devices, "safe_writers", lambda: [*others, lost])


@pytest.mark.usefixtures("deaf_load")
async def test_a_device_not_proven_off_keeps_its_link(api):
    await press(api, links="close")
    await eventually(lambda: stage(api), "closed")
    assert "LOAD_01" not in (await links(api))["closed"]
    assert (await states(api))["LOAD_01"] == "online"


async def results(api):
    latch = (await api.get("/api/system/status")).json()["latch"]
    return {result["device"]: result["ok"] for result in latch["results"]}


@pytest.mark.usefixtures("deaf_load")
async def test_what_a_press_came_to_is_shown_until_it_is_re_armed(api):
    await press(api, links="keep")
    assert await results(api) == {"PSU_01": True, "LOAD_01": False}
    await api.post("/api/projects/active/close")
    assert await results(api) == {"PSU_01": True, "LOAD_01": False}
    await api.post("/api/admin/rearm", json={"reason": "looked at it"})
    assert await results(api) == {}


async def test_a_press_while_links_still_close_for_the_one_before_counts(api, monkeypatch, request):
    stack = api.engine.project.devices.stacks["PSU_01"]
    stop, may_stop = stack.stop, asyncio.Event()

    async def slow(hint):
        await may_stop.wait()
        await stop(hint)

    monkeypatch.setattr(stack, "stop", slow)
    await press(api, links="close")
    await eventually(lambda: stage(api), "closed")
    rearmed = asyncio.create_task(api.post("/api/admin/rearm", json={"reason": "looked at it"}))
    await eventually(lambda: pressed(api), wanted=False)
    request.getfixturevalue("deaf_load")
    await press(api, links="keep")
    may_stop.set()
    await rearmed
    assert await results(api) == {"PSU_01": True, "LOAD_01": False}
    await act(api, "close")
    await eventually(lambda: stage(api), "closed")
    assert "LOAD_01" not in (await links(api))["closed"]


async def pressed(api):
    return (await api.get("/api/system/status")).json()["latch"]["pressed"]


async def test_nothing_is_closed_when_nothing_is_latched(api):
    for action in ("close", "keep"):
        answer = await act(api, action)
        assert (answer.status_code, answer.json()["code"]) == (409, "NOT_LATCHED")


@pytest.mark.usefixtures("short")
async def test_closing_the_project_ends_the_countdown(api):
    await press(api)
    await api.post("/api/projects/active/close")
    assert await stage(api) == "open"


@pytest.mark.usefixtures("deaf_load")
async def test_no_link_is_closed_before_it_is_known_what_all_off_came_to(api, monkeypatch):
    all_off, may_go = api.engine.project.all_off, asyncio.Event()

    async def slow():
        await may_go.wait()
        return await all_off()

    monkeypatch.setattr(api.engine.project, "all_off", slow)
    going = asyncio.create_task(press(api, links="keep"))
    await eventually(lambda: pressed(api), wanted=True)
    assert (await act(api, "close")).json()["links"]["closed"] == []
    may_go.set()
    await going
    await eventually(lambda: stage(api), "closed")
    assert "LOAD_01" not in (await links(api))["closed"]


async def test_nothing_counts_as_proven_off_after_a_start_with_the_latch_set(api, monkeypatch):
    monkeypatch.setattr(panic_links, "RUNS_END_S", 0.05)
    api.engine.latch.press("somebody", "before the restart", 0.0)
    await act(api, "close")
    await eventually(lambda: stage(api), "open")
    assert (await links(api))["closed"] == []
    assert set((await states(api)).values()) == {"online"}
