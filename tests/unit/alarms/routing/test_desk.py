"""The file of the server, its silences, and both over REST."""

import httpx
import pytest

from ionpy_auto.alarms.routing.desk import RoutingDesk
from ionpy_auto.alarms.routing.silences import Silences
from ionpy_auto.core.clock import SystemClock

GOOD = """
route:
  receiver: lab
  routes:
    - matchers: ['severity="critical"']
      receiver: oncall
      group_wait: 5s
      escalate: [{after: 5m, to: lab}]
receivers: [{name: lab}, {name: oncall}]
"""
BAD = GOOD.replace("receiver: oncall", "receiver: onkall")


class Deaf:
    """Hears what the desk tells."""

    def __init__(self) -> None:
        self.alarms: list[tuple[bool, str]] = []
        self.changes: list[str] = []

    def alarm(self, text, *, active):
        self.alarms.append((active, text))

    def changed(self, what, by, detail):
        self.changes.append(by)


class Memory:
    """Silences that survive as long as the test."""

    def __init__(self) -> None:
        self.kept = {}

    async def load(self):
        return list(self.kept.values())

    async def save(self, silence, forget_before):
        self.kept = {k: s for k, s in self.kept.items() if s.ends >= forget_before}
        self.kept[silence.id] = silence


class Hold:
    """A clock nobody waits for."""

    def hold(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def hears():
    return Deaf()


@pytest.fixture
def desk(tmp_path, hears):
    def make():
        silences = Silences(Memory(), lambda: 1000.0)
        made = RoutingDesk(tmp_path / "config", tmp_path / "var", Hold(), silences, hears)
        made.start(watch=False)
        return made

    return make


def test_the_first_start_writes_an_explained_file_that_is_in_force(desk):
    shown = desk().as_dict()
    assert shown["in_force"]
    assert shown["findings"] == []
    assert "group_wait: 30s" in shown["text"]


async def test_a_bad_file_leaves_the_last_good_one_in_force_also_over_a_restart(desk, hears):
    first = desk()
    await first.write(GOOD, first.as_dict()["etag"], "kim")
    first.path.write_text(BAD)
    first.look()
    assert hears.alarms[-1][0]
    assert "alarms.yaml:6:17" in hears.alarms[-1][1]
    second = desk()
    for one in (first, second):
        assert not one.as_dict()["in_force"]
        assert one.routing.match({"severity": "critical"})[0].receiver == "oncall"
    second.path.write_text(GOOD)
    second.look()
    assert not hears.alarms[-1][0]
    assert second.as_dict()["in_force"]


def test_a_file_that_is_no_text_is_an_alarm_and_not_the_end(desk, hears):
    one = desk()
    one.path.write_bytes(b"\xff\xfe\x00")
    one.look()
    assert "not UTF-8" in hears.alarms[-1][1]
    assert one.routing.route.receiver == "browser"


def test_who_follows_hears_each_routing_once_until_leaving(desk):
    one = desk()
    heard = []
    leave = one.follow(lambda routing: heard.append(routing.route.receiver))
    one.path.write_text(GOOD)
    one.look()
    one.look()
    leave()
    one.path.write_text(GOOD.replace("receiver: lab\n", "receiver: oncall\n"))
    one.look()
    assert heard == ["lab"]


def test_what_knows_the_channels_refuses_them_at_their_place(desk):
    one = desk()

    def check(fields):
        fields.get("paper")

    one.know(check, ["templates"])
    one.path.write_text(GOOD.replace("{name: lab}", "{name: lab, pager: 3}") + "templates: {}\n")
    one.look()
    assert [(f.code, f.line, f.column) for f in one.findings] == [("unknown-key", 9, 25)]


async def test_silences_begin_end_and_survive(desk):
    store, now = Memory(), [1000.0]
    silences = Silences(store, lambda: now[0])
    first = await silences.add(['device="PSU_01"'], 2000, "kim", "cable is out")
    later = await silences.add(["device=~PSU_.*", "severity!=critical"], 3000, "kim", "x", 2500)
    labels = {"device": "PSU_01", "severity": "warning"}
    again = Silences(store, lambda: now[0])
    await again.start()
    for one in (silences, again):
        assert one.covering(labels, 1500) == str(first["id"])
        assert one.covering(labels, 2200) == ""
        assert one.covering(labels, 2600) == str(later["id"])
        assert one.covering({"device": "LOAD_01"}, 1500) == ""
    now[0] = 1100.0
    ended = await again.end(first["id"], "lee")
    assert (ended["state"], ended["ended_by"]) == ("expired", "lee")
    assert again.covering(labels, 1500) == ""
    assert [one["state"] for one in again.list()] == ["pending", "expired"]


# -- REST -------------------------------------------------------------------------------------


async def test_the_file_is_read_and_written_over_rest(bare: httpx.AsyncClient):
    shown = (await bare.get("/api/alarms/routing")).json()
    bad = await bare.put("/api/alarms/routing", json={"text": BAD, "etag": shown["etag"]})
    assert (bad.status_code, bad.json()["code"]) == (422, "ROUTING_INVALID")
    assert next((f["line"], f["column"]) for f in bad.json()["findings"]) == (6, 17)
    good = await bare.put("/api/alarms/routing", json={"text": GOOD, "etag": shown["etag"]})
    assert good.json()["in_force"]
    assert good.json()["tree"]["routes"][0]["receiver"] == "oncall"
    stale = await bare.put("/api/alarms/routing", json={"text": GOOD, "etag": shown["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "STALE_ETAG")


async def test_a_way_is_shown_with_its_reasons(bare: httpx.AsyncClient):
    etag = (await bare.get("/api/alarms/routing")).json()["etag"]
    await bare.put("/api/alarms/routing", json={"text": GOOD, "etag": etag})
    labels = {"severity": "critical", "device": "PSU_01"}
    silence = {"matchers": ['device="PSU_01"'], "minutes": 10, "comment": "at work"}
    made = (await bare.post("/api/alarms/silences", json=silence)).json()
    answer = (await bare.post("/api/alarms/routing/test", json={"labels": labels})).json()
    way = answer["ways"][0]
    assert (way["receiver"], way["group_wait"]) == ("oncall", 5)
    assert way["escalate"] == [{"after": 300, "to": "lab"}]
    assert way["silenced_by"] == str(made["id"])
    assert any("severity is 'critical'" in reason for reason in way["reasons"])
    other = {"labels": {"severity": "info"}}
    answer = (await bare.post("/api/alarms/routing/test", json=other)).json()
    assert answer["ways"][0]["path"] == ["root"]
    assert "does not fit" in answer["not_taken"][0]["reason"]


async def test_the_way_of_an_alarm_that_is_there(api: httpx.AsyncClient):
    alarms = api.engine.project.automation.alarms
    await alarms.raise_alarm("server/disk", severity="critical", text="full")
    answer = await api.post("/api/alarms/routing/test", json={"alarm": "server/disk"})
    assert answer.json()["labels"]["alertname"] == "disk"
    assert answer.json()["ways"][0]["receiver"] == "browser"
    unknown = await api.post("/api/alarms/routing/test", json={"alarm": "server/none"})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"matchers": ['device=~".*"'], "minutes": 5, "comment": "all"}, "SILENCES_ALL"),
        ({"matchers": ["device"], "minutes": 5, "comment": "x"}, "BAD_MATCHER"),
        ({"matchers": ["a=b"], "minutes": 5, "comment": "  "}, "REASON_REQUIRED"),
        ({"matchers": ["a=b"], "ends": 5, "comment": "past"}, "BAD_INPUT"),
        ({"matchers": ["a=b"], "comment": "until when"}, "BAD_INPUT"),
        ({"matchers": [], "minutes": 5, "comment": "x"}, "BAD_INPUT"),
    ],
)
async def test_what_no_silence_may_be(bare: httpx.AsyncClient, wish, code):
    answer = await bare.post("/api/alarms/silences", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_silence_is_ended_by_its_id(bare: httpx.AsyncClient):
    wish = {"matchers": ["a=b"], "minutes": 5, "comment": "x"}
    made = (await bare.post("/api/alarms/silences", json=wish)).json()
    ended = (await bare.delete(f"/api/alarms/silences/{made['id']}")).json()
    assert ended["state"] == "expired"
    assert (await bare.get("/api/alarms/silences")).json()["items"] == [ended]
    assert (await bare.delete("/api/alarms/silences/77")).status_code == 404


async def test_line_ends_of_another_system_stay_and_are_no_change(desk, hears):
    one = desk()
    shown = await one.write(GOOD.replace("\n", "\r\n"), one.as_dict()["etag"], "kim")
    assert shown["text"] == GOOD.replace("\n", "\r\n")
    one.look()
    assert hears.changes == ["kim"]
    await one.write(GOOD, shown["etag"], "kim")


async def until(ask):
    """Wait for the file to be noticed, which real time does."""
    clock = SystemClock()
    async with clock.timeout(20):
        while not await ask():
            await clock.sleep(0.05)


async def test_a_file_edited_by_hand_is_in_force_soon_and_a_bad_one_is_an_alarm(
    api: httpx.AsyncClient,
):
    path = api.engine.home.root / "config" / "alarms.yaml"

    async def keys():
        return {alarm["key"] for alarm in (await api.get("/api/alarms")).json()["items"]}

    async def first_receiver():
        return (await api.get("/api/alarms/routing")).json()["tree"]["receiver"]

    async def is_good():
        return await first_receiver() == "lab"

    async def is_alarm():
        return "server/alarm-routing" in await keys()

    async def is_over():
        items = (await api.get("/api/alarms")).json()["items"]
        return all(
            alarm["new_state"] == "NORMAL"
            for alarm in items
            if alarm["key"] == "server/alarm-routing"
        )

    path.write_text(GOOD)
    await until(is_good)
    path.write_text(BAD)
    await until(is_alarm)
    assert await first_receiver() == "lab"
    path.write_text(GOOD)
    await until(is_over)
