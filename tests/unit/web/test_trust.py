"""Drivers of the home and of projects: read, trusted, changed, distrusted, over REST."""

import asyncio

import pytest

from tests.conftest import DEMO, Api

TEXT = '''"""A driver of the lab's own."""
from pathlib import Path

from ionpy_auto.devices import RW, Blueprint, Driver, Numeric, Role, Safe, Toggle

Path({mark!r}).touch()


class Own(Driver):
    """One voltage and a switch."""

    NAME = "{name}"
    ALIASES = ("{name}-1",)
    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    volts = Numeric(unit="V")
    output = Toggle(access=RW, role=Role.OUTPUT, safe=Safe("write", value=False))
    is_on = False

    async def poll(self):
        return {{"volts": {volts}, "output": self.is_on}}

    async def write(self, entity_id, value):
        self.is_on = value

    async def read_back(self, entity_id):
        return self.is_on
'''


class Own:
    """A driver folder that leaves a mark when it is run."""

    def __init__(self, drivers, mark, name="own"):
        self.folder, self.mark, self.name = drivers / name, mark, name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write()

    def write(self, volts=1.5):
        text = TEXT.format(mark=str(self.mark), name=self.name, volts=volts)
        (self.folder / "driver.py").write_text(text)

    @property
    def ran(self):
        return self.mark.exists()


@pytest.fixture
def own(home, tmp_path):
    return Own(home.root / "drivers", tmp_path / "ran")


async def trust(api, name="own"):
    url = f"/api/config/drivers/{name}/trust"
    read = (await api.get(url)).json()
    return await api.post(url, json={"hash": read["hash"]})


async def add(api, name="OWN", driver="own-1"):
    body = {"id": name, "driver": driver, "transport": {"type": "virtual"}}
    body["polling_interval_ms"] = 100
    return await api.post("/api/devices", json=body)


async def until_state(api, state, device="OWN"):
    for _ in range(300):
        manifest = (await api.get(f"/api/devices/{device}")).json()
        if manifest["state"] == state:
            return manifest
        await asyncio.sleep(0.01)
    raise AssertionError(manifest)


async def with_waiting_device(api, own):
    """The device stands in the project before its driver is trusted."""
    project = api.engine.project
    project.devices.stacks.clear()
    config = '{"devices": [{"id": "OWN", "driver": "own", "transport": {"type": "virtual"}}]}'
    project.project.devices_path.write_text(config)
    await api.engine.close_project()
    await api.engine.open_project(DEMO)
    return own


async def test_listing_reading_and_refusing_never_runs_a_driver(api: Api, own: Own) -> None:
    listed = {d["name"]: d for d in (await api.get("/api/config/drivers")).json()["items"]}
    assert (listed["own"]["trusted"], listed["own"]["shipped"]) == (False, False)
    assert listed["virtual_psu"]["trusted"] is True
    read = (await api.get("/api/config/drivers/OWN-1/trust")).json()
    assert (read["name"], read["path"], read["trusted"]) == ("own", "drivers/own", False)
    assert '+    NAME = "own"' in read["diff"]
    refused = await api.get("/api/config/drivers/own/blueprint")
    assert (refused.status_code, refused.json()["code"]) == (403, "DRIVER_UNTRUSTED")
    assert (await add(api)).status_code == 403
    await with_waiting_device(api, own)
    manifest = (await api.get("/api/devices/OWN")).json()
    assert manifest["state"] == "offline"
    assert "trust" in manifest["hint"]
    assert not own.ran


async def test_a_device_that_waits_connects_as_soon_as_its_driver_is_trusted(
    api: Api, own: Own
) -> None:
    await with_waiting_device(api, own)
    answer = await trust(api)
    assert (answer.status_code, answer.json()["trusted"], answer.json()["diff"]) == (200, True, "")
    assert own.ran
    manifest = await until_state(api, "online")
    assert manifest["values"]["volts"]["value"] == 1.5
    await api.engine.audit.settle()
    newest = (await api.get("/api/audit")).json()["items"][0]
    assert (newest["action"], newest["detail"]["driver"]) == ("driver_trusted", "own")


async def test_a_change_is_shown_and_asks_again_and_running_devices_go_on(
    api: Api, own: Own
) -> None:
    await trust(api)
    assert (await add(api)).status_code == 201
    await until_state(api, "online")
    own.write(volts=2.5)
    read = (await api.get("/api/config/drivers/own/trust")).json()
    assert read["trusted"] is False
    assert '+        return {"volts": 2.5, "output": self.is_on}' in read["diff"].splitlines()
    assert "NAME" not in read["diff"]
    assert (await api.get("/api/devices/OWN")).json()["state"] == "online"
    await api.post("/api/devices/OWN/disconnect")
    await api.post("/api/devices/OWN/connect")
    assert "trust" in (await until_state(api, "offline"))["hint"]
    await trust(api)
    assert (await until_state(api, "online"))["values"]["volts"]["value"] == 2.5


async def test_what_changed_after_reading_is_refused(api: Api, own: Own) -> None:
    url = "/api/config/drivers/own/trust"
    read = (await api.get(url)).json()
    own.write(volts=6.0)
    answer = await api.post(url, json={"hash": read["hash"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONTENT_CHANGED")
    assert not own.ran


@pytest.mark.parametrize("body", [{}, {"hash": "x"}, {"hash": "0" * 64, "by": "me"}])
async def test_trust_needs_the_hash_of_what_was_read(api: Api, own: Own, body) -> None:
    assert (await api.post("/api/config/drivers/own/trust", json=body)).status_code == 400
    assert not own.ran


async def test_distrust_switches_off_and_disconnects(api: Api, own: Own) -> None:
    await trust(api)
    await add(api)
    await until_state(api, "online")
    driver = api.engine.project.devices.stack("OWN").driver
    await api.put("/api/devices/OWN/entities/output", json={"value": True})
    assert driver.is_on
    answer = await api.delete("/api/config/drivers/own/trust")
    assert answer.json()["trusted"] is False
    assert not driver.is_on
    assert "trust" in (await until_state(api, "offline"))["hint"]


async def test_a_shipped_driver_needs_no_trust(api: Api) -> None:
    read = (await api.get("/api/config/drivers/virtual_psu/trust")).json()
    assert (read["trusted"], read["shipped"], read["diff"]) == (True, True, "")
    answer = await trust(api, "virtual_psu")
    assert answer.status_code == 400
    answer = await api.delete("/api/config/drivers/virtual_psu/trust")
    assert (answer.status_code, answer.json()["code"]) == (409, "SHIPPED")


async def test_a_project_s_drivers_are_found_while_it_is_open_and_a_copy_carries_no_trust(
    api: Api, tmp_path
) -> None:
    made = (await api.post("/api/projects", json={"name": "Mine"})).json()
    project, _ = api.engine.library.find(made["id"])
    Own(project.folder / "drivers", tmp_path / "ran", "of_project")
    await api.engine.open_project(made["id"])
    assert (await trust(api, "of_project")).json()["path"] == "projects/mine/drivers/of_project"
    copy = api.engine.library.duplicate(made["id"], "Copy")
    await api.engine.open_project(copy.id)
    read = (await api.get("/api/config/drivers/of_project/trust")).json()
    assert (read["path"], read["trusted"]) == ("projects/copy/drivers/of_project", False)
    assert '+    NAME = "of_project"' in read["diff"]
    await api.engine.close_project()
    assert (await api.get("/api/config/drivers/of_project/trust")).status_code == 404
