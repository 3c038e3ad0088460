"""The live socket: no event is lost unseen, telemetry is shared, the slow are cut off."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ionpy_auto.cli.serving import listen
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Snapshot
from ionpy_auto.web import live, ws
from ionpy_auto.web.live import EVENT_BOUND, RING, LiveHub

PATIENCE = 20


def sample(point, value, at=1.0):
    return Sample(point, value, "V", Quality.GOOD, AlarmState.NORMAL, at, at)


def poll(source, at=1.0, **values):
    samples = tuple(sample(f"{source}.{key}", value, at) for key, value in values.items())
    return Snapshot(source, at, at, 0.0, samples)


def event(number, kind="marker"):
    return Event(kind, {"n": number}, float(number), float(number))


# --- the hub, without a network ----------------------------------------------------------


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
async def hub(bus):
    values = LiveValues()
    bus.tap("sample/", values.update)
    found = LiveHub(bus, values, lambda: {"project": None}, lambda: 42.0)
    found.start()
    yield found
    found.stop()


def taken(client):
    return [json.loads(frame) for frame in client.take()]


def numbers(frames):
    return [frame["seq"] for frame in frames if frame["type"] in {"event", "system_event"}]


async def test_a_browser_starts_with_a_snapshot_and_events_follow_without_gaps(hub, bus):
    bus.publish(event(1))
    client = hub.join()
    for number in range(2, 6):
        bus.publish(event(number))
    frames = taken(client)
    assert (frames[0]["type"], frames[0]["seq"], frames[0]["protocol"]) == ("hello", 1, 1)
    assert numbers(frames) == [2, 3, 4, 5]


async def test_an_event_nobody_can_encode_leaves_no_gap(hub, bus):
    client = hub.join()
    loop = {}
    loop["me"] = loop
    bus.publish(event(1))
    bus.publish(Event("marker", loop, 1.0, 1.0))
    bus.publish(Event("marker", {"odd": object}, 1.0, 1.0))
    bus.publish(event(2))
    assert numbers(taken(client)) == [1, 2, 3]


async def test_what_was_missed_is_sent_again(hub, bus):
    for number in range(10):
        bus.publish(event(number))
    client = hub.join()
    client.take()
    hub.resume(client, hub.epoch, 4)
    assert numbers(taken(client)) == [5, 6, 7, 8, 9, 10]


async def test_a_whole_ring_can_be_caught_up_with(hub, bus):
    for number in range(RING + 5):
        bus.publish(event(number))
    client = hub.join()
    client.take()
    hub.resume(client, hub.epoch, 5)
    assert numbers(taken(client)) == list(range(6, RING + 6))
    assert not client.too_slow


@pytest.mark.parametrize(("epoch", "seq"), [("other", 3), (None, 99), (None, 0), (None, -5)])
async def test_what_cannot_be_caught_up_with_is_a_new_snapshot(hub, bus, epoch, seq):
    for number in range(RING + 5):
        bus.publish(event(number))
    hub.seq = min(hub.seq, RING + 5)
    client = hub.join()
    client.take()
    hub.resume(client, epoch or hub.epoch, seq if seq != 99 else hub.seq + 1)
    assert [frame["type"] for frame in taken(client)] == ["hello"]


async def test_another_project_is_another_epoch_with_a_new_snapshot(hub, bus):
    bus.publish(poll("A", x=1.0))
    client = hub.join()
    client.subscribe("w", ["A.x"])
    bus.publish(event(1))
    before = hub.epoch
    hub.new_epoch()
    bus.publish(event(2))
    frames = taken(client)
    assert [frame["type"] for frame in frames] == ["hello", "event", "samples"]
    assert frames[0]["epoch"] == hub.epoch != before
    assert frames[1]["seq"] == 1


async def test_samples_are_merged_to_the_latest_of_each_point(hub, bus):
    client = hub.join()
    client.subscribe("w", ["A.x", "A.y"])
    client.take()
    for number in range(100):
        bus.publish(poll("A", at=float(number), x=float(number)))
    bus.publish(poll("A", at=50.0, y=True, z="not asked for"))
    hub._flush()
    (frame,) = taken(client)
    assert frame == {
        "type": "samples",
        "id": "w",
        "t": 99.0,
        "values": {
            "A.x": [99.0, 99.0, "good", "NORMAL"],
            "A.y": [True, 50.0, "good", "NORMAL"],
        },
    }


async def test_browsers_with_the_same_wish_share_the_very_same_bytes(hub, bus):
    clients = [hub.join() for _ in range(50)]
    for number, client in enumerate(clients):
        client.subscribe("ui", ["A.x", "A.y"] if number % 2 else ["A.y", "A.x"])
        client.take()
    bus.publish(poll("A", x=1.0, y=2.0))
    hub._flush()
    frames = {id(frame) for client in clients for frame in client.take()}
    assert len(frames) == 1


async def test_browsers_with_other_names_for_the_same_points_get_their_own_name(hub, bus):
    clients = [hub.join(), hub.join()]
    for name, client in zip("ab", clients, strict=True):
        client.subscribe(name, ["*"])
        client.take()
    bus.publish(poll("A", x=1.0))
    hub._flush()
    frames = [taken(client)[0] for client in clients]
    assert [frame["id"] for frame in frames] == ["a", "b"]
    assert frames[0]["values"] == frames[1]["values"]


async def test_a_browser_that_lags_gets_the_latest_of_everything_it_missed(hub, bus):
    client = hub.join()
    client.subscribe("w", ["*"])
    client.take()
    bus.publish(poll("A", x=1.0))
    hub._flush()
    bus.publish(poll("B", y=2.0))
    hub._flush()
    bus.publish(poll("A", x=3.0))
    (frame,) = taken(client)
    assert {key: value[0] for key, value in frame["values"].items()} == {"A.x": 3.0, "B.y": 2.0}


async def test_after_unsubscribing_nothing_more_comes(hub, bus):
    client = hub.join()
    client.subscribe("w", ["*"])
    client.take()
    bus.publish(poll("A", x=1.0))
    hub._flush()
    client.unsubscribe("w")
    bus.publish(poll("A", x=2.0))
    hub._flush()
    assert client.take() == []


async def test_a_browser_that_takes_no_events_is_marked_and_the_others_are_not(hub, bus):
    slow, quick = hub.join(), hub.join()
    for number in range(EVENT_BOUND + 1):
        bus.publish(event(number))
        quick.take()
    assert (slow.too_slow, quick.too_slow) == (True, False)
    assert len(slow.events) == EVENT_BOUND


async def test_what_recorders_say_to_each_other_is_not_for_browsers(hub, bus):
    client = hub.join()
    client.take()
    bus.publish(event(1, "recorded"))
    bus.publish(event(2, "device_added"))
    assert [(f["type"], f["seq"]) for f in taken(client)] == [("system_event", 1)]


# --- the socket, over a real network -----------------------------------------------------


async def until(happened):
    """Return as soon as something is true; it is asked once per turn of the loop."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if happened():
                return
            await asyncio.sleep(0)


@asynccontextmanager
async def served(app):
    """A web server in this loop."""
    sock = listen("127.0.0.1", 0, search=False)
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=ws.MAX_MESSAGE,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([sock]))
    await until(lambda: server.started)
    yield sock.getsockname()[1]
    server.should_exit = True
    await task
    sock.close()


class Browser:
    """One end of the socket."""

    def __init__(self, link):
        self.link = link

    async def hear(self, kind=None):
        """The next frame, or the next of a kind."""
        while True:
            async with asyncio.timeout(PATIENCE):
                frame = json.loads(await self.link.recv())
            if kind in {None, frame["type"]}:
                return frame

    async def say(self, **message):
        await self.link.send(json.dumps(message))


@pytest.fixture
async def port(bare):
    async with served(bare.app) as found:
        yield found


@asynccontextmanager
async def browser(port, **options):
    async with connect(f"ws://127.0.0.1:{port}/ws", proxy=None, **options) as link:
        yield Browser(link)


async def test_the_socket_says_hello_with_all_a_page_needs(port):
    async with browser(port) as page:
        hello = await page.hear()
    assert (hello["type"], hello["protocol"]) == ("hello", 1)
    wanted = {"project", "mode", "latch", "session", "devices", "alarms", "runs", "clock"}
    assert wanted <= hello["snapshot"].keys()


async def test_a_page_follows_samples_events_and_a_change_of_project(bare, port):
    async with browser(port) as page:
        first = await page.hear("hello")
        await bare.engine.open_project("akku-charakterisierung")
        second = await page.hear("hello")
        assert second["epoch"] != first["epoch"]
        assert len(second["snapshot"]["devices"]) == 3
        await page.say(type="subscribe", id="ui", points=["DMM_01.cell_v"])
        assert (await page.hear("samples"))["values"].keys() == {"DMM_01.cell_v"}
        await bare.engine.panic("test")
        panic = await page.hear("event")
        while panic["event"] != "panic":
            panic = await page.hear("event")
        await page.say(type="ping")
        assert (await page.hear("pong"))["now"] > 1e9
        await bare.engine.close_project()
        third = await page.hear("hello")
        assert third["snapshot"]["project"] is None


async def test_a_page_that_was_away_gets_what_it_missed(bare, port):
    async with browser(port) as page:
        hello = await page.hear("hello")
        bare.engine.event("marker", {"n": 1})
        seen = (await page.hear("event"))["seq"]
    for number in (2, 3):
        bare.engine.event("marker", {"n": number})
    async with browser(port) as page:
        await page.hear("hello")
        await page.say(type="resume", epoch=hello["epoch"], seq=seen)
        assert [(await page.hear("event"))["payload"]["n"] for _ in "23"] == [2, 3]
        await page.say(type="resume", epoch="another", seq=seen)
        assert (await page.hear())["type"] == "hello"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":"shout"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":1,"points":[]}',
        '{"type":"subscribe","id":"x","points":"*"}',
        '{"type":"subscribe","id":"' + "x" * 65 + '","points":[]}',
        '{"type":"resume","epoch":"x","seq":1e999}',
        '{"type":"resume","epoch":"x","seq":NaN}',
        "[" * 100_000,
    ],
)
async def test_a_message_that_cannot_be_read_is_answered_and_costs_nothing_else(port, text):
    async with browser(port) as page:
        await page.hear("hello")
        await page.link.send(text)
        problem = await page.hear()
        assert (problem["type"], problem["code"]) == ("error", "BAD_MESSAGE")
        await page.say(type="ping")
        assert (await page.hear())["type"] == "pong"


async def test_too_many_subscriptions_are_refused(port, monkeypatch):
    monkeypatch.setattr(ws, "MAX_SUBSCRIPTIONS", 3)
    async with browser(port) as page:
        await page.hear("hello")
        for number in range(4):
            await page.say(type="subscribe", id=str(number), points=["*"])
        assert (await page.hear("error"))["code"] == "TOO_MANY"


async def closed_with(page):
    """The code the server closed with."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(PATIENCE):
            while True:
                await page.link.recv()
    return page.link.close_code


async def test_a_flood_is_cut_off(bare, port):
    async with browser(port) as page, browser(port) as other:
        with suppress(ConnectionClosed):
            for _ in range(500):
                await page.say(type="ping")
        assert await closed_with(page) == 1008
        await other.hear("hello")
        bare.engine.event("marker", {})
        assert (await other.hear())["type"] == "event"


async def test_a_huge_message_is_cut_off(port):
    async with browser(port) as page:
        await page.hear("hello")
        with suppress(ConnectionClosed):
            await page.link.send(" " * (ws.MAX_MESSAGE + 1))
        assert await closed_with(page) == 1009


async def test_bytes_instead_of_text_harm_nobody(port):
    async with browser(port) as page, browser(port) as other:
        await page.hear("hello")
        await page.link.send(b'{"type":"ping"}')
        await page.say(type="ping")
        await other.hear("hello")
        await other.say(type="ping")
        assert (await other.hear())["type"] == "pong"


async def test_one_browser_too_many_is_asked_to_come_back_later(port, monkeypatch):
    monkeypatch.setattr(ws, "MAX_CLIENTS", 1)
    async with browser(port) as page, browser(port) as second:
        await page.hear("hello")
        assert await closed_with(second) == 1013


async def test_a_browser_with_a_full_queue_is_closed_while_others_keep_receiving(
    bare, port, monkeypatch
):
    monkeypatch.setattr(live, "EVENT_BOUND", 5)
    async with browser(port) as slow, browser(port) as quick:
        await slow.hear("hello")
        await quick.hear("hello")
        lagging = next(iter(bare.hub.clients))
        for _ in range(6):  # in one turn of the loop: nothing can be taken meanwhile
            lagging.offer(b'{"type":"filler"}')
        bare.engine.event("marker", {"n": 1})
        ends = await asyncio.gather(end_of(slow), end_of(quick))
    assert sorted(ends, key=str) == [1013, "event"]


async def end_of(page):
    """``event`` when one came, else the code the server closed with."""
    try:
        return (await page.hear("event"))["type"]
    except ConnectionClosed:
        return page.link.close_code


def stuck_browser(port):
    """Shakes hands and never reads again."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return sock


async def test_a_browser_that_reads_nothing_is_let_go(bare, port, monkeypatch):
    monkeypatch.setattr(ws, "PATIENCE_S", 0.2)
    async with browser(port) as quick:
        await quick.hear("hello")
        with stuck_browser(port):
            await until(lambda: len(bare.hub.clients) == 2)
            number = 0
            async with asyncio.timeout(PATIENCE):
                while len(bare.hub.clients) > 1:
                    bare.engine.event("marker", {"text": "x" * 100_000, "n": number})
                    assert (await quick.hear("event"))["payload"]["n"] == number
                    number += 1
            bare.engine.event("marker", {"n": "last"})
            assert (await quick.hear("event"))["payload"]["n"] == "last"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, None),
    ],
)
async def test_a_page_of_another_site_gets_no_socket(bare, port, headers, status):
    with pytest.raises(InvalidStatus) as refusal:
        async with browser(port, additional_headers=headers):
            pass
    assert refusal.value.response.status_code in {status, 400, 421}
    assert not bare.hub.clients
