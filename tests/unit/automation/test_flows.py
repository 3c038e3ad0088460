"""Flow files: what is on disk is what works, and no bad file stops a good one."""

import asyncio
import threading

import pytest

from ionpy_auto.automation.flows import FlowStore, Layer, layers_of
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import Conflict, Finding, Forbidden, NotFound, Rejected, StaleRevision
from tests.unit.automation.rules_bench import PaperSite, Timeline, one_rule

GOOD = one_rule("when: PSU_01.u_out > 4 V\nthen: [{marker: m}]", "hot")
BETTER = one_rule("when: PSU_01.u_out > 5 V\nthen: [{marker: m}]", "hot")
BAD = GOOD.replace("marker", "marcer")


class Shelf:
    """Three folders and a store over them."""

    def __init__(self, root, clock=None, checkers=()):
        self.project, self.home, self.shipped = (root / n for n in ("p", "home", "shipped"))
        (self.project / "flows").mkdir(parents=True)
        self.home.mkdir()
        self.shipped.mkdir()
        self.site = PaperSite()
        self.bus = Bus()
        self.events = []
        self.bus.tap("event/flow_changed", lambda e: self.events.append(e.payload))
        self.told = []
        layers = layers_of(self.project, self.home, self.shipped)
        self.clock = clock or VirtualClock()
        self.store = FlowStore(layers, self.site, self.bus, self.clock, checkers)
        self.store.on_change(lambda i, flow: self.told.append((i, flow and flow.revision)))

    def write(self, text, name="hot.yaml", folder=None):
        path = (folder or self.project / "flows") / name
        path.write_text(text, encoding="utf-8")
        return path

    async def look(self, *paths):
        await self.store._look_at(paths)


@pytest.fixture
async def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    yield shelf
    await shelf.store.stop()


async def test_files_are_live_from_the_start(shelf):
    shelf.write(GOOD)
    await shelf.store.start(watch=False)
    (item,) = shelf.store.list()
    assert (item["id"], item["scope"], item["ok"], item["kinds"]) == (
        "hot",
        "project",
        True,
        ["rules"],
    )
    shown = shelf.store.get("hot")
    assert shown["text"] == GOOD
    assert shown["deployed_revision"] == shown["revision"]
    assert shown["outline"]["rules"][0]["id"] == "hot/r"
    assert shelf.events == [
        {"id": "hot", "revision": shown["revision"], "ok": True, "deleted": False}
    ]


async def test_a_bad_text_leaves_the_last_good_version_live(shelf):
    path = shelf.write(GOOD)
    await shelf.store.start(watch=False)
    shelf.write(BAD)
    await shelf.look(path)
    shown = shelf.store.get("hot")
    assert shown["ok"] is False
    assert shown["text"] == BAD
    assert shown["findings"][0]["line"] == 6
    assert shelf.store.flow("hot").text == GOOD
    assert shown["deployed_revision"] != shown["revision"]
    assert shelf.events[-1]["ok"] is False
    assert len(shelf.told) == 1
    shelf.write(BETTER)
    await shelf.look(path)
    assert shelf.store.flow("hot").text == BETTER


async def test_an_unreadable_file_never_stops_the_others(shelf):
    shelf.write(GOOD)
    (shelf.project / "flows" / "latin.yaml").write_bytes(b"id: caf\xe9\n")
    (shelf.project / "flows" / "folder.yaml").mkdir()
    shelf.write("{" * 5000, "deep.yaml")
    await shelf.store.start(watch=False)
    states = {item["id"]: item["ok"] for item in shelf.store.list()}
    assert states == {"deep": False, "folder": False, "hot": True, "latin": False}


async def test_project_goes_before_home_and_home_before_shipped(shelf):
    shelf.write(GOOD, folder=shelf.shipped)
    shelf.write(BETTER, folder=shelf.home)
    await shelf.store.start(watch=False)
    assert shelf.store.flow("hot").text == BETTER
    path = shelf.write(GOOD.replace("marker: m", "marker: mine"))
    await shelf.look(path)
    (item,) = shelf.store.list()
    assert item["scope"] == "project"
    assert len(item["shadows"]) == 2
    path.unlink()
    await shelf.look(path)
    assert shelf.store.flow("hot").text == BETTER
    assert shelf.store.list()[0]["scope"] == "server"


async def test_the_same_id_twice_in_one_layer_is_an_error_of_the_second(shelf):
    shelf.write(GOOD, "a.yaml")
    shelf.write(BETTER, "b.yaml")
    await shelf.store.start(watch=False)
    states = {item["file"]: item["ok"] for item in shelf.store.list()}
    assert states == {"a.yaml": True, "b.yaml": False}
    assert shelf.store.flow("hot").text == GOOD
    (shelf.project / "flows" / "a.yaml").unlink()
    await shelf.look(shelf.project / "flows" / "a.yaml")
    assert shelf.store.flow("hot").text == BETTER
    assert shelf.store.get("hot")["ok"]


async def test_save_checks_writes_and_activates(shelf):
    path = shelf.write(GOOD)
    await shelf.store.start(watch=False)
    shown = await shelf.store.save("hot", BETTER, shelf.store.get("hot")["revision"])
    assert shown["text"] == path.read_text() == BETTER
    assert shelf.store.flow("hot").text == BETTER


async def test_save_of_a_bad_text_writes_nothing_and_tells_all(shelf):
    path = shelf.write(GOOD)
    await shelf.store.start(watch=False)
    with pytest.raises(Rejected) as caught:
        await shelf.store.save("hot", BAD, shelf.store.get("hot")["revision"])
    assert caught.value.status == 422
    assert caught.value.findings
    assert path.read_text() == GOOD


async def test_save_never_overwrites_what_somebody_else_wrote(shelf):
    path = shelf.write(GOOD)
    await shelf.store.start(watch=False)
    revision = shelf.store.get("hot")["revision"]
    shelf.write(BETTER)  # not seen by the store yet
    with pytest.raises(StaleRevision) as caught:
        await shelf.store.save("hot", GOOD, revision)
    assert caught.value.arguments["current_text"] == BETTER
    assert path.read_text() == BETTER


async def test_a_flow_does_not_change_its_id_by_saving(shelf):
    shelf.write(GOOD)
    await shelf.store.start(watch=False)
    text = GOOD.replace("id: hot", "id: cold")
    with pytest.raises(Rejected) as caught:
        await shelf.store.save("hot", text, shelf.store.get("hot")["revision"])
    assert caught.value.findings[-1].code == "id-changed"


async def test_saving_a_shipped_flow_makes_a_file_of_home(shelf):
    shipped = shelf.write(GOOD, folder=shelf.shipped)
    await shelf.store.start(watch=False)
    await shelf.store.save("hot", BETTER, shelf.store.get("hot")["revision"])
    assert shipped.read_text() == GOOD
    assert (shelf.home / "hot.yaml").read_text() == BETTER
    assert shelf.store.flow("hot").text == BETTER


async def test_create_and_delete(shelf):
    await shelf.store.start(watch=False)
    shown = await shelf.store.create(GOOD)
    assert (shelf.project / "flows" / "hot.yaml").read_text() == GOOD
    with pytest.raises(Conflict):
        await shelf.store.create(BETTER)
    assert (await shelf.store.create(BETTER, "server"))["shadows"]
    with pytest.raises(StaleRevision):
        await shelf.store.delete("hot", "0" * 16)
    await shelf.store.delete("hot", shown["revision"])
    assert shelf.store.flow("hot").text == BETTER
    assert (await asyncio.to_thread(lambda: list((shelf.project / "flows").iterdir()))) == []


@pytest.mark.parametrize("flow_id", ["../x", "a/b", "UPPER", ""])
async def test_an_id_never_leads_out_of_the_folder(shelf, flow_id):
    await shelf.store.start(watch=False)
    with pytest.raises(Rejected):
        await shelf.store.create(GOOD.replace("id: hot", f"id: {flow_id}"))


async def test_what_is_shipped_cannot_be_deleted(shelf):
    shelf.write(GOOD, folder=shelf.shipped)
    await shelf.store.start(watch=False)
    with pytest.raises(Forbidden):
        await shelf.store.delete("hot", shelf.store.get("hot")["revision"])
    with pytest.raises(NotFound):
        shelf.store.get("nobody")


async def test_a_device_that_comes_makes_its_flows_live(shelf):
    unit = shelf.site.units.pop("PSU_01.u_out")
    shelf.write(GOOD)
    await shelf.store.start(watch=False)
    assert shelf.store.get("hot")["ok"] is False
    shelf.site.units["PSU_01.u_out"] = unit
    for _ in range(5):
        shelf.bus.publish(Event("device_added", {}, 0.0, 0.0))
    await shelf.clock.sleep(1)
    assert shelf.store.get("hot")["ok"] is True
    assert len(shelf.told) == 1


async def test_a_device_that_goes_leaves_the_last_good_version(shelf):
    shelf.write(GOOD)
    await shelf.store.start(watch=False)
    del shelf.site.units["PSU_01.u_out"]
    shelf.bus.publish(Event("device_removed", {}, 0.0, 0.0))
    await shelf.clock.sleep(1)
    assert shelf.store.get("hot")["ok"] is False
    assert shelf.store.flow("hot") is not None


async def test_further_checkers_can_refuse(tmp_path):
    finding = Finding(code="no", message="not today")
    shelf = Shelf(tmp_path, checkers=(lambda flow, site: [finding],))
    shelf.write(GOOD)
    await shelf.store.start(watch=False)
    assert shelf.store.get("hot")["ok"] is False
    assert shelf.store.flow("hot") is None
    assert (await shelf.store.check(GOOD))["findings"][0]["code"] == "no"


async def test_a_long_check_does_not_hold_up_the_loop(tmp_path):
    moved = threading.Event()

    def slow(flow, site):
        assert moved.wait(20), "the loop stood still while a text was checked"
        return []

    shelf = Shelf(tmp_path, SystemClock(), checkers=(slow,))
    shelf.write(GOOD)
    asyncio.get_running_loop().call_soon(moved.set)
    await shelf.store.start(watch=False)
    for work in (
        lambda: shelf.store.check(GOOD),
        lambda: shelf.store.save("hot", GOOD + "# again\n", shelf.store.get("hot")["revision"]),
        lambda: shelf.store.create(GOOD.replace("id: hot", "id: cold")),
    ):
        moved.clear()
        asyncio.get_running_loop().call_soon(moved.set)
        await work()
    assert {flow.id for flow in shelf.store.live()} == {"hot", "cold"}


async def test_what_goes_away_while_a_text_is_read_only_costs_a_second_reading(tmp_path):
    readings = []

    def gone(flow, site):
        readings.append(flow.id)
        if len(readings) == 1:
            raise KeyError("PSU_01")
        return []

    shelf = Shelf(tmp_path, checkers=(gone,))
    shelf.write(GOOD)
    await shelf.store.start(watch=False)
    assert shelf.store.get("hot")["ok"]
    assert readings == ["hot", "hot"]


async def test_a_change_on_disk_is_seen_without_being_told(tmp_path):
    shelf = Shelf(tmp_path, SystemClock())
    changed = asyncio.Event()
    shelf.store.on_change(lambda *_: changed.set())
    await shelf.store.start()
    for number in range(100):  # the watcher needs a moment to come up
        shelf.write(GOOD + f"# {number}\n")
        try:
            await asyncio.wait_for(changed.wait(), 0.5)
            break
        except TimeoutError:
            continue
    assert shelf.store.flow("hot") is not None
    await shelf.store.stop()


async def test_rules_follow_the_store_and_a_bad_file_changes_nothing(shelf):
    bench = Timeline()
    path = shelf.write(GOOD)
    await shelf.store.start(watch=False)
    await bench.engine.start()
    bench.engine.follow(shelf.store)
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 4.5)
    shelf.write(BAD)
    await shelf.look(path)
    await bench.at(3, "PSU_01.u_out", 3)
    await bench.at(4, "PSU_01.u_out", 4.5)
    shelf.write(BETTER)
    await shelf.look(path)
    await bench.at(5, "PSU_01.u_out", 3)
    await bench.at(6, "PSU_01.u_out", 4.5)
    await bench.at(7, "PSU_01.u_out", 5.5)
    assert [t for t, what, _ in bench.lab.done if what == "marker"] == [2.0, 4.0, 7.0]
    await bench.engine.stop()


def test_home_that_is_the_checkout_is_one_layer(tmp_path):
    assert layers_of(None, tmp_path, tmp_path) == [Layer("server", tmp_path)]
