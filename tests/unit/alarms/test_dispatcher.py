"""Alarms on their way to people: real alarms, real routes, real outbox."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from ionpy_auto.alarms.ack_links import AckLinks
from ionpy_auto.alarms.dispatcher import Dispatcher
from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.alarms.messages import Texts
from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.errors import NotFound, StorageError
from tests.unit.alarms.delivery import Collector, Post, opened, webhook

ROUTES = """
receivers: [{name: lab}, {name: boss}]
route:
  receiver: lab
  group_by: [device]
  group_wait: 10s
  group_interval: 5m
  repeat_interval: 4h
"""
QUICK = ROUTES.replace("10s", "0s")
ESCALATE = ROUTES + "  escalate: [{after: 15m, to: boss}]\n"


@pytest.fixture
async def database(tmp_path):
    database = await opened(tmp_path)
    yield database
    await database.stop()


class Life:
    """One life of a server: alarms, routes, outbox and links."""

    def __init__(self, database, tmp_path, collector, url="https://lab.example"):
        self.post = Post(collector, database)
        self.clock, self.outbox = self.post.clock, self.post.outbox
        self.alarms = AlarmManager(database, self.post.bus, self.clock)
        lab = webhook("lab", "https://hooks.example.org/lab", fallback="boss")
        boss = webhook("boss", "https://hooks.example.org/boss")
        self.post.receivers.take({"lab": lab, "boss": boss})
        secrets = Secrets(tmp_path / "secrets.json", {})
        self.links = AckLinks(database, self.clock, secrets, url, self.alarms.acknowledge)
        self.links.start()
        self.post.receivers.fill = self.links.fill
        self.outbox._on_path = self._path
        self.dispatcher = Dispatcher(database, self.post.bus, self.outbox, Texts(url), self.links)

    async def _path(self, receiver, error):
        key = f"server/notification/{receiver}"
        if error:
            await self.alarms.raise_alarm(key, text=f"{receiver} gets no messages: {error}")
        else:
            await self.alarms.clear(key)

    async def begin(self, routes=ROUTES):
        await self.alarms.start()
        await self.outbox.start()
        routing, findings = read_routing(routes)
        assert not [str(one) for one in findings if one.severity == "error"]
        await self.dispatcher.start(self.alarms, lambda: {"project": "demo"}, routing)

    async def end(self):
        await self.alarms.stop()
        await self.dispatcher.stop()
        await self.outbox.stop()

    async def high(self, name, device="PSU_01", **about):
        about = {"severity": "critical", "text": f"HIHI {name} {device}"} | about
        return await self.alarms.raise_alarm(f"{device}/{name}", device=device, **about)


@asynccontextmanager
async def life(database, tmp_path, collector, routes=ROUTES, **more):
    it = Life(database, tmp_path, collector, **more)
    await it.begin(routes)
    yield it
    await it.end()


def told(collector):
    return [(body["receiver"], body["title"]) for body in collector.bodies]


async def test_alarms_of_a_device_come_as_one_message_and_their_end_as_another(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(5)
        await lab.high("temp", severity="warning")
        await lab.clock.sleep(10)
        (body,) = collector.bodies
        assert body["title"] == "[CRITICAL ×2] HIHI u_out PSU_01 (+1)"
        lines = body["message"].split("\n")
        assert lines[0].endswith("CRITICAL HIHI u_out PSU_01")
        assert lines[1].endswith("WARNING HIHI temp PSU_01")
        assert [alert["labels"]["alertname"] for alert in body["alerts"]] == ["u_out", "temp"]
        assert body["commonLabels"]["project"] == "demo"
        for name in ("u_out", "temp"):
            await lab.alarms.clear(f"PSU_01/{name}")
        await lab.clock.sleep(300)
        assert told(collector)[1:] == [("lab", "[RESOLVED ×2] HIHI u_out PSU_01 (+1)")]
        assert {alert["status"] for alert in collector.bodies[1]["alerts"]} == {"resolved"}


async def test_nobody_is_told_twice_after_a_restart_and_an_end_meanwhile_is_told(
    database, tmp_path
):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(60)
    async with life(database, tmp_path, collector) as lab:
        await lab.clock.sleep(3600)
        assert told(collector) == [("lab", "[CRITICAL] HIHI u_out PSU_01")]
        await lab.alarms.clear("PSU_01/u_out")
        await lab.clock.sleep(301)
    assert told(collector)[1:] == [("lab", "[RESOLVED] HIHI u_out PSU_01")]


async def test_what_was_raised_and_not_told_yet_is_told_by_the_next_life(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        await lab.high("u_out")
        await lab.alarms.flush()
        lab.dispatcher._events.clear()  # as a kill behind the row of the alarm
    assert told(collector) == []
    async with life(database, tmp_path, collector) as lab:
        await lab.clock.sleep(30)
    assert told(collector) == [("lab", "[CRITICAL] HIHI u_out PSU_01")]


async def test_a_stop_in_the_middle_of_a_hand_over_loses_no_message(
    database, tmp_path, monkeypatch
):
    collector, each = Collector(), QUICK.replace("[device]", "['...']")
    middle, written, write = asyncio.Event(), [], Texts.write

    def counted(self, notice, receiver):
        written.append(notice.key)
        if len(written) == 30:
            middle.set()
        return write(self, notice, receiver)

    monkeypatch.setattr(Texts, "write", counted)
    async with life(database, tmp_path, collector, each) as lab:
        for number in range(60):
            await lab.high(f"p{number}")
        passing = asyncio.ensure_future(lab.clock.sleep(60))
        await middle.wait()
        assert len(written) < 60
    passing.cancel()
    async with life(database, tmp_path, collector, each) as lab:
        await lab.clock.sleep(60)
    assert sorted(told(collector)) == sorted(
        ("lab", f"[CRITICAL] HIHI p{number} PSU_01") for number in range(60)
    )


async def test_what_came_and_went_behind_the_cursor_is_told_where_nobody_waits(database, tmp_path):
    collector = Collector()
    it = Life(database, tmp_path, collector)
    await it.alarms.start()
    await it.high("u_out")
    await it.clock.sleep(3)
    await it.alarms.clear("PSU_01/u_out")
    (alarm,) = it.alarms.active()
    await it.alarms.acknowledge(alarm["id"], "anna")
    await it.alarms.stop()
    async with life(database, tmp_path, collector, QUICK) as lab:
        await lab.clock.sleep(600)
    assert told(collector)[0] == ("lab", "[CRITICAL] HIHI u_out PSU_01")


async def test_while_nobody_acknowledges_others_are_told(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector, ESCALATE) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(1000)
        (first, second) = told(collector)
        assert first == ("lab", "[CRITICAL] HIHI u_out PSU_01")
        assert second == (
            "boss",
            "[CRITICAL] HIHI u_out PSU_01 · nobody acknowledged, step 1",
        )


async def test_an_acknowledgement_stops_repeats_and_escalation(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector, ESCALATE) as lab:
        alarm = await lab.high("u_out")
        await lab.clock.sleep(60)
        await lab.alarms.acknowledge(alarm["id"], "anna")
        await lab.clock.sleep(6 * 3600)
        assert told(collector) == [("lab", "[CRITICAL] HIHI u_out PSU_01")]


async def test_other_routes_lose_no_group(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(60)
        routing, _ = read_routing(ROUTES.replace("receiver: lab", "receiver: boss"))
        lab.dispatcher.reroute(routing)
        await lab.clock.sleep(60)
        await lab.alarms.clear("PSU_01/u_out")
        await lab.clock.sleep(600)
    assert ("lab", "[CRITICAL] HIHI u_out PSU_01") in told(collector)
    assert ("lab", "[RESOLVED] HIHI u_out PSU_01") in told(collector)


async def test_without_a_routing_file_the_pages_are_told(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        lab.dispatcher.reroute(None)
        await lab.high("u_out")
        await lab.clock.sleep(5)
        assert [page["title"] for page in lab.post.pages] == ["[CRITICAL] HIHI u_out PSU_01"]
    assert collector.requests == []


async def test_a_receiver_that_is_not_reached_is_told_about_at_its_fallback(database, tmp_path):
    bodies = []

    def answer(request):
        if request.url.path == "/lab":
            return Collector(503)(request)
        bodies.append(json.loads(request.content))
        return Collector()(request)

    async with life(database, tmp_path, answer) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(120)
    assert [body["title"] for body in bodies] == [
        "[WARNING] lab gets no messages: hooks.example.org answered 503"
    ]


async def test_a_database_that_refuses_keeps_no_alarm_from_people(database, tmp_path, monkeypatch):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:

        async def full(work):
            raise StorageError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(database, "write", full)
            await lab.high("u_out")
            await lab.clock.sleep(60)
        assert told(collector) == [("lab", "[CRITICAL] HIHI u_out PSU_01")]
    assert len(collector.requests) == 1


async def test_a_thousand_alarms_are_one_readable_message_of_bounded_length(database, tmp_path):
    collector = Collector()
    routes = ROUTES.replace("group_by: [device]", "group_by: [project]")
    async with life(database, tmp_path, collector, routes) as lab:
        for number in range(1000):
            await lab.high(f"cell_{number}", severity="critical" if number == 500 else "warning")
        await lab.clock.sleep(60)
        (body,) = collector.bodies
        assert body["title"] == "[CRITICAL ×1000] HIHI cell_500 PSU_01 (+999)"
        lines = body["message"].split("\n")
        assert "CRITICAL HIHI cell_500" in lines[0]
        assert lines[20] == "… and 980 more: 980 warning"
        assert (len(body["alerts"]), body["truncatedAlerts"]) == (100, 900)
        assert len(body["message"]) < 2_500
        assert len(collector.requests[0].content) < 100_000


@pytest.mark.parametrize(
    "edges", [300, pytest.param(6000, marks=pytest.mark.proof)], ids=["30 s", "10 min"]
)
async def test_flapping_ten_times_a_second_is_told_at_most_twice_in_fifteen_minutes(
    database, tmp_path, edges
):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        for _ in range(edges // 2):
            await lab.high("u_out")
            await lab.clock.sleep(0.1)
            await lab.alarms.clear("PSU_01/u_out")
            await lab.clock.sleep(0.1)
        await lab.clock.sleep(900 - edges / 10)
        assert 1 <= len(collector.requests) <= 2


# -- links ------------------------------------------------------------------------------------


def link_in(body):
    (line,) = [one for one in body["message"].split("\n") if one.startswith("Acknowledge: ")]
    return line.removeprefix("Acknowledge: https://lab.example/alarm-ack/")


async def test_a_link_acknowledges_once_and_is_nowhere_in_the_database(database, tmp_path):
    collector = Collector(500)
    async with life(database, tmp_path, collector) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(60)
        first, again = map(link_in, collector.bodies)
        assert first == again
        assert (await lab.links.look(first))["state"] == "open"
        assert lab.alarms.counts()["unacked"] == 1
        assert (await lab.links.use(first, " Anna  Muster "))["state"] == "done"
        (alarm,) = lab.alarms.active()
        assert (alarm["acknowledged"], alarm["ack_by"]) == (True, "Anna Muster (link)")
        used = await lab.links.use(first, "Mallory")
        assert (used["state"], used["used_by"]) == ("used", "Anna Muster")
        with pytest.raises(NotFound):
            await lab.links.look("x" + first)
        listed = await lab.outbox.list()
        assert "⟦ack⟧" in listed["items"][0]["message"]
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("data.db*"))
    assert first.encode() not in everything


async def test_a_link_ends_and_trying_many_is_refused(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector) as lab:
        await lab.high("u_out")
        await lab.clock.sleep(60)
        token = link_in(collector.bodies[0])
        lab.clock.step_utc(4 * 86_400)
        assert (await lab.links.use(token, "anna"))["state"] == "expired"
        assert lab.alarms.counts()["unacked"] == 1
        for number in range(20):
            with pytest.raises(NotFound):
                await lab.links.look(f"guess{number}")
        with pytest.raises(Exception, match="too many links"):
            await lab.links.look(token)
        await lab.clock.sleep(61)
        assert (await lab.links.look(token))["state"] == "expired"


async def test_pages_and_the_log_get_no_link(database, tmp_path):
    async with life(database, tmp_path, Collector()) as lab:
        lab.dispatcher.reroute(None)
        await lab.high("u_out")
        await lab.clock.sleep(5)
        (page,) = lab.post.pages
        assert page["message"].endswith("Acknowledge: in the browser")


async def test_without_an_address_of_the_server_there_are_no_links(database, tmp_path):
    collector = Collector()
    async with life(database, tmp_path, collector, url="") as lab:
        await lab.high("u_out")
        await lab.clock.sleep(60)
    assert "http" not in collector.bodies[0]["message"]
    assert not (tmp_path / "secrets.json").exists()
