"""Messages: tried until they arrive, in order, over restarts, and what becomes of the rest."""

import itertools

import pytest

from ionpy_auto.alarms import outbox_store as store
from ionpy_auto.alarms.channels import CHANNELS
from ionpy_auto.alarms.outbox import PATIENCE_S
from ionpy_auto.alarms.outbox_store import Entry
from ionpy_auto.alarms.roads import LONGEST_PAUSE_S, pause_s
from ionpy_auto.core.errors import Conflict, NotFound, StorageError
from tests.unit.alarms.delivery import Collector, Post, opened, webhook

HOUR = 3600.0


@pytest.fixture
async def database(tmp_path):
    database = await opened(tmp_path)
    yield database
    await database.stop()


def entry(post, text, lane="one", **about):
    now = post.clock.now()
    return Entry(f"k/{text}", "lab", "webhook", text, text, now, now, lane=lane, **about)


async def test_a_message_is_a_row_before_it_is_tried_and_carries_the_same_key_every_time(database):
    collector = Collector(500, 503)
    post = Post(collector, database)
    answer = await post.outbox.send("lab", "Full", "cell is full")
    assert (answer["state"], answer["to"], answer["attempts"]) == ("queued", "lab", 0)
    assert [one.key for one in await database.read(store.undelivered)] == [answer["key"]]
    await post.clock.sleep(60)
    keys = {request.headers["Idempotency-Key"] for request in collector.requests}
    assert keys == {body["key"] for body in collector.bodies} == {answer["key"]}
    assert [body["message"] for body in collector.bodies] == ["cell is full"] * 3
    assert post.states == ["retrying", "retrying", "sent"]
    assert await database.read(store.undelivered) == []
    await post.outbox.stop()


async def test_the_pauses_grow_from_5_s_to_5_min_and_there_are_at_most_20_tries_in_an_hour():
    collector = Collector()
    collector.is_down = True
    post = Post(collector)
    await post.outbox.send("lab", "t", "m")
    await post.clock.sleep(5 * HOUR)
    times = [time for time, state, _ in post.events if state == "retrying"]
    pauses = [later - time for time, later in itertools.pairwise(times)]
    plain = [5, 10, 20, 40, 80, 160] + [LONGEST_PAUSE_S] * 80
    assert all(
        want <= pause <= want * 1.2 + 0.01 for pause, want in zip(pauses, plain, strict=False)
    )
    assert max(sum(start <= t < start + HOUR for t in times) for start in times) <= 20
    await post.outbox.stop()


def test_a_receiver_may_ask_for_more_time_but_not_for_a_day():
    assert pause_s(1, 0.5, asked=120.0) == 120.0
    assert pause_s(1, 0.5, asked=86_400.0) == HOUR


async def test_retry_after_is_honoured():
    collector = Collector(429)
    collector.headers = {"Retry-After": "100"}
    post = Post(collector)
    await post.outbox.send("lab", "t", "m")
    await post.clock.sleep(99)
    assert len(collector.requests) == 1
    await post.clock.sleep(2)
    assert len(collector.requests) == 2
    await post.outbox.stop()


async def test_what_nobody_gets_in_a_day_goes_to_the_fallback(database):
    post = Post(
        lambda request: Collector(404 if "lab" in str(request.url) else 200)(request), database
    )
    down = webhook("lab", "https://hooks.example.org/lab", fallback="boss")
    post.receivers.take({"lab": down, "boss": webhook("boss", "https://x.example.org/boss")})
    await post.outbox.send("lab", "Full", "cell is full")
    await post.clock.sleep(PATIENCE_S + 2 * LONGEST_PAUSE_S)
    listed = await post.outbox.list()
    assert [(one["receiver"], one["state"], one["title"]) for one in listed["items"]] == [
        ("boss", "sent", "[NOT DELIVERED to lab] Full"),
        ("lab", "failed", "Full"),
    ]
    assert listed["counts"] == {"queued": 0, "retrying": 0, "sent": 1, "failed": 1}
    assert post.paths[0] == ("lab", "hooks.example.org answered 404")
    await post.outbox.stop()


async def test_without_a_fallback_the_pages_are_told(database):
    post = Post(Collector(), database)
    await post.outbox.send("http://user:pw@example.org/", "t", "m")
    await post.clock.sleep(1)
    assert [page["title"] for page in post.pages] == ["[NOT DELIVERED to http://example.org] t"]
    assert post.paths[0][0] == "http://example.org"
    await post.outbox.stop()


async def test_messages_of_one_lane_arrive_in_order_and_others_are_not_held_up():
    collector = Collector()
    post = Post(collector)
    refused = ["a1"] * 3

    def answer(request):
        text = request.content.decode()
        if refused and f'"title": "{refused[0]}"' in text:
            refused.pop(0)
            return Collector(500)(request)
        return collector(request)

    post = Post(answer)
    await post.outbox.take([entry(post, "a1", "a"), entry(post, "a2", "a"), entry(post, "b1", "b")])
    await post.clock.sleep(60)
    assert [body["title"] for body in collector.bodies] == ["b1", "a1", "a2"]
    await post.outbox.stop()


async def test_what_waits_at_a_stop_is_delivered_after_the_next_start(database):
    collector = Collector()
    collector.is_down = True
    post = Post(collector, database)
    await post.outbox.send("lab", "t", "before")
    await post.clock.sleep(20)
    await post.outbox.stop()
    collector.is_down = False
    after = Post(collector, database)
    await after.outbox.start()
    await after.clock.sleep(LONGEST_PAUSE_S)
    assert [body["message"] for body in collector.bodies] == ["before"]
    assert after.events[-1][1:] == ("sent", 4)
    await after.outbox.stop()


async def test_a_known_key_is_not_put_twice(database):
    collector = Collector()
    post = Post(collector, database)
    await post.outbox.take([entry(post, "x")])
    new = await database.write(lambda session: store.put(session, [entry(post, "x")]))
    assert new == []
    await post.outbox.stop()


async def test_a_database_that_refuses_keeps_no_message_from_arriving(database, monkeypatch):
    collector = Collector()
    post = Post(collector, database)

    async def full(work):
        raise StorageError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", full)
        await post.outbox.send("lab", "t", "in spite of it")
        await post.clock.sleep(1)
    assert [body["message"] for body in collector.bodies] == ["in spite of it"]
    await post.outbox.send("lab", "t", "later")
    await post.clock.sleep(1)
    listed = await post.outbox.list()
    assert sorted((one["message"], one["state"]) for one in listed["items"]) == [
        ("in spite of it", "sent"),
        ("later", "sent"),
    ]
    await post.outbox.stop()


async def test_the_path_is_broken_after_three_failures_and_whole_after_one_success():
    collector = Collector(500, 500, 500)
    post = Post(collector)
    await post.outbox.send("lab", "t", "m")
    await post.clock.sleep(10)
    assert post.paths == []
    await post.clock.sleep(10)
    assert post.paths == [("lab", "hooks.example.org answered 500")]
    (path,) = post.outbox.paths()
    assert (path["receiver"], path["ok"], path["waiting"]) == ("lab", False, 1)
    await post.clock.sleep(60)
    assert post.paths[1:] == [("lab", "")]
    assert post.receivers.shown(post.outbox.paths())[-1]["ok"] is True
    await post.outbox.stop()


async def test_a_failed_message_can_be_tried_again_and_a_sent_one_not(database):
    post = Post(Collector(), database)
    await post.outbox.send("http://user:pw@example.org/", "t", "m")
    await post.clock.sleep(1)
    (number,) = [one["id"] for one in (await post.outbox.list("failed"))["items"]]
    assert (await post.outbox.retry(number))["state"] == "queued"
    await post.clock.sleep(1)
    assert (await post.outbox.list("failed"))["items"][0]["attempts"] == 2
    (sent,) = [one["id"] for one in (await post.outbox.list("sent", "browser"))["items"]][:1]
    with pytest.raises(Conflict):
        await post.outbox.retry(sent)
    with pytest.raises(NotFound):
        await post.outbox.retry(10_000)
    await post.outbox.stop()


async def test_a_message_that_waits_is_tried_at_once_when_asked(database):
    collector = Collector(*[500] * 8)
    post = Post(collector, database)
    answer = await post.outbox.send("lab", "t", "m")
    await post.clock.sleep(400)
    tries = len(collector.requests)
    collector.answers.clear()
    await post.outbox.retry(answer["id"])
    await post.clock.sleep(0.1)
    assert len(collector.requests) == tries + 1
    assert post.states[-1] == "sent"
    await post.outbox.stop()


async def test_a_name_stands_for_a_receiver_and_an_unknown_one_for_the_log():
    collector = Collector()
    post = Post(collector)
    await post.outbox.send("lab", "t", "m")
    answer = await post.outbox.send("nobody", "t", "m")
    assert (await post.outbox.send("log", "t", "m"))["error"] == ""
    await post.clock.sleep(1)
    assert len(collector.requests) == 1
    assert answer["error"] == "no receiver 'nobody': written to the log"
    assert post.states == ["sent"] * 3
    await post.outbox.stop()


async def test_a_long_text_is_cut_and_an_address_of_a_rule_is_shown_without_its_secret():
    post = Post(Collector())
    answer = await post.outbox.send("https://hooks.example.org/s3cret?k=1", "t" * 999, "m" * 99_999)
    assert (len(answer["title"]), len(answer["message"])) == (500, 16_384)
    assert answer["receiver"] == "https://hooks.example.org/…"
    await post.clock.sleep(1)
    assert "s3cret" not in str(post.outbox.status() | {"paths": post.outbox.paths()})
    await post.outbox.stop()


@pytest.mark.parametrize("name", CHANNELS.names())
def test_every_channel_says_what_stands_below_a_receiver(name):
    channel = CHANNELS.get(name)
    assert channel.word
    assert channel.target.model_json_schema()["additionalProperties"] is False
