"""Requests to other machines: where they go, and where they never go."""

import httpx
import pytest

from ionpy_auto.alarms.outward import MAX_ANSWER, Outward
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


def asker(collector, addresses=("203.0.113.5",), allow=()):
    transport = httpx.MockTransport(collector)
    return Outward(VirtualClock(), allow, resolver(*addresses), transport)


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
    "address",
    ["127.0.0.1", "127.8.8.8", "::1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1",
     "::ffff:127.0.0.1", "2002:7f00:1::"],
)  # fmt: skip
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
    channel = Outward(clock, (), resolver("203.0.113.5"), transport)
    with pytest.raises(Unavailable, match="did not answer within"):
        await channel.request("GET", "http://lab.example/", None, "", 0.05)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [("hook.local", "http://hook.local:8080/x"), ("hook.local:8080", "http://hook.local:8080/x")],
)
async def test_an_allowed_host_may_be_loopback(allowed, url):
    collector = Collector()
    await asker(collector, ("127.0.0.1",), (allowed,)).request("GET", url, None, "", 5.0)
    assert [str(request.url) for request in collector.requests] == ["http://127.0.0.1:8080/x"]


@pytest.mark.parametrize(
    "url", ["http://user:secret@example.org/", "ftp://example.org/", "http:///x", "http://a:b/"]
)
async def test_an_address_that_is_no_plain_url_is_refused(url):
    collector = Collector()
    with pytest.raises(Forbidden):
        await asker(collector).request("GET", url, None, "", 5.0)
    assert collector.requests == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("", None)],
)
async def test_what_a_receiver_asks_for_is_passed_on(text, seconds):
    def busy(request):
        return httpx.Response(503, headers={"Retry-After": text})

    with pytest.raises(Unavailable) as caught:
        await asker(busy).request("GET", "http://lab.example/", None, "", 5.0)
    assert caught.value.arguments.get("retry_after_s") == seconds
