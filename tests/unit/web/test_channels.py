"""Channels over REST, and what a person accepts for them."""

from ionpy_auto.engine.channels import channel_hash
from tests.unit.web.test_api import refused

ITEM = "no_hardware_cutoff"


def question(api, **more):
    digest = channel_hash(api.engine.project, "CH1")
    return {"item": ITEM, "hash": digest, "person": "Eve", **more}


async def test_channels_show_their_wiring_and_what_is_asked(api):
    listed = (await api.get("/api/channels")).json()
    assert [item["id"] for item in listed["items"]] == ["CH1"]
    one = (await api.get("/api/channels/CH1")).json()
    assert (one["holder"], one["queue"]) == (None, [])
    assert one["wiring"]["source"] == "PSU_01"
    assert one["open"]
    assert "CH1.voltage" in one["points"]
    assert one["accepted"] == {}
    refused(await api.get("/api/channels/CH9"), 404, "NOT_FOUND")


async def test_an_acceptance_has_a_name_a_date_and_one_text(api):
    accepted = await api.post("/api/channels/CH1/accept", json=question(api, note="bench 3"))
    entry = accepted.json()["accepted"][ITEM]
    assert (entry["by"], entry["note"]) == ("Eve", "bench 3")
    assert entry["at"] > 0
    path = api.engine.project.site.channels.paths()["CH1"]
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert (await api.get("/api/channels/CH1")).json()["accepted"] == {}


async def test_an_acceptance_of_another_text_is_refused(api):
    other = question(api, hash="0" * 64)
    content = refused(
        await api.post("/api/channels/CH1/accept", json=other), 409, "CONTENT_CHANGED"
    )
    assert content["args"]["hash"] == question(api)["hash"]
    nonsense = question(api, item="everything")
    refused(await api.post("/api/channels/CH1/accept", json=nonsense), 404, "NOT_FOUND")
    nobody = question(api, person="")
    refused(await api.post("/api/channels/CH1/accept", json=nobody), 400, "BAD_INPUT")


async def test_an_acceptance_is_audited_survives_a_restart_and_can_be_withdrawn(api):
    await api.post("/api/channels/CH1/accept", json=question(api))
    await api.engine.acceptances.load()
    assert ITEM in (await api.get("/api/channels/CH1")).json()["accepted"]
    gone = await api.delete(f"/api/channels/CH1/accept/{ITEM}")
    assert gone.json()["accepted"] == {}
    await api.engine.audit.settle()
    actions = {row["action"] for row in (await api.get("/api/audit?limit=50")).json()["items"]}
    assert {"channel_accepted", "channel_accept_withdrawn"} <= actions


async def test_cell_types_are_listed_with_their_figures_or_what_is_wrong(api):
    folder = api.engine.project.project.path("cells")
    folder.mkdir(exist_ok=True)
    (folder / "broken.yaml").write_text("capacity: banana\n", encoding="utf-8")
    listed = (await api.get("/api/cells")).json()
    by_id = {item["id"]: item for item in listed["items"]}
    shipped, broken = by_id["cells/inr18650-25r"], by_id["cells/broken"]
    assert (shipped["capacity"], shipped["charge_voltage"]) == (2.5, 4.2)
    assert shipped["findings"] == []
    assert broken["capacity"] is None
    assert broken["findings"][0]["line"] == 1
