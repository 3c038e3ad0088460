"""Messages: where they go, what is tried again, and where they never go."""

import json

import httpx
import pytest

from ionpy_auto.alarms.channels import CHANNELS
from ionpy_auto.alarms.channels.webhook import MAX_ANSWER, WebhookChannel
from ionpy_auto.alarms.notifier import Notifier
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import Forbidden, Unavailable


class Collector:
    """A receiver that answers as told and notes what came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        return httpx.Response(self.answers.pop(0) if self.answers else 200)


def resolver(*addresses):
    async def resolve(host, port):
        return addresses

    return resolve


def desk(collector, addresses=("203.0.113.5",), allow=(), **receivers):
    clock, bus = VirtualClock(), Bus()
    events = []
    bus.tap("event/notify", lambda e: events.append((clock.monotonic(), e.payload["state"])))
    transport = httpx.MockTransport(collector)
    channel = WebhookChannel(clock, allow, resolver(*addresses), transport)
    return Notifier(bus, clock, channel, receivers), clock, events


async def test_a_webhook_gets_the_message_as_json_at_the_resolved_address():
    collector = Collector()
    notifier, clock, events = desk(collector)
    answer = await notifier.send("https://hooks.example.org/lab?x=1", "Full", "cell is full")
    assert answer["state"] == "queued"
    await clock.sleep(1)
    (request,) = collector.requests
    assert str(request.url) == "https://203.0.113.5/lab?x=1"
    assert request.headers["Host"] == "hooks.example.org"
    assert request.extensions["sni_hostname"] == "hooks.example.org"
    assert json.loads(request.content)["message"] == "cell is full"
    assert [state for _, state in events] == ["sent"]


async def test_a_receiver_that_is_down_is_tried_again_with_growing_pauses():
    collector = Collector(500, 503, 200)
    notifier, clock, events = desk(collector)
    await notifier.send("https://hooks.example.org/", "t", "m")
    await clock.sleep(1000)
    assert events == [(0.0, "retrying"), (5.0, "retrying"), (35.0, "sent")]
    assert notifier.status()["sent"] == 1


async def test_after_the_last_try_the_message_has_failed_and_says_why():
    notifier, clock, events = desk(Collector(*[500] * 9))
    await notifier.send("https://hooks.example.org/", "t", "m")
    await clock.sleep(10_000)
    assert [state for _, state in events] == ["retrying"] * 4 + ["failed"]
    assert notifier.recent[-1]["error"] == "hooks.example.org answered 500"


async def test_a_redirect_is_not_followed():
    collector = Collector(302)
    channel = WebhookChannel(
        VirtualClock(), (), resolver("203.0.113.5"), httpx.MockTransport(collector)
    )
    with pytest.raises(Unavailable):
        await channel.deliver("https://hooks.example.org/", "t", "m")
    assert len(collector.requests) == 1


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1",
     "::ffff:127.0.0.1", "2002:7f00:1::"],
)  # fmt: skip
async def test_a_name_that_points_inside_is_never_reached(address):
    collector = Collector()
    notifier, clock, events = desk(collector, (address,))
    await notifier.send("http://innocent.example.org/", "t", "m")
    await clock.sleep(1000)
    assert collector.requests == []
    assert [state for _, state in events] == ["failed"]


@pytest.mark.parametrize("allowed", ["hook.local", "hook.local:8080"])
async def test_an_allowed_host_may_be_loopback(allowed):
    collector = Collector()
    notifier, clock, _ = desk(collector, ("127.0.0.1",), (allowed,))
    await notifier.send("http://hook.local:8080/x", "t", "m")
    await clock.sleep(1)
    assert [str(r.url) for r in collector.requests] == ["http://127.0.0.1:8080/x"]


@pytest.mark.parametrize(
    "url", ["http://user:secret@example.org/", "ftp://example.org/", "http:///x", "http://a:b/"]
)
async def test_an_address_that_is_no_plain_url_is_refused(url):
    channel = WebhookChannel(VirtualClock(), (), resolver("203.0.113.5"))
    with pytest.raises(Forbidden):
        await channel.deliver(url, "t", "m")


async def test_a_name_stands_for_an_address_and_an_unknown_one_for_the_log():
    collector = Collector()
    notifier, clock, events = desk(collector, lab="https://hooks.example.org/lab")
    await notifier.send("lab", "t", "m")
    await notifier.send("nobody", "t", "m")
    await notifier.send("log", "t", "m")
    await clock.sleep(1)
    assert len(collector.requests) == 1
    assert [note["error"] for note in notifier.recent] == [
        "",
        "no receiver 'nobody': written to the log",
        "",
    ]
    assert [state for _, state in events] == ["sent"] * 3


@pytest.mark.parametrize("name", CHANNELS.names())
def test_every_channel_delivers(name):
    assert callable(CHANNELS.get(name).deliver)


# --- requests of rules ----------------------------------------------------------------------


def asker(collector, addresses=("203.0.113.5",), allow=()):
    transport = httpx.MockTransport(collector)
    return WebhookChannel(VirtualClock(), allow, resolver(*addresses), transport)


async def test_a_request_goes_to_the_resolved_address_with_its_method_and_body():
    collector = Collector(201)
    url = "https://lab.example/x?a=1"
    answer = await asker(collector).request("PUT", url, '{"a": 1}', "application/json", 5.0)
    (request,) = collector.requests
    assert (request.method, str(request.url)) == ("PUT", "https://203.0.113.5/x?a=1")
    assert (request.headers["Host"], request.content) == ("lab.example", b'{"a": 1}')
    assert request.headers["Content-Type"] == "application/json"
    assert answer.status == 201


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1"]
)
async def test_a_request_reaches_nothing_that_a_webhook_may_not(address):
    collector = Collector()
    with pytest.raises(Forbidden):
        await asker(collector, (address,)).request("GET", "http://lab.example/", None, "", 5.0)
    assert collector.requests == []


async def test_a_request_follows_no_redirect():
    collector = Collector(302)
    with pytest.raises(Unavailable, match="answered 302"):
        await asker(collector).request("GET", "http://lab.example/", None, "", 5.0)
    assert len(collector.requests) == 1


async def test_a_long_answer_is_read_to_its_bound():
    def endless(request):
        return httpx.Response(200, text="x" * 100_000)

    answer = await asker(endless).request("GET", "http://lab.example/", None, "", 5.0)
    assert answer.body == "x" * MAX_ANSWER


async def test_who_does_not_answer_in_time_is_not_waited_for():
    clock = SystemClock()

    async def silent(request):
        await clock.sleep(60)
        return httpx.Response(200)

    transport = httpx.MockTransport(silent)
    channel = WebhookChannel(clock, (), resolver("203.0.113.5"), transport)
    with pytest.raises(Unavailable, match="did not answer within"):
        await channel.request("GET", "http://lab.example/", None, "", 0.05)
